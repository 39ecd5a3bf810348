"""What becomes of a subscription, in the customer's seat and the caller's transaction.

Every change moves by SUBSCRIPTION_STEPS, leaves an Event that says who, when, old, new and by whom, and has the vendor's side
follow where it matters there. Days are dates in the customer's zone. Source: acceptance CM-14 to CM-23, AC-33 to AC-35.
"""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from purser.kernel.errors import Refused
from purser.kernel.period import plus_months
from purser.subscriptions import dates, keeping
from purser.subscriptions.bounds import bound, check_own, check_quantity, words
from purser.subscriptions.keeping import By, follow, keep, locked, of, today
from purser.subscriptions.models import (
    LIVE,
    SUBSCRIPTION_STEPS,
    PlannedChange,
    PlannedState,
    Source,
    Subscription,
    SubscriptionState,
)
from purser.subscriptions.pricing import BY_HAND, set_price

__all__ = [
    "BY_HAND", "By", "cancel", "live_of", "locked", "of", "resume", "set_consumed", "set_price", "set_quantity",
    "set_renews", "step", "suspend", "today", "waiting_of",
]  # fmt: skip

ACTIVE, SUSPENDED, CANCELLED, ENDED = (
    SubscriptionState.ACTIVE,
    SubscriptionState.SUSPENDED,
    SubscriptionState.CANCELLED,
    SubscriptionState.ENDED,
)
BEGUN = (ACTIVE, SUSPENDED, CANCELLED)
WITH_BASE = "With its base"  # why an add-on stands where it stands


def live_of(account_id: UUID) -> list[Subscription]:
    """What the account has that did not end, the oldest first."""
    return list(Subscription.objects.filter(account_id=account_id, state__in=LIVE).order_by("ordered_at", "id"))


def waiting_of(account_id: UUID) -> list[Subscription]:
    """Of these the ones that wait; `state_text` says for what. Source: acceptance AC-18, AC-30."""
    return [row for row in live_of(account_id) if row.state == SubscriptionState.WAITING]


def step(
    subscription: Subscription, to: str, *, text: str = "", by: By, now: datetime, on: date | None = None
) -> Subscription:
    """The one mover of states, as of the day `on` (None: today); `text` says why it stands there. The given row is brought
    up to date, and returned.

    The first time it is active it starts: from that day its term and its cycles run. An end takes its add-ons along.
    Raises Refused for a step that SUBSCRIPTION_STEPS does not name.
    """
    row = locked(subscription.pk)
    _move(row, to, text, by, now, on=on)
    for field in row._meta.concrete_fields:
        setattr(subscription, field.attname, getattr(row, field.attname))
    return subscription


def _move(
    row: Subscription, to: str, text: str, by: By, now: datetime, *, on: date | None = None, ends_on: date | None = None
) -> None:
    """The same of a row that is held already, as of the day `on` (None: today). `ends_on`: of one cancelled to a day; one that
    is suspended keeps its own.
    """
    may = SUBSCRIPTION_STEPS[row.state]
    if to not in may:
        raise Refused(
            f"{row.offer_name} is {words(row.state)}; from there it cannot become {words(to)}.",
            code="step",
            hint=f"It can become {', '.join(sorted(map(words, may)))}." if may else "An end is an end: order it anew.",
        )
    on = on or today(now)
    ends = on if to == ENDED else row.ends_on if to == SUSPENDED else ends_on
    keeping.tell(row, "state", row.state, to, on=on, by=by, now=now, why=text)
    if ends != row.ends_on:
        keeping.tell(row, "ends_on", row.ends_on or "", ends or "", on=on, by=by, now=now, why=text)
    row.state, row.state_text, row.ends_on = to, text[:500], ends
    if to == ACTIVE and row.started_on is None:
        row.started_on = on
        row.term_ends_on = plus_months(on, row.term_months) if row.term_months else None
    keep(row, on)
    if to == ENDED:
        plans = PlannedChange.objects.filter(subscription=row, state=PlannedState.PLANNED)
        plans.update(state=PlannedState.CANCELLED, text="It ended before", ended_at=now)
        for addon in _addons(row, LIVE):
            _move(addon, ENDED, WITH_BASE, by, now, on=on)


def set_quantity(id: UUID, to: int, *, on: date, by: By, now: datetime) -> Subscription:
    """`to` units from the day `on`; 0 removes it at the earliest day its term allows.

    Raises Refused below what is in use, out of the offer's bounds, for fewer while its term binds it, and for one that is
    cancelled or has ended.
    Source: acceptance CM-19, AC-35.
    """
    row = locked(id)
    if _ends(row):
        raise Refused(f"{row.offer_name} {_until(row)}; its quantity stays.", code="state")
    if to == 0:
        return _end(row, None, by, now, removed=True)
    check_quantity(row.offer_name, to, row.minimum, row.maximum, metered=row.metered)
    if row.consumed is not None and to < row.consumed and not row.metered:
        raise Refused(
            f"{row.consumed} of {row.quantity} are in use; {to} would be too few.",
            code="consumed",
            hint="Release what is not needed at the vendor first.",
        )
    if to < row.quantity and dates.is_bound(row, on):
        raise bound(row, to)
    if to != row.quantity:
        keeping.tell(row, "quantity", row.quantity, to, on=on, by=by, now=now)
        row.quantity = to
        keep(row, today(now))
        follow(row)
    return row


def set_consumed(id: UUID, consumed: int | None, *, now: datetime) -> Subscription:
    """How much of it is in use, as the vendor tells; None where it does not."""
    row = locked(id)
    if row.consumed != consumed:
        row.consumed = consumed
        keep(row, today(now))
    return row


def cancel(id: UUID, *, on: date | None, by: By, now: datetime) -> Subscription:
    """End it on a day, or (None) at the earliest day its term allows: at once within the window or without a term, else at the
    term's end. What has not begun ends at once; what is suspended stays so until it ends. The tenant at the vendor stays.

    Raises Refused for a day that the term does not allow, and where it is cancelled or has ended already.
    Source: acceptance AC-33.
    """
    return _end(locked(id), on, by, now)


def _end(row: Subscription, on: date | None, by: By, now: datetime, *, removed: bool = False) -> Subscription:
    if _ends(row):
        raise Refused(f"{row.offer_name} {_until(row)} already.", code="state")
    day = today(now)
    wanted = day
    if row.state in BEGUN:
        wanted = on or dates.earliest_end(row, day)
        if not dates.may_end(row, wanted, day):
            raise Refused(
                f"{row.offer_name} cannot end on {wanted}.",
                code="term",
                hint=f"It can end on {dates.earliest_end(row, day)} or at the end of a later term.",
            )
    if wanted > day:
        _to_end(row, wanted, "", by, now)
        for addon in _addons(row, (ACTIVE, SUSPENDED)):
            if addon.ends_on is None:
                _to_end(addon, wanted, WITH_BASE, by, now)
    else:
        if removed:
            keeping.tell(row, "quantity", row.quantity, 0, on=day, by=by, now=now)
        _move(row, ENDED, "", by, now)
        if removed:
            row.quantity = 0
            row.save(update_fields=["quantity"])
    follow(row)
    return row


def _to_end(row: Subscription, on: date, text: str, by: By, now: datetime) -> None:
    """It is cancelled to a day. One that is suspended is not lifted by that."""
    if row.state == SUSPENDED:
        _set_end(row, on, text, by, now)
    else:
        _move(row, CANCELLED, text, by, now, ends_on=on)


def _set_end(row: Subscription, on: date | None, text: str, by: By, now: datetime) -> None:
    """The same state, to another day."""
    day = today(now)
    keeping.tell(row, "ends_on", row.ends_on or "", on or "", on=day, by=by, now=now, why=text)
    row.ends_on = on
    keep(row, day)


def _ends(row: Subscription) -> bool:
    """Whether it has ended, or will on a day that is known."""
    return row.state == ENDED or row.ends_on is not None


def _until(row: Subscription) -> str:
    return "has ended" if row.state == ENDED else f"is {words(row.state)} and ends on {row.ends_on}"


def end(row: Subscription, *, on: date, text: str = "", by: By, now: datetime) -> None:
    """What was to end on a day that has come ends as of it. The row is held."""
    _move(row, ENDED, text, by, now, on=on)
    follow(row)


def suspend(id: UUID, *, by: By, now: datetime) -> Subscription:
    """At once, with its add-ons; what is cancelled ends on its day all the same. Raises Refused where it is neither active nor
    cancelled. Source: acceptance CM-22, AC-34.
    """
    row = locked(id)
    _move(row, SUSPENDED, "", by, now)
    for addon in _addons(row, (ACTIVE, CANCELLED)):
        _move(addon, SUSPENDED, WITH_BASE, by, now)
    follow(row)
    return row


def resume(id: UUID, *, by: By, now: datetime) -> Subscription:
    """Lift the suspension at once, or take a cancellation back before its day; with the add-ons that stand so by their base.
    One that is both is cancelled then, to the same day.

    Raises Refused where it is neither suspended nor cancelled, for an add-on whose base is, and where a customer would lift
    what its partner suspended. Source: acceptance CM-23.
    """
    row = locked(id)
    if row.state not in (SUSPENDED, CANCELLED):
        raise Refused(f"{row.offer_name} is {words(row.state)}: there is nothing to lift.", code="state")
    base = locked(row.base_id) if row.base_id else None
    beside = (ACTIVE, CANCELLED) if row.state == SUSPENDED and row.ends_on else (ACTIVE,)  # what is cancelled runs on
    if base is not None and base.state not in beside:
        raise Refused(f"{base.offer_name}, which it was added to, is {words(base.state)}.", code="base", hint="Lift that.")
    if row.state == SUSPENDED and by.source == Source.CUSTOMER:
        check_own(row)
    was = row.state
    _lift(row, by, now)
    for addon in _addons(row, (SUSPENDED, CANCELLED)):
        if addon.state == was and addon.state_text == WITH_BASE:
            _lift(addon, by, now)
        elif was == CANCELLED and addon.state == SUSPENDED and _ends_with_base(addon):
            _set_end(addon, None, "", by, now)
    follow(row)
    return row


def _lift(row: Subscription, by: By, now: datetime) -> None:
    if row.state == SUSPENDED and row.ends_on is not None:
        _move(row, CANCELLED, WITH_BASE if _ends_with_base(row) else "", by, now, ends_on=row.ends_on)
    else:
        _move(row, ACTIVE, "", by, now)


def _ends_with_base(addon: Subscription) -> bool:
    """Whether it was its base that was cancelled, and not the add-on itself, to whatever day."""
    last = addon.events.filter(what="ends_on").order_by("at", "id").last()
    return last is not None and last.why == WITH_BASE


def set_renews(id: UUID, renews: bool, *, by: By, now: datetime) -> Subscription:
    """Whether another term follows this one; without, it ends with the term. Raises Refused without a term, and for one that
    is cancelled or has ended.
    """
    row = locked(id)
    if _ends(row) or not row.term_months:
        why = _until(row) if row.term_months else "has no term"
        raise Refused(f"{row.offer_name} {why}: there is nothing to renew.", code="state")
    if row.renews != renews:
        keeping.tell(row, "renews", _yes(row.renews), _yes(renews), on=today(now), by=by, now=now)
        row.renews = renews
        keep(row, today(now))
    return row


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _addons(row: Subscription, states: tuple[str, ...]) -> list[Subscription]:
    return list(row.addons.select_for_update().filter(state__in=states).order_by("id"))
