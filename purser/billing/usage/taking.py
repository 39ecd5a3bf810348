"""Doing what the adviser says, and undoing it: customer by customer, each step in that customer's tenant on its behalf.

Two tenants cannot share a transaction. What is meant is kept at the partner first, then the licence is ended by an act at the
customer, then what became of it is kept: cut off anywhere it is gone on with. Source: issue 4, section 6; acceptance UC-13.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from uuid import UUID

from purser.access import acts
from purser.access.actors import Actor
from purser.access.permit import Denied
from purser.billing.models import AdviceState, AdviceStep
from purser.billing.usage import advising, inside
from purser.directory import licences
from purser.directory.models import Cause, Licence, User
from purser.kernel.errors import Missing, Refused
from purser.postgres import tenancy

VERB = advising.VERB
LICENCES = "licences.write"


@dataclass(frozen=True)
class Outcome:
    """`done` licences; `refused` were left alone, each with its reason in the step."""

    done: int
    refused: int


There = Callable[[Actor, Sequence[AdviceStep], datetime], None]  # what is done with one customer's steps, in its seat


def take(actor: Actor, plan: UUID, steps: Sequence[UUID] | None = None, *, now: datetime) -> Outcome:
    """Unlicense the people of these steps, or of all, customer by customer, each by an act there. Outside any seat.

    A step is kept as under way with its moment before the licence is ended, so that a call after a crash goes on where it
    was. Somebody who is no longer licensed, or by another licence than the plan saw, is left alone. Refused, code "late",
    after the midnight the plan was made for.
    """
    with tenancy.acting_in(actor.tenant):
        row = advising.find(plan)
        if now >= row.before:
            raise Refused(
                f"The plan was to be done before {row.before:%Y-%m-%d %H:%M} UTC: what is taken now stands in the peak.",
                code="late", hint="Look again from the 20th on.",
            )  # fmt: skip
        chosen = _steps(plan, steps, AdviceState.OFFERED, AdviceState.INTENDED)
        acts.record(
            actor, VERB, summary=f"Asked {len(chosen)} licences back by the adviser's plan", of=("advice", plan), now=now
        )
        for step in chosen:
            if step.state == AdviceState.OFFERED:
                step.state, step.taken_at, step.taken_by_name = AdviceState.INTENDED, now, actor.name[:254]
        AdviceStep.objects.bulk_update(chosen, ["state", "taken_at", "taken_by_name"])
    return _each(actor, chosen, _take_there, now)


def give_back(actor: Actor, plan: UUID, steps: Sequence[UUID] | None = None, *, now: datetime) -> Outcome:
    """Undo: license again whom this plan took, as long as they are unlicensed and there. Outside any seat."""
    with tenancy.acting_in(actor.tenant):
        advising.find(plan)
        chosen = _steps(plan, steps, AdviceState.TAKEN)
        acts.record(
            actor, VERB, summary=f"Undid the adviser's plan for {len(chosen)} licences", of=("advice", plan), now=now
        )  # fmt: skip
    return _each(actor, chosen, _give_there, now)


def _each(actor: Actor, chosen: Sequence[AdviceStep], there: There, now: datetime) -> Outcome:
    """One customer after the other, in its own seat; what became of each step is kept before the next customer."""
    done = 0
    for customer, found in groupby(chosen, key=lambda step: step.customer):
        steps = list(found)
        try:
            with inside.entering(actor, customer=customer, verb=LICENCES, now=now) as mine:
                there(mine, steps, now)
        except (Missing, Denied) as refusal:
            for step in steps:
                # under way from before: what came of it cannot be seen from here, so it stays open
                began = step.state == AdviceState.INTENDED and step.taken_at == now
                step.state, step.text = AdviceState.OFFERED if began else step.state, refusal.text[:500]
        with tenancy.acting_in(actor.tenant):
            AdviceStep.objects.bulk_update(steps, ["state", "text"])
        done += sum(not step.text for step in steps)
    return Outcome(done, len(chosen) - done)


def _take_there(actor: Actor, steps: Sequence[AdviceStep], now: datetime) -> None:
    rows = {row.pk: row for row in Licence.objects.filter(pk__in=[step.licence for step in steps]).select_for_update()}
    held = [step for step in steps if (row := rows.get(step.licence)) is not None and row.until is None]
    if held:
        licences.take(actor, [step.user for step in held], now=now)
    for step in steps:
        if step in held or _taken(rows.get(step.licence), step):
            step.state, step.text = AdviceState.TAKEN, ""
        else:
            step.state, step.text = AdviceState.REFUSED, "Was no longer licensed as the plan saw it."


def _taken(row: Licence | None, step: AdviceStep) -> bool:
    """Whether a call that was cut off has ended it."""
    if row is None or row.until is None or step.taken_at is None:
        return False
    return bool(row.until >= step.taken_at and row.ended_by_name == step.taken_by_name)


def _give_there(actor: Actor, steps: Sequence[AdviceStep], now: datetime) -> None:
    """By the cause that the licence had, so that Auto-License goes on with those that were its own."""
    causes = dict(Licence.objects.filter(pk__in=[step.licence for step in steps]).values_list("pk", "cause"))
    by_hand = [step for step in steps if causes.get(step.licence) == Cause.HAND]
    rest = [step for step in steps if step not in by_hand]
    answers = {one.user: one.text for one in licences.give(actor, [step.user for step in by_hand], now=now)}
    users = {row.pk: row for row in User.objects.filter(pk__in=[step.user for step in rest])}
    there = licences.open_of(users)
    back = [row for row in users.values() if row.gone_at is None and row.pk not in there]
    if back:
        names = sorted(row.display_name for row in back)
        acts.record(
            actor, LICENCES, summary=f"Licensed {len(back)} users again: the adviser's plan was undone",
            after={"users": names[: licences.NAMED], "count": len(names)}, now=now,
        )  # fmt: skip
        for row in back:
            licences.open_one(row, by=actor.name, now=now)
    for step in steps:
        user = users.get(step.user)
        gone = user is not None and user.gone_at is not None and step.user not in there
        step.text = answers.get(step.user, "Has left the directory." if gone else "")
        licensed = not step.text or step.text.startswith("Is licensed")
        if licensed:
            step.state, step.text = AdviceState.RETURNED, ""


def _steps(plan: UUID, wanted: Sequence[UUID] | None, *states: AdviceState) -> list[AdviceStep]:
    """Locked, by customer. Raises Refused where none of those wanted is in one of the states."""
    rows = AdviceStep.objects.filter(plan_id=plan, state__in=states).select_for_update().order_by("customer", "id")
    found = list(rows if wanted is None else rows.filter(pk__in=wanted))
    if not found:
        words = " or ".join(str(state.label).lower() for state in states)
        raise Refused(f"None of these steps is {words}.", code="steps", hint="Open the plan again.")
    return found
