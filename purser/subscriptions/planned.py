"""Changes of a subscription on a day to come: a quantity, its end, whether it renews. In the customer's seat.

They are carried out by the daily job (daily.py): each once, on its day or on the first day somebody can, as of its day.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from purser.kernel.errors import Missing, Refused
from purser.subscriptions import bounds, dates, lifecycle, told
from purser.subscriptions.keeping import By, locked, today
from purser.subscriptions.models import PlannedChange, PlannedState, Source, Subscription

QUANTITY, END, RENEWS = "quantity", "end", "renews"
WHAT = {QUANTITY: "Quantity", END: "End", RENEWS: "Renewal"}
YES, NO = "yes", "no"
NONE = "There is no such planned change."


def plan(subscription: UUID, *, what: str, value: str, on: date, by: By, now: datetime) -> PlannedChange:
    """`value`: a quantity, "yes" or "no" for a renewal, nothing for an end.

    Raises Refused for a day that has come, a second plan for the same, and what could not be done as things stand.
    """
    row = locked(subscription)
    if row.ends_on is not None:
        words = f"{row.offer_name} is {bounds.words(row.state)}, to {row.ends_on}"
        raise Refused(f"{words}; there is nothing to plan.", code="state")
    day = today(now)
    if on <= day:
        raise Refused(f"{on} has come; a change is planned for a later day.", code="on", hint="Change it now instead.")
    if not dates.within_reach(on, day):
        raise Refused(f"{on} is too far ahead.", code="on", hint=f"The last day to plan for is {day + dates.AHEAD}.")
    held = PlannedChange.objects.filter(subscription=row, what=what, state=PlannedState.PLANNED).first()
    if held is not None:
        raise Refused(f"{said(held)} is planned already.", code="planned", hint="Take that plan back first.")
    made = PlannedChange(
        partner_id=row.partner_id, distributor_id=row.distributor_id, subscription=row, on=on, what=what,
        value=_checked(row, what, value.strip(), on, day), made_at=now, by_name=by.name[:254], source=by.source,
    )  # fmt: skip
    made.save(force_insert=True)
    return made


def _checked(row: Subscription, what: str, value: str, on: date, day: date) -> str:
    if what == QUANTITY:
        if not value.isdecimal() or len(value) > 9:
            raise Refused(f"{value!r} is no quantity.", code="quantity")
        if int(value):
            bounds.check_quantity(row.offer_name, int(value), row.minimum, row.maximum, metered=row.metered)
            if int(value) >= row.quantity or dates.may_end(row, on, day):
                return str(int(value))
            raise bounds.bound(row, int(value))
    elif what == RENEWS:
        if value not in (YES, NO) or not row.term_months:
            raise Refused(f"{row.offer_name} has no term that renews.", code="renews")
        return value
    elif what != END:
        raise Refused(f"{what!r} cannot be planned.", code="what", hint=f"One of {', '.join(WHAT)}.")
    if not dates.may_end(row, on, day):
        earliest = dates.earliest_end(row, day)
        raise Refused(
            f"{row.offer_name} cannot end on {on}.",
            code="term",
            hint=f"It can end on {earliest} or at the end of a later term.",
        )
    return value


def drop(id: UUID, *, of: UUID, now: datetime) -> PlannedChange:
    """Take a plan of the subscription `of` back. Raises Missing for one that is not open."""
    row = _open(id)
    if row.subscription_id != of:
        raise Missing(NONE)
    row.state, row.ended_at = PlannedState.CANCELLED, now
    row.save(update_fields=["state", "ended_at"])
    return row


def carry_out(id: UUID, *, now: datetime) -> PlannedChange:
    """Do what was planned, as of its day; what cannot be done any more says so, to customer and seller as well. Raises Missing
    for one that is not open.
    """
    plan = _open(id)
    try:
        with transaction.atomic():
            _do(plan, By(plan.by_name, Source(plan.source)), now)
        plan.state, plan.text = PlannedState.DONE, ""
    except Refused as refusal:
        plan.state, plan.text = PlannedState.REFUSED, f"{refusal.text} {refusal.hint}".strip()[:500]
    plan.ended_at = now
    plan.save(update_fields=["state", "text", "ended_at"])
    if plan.state == PlannedState.REFUSED:
        told.refused(plan, said(plan), now=now)
    return plan


def _do(plan: PlannedChange, by: By, now: datetime) -> None:
    if plan.what == RENEWS:
        lifecycle.set_renews(plan.subscription_id, plan.value == YES, by=by, now=now)
    elif plan.what == QUANTITY and int(plan.value):
        lifecycle.set_quantity(plan.subscription_id, int(plan.value), on=plan.on, by=by, now=now)
    else:
        lifecycle.end(locked(plan.subscription_id), on=plan.on, text="As planned", by=by, now=now)


def _open(id: UUID) -> PlannedChange:
    row: PlannedChange | None = PlannedChange.objects.select_for_update().filter(pk=id, state=PlannedState.PLANNED).first()
    if row is None:
        raise Missing(NONE)
    return row


def ordered(rows: Iterable[PlannedChange]) -> list[PlannedChange]:
    """The open ones first, by their day, then those that are over, the latest first."""
    rows = sorted(rows, key=lambda row: (row.on, row.made_at))
    waiting = [row for row in rows if row.state == PlannedState.PLANNED]
    return waiting + [row for row in reversed(rows) if row.state != PlannedState.PLANNED]


def said(row: PlannedChange) -> str:
    """What it does, as a sentence without its full stop."""
    if row.what == QUANTITY and row.value != "0":
        return f"Quantity {row.value} from {row.on}"
    if row.what == RENEWS:
        return f"{'Renews' if row.value == YES else 'Does not renew'} from {row.on}"
    return f"Ends on {row.on}"
