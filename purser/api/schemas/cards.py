"""Mapping: how far each company is mapped, and what each subscription and resource may be linked to."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from purser.api.schemas.common import Number, Out
from purser.api.schemas.sides import Money
from purser.links.models import TargetService
from purser.links.queries import mapping, proposals
from purser.links.suggestions import Ranking


class Suggestion(Out):
    """A thing of the PSA that may be the same. `score` is 100 for equal names, less for a likeness."""

    id: UUID
    name: str
    score: int
    reason: str


class Company(Out):
    """How far a company is mapped. `relation` is the id of its relation, if there is one. Contacts are empty where the side
    does not tell one: `contact_name` and `contact_email` of the marketplace, `account_contact` of the PSA.
    """

    id: UUID
    name: str
    contact_name: str
    contact_email: str
    relation: UUID | None
    account: UUID | None
    account_name: str
    account_contact: str
    resources: int
    linked: int
    suggestions: list[Suggestion]


class Choice(Out):
    """A service of the mapped contract; `kind` is service, bundle or product, `taken_by` the resource it is linked to."""

    id: UUID
    name: str
    kind: str
    taken_by: str


class CardResource(Out):
    """A resource, and what it may be linked to. One that is `usage_based` needs a `usage_divisor` to be linked. `unit_price`
    is null where the marketplace names none; `state` is that of the link, and `aside` what holds it back, empty without one.
    """

    id: UUID
    name: str
    unit: str
    count: Number
    unit_price: Number | None
    currency: str
    usage_based: bool
    link: UUID | None
    state: str
    aside: str
    service: UUID | None
    choices: list[Choice]
    suggestions: list[Suggestion]


class Contract(Out):
    """A contract of the mapped account."""

    id: UUID
    name: str
    starts_on: date | None
    ends_on: date | None


class CardSubscription(Out):
    """A subscription, and the contracts it may be mapped to; `hidden` more are left out by the switches. `unread`: the
    services of its contract were never read, so that none can be offered before a POST to the agreement's `readings`.
    """

    id: UUID
    name: str
    status: str
    relation: UUID | None
    agreement: UUID | None
    unread: bool
    choices: list[Contract]
    hidden: int
    resources: list[CardResource]


class Card(Out):
    """A company with its subscriptions and resources, and what each may be linked to."""

    company: Company
    subscriptions: list[CardSubscription]


class Coverage(Out):
    """How much of what is bought is mapped, and what the rest costs a month."""

    resources: int
    linked: int
    percent: int
    missing: list[Money]


class Offer(Out):
    """A free service, and the contract that it stands on."""

    id: UUID
    name: str
    kind: str
    agreement: UUID
    agreement_name: str


class Proposal(Out):
    """A resource without a relation. `account` is the mapped one or, not yet `mapped`, the only one of the same name;
    `choices` are what is free there. `service` and `agreement` are set, and `reason` says why, where exactly one choice bears
    the resource's name: send `resource` and `service` to `relations/bulk`.
    """

    resource: UUID
    name: str
    usage_based: bool
    subscription: UUID
    subscription_name: str
    customer: UUID
    company: str
    account: UUID | None
    account_name: str
    mapped: bool
    agreement: UUID | None
    service: UUID | None
    reason: str
    choices: list[Offer]


def _suggestions(ranking: Ranking[UUID]) -> list[Suggestion]:
    return [Suggestion(id=s.id, name=s.name, score=s.score, reason=s.reason) for s in ranking.best]


def company(line: mapping.Company) -> Company:
    relation = line.relation
    return Company(
        id=line.customer.pk,
        name=line.customer.name,
        contact_name=line.customer.contact_name,
        contact_email=line.customer.contact_email,
        relation=relation.pk if relation else None,
        account=relation.account_id if relation else None,
        account_name=relation.account.name if relation else "",
        account_contact=relation.account.contact if relation else "",
        resources=line.resources,
        linked=line.linked,
        suggestions=_suggestions(line.ranking),
    )


def _card_resource(line: mapping.Resource) -> CardResource:
    return CardResource(
        id=line.resource.pk,
        name=line.resource.name,
        unit=line.resource.unit,
        count=line.resource.count,
        unit_price=line.resource.unit_price,
        currency=line.resource.currency,
        usage_based=line.resource.usage_based,
        link=line.link.pk if line.link else None,
        state=line.link.state if line.link else "",
        aside=line.link.aside if line.link else "",
        service=line.link.service_id if line.link else None,
        choices=[Choice(id=service.pk, name=service.name, kind=service.kind, taken_by=by) for service, by in line.choices],
        suggestions=_suggestions(line.ranking),
    )


def card(found: mapping.Card) -> Card:
    return Card(
        company=company(found.company),
        subscriptions=[
            CardSubscription(
                id=line.subscription.pk,
                name=line.subscription.name,
                status=line.subscription.status,
                relation=line.relation.pk if line.relation else None,
                agreement=line.relation.agreement_id if line.relation else None,
                unread=line.unread,
                hidden=line.hidden,
                choices=[Contract(id=a.pk, name=a.name, starts_on=a.starts_on, ends_on=a.ends_on) for a in line.choices],
                resources=[_card_resource(one) for one in line.resources],
            )
            for line in found.subscriptions
        ],
    )


def coverage(found: mapping.Coverage) -> Coverage:
    return Coverage(
        resources=found.resources,
        linked=found.linked,
        percent=found.percent,
        missing=[Money(amount=amount, currency=currency) for currency, amount in found.missing],
    )


def proposal(found: proposals.Proposal) -> Proposal:
    row, account, sure = found.resource, found.account, found.sure
    return Proposal(
        resource=row.pk,
        name=row.name,
        usage_based=row.usage_based,
        subscription=row.subscription_id,
        subscription_name=row.subscription.name,
        customer=row.customer_id,
        company=row.customer.name,
        account=account.pk if account else None,
        account_name=account.name if account else "",
        mapped=found.mapped,
        agreement=sure.agreement_id if sure else None,
        service=sure.pk if sure else None,
        reason=found.reason,
        choices=[_offer(service) for service in found.services],
    )


def _offer(row: TargetService) -> Offer:
    return Offer(id=row.pk, name=row.name, kind=row.kind, agreement=row.agreement_id, agreement_name=row.agreement.name)
