"""Stored plans: what a person reads before anything is posted, and the approval that binds to its digest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID

from django.db import connection

from purser.kernel import digest, period
from purser.kernel.errors import Busy, Missing, Refused
from purser.kernel.money import Money
from purser.links.models import Link, Receipt, Run, StoredPlan, Sync
from purser.links.models.relations import LinkState
from purser.links.models.runs import POSTED_RECEIPTS, PlanState, RunState
from purser.links.receipts import Facts
from purser.links.standing import Standing, describe, link_of
from purser.notices import outbox
from purser.postgres import tenancy
from purser.postgres.locks import hold
from purser.rating import proration
from purser.reconcile.guard import Doubt
from purser.reconcile.model import Change, Plan
from purser.reconcile.plan import digested

# How far back a posting counts as "made already" when the same one turns up again.
REPEAT_WITHIN = timedelta(hours=24)


class Found(Protocol):
    """What the flow found beside the plan: the names of each link, and the links themselves."""

    facts: dict[str, Facts]
    links: dict[UUID, Link]


@dataclass(frozen=True)
class Stored:
    id: UUID | None
    waits: bool


@contextmanager
def alone(sync_id: UUID) -> Iterator[None]:
    """Hold the pair for one pass, over all its transactions. Raises Busy when another process holds it."""
    with hold(connection, f"sync:{sync_id}") as mine:
        if not mine:
            raise Busy("Another pass over this pair is running.", code="running", retry_after=timedelta(seconds=10))
        yield


def sync(sync_id: UUID) -> Sync:
    found = Sync.objects.filter(pk=sync_id).select_related("source", "target").first()
    if found is None:
        raise Missing("There is no such pair.")
    return found


def begin(sync: Sync, *, cause: str, now: datetime) -> Run:
    """Open the row of a pass. One that is still open belongs to a process that died: the caller holds the pair alone."""
    Run.objects.filter(sync=sync, state=RunState.RUNNING).update(
        state=RunState.FAILED, text="The process ended before the pass did; the next pass went on.", ended_at=now
    )
    return Run.objects.create(sync=sync, cause=cause, started_at=now)


def finish(run_id: UUID, *, state: str, text: str, numbers: Mapping[str, Any], now: datetime) -> None:
    Run.objects.filter(pk=run_id).update(state=state, text=text[:500], numbers=dict(numbers), ended_at=now)


def schedule(sync: Sync, *, now: datetime) -> None:
    """The next pass comes one interval after this one."""
    Sync.objects.filter(pk=sync.pk).update(next_at=now + timedelta(seconds=sync.every_seconds))


def posted_lately(sync_id: UUID, *, now: datetime) -> set[str]:
    """Marks, as `standing.mark` makes them, of the postings of the last day that healed a hand edit.

    Healing once is the policy; the very same healing twice in a day means that somebody or something undoes it, and the
    guard lets a person look."""
    rows = Receipt.objects.filter(
        link__sync_id=sync_id, state__in=POSTED_RECEIPTS, intended_at__gte=now - REPEAT_WITHIN, healing=True
    ).values_list("link_id", "effective_on", "units_before", "units_after")
    return {
        f"{link}@{day.isoformat()}:{digest.units(before) if before else '-'}>{digest.units(after)}"
        for link, day, before, after in rows
    }


def store(
    *,
    sync: Sync,
    run: Run,
    plan: Plan[Standing],
    found: Found,
    doubts: Sequence[Doubt],
    approved: UUID | None,
    dry: bool,
    now: datetime,
    today: date,
) -> Stored:
    """Keep the plan and say whether it waits for a person. At most one plan of a pair waits at a time.

    An approved plan is driven only if the plan made now has the same digest: the preview equals the result, or nothing is
    posted and the new plan waits instead.
    """
    waiting = StoredPlan.objects.filter(sync=sync, state=PlanState.WAITING)
    if not plan:
        if not dry:
            waiting.update(state=PlanState.OUTDATED, decided_at=now)
            if approved:
                StoredPlan.objects.filter(pk=approved, state=PlanState.APPROVED).update(state=PlanState.OUTDATED)
        return Stored(None, False)
    if dry:
        return Stored(_row(sync, run, plan, found, doubts, PlanState.PREVIEW, now, today).pk, False)
    if approved is not None:
        given = StoredPlan.objects.filter(pk=approved, state=PlanState.APPROVED).first()
        if given is not None and given.digest == plan.digest:
            StoredPlan.objects.filter(pk=given.pk).update(state=PlanState.DRIVEN, run=run)
            waiting.update(state=PlanState.OUTDATED, decided_at=now)
            return Stored(given.pk, False)
        if given is not None:
            moved = Doubt("moved", "The plan that was approved does not fit any more: something changed in between.")
            StoredPlan.objects.filter(pk=given.pk).update(state=PlanState.OUTDATED)
            doubts = [*doubts, moved]
    if not doubts:
        waiting.update(state=PlanState.OUTDATED, decided_at=now)
        return Stored(_row(sync, run, plan, found, (), PlanState.DRIVEN, now, today).pk, False)
    same = StoredPlan.objects.filter(sync=sync, digest=plan.digest, state__in=(PlanState.WAITING, PlanState.REJECTED))
    if (there := same.order_by("-made_at").first()) is not None:
        return Stored(there.pk, True)
    if not waiting.update(state=PlanState.OUTDATED, decided_at=now):  # else somebody was told that the pair waits
        _tell_waits(sync, plan, doubts, now)
    return Stored(_row(sync, run, plan, found, doubts, PlanState.WAITING, now, today).pk, True)


def _tell_waits(sync: Sync, plan: Plan[Standing], doubts: Sequence[Doubt], now: datetime) -> None:
    """To the list of plans and not to this one: until somebody looks, another may wait in its place."""
    count = "1 change" if len(plan.changes) == 1 else f"{len(plan.changes)} changes"
    outbox.post(
        "plan_waits",
        audience=tenancy.tenant(),
        subject=f"A plan for {sync.target.name} waits for you",
        lines=[f"{count}, and nothing is posted before somebody approves.", *(doubt.text for doubt in doubts[:20])],
        page="plans",
        about=[("sync", sync.pk)],
        by_job=True,
        now=now,
    )


def keep_asides(links: Iterable[Link], plan: Plan[Standing], *, psa_whole: bool) -> None:
    """With each link why this pass leaves it alone, so that a pass which changes nothing can be asked as well.

    Only what changed is written. A link whose service is gone from a PSA that was read as a whole is in step no more.
    """
    found = {link_of(a.key): a for a in plan.asides}
    changed = []
    for link in links:
        reason = found[str(link.pk)].reason[:500] if str(link.pk) in found else ""
        if reason != link.aside:
            link.aside = reason
            changed.append(link)
    Link.objects.bulk_update(changed, ["aside"], batch_size=500)
    gone = [key for key, aside in found.items() if psa_whole and aside.code == "target_missing"]
    Link.objects.filter(pk__in=gone, state=LinkState.IN_STEP).update(state=LinkState.BEHIND)


def approve(plan_id: UUID, *, digest: str, by: UUID, now: datetime) -> StoredPlan:
    """A person approves exactly the plan whose digest they were shown."""
    plan = _open(plan_id)
    if plan.digest != digest:
        raise Refused("This is not the plan you were shown; read the new one first.", code="moved")
    plan.state, plan.decided_by_id, plan.decided_at = PlanState.APPROVED, by, now
    plan.save()
    return plan


def reject(plan_id: UUID, *, by: UUID, reason: str, now: datetime) -> StoredPlan:
    """Nothing is posted; the same plan is not asked about again."""
    plan = _open(plan_id)
    plan.state, plan.decided_by_id, plan.decided_at, plan.reason = PlanState.REJECTED, by, now, reason[:500]
    plan.save()
    return plan


def _open(plan_id: UUID) -> StoredPlan:
    plan = StoredPlan.objects.select_for_update().filter(pk=plan_id).first()
    if plan is None:
        raise Missing("There is no such plan.")
    if plan.state not in (PlanState.WAITING, PlanState.PREVIEW):
        raise Refused(f"This plan is {plan.get_state_display().lower()}; nothing is left to decide.", code="state")
    return plan


def _row(
    sync: Sync,
    run: Run,
    plan: Plan[Standing],
    found: Found,
    doubts: Sequence[Doubt],
    state: str,
    now: datetime,
    today: date,
) -> StoredPlan:
    return StoredPlan.objects.create(
        sync=sync,
        run=run,
        state=state,
        digest=plan.digest,
        changes=[row(c, found, today) for c in plan.changes],
        asides=[{"link": link_of(a.key), "code": a.code, "reason": a.reason} for a in plan.asides],
        doubts=[{"code": d.code, "text": d.text} for d in doubts],
        made_at=now,
    )


def row(change: Change[Standing], found: Found, today: date) -> dict[str, Any]:
    """One line of the preview: old -> new, from when, and what it does to the money."""
    at = change.after or change.before
    assert at is not None
    facts, link = found.facts[str(at.link)], found.links[at.link]
    before = change.before.units if change.before else Decimal(0)
    after = change.after.units if change.after else Decimal(0)
    return {
        "key": change.key,
        "digested": digested(change, describe),
        "link": str(at.link),
        "company": facts.company,
        "subscription": facts.subscription,
        "resource": facts.resource,
        "customer": facts.customer,
        "agreement": facts.agreement,
        "product": facts.product,
        "effective_on": at.effective_on.isoformat(),
        "before": digest.units(before),
        "after": digest.units(after),
        "amount": digest.units(after - before),
        "note": at.note,
        "healing": facts.healing,
        **_money(at, after - before, link, facts.currency),
    }


def _money(at: Standing, amount: Decimal, link: Link, currency: str) -> dict[str, Any]:
    """What the change adds to the customer's bill: a whole period's price, and this period's prorated part."""
    agreement = link.service.agreement
    if at.unit_price is None or not currency:
        return {"currency": currency, "per_period": None, "prorated": None, "price": None}
    price = Money(at.unit_price, currency)
    prorated = None
    if agreement.billing_period and agreement.starts_on:
        span = period.holding(at.effective_on, first=agreement.starts_on, every=agreement.billing_period)
        part = proration.part(units=amount, unit_price=price, effective_on=at.effective_on, period=span)
        prorated = f"{part.amount:f}"
    return {
        "currency": currency,
        "price": digest.units(at.unit_price),
        "per_period": f"{price.times(amount).rounded().amount:f}",
        "prorated": prorated,
    }
