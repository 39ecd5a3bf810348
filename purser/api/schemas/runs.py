"""Passes, plans, postings, hand edits: what was seen, decided and done."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from purser.api.schemas.common import Line, Number, Out, Sent
from purser.links.models import Receipt as ReceiptRow
from purser.links.models import Run as RunRow
from purser.links.models import StoredPlan
from purser.links.queries import plans, runs


class RunAside(Out):
    """A relation that the pass left alone, and why."""

    link: UUID
    company: str
    resource: str
    reason: str


class Run(Out):
    """One pass. `numbers`: compared, changes, posted, failed and the like, as far as the pass came. `asides` are kept of a
    pair's latest pass only, the first 200.
    """

    id: UUID
    pair: UUID
    cause: str
    state: str
    started_at: datetime
    ended_at: datetime | None
    text: str
    numbers: dict[str, Any]
    asides: list[RunAside]


class Doubt(Out):
    """Why a plan waits for a person."""

    code: str
    text: str


class Aside(Out):
    """A relation that the plan leaves out, and why: a short word for programs, and a sentence."""

    link: UUID
    code: str
    reason: str


class Change(Out):
    """One line of a plan: units of a service, old and new, from when, and what it adds to the customer's bill."""

    link: UUID
    company: str
    subscription: str
    resource: str
    customer: str
    agreement: str
    product: str
    effective_on: date
    before: str
    after: str
    amount: str
    price: str | None
    currency: str
    prorated: str | None
    per_period: str | None
    note: str
    healing: bool


class Total(Out):
    """What a plan does to the bills in one currency. `unpriced` rows are in neither sum."""

    currency: str
    rows: int
    up: Number
    down: Number
    prorated: Number | None
    per_period: Number | None
    unpriced: int


class Progress(Out):
    changes: int
    posted: int
    failed: int
    over: bool


class Plan(Out):
    """An approval must name the `digest` that was read. `cause` is that of the pass that left the plan."""

    id: UUID
    pair: UUID
    psa: str
    cause: str
    state: str
    digest: str
    doubts: list[Doubt]
    made_at: datetime
    decided_at: datetime | None
    decided_by: str
    reason: str
    changes: list[Change]
    asides: list[Aside]
    totals: list[Total]
    progress: Progress


class Approval(Sent):
    digest: Annotated[str, Field(pattern="^[0-9a-f]{64}$", description="Of the plan that was read.")]


class Rejection(Sent):
    reason: Line


class Posting(Out):
    """One step on one service. A reading of the PSA confirms it."""

    id: UUID
    link: UUID
    state: str
    effective_on: date
    units_before: Number
    units_after: Number
    amount: Number
    unit_price: Number | None
    unit_cost: Number | None
    currency: str
    company: str
    subscription: str
    resource: str
    customer: str
    agreement: str
    product: str
    note: str
    code: str
    text: str
    hint: str
    reference: str
    attempts: int
    intended_at: datetime
    answered_at: datetime | None
    confirmed_at: datetime | None
    looked_at: datetime | None
    first_failed_at: datetime | None
    retry_at: datetime | None
    plan: UUID | None
    run: UUID | None
    settled_by: UUID | None


class Ids(Sent):
    ids: Annotated[list[UUID], Field(min_length=1, max_length=100)]


class Finding(Sent):
    """What a person found in the PSA: it was applied, or it was not."""

    applied: bool


class Decision(Sent):
    ids: Annotated[list[UUID], Field(min_length=1, max_length=100)]
    decision: Literal["marketplace", "psa"]


def run(row: RunRow) -> Run:
    return Run(
        id=row.pk,
        pair=row.sync_id,
        cause=row.cause,
        state=row.state,
        started_at=row.started_at,
        ended_at=row.ended_at,
        text=row.text,
        numbers=row.numbers,
        asides=[
            RunAside(link=one.pk, company=one.resource.customer.name, resource=one.resource.name, reason=one.aside)
            for one in runs.asides(row)
        ],
    )


def plan(row: StoredPlan) -> Plan:
    progress = plans.progress(row)
    return Plan(
        id=row.pk,
        pair=row.sync_id,
        psa=row.sync.target.name,
        cause=row.run.cause if row.run else "",
        state=row.state,
        digest=row.digest,
        doubts=[Doubt(code=one["code"], text=one["text"]) for one in row.doubts],
        made_at=row.made_at,
        decided_at=row.decided_at,
        decided_by=str(row.decided_by) if row.decided_by else "",
        reason=row.reason,
        changes=[Change(**{name: one[name] for name in Change.model_fields}) for one in row.changes],
        asides=[Aside(link=one["link"], code=one["code"], reason=one["reason"]) for one in row.asides],
        totals=[
            Total(
                currency=t.currency,
                rows=t.rows,
                up=t.up,
                down=t.down,
                prorated=t.prorated.amount if t.prorated else None,
                per_period=t.per_period.amount if t.per_period else None,
                unpriced=t.unpriced,
            )
            for t in plans.totals(row.changes)
        ],
        progress=Progress(changes=progress.changes, posted=progress.posted, failed=progress.failed, over=progress.over),
    )


def posting(row: ReceiptRow) -> Posting:
    return Posting(
        id=row.pk,
        link=row.link_id,
        state=row.state,
        effective_on=row.effective_on,
        units_before=row.units_before,
        units_after=row.units_after,
        amount=row.amount,
        unit_price=row.unit_price,
        unit_cost=row.unit_cost,
        currency=row.currency,
        company=row.company,
        subscription=row.subscription,
        resource=row.resource,
        customer=row.customer,
        agreement=row.agreement,
        product=row.product,
        note=row.note,
        code=row.code,
        text=row.text,
        hint=row.hint,
        reference=row.reference,
        attempts=row.attempts,
        intended_at=row.intended_at,
        answered_at=row.answered_at,
        confirmed_at=row.confirmed_at,
        looked_at=row.looked_at,
        first_failed_at=row.first_failed_at,
        retry_at=row.retry_at,
        plan=row.plan_id,
        run=row.run_id,
        settled_by=row.settled_by_id,
    )
