"""Whose counts run into one peak, month after month: all tenants of a partner, or each alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

from purser.rating import ratchet, shares
from purser.rating.policy import Policy, Scope, Terms
from purser.rating.ratchet import Day

Counts = Mapping[str, int]  # licensed users by tenant, at one close


class Metered(NamedTuple):
    """A rated day, and the weights by which its tenants share peak and units.

    `set_on` is the day whose count the peak is: None when it came in from before the first day rated, or where each tenant
    has a peak of its own.
    """

    day: Day
    set_on: date | None
    weights: Counts


def meter(closes: Sequence[Counts], *, first: date, policy: Policy, opening: Counts | None = None) -> list[Metered]:
    """Rate one partner's consecutive closes from `first` on.

    `opening`: the peak at the close before `first`, by tenant; empty before a partner's first day. Terms that change with a
    month may change the scope too: a tenant takes its share of the peak along. Source: acceptance CS-43, CS-69, F-4.
    """
    metered: list[Metered] = []
    brought, set_on, done = dict(opening or {}), None, 0
    while done < len(closes):
        on = date.fromordinal(first.toordinal() + done)
        terms = policy.on(on)
        if not terms.keeps(on.day):
            brought, set_on = {}, None
        taken = closes[done : done + ratchet.left(on)]
        if terms.scope is Scope.TENANT:
            metered += _apart(taken, on, brought, terms)
        else:
            metered += _together(taken, on, brought, set_on, terms)
        last = metered[-1]
        brought, set_on = shares.split(last.day.peak, last.weights), last.set_on
        done += len(taken)
    return metered


def _together(closes: Sequence[Counts], first: date, brought: Counts, set_on: date | None, terms: Terms) -> list[Metered]:
    peak = sum(brought.values())
    users = [sum(counts.values()) for counts in closes]
    found = []
    setter = brought
    for counts, day in zip(closes, ratchet.month(users, first=first, opening_peak=peak, terms=terms), strict=True):
        if terms.follows(day.on.day) or day.users > peak:
            setter, set_on = counts, day.on
        peak = day.peak
        found.append(Metered(day, set_on, counts if day.users else setter))
    return found


def _apart(closes: Sequence[Counts], first: date, brought: Counts, terms: Terms) -> list[Metered]:
    tenants = sorted({*brought, *(tenant for counts in closes for tenant in counts)})
    rated = {
        tenant: ratchet.month(
            [counts.get(tenant, 0) for counts in closes], first=first, opening_peak=brought.get(tenant, 0), terms=terms
        )
        for tenant in tenants
    }
    found = []
    for number, counts in enumerate(closes):
        on = date.fromordinal(first.toordinal() + number)
        peaks = {tenant: rated[tenant][number].peak for tenant in tenants}
        units = sum(rated[tenant][number].units for tenant in tenants)
        found.append(Metered(Day(on, sum(counts.values()), sum(peaks.values()), units), None, peaks))
    return found
