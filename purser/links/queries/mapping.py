"""What the mapping page shows: companies in pages, one company's card, and how far the mapping has come."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from purser.kernel import digest
from purser.kernel.errors import Missing
from purser.links import suggestions
from purser.links.models import (
    CompanyLink,
    Link,
    SourceCustomer,
    SourceResource,
    SourceSubscription,
    SubscriptionLink,
    Sync,
    TargetAccount,
    TargetAgreement,
    TargetService,
)
from purser.links.queries import home
from purser.links.suggestions import Names, Ranking

SIZE = 25
ACTIVE = ("active", "pending")  # other states of a subscription take no units that anybody would bill
# The marketplace charges nothing for it: no units, or a price that is known to be nought.
_FREE = Q(count=0) | Q(unit_price=0, unit_cost=None) | Q(unit_price=None, unit_cost=0) | Q(unit_price=0, unit_cost=0)


@dataclass(frozen=True)
class Filters:
    """The switches of the mapping page as they stand at first. Source: acceptance ID-13, ID-68; the seed's figures."""

    hide_completed: bool = False
    expired: bool = False
    inactive: bool = False
    uninvoiced: bool = True
    linked: bool = False
    metadata: bool = False

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Filters:
        """From a person's kept choices; what is not in them stands as at first."""
        return cls(**{f.name: bool(kept[f.name]) for f in fields(cls) if f.name in kept})


SWITCHES = (
    ("hide_completed", "Hide completed mappings"),
    ("expired", "Show expired agreements"),
    ("inactive", "Show inactive subscriptions"),
    ("uninvoiced", "Show uninvoiced resources"),
    ("linked", "Show linked contracts"),
    ("metadata", "Show Metadata badges"),
)


@dataclass(frozen=True)
class Company:
    """A line of the mapping page. `ranking` is empty for a company that is mapped."""

    customer: SourceCustomer
    relation: CompanyLink | None
    resources: int
    linked: int
    ranking: Ranking[UUID]


@dataclass(frozen=True)
class Page:
    rows: tuple[Company, ...]
    number: int
    more: bool


def resources(sync: Sync, filters: Filters) -> QuerySet[Any, Any]:
    """The resources of the pair that these switches show, each with `is_linked`."""
    held = Exists(Link.objects.filter(sync=sync, resource=OuterRef("pk"), cleared_at=None))
    rows: QuerySet[Any, Any] = _live(sync, filters).annotate(is_linked=held)
    return rows if filters.uninvoiced else rows.exclude(_FREE & Q(is_linked=False))


def unlinked(sync: Sync, filters: Filters) -> QuerySet[Any, Any]:
    """Those of them without a relation."""
    rows = _live(sync, filters).filter(~Exists(Link.objects.filter(sync=sync, resource=OuterRef("pk"), cleared_at=None)))
    return rows if filters.uninvoiced else rows.exclude(_FREE)


def _live(sync: Sync, filters: Filters) -> QuerySet[Any, Any]:
    rows: QuerySet[Any, Any] = SourceResource.objects.filter(
        connection_id=sync.source_id, gone_at=None, subscription__gone_at=None
    )
    if not filters.inactive:
        rows = rows.filter(subscription__status__in=ACTIVE)
    return rows


def companies(sync: Sync, filters: Filters, *, search: str = "", number: int = 1) -> Page:
    """One page of 25 companies by name, with suggestions for those that are not mapped."""
    found = SourceCustomer.objects.filter(connection_id=sync.source_id, gone_at=None)
    if search:
        found = found.filter(Q(name__icontains=search) | Q(external_id=search))
    if filters.hide_completed:
        found = found.filter(pk__in=unlinked(sync, filters).values("customer_id"))
    start = (number - 1) * SIZE
    some = list(found.order_by("name", "id")[start : start + SIZE + 1])
    rows = some[:SIZE]
    relations = {
        r.customer_id: r
        for r in CompanyLink.objects.filter(sync=sync, cleared_at=None, customer__in=rows).select_related("account")
    }
    counts = {
        row["customer_id"]: row
        for row in resources(sync, filters)
        .filter(customer__in=rows)
        .values("customer_id")
        .annotate(every=Count("pk"), mapped=Count("pk", filter=Q(is_linked=True)))
    }
    names = account_names(sync) if any(r.pk not in relations for r in rows) else None
    made = []
    for customer in rows:
        relation = relations.get(customer.pk)
        count = counts.get(customer.pk, {"every": 0, "mapped": 0})
        ranking = names.rank(customer.name) if names and relation is None else Ranking[UUID]()
        made.append(Company(customer, relation, count["every"], count["mapped"], ranking))
    return Page(tuple(made), number, len(some) > SIZE)


def company(sync: Sync, filters: Filters, customer_id: UUID) -> Company:
    """One line of the page. Raises Missing."""
    customer = SourceCustomer.objects.filter(connection_id=sync.source_id, pk=customer_id).first()
    if customer is None:
        raise Missing("There is no such company.")
    relation = CompanyLink.objects.filter(sync=sync, customer=customer, cleared_at=None).select_related("account").first()
    count = (
        resources(sync, filters)
        .filter(customer=customer)
        .aggregate(every=Count("pk"), mapped=Count("pk", filter=Q(is_linked=True)))
    )
    ranking = Ranking[UUID]() if relation else account_names(sync).rank(customer.name)
    return Company(customer, relation, count["every"], count["mapped"], ranking)


def accounts(sync: Sync) -> QuerySet[TargetAccount]:
    return TargetAccount.objects.filter(connection_id=sync.target_id, gone_at=None, active=True)


def account_names(sync: Sync) -> Names[UUID]:
    return Names(dict(accounts(sync).values_list("pk", "name")), normal=suggestions.company)


def find_accounts(sync: Sync, search: str, *, most: int = 50) -> list[TargetAccount]:
    """For the drop-down: accounts whose name holds these letters, those that begin with them first."""
    found = accounts(sync)
    first = list(found.filter(name__istartswith=search).order_by("name", "id")[:most])
    rest = found.filter(name__icontains=search).exclude(pk__in=[a.pk for a in first])
    return [*first, *rest.order_by("name", "id")[: most - len(first)]]


def trimmed(value: Decimal) -> Decimal:
    """Without the column's trailing zeros: 8, not 8.000000."""
    return Decimal(digest.units(value))


@dataclass(frozen=True)
class Resource:
    """`choices` are the services of the mapped contract: (service, the name of the resource it is linked to or "")."""

    resource: SourceResource
    link: Link | None
    choices: tuple[tuple[TargetService, str], ...]
    ranking: Ranking[UUID]

    @property
    def count(self) -> Decimal:
        return trimmed(self.resource.count)

    @property
    def price(self) -> Decimal | None:
        return None if self.resource.unit_price is None else trimmed(self.resource.unit_price)


@dataclass(frozen=True)
class Subscription:
    """`choices` are the contracts of the mapped account that the switches show; `hidden` how many they hide."""

    subscription: SourceSubscription
    relation: SubscriptionLink | None
    choices: tuple[TargetAgreement, ...]
    hidden: int
    resources: tuple[Resource, ...]

    @property
    def unread(self) -> bool:
        """Whether the services of the mapped contract were never read, so that none can be offered."""
        return self.relation is not None and self.relation.agreement.services_at is None

    @property
    def empty(self) -> bool:
        return not any(r.link for r in self.resources)


@dataclass(frozen=True)
class Card:
    company: Company
    subscriptions: tuple[Subscription, ...]


def card(sync: Sync, filters: Filters, customer_id: UUID, *, today: date) -> Card:
    """One company with its subscriptions and resources, and what each may be linked to. Seven queries, however large."""
    one = company(sync, filters, customer_id)
    subscriptions = SourceSubscription.objects.filter(customer=one.customer, gone_at=None)
    if not filters.inactive:
        subscriptions = subscriptions.filter(status__in=ACTIVE)
    shown = list(subscriptions.order_by("name", "id"))
    relations = {
        r.subscription_id: r
        for r in SubscriptionLink.objects.filter(sync=sync, cleared_at=None, subscription__in=shown).select_related(
            "agreement"
        )
    }
    agreements = _agreements(sync, one.relation)
    rows: dict[UUID, list[SourceResource]] = defaultdict(list)
    for row in resources(sync, filters).filter(customer=one.customer).order_by("name", "id"):
        rows[row.subscription_id].append(row)
    links = {
        k.resource_id: k
        for k in Link.objects.filter(sync=sync, cleared_at=None, resource__customer=one.customer).select_related("service")
    }
    services = _services(sync, [r.agreement_id for r in relations.values()])
    made = []
    for subscription in shown:
        relation = relations.get(subscription.pk)
        choices = [a for a, linked in agreements if _offered(a, relation, filters, today=today, linked=linked)]
        offered = services[relation.agreement_id] if relation else ()
        made.append(
            Subscription(
                subscription,
                relation,
                tuple(choices),
                len(agreements) - len(choices),
                tuple(_resource(row, links.get(row.pk), offered) for row in rows[subscription.pk]),
            )
        )
    return Card(one, tuple(made))


def _agreements(sync: Sync, relation: CompanyLink | None) -> list[tuple[TargetAgreement, bool]]:
    """Contracts of the account that can carry services, the latest first, and whether a subscription is mapped to each."""
    if relation is None:
        return []
    found = TargetAgreement.objects.filter(account_id=relation.account_id, gone_at=None, takes_services=True)
    held = SubscriptionLink.objects.filter(sync=sync, cleared_at=None, agreement__in=found)
    linked = set(held.values_list("agreement_id", flat=True))
    return [(a, a.pk in linked) for a in found.order_by(F("starts_on").desc(nulls_last=True), "name", "id")]


def _offered(
    agreement: TargetAgreement, relation: SubscriptionLink | None, filters: Filters, *, today: date, linked: bool
) -> bool:
    """Whether the drop-down names the contract. The one that is chosen always stands in it. Source: acceptance ID-15."""
    if relation is not None and relation.agreement_id == agreement.pk:
        return True
    return (filters.expired or not expired(agreement, today=today)) and (filters.linked or not linked)


def expired(agreement: TargetAgreement, *, today: date) -> bool:
    return not agreement.active or (agreement.ends_on is not None and agreement.ends_on < today)


def _services(sync: Sync, agreement_ids: Iterable[UUID]) -> dict[UUID, tuple[tuple[TargetService, str], ...]]:
    taken = dict(
        Link.objects.filter(sync=sync, cleared_at=None, service__agreement__in=(wanted := list(agreement_ids))).values_list(
            "service_id", "resource__name"
        )
    )
    made: dict[UUID, tuple[tuple[TargetService, str], ...]] = defaultdict(tuple)
    for service in TargetService.objects.filter(agreement__in=wanted, gone_at=None).order_by("name", "id"):
        made[service.agreement_id] += ((service, taken.get(service.pk, "")),)
    return made


def _resource(row: SourceResource, link: Link | None, offered: tuple[tuple[TargetService, str], ...]) -> Resource:
    free = {service.pk: service.name for service, by in offered if not by}
    ranking = Names(free, normal=suggestions.product).rank(row.name) if free and link is None else Ranking[UUID]()
    return Resource(row, link, offered, ranking)


def exact_companies(sync: Sync) -> list[tuple[SourceCustomer, TargetAccount]]:
    """The companies that "Accept all exact matches" would map: unmapped, and the names equal and unique on both sides."""
    mapped = CompanyLink.objects.filter(sync=sync, cleared_at=None)
    every = dict(SourceCustomer.objects.filter(connection_id=sync.source_id, gone_at=None).values_list("pk", "name"))
    found = suggestions.matches(every, dict(accounts(sync).values_list("pk", "name")), normal=suggestions.company)
    done = set(mapped.values_list("customer_id", flat=True))
    pairs = [(ours, theirs) for ours, theirs in found.sure if ours not in done]
    ours = SourceCustomer.objects.in_bulk([a for a, _ in pairs])
    theirs = TargetAccount.objects.in_bulk([b for _, b in pairs])
    return sorted(((ours[a], theirs[b]) for a, b in pairs), key=lambda pair: (pair[0].name, str(pair[0].pk)))


@dataclass(frozen=True)
class Coverage:
    """`missing` is what the unmapped resources cost a month at the marketplace, by currency."""

    resources: int
    linked: int
    missing: tuple[tuple[str, Decimal], ...]

    @property
    def percent(self) -> int:
        return self.linked * 100 // self.resources if self.resources else 0


def coverage(sync: Sync) -> Coverage:
    """How much of what is bought is mapped, and what the rest costs. Source: ux 26."""
    # Counted apart: a join against the links is a hundred times faster than asking for each row whether it is linked.
    rows = _live(sync, Filters()).exclude(_FREE)
    every = rows.count()
    links = Link.objects.filter(sync=sync, cleared_at=None)
    rest = rows.filter(~Exists(links.filter(resource=OuterRef("pk"))))
    stake, missed = home.monthly(rest)
    return Coverage(every, every - missed, tuple((money.currency, money.amount) for money in stake))


def find_agreement(sync: Sync, agreement_id: UUID) -> TargetAgreement:
    """A contract at the PSA of this pair. Raises Missing."""
    found: TargetAgreement | None = TargetAgreement.objects.filter(connection_id=sync.target_id, pk=agreement_id).first()
    if found is None:
        raise Missing("There is no such contract.")
    return found


def find_link(link_id: UUID) -> Link:
    """A relation that stands, with the names around it. Raises Missing."""
    found: Link | None = (
        Link.objects.filter(pk=link_id, cleared_at=None)
        .select_related("resource__customer", "resource__subscription", "service__agreement__account", "sync__target")
        .first()
    )
    if found is None:
        raise Missing("There is no such relation.")
    return found


def names_of(resource_ids: Iterable[UUID]) -> dict[UUID, SourceResource]:
    """Resources with their company and subscription, by id."""
    found = SourceResource.objects.filter(pk__in=list(resource_ids)).select_related("customer", "subscription")
    return {row.pk: row for row in found}
