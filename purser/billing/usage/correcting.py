"""Late knowledge: a day was otherwise than it was counted. The fact stays, the next version stands beside it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID

from purser.access import actors, acts
from purser.access.actors import Actor
from purser.billing import models
from purser.billing.usage import charging, counting, facts, programme, terms
from purser.kernel.errors import Missing, Refused
from purser.postgres import tenancy
from purser.rating import closes, days
from purser.tenants import organisations

VERB = "operator.usage.correct"
MOST = 1_000_000  # users of one tenant
REASON = 300


def amend(
    actor: Actor, partner: UUID, *, on: date, counts: Mapping[UUID, int], reason: str, now: datetime,
) -> charging.Outcome:  # fmt: skip
    """Correct the counts of these tenants at the close of `on`; rate and post what follows from it. Takes its seats.

    The day and every later one whose users, peak or units are others get their next version, and the books follow: what is
    of a closed month on its first open day. Raises Missing for another's partner or a day that was not closed, and Refused:
    no reason ("reason"), a count below 0 or beyond `MOST` ("count"), a tenant that the partner never sold to ("tenant"),
    nothing changed ("same").
    """
    reason = " ".join(reason.split())
    if not 1 <= len(reason) <= REASON:
        raise Refused(f"Why is {on} corrected? A reason has 1 to {REASON} letters; this one has {len(reason)}.", code="reason")
    for tenant, count in counts.items():
        if not 0 <= count <= MOST:
            raise Refused(f"{count} users of {tenant}: a count is 0 to {MOST}.", code="count")
    found = organisations.below(actor.tenant, partner)
    _sold(partner, counts)
    with tenancy.acting_in(partner):
        stint = programme.stint_on(on)
        if stint is None:
            raise Missing(f"{found.name} was not in the programme on {on}.")
        for zone in sorted(set(models.Stint.objects.values_list("zone", flat=True))):  # what follows may be of another zone
            facts.hold(zone)
        row = facts.latest(models.Close.objects.filter(on=on)).first()
        if row is None:
            raise Missing(f"{on} is not closed for {found.name}.")
        before = facts.value(row)
        after = closes.amend(before, users={str(tenant): users for tenant, users in counts.items()}, now=now)
        users = {name: held for name, held in sorted(after.users.items()) if held}
        if users == before.users:
            raise Refused(f"{on} says so already: {before.total} users.", code="same")
        desk = actors.guest(actor, tenant=partner, organisation=found.name, kind=found.kind)
        changed = {name for name in before.users.keys() | users.keys() if before.users.get(name) != users.get(name)}
        acts.record(
            desk, VERB, summary=f"Corrected {on}: {before.total} to {sum(users.values())} users. {reason}", of=("close", on),
            before={name: before.users.get(name, 0) for name in changed},
            after={name: users.get(name, 0) for name in changed}, now=now,
        )  # fmt: skip
        models.Close.objects.create(
            on=on, version=after.version, closes_at=row.closes_at, known_at=now, text=reason,
            users=sum(users.values()), tenants=list(map(UUID, users)), counts=list(users.values()),
        )  # fmt: skip
        rerate(partner, since=on, now=now)
        outcome = charging.post(partner, now=now, reason=f"{on} was corrected: {reason}"[:REASON])
    with tenancy.acting_in(actor.tenant):
        acts.record(actor, VERB, summary=f"{found.name}: corrected {on}. {reason}", of=("organisation", partner), now=now)
    return outcome


def rerate(partner: UUID, *, since: date, now: datetime) -> int:
    """The next version of each charge from `since` on that its closes no longer bear out; how many. In the partner's seat."""
    policy = terms.own()
    start = facts.rating_start(since, policy)
    known = facts.standing(since=start - days.DAY)
    versions = {close.on: close.version for close in known}
    charged = facts.charged(since=since)
    rows = []
    for one in facts.rate(known, policy, start=start):
        stands = charged.get(one.day.on)
        if stands is not None and (stands.users, stands.peak, stands.units) != one.day[1:]:
            version = stands.version + 1
            rows.append(
                facts.charge(one.day, version=version, close_version=versions[one.day.on], now=now, tenant=partner)
            )  # fmt: skip
    models.Charge.objects.bulk_create(rows)
    return len(rows)


def _sold(partner: UUID, counts: Mapping[UUID, int]) -> None:
    strangers = sorted(map(str, counts.keys() - counting.sold(partner, counts)))
    if strangers:
        raise Refused(f"This partner never sold to {', '.join(strangers)}.", code="tenant")
