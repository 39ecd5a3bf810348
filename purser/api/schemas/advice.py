"""Advice on a partner's daily units: whom to unlicense before the true-up, and what it saves."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from purser.api.schemas.common import Out, Sent
from purser.api.schemas.sides import Money
from purser.api.schemas.usage import Usage
from purser.billing.models import AdvicePlan
from purser.billing.usage import advising


class AdviceRow(Out):
    """`name` is empty where you may not look into the tenant."""

    id: UUID
    tenant: UUID
    tenant_name: str
    name: str
    reason: str
    state: str
    text: str


class Others(Out):
    tenant: UUID
    tenant_name: str
    people: int


class UnlicensePlan(Out):
    """Taken back before `before` all people save `units` to the end of next month, a moment later `late`."""

    id: UUID
    on: date
    before: datetime
    units: int
    late: int
    money: Money
    package: str
    carry: int
    carry_then: int
    made_at: datetime
    made_by: str


class Advice(UnlicensePlan):
    rows: list[AdviceRow]
    others: list[Others]


class Adviser(Out):
    """`open`: there is advice from the 20th of a month on."""

    open: bool
    standing: Usage
    plans: list[UnlicensePlan]


class Take(Sent):
    """Without `steps` all that are offered."""

    steps: Annotated[list[UUID], Field(min_length=1, max_length=advising.MOST)] | None = None


class Done(Out):
    """`done` licences; `refused` were left alone, each step says why."""

    done: int
    refused: int


def plan(row: AdvicePlan) -> UnlicensePlan:
    return UnlicensePlan(**_plan(row))


def _plan(row: AdvicePlan) -> dict[str, Any]:
    names = ("id", "on", "before", "units", "late", "package", "carry", "carry_then", "made_at")
    worth = Money(amount=Decimal(row.money), currency=row.currency)
    return {name: getattr(row, name) for name in names} | {"money": worth, "made_by": row.made_by_name}


def advice(found: advising.Plan) -> Advice:
    rows = [
        AdviceRow(
            id=row.step.pk,
            tenant=row.tenant.id,
            tenant_name=row.tenant.name,
            name=row.name,
            reason=row.step.reason,
            state=row.step.state,
            text=row.step.text,
        )
        for row in found.rows
    ]
    others = [Others(tenant=one.id, tenant_name=one.name, people=count) for one, count in found.others]
    return Advice(**_plan(found.plan), rows=rows, others=others)
