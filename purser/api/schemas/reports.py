"""Reports: the same rows and numbers as the portal's pages of these names. Source: acceptance ID-45 to ID-52, ID-64."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from purser.api.schemas.common import Number, Out
from purser.api.schemas.sides import Money
from purser.links import models
from purser.links.queries import checklist as lists
from purser.links.queries import home


class Bought(Out):
    """A resource of a subscription; `count` is nought once the subscription has ended."""

    resource: UUID
    account_id: str
    company: str
    subscription_id: str
    subscription: str
    status: str
    resource_id: str
    resource_name: str
    unit: str
    count: Number
    unit_price: Number | None
    unit_cost: Number | None
    currency: str
    renewal_on: date | None
    seen_at: datetime


class Linked(Out):
    """A relation with its three counts: the marketplace's, ours (null until the first reading), and the PSA's."""

    link: UUID
    customer: str
    agreement: str
    product_id: str
    product: str
    company: str
    subscription: str
    resource: str
    count: Number
    posted: Number | None
    psa: Number
    state: str
    confirmed_at: datetime | None
    linked_at: datetime
    agreement_ends_on: date | None


class Movement(Out):
    """A change of a count seen at the marketplace. `became`: posted, netted, due, unlinked or accepted."""

    id: UUID
    seen_at: datetime
    company: str
    subscription: str
    resource: str
    before: Number
    after: Number
    change: Number
    became: str
    posting: UUID | None


class Figures(Out):
    """`states` counts relations by state; `at_stake` is what the unlinked resources cost a month."""

    linked: int
    unlinked: int
    states: dict[str, int]
    at_stake: list[Money]
    failures: int
    plans: int
    drifts: int
    last_run: UUID | None


class Item(Out):
    name: str
    words: str
    todo: str
    count: int
    settled: bool
    accepted: bool
    accepted_by: str
    accepted_at: datetime | None
    reason: str


class Step(Out):
    number: int
    title: str
    settled: bool
    items: list[Item]


class CheckList(Out):
    """`ready`: every item is nought, or accepted with a reason for this month."""

    month: date
    ready: bool
    steps: list[Step]


def bought(row: models.SourceResource) -> Bought:
    return Bought(
        resource=row.pk,
        account_id=row.customer.external_id,
        company=row.customer.name,
        subscription_id=row.subscription.external_id,
        subscription=row.subscription.name,
        status=row.subscription.status,
        resource_id=row.resource_id,
        resource_name=row.name,
        unit=row.unit,
        count=row.sold,  # type: ignore[attr-defined]  # annotated by the route
        unit_price=row.unit_price,
        unit_cost=row.unit_cost,
        currency=row.currency,
        renewal_on=row.subscription.renewal_on,
        seen_at=row.seen_at,
    )


def linked(row: models.Link) -> Linked:
    agreement = row.service.agreement
    return Linked(
        link=row.pk,
        customer=agreement.account.name,
        agreement=agreement.name,
        product_id=row.service.product_id,
        product=row.service.name,
        company=row.resource.customer.name,
        subscription=row.resource.subscription.name,
        resource=row.resource.name,
        count=row.sold,  # type: ignore[attr-defined]  # annotated by the route
        posted=row.expected_units,
        psa=row.service.final_units,
        state=row.state,
        confirmed_at=row.confirmed_at,
        linked_at=row.made_at,
        agreement_ends_on=agreement.ends_on,
    )


def movement(row: models.Movement) -> Movement:
    return Movement(
        id=row.pk,
        seen_at=row.seen_at,
        company=row.resource.customer.name,
        subscription=row.resource.subscription.name,
        resource=row.resource.name,
        before=row.before,
        after=row.after,
        change=row.after - row.before,
        became=row.became,  # type: ignore[attr-defined]  # annotated by the query
        posting=row.receipt_id,
    )


def figures(found: home.Figures) -> Figures:
    return Figures(
        linked=found.linked,
        unlinked=found.unlinked,
        states=found.states,
        at_stake=[Money(amount=one.amount, currency=one.currency) for one in found.at_stake],
        failures=found.failures,
        plans=found.plans,
        drifts=found.drifts,
        last_run=found.last_run.pk if found.last_run else None,
    )


def checklist(found: lists.CheckList) -> CheckList:
    return CheckList(
        month=found.month,
        ready=found.ready,
        steps=[
            Step(number=s.number, title=s.title, settled=s.settled, items=[_item(i) for i in s.items]) for s in found.steps
        ],
    )


def _item(item: lists.Item) -> Item:
    held = item.acceptance
    return Item(
        name=item.name,
        words=item.words,
        todo=item.todo,
        count=item.count,
        settled=item.settled,
        accepted=item.accepted,
        accepted_by=str(held.accepted_by) if held else "",
        accepted_at=held.accepted_at if held else None,
        reason=held.reason if held else "",
    )
