"""Both sides as last read: what is bought at the marketplace, and what bills it at the PSA."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from purser.api.schemas.common import Number, Out
from purser.links import models


class Customer(Out):
    """A company at the marketplace. `external_id` is the marketplace's own."""

    id: UUID
    external_id: str
    name: str
    status: str
    gone_at: datetime | None


class Subscription(Out):
    id: UUID
    external_id: str
    customer: UUID
    company: str
    name: str
    status: str
    created_on: date | None
    renewal_on: date | None
    billing_period: str
    auto_renews: bool
    gone_at: datetime | None


class Resource(Out):
    """One line of a subscription: the unit that is bought. `usage_based` needs a rule before it can be linked."""

    id: UUID
    external_id: str
    customer: UUID
    company: str
    subscription: UUID
    name: str
    mpn: str
    unit: str
    count: Number
    unit_price: Number | None
    unit_cost: Number | None
    currency: str
    usage_based: bool
    gone_at: datetime | None


class Account(Out):
    """A company at the PSA."""

    id: UUID
    external_id: str
    name: str
    contact: str
    active: bool
    currency: str
    gone_at: datetime | None


class Agreement(Out):
    """A contract. Without `takes_services` nothing can be linked under it."""

    id: UUID
    external_id: str
    account: UUID
    customer: str
    name: str
    number: str
    starts_on: date | None
    ends_on: date | None
    active: bool
    takes_services: bool
    prorates: bool
    currency: str
    billing_period: str
    invoiced_through: date | None
    gone_at: datetime | None


class Service(Out):
    """`units` are those of the day of the reading, `final_units` those of the latest date that has an own number."""

    id: UUID
    external_id: str
    agreement: UUID
    name: str
    kind: str
    unit: str
    units: Number
    final_units: Number
    unit_price: Number | None
    unit_cost: Number | None
    gone_at: datetime | None


class Money(Out):
    amount: Number
    currency: str


def customer(row: models.SourceCustomer) -> Customer:
    return Customer(id=row.pk, external_id=row.external_id, name=row.name, status=row.status, gone_at=row.gone_at)


def subscription(row: models.SourceSubscription) -> Subscription:
    return Subscription(
        id=row.pk,
        external_id=row.external_id,
        customer=row.customer_id,
        company=row.customer.name,
        name=row.name,
        status=row.status,
        created_on=row.created_on,
        renewal_on=row.renewal_on,
        billing_period=row.billing_period,
        auto_renews=row.auto_renews,
        gone_at=row.gone_at,
    )


def resource(row: models.SourceResource) -> Resource:
    return Resource(
        id=row.pk,
        external_id=row.external_id,
        customer=row.customer_id,
        company=row.customer.name,
        subscription=row.subscription_id,
        name=row.name,
        mpn=row.mpn,
        unit=row.unit,
        count=row.count,
        unit_price=row.unit_price,
        unit_cost=row.unit_cost,
        currency=row.currency,
        usage_based=row.usage_based,
        gone_at=row.gone_at,
    )


def account(row: models.TargetAccount) -> Account:
    return Account(
        id=row.pk,
        external_id=row.external_id,
        name=row.name,
        contact=row.contact,
        active=row.active,
        currency=row.currency,
        gone_at=row.gone_at,
    )


def agreement(row: models.TargetAgreement) -> Agreement:
    return Agreement(
        id=row.pk,
        external_id=row.external_id,
        account=row.account_id,
        customer=row.account.name,
        name=row.name,
        number=row.number,
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        active=row.active,
        takes_services=row.takes_services,
        prorates=row.prorates,
        currency=row.currency,
        billing_period=row.billing_period,
        invoiced_through=row.invoiced_through,
        gone_at=row.gone_at,
    )


def service(row: models.TargetService) -> Service:
    return Service(
        id=row.pk,
        external_id=row.external_id,
        agreement=row.agreement_id,
        name=row.name,
        kind=row.kind,
        unit=row.unit,
        units=row.units,
        final_units=row.final_units,
        unit_price=row.unit_price,
        unit_cost=row.unit_cost,
        gone_at=row.gone_at,
    )
