"""What the list of Manage relations shows: what each unlinked resource could be linked to, and what is linked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from purser.links import suggestions
from purser.links.models import (
    CompanyLink,
    Link,
    SourceCustomer,
    SourceResource,
    SubscriptionLink,
    Sync,
    TargetAccount,
    TargetAgreement,
    TargetService,
)
from purser.links.queries import mapping
from purser.links.suggestions import Names


@dataclass(frozen=True)
class Proposal:
    """An unlinked resource. `account` is the mapped one, or the only account of the same name; `services` what is free on
    its contracts; `sure` the only one of them with the resource's name, and `reason` why it is taken for the same."""

    resource: SourceResource
    account: TargetAccount | None
    mapped: bool
    services: tuple[TargetService, ...]
    sure: TargetService | None
    reason: str


def unlinked(sync: Sync, *, search: str = "") -> QuerySet[SourceResource]:
    """Resources to link, in the order of the list."""
    # The order begins with the customer's index, so that a page need not sort all the rest.
    rows = mapping.unlinked(sync, mapping.Filters()).filter(customer__connection_id=sync.source_id)
    if search:
        rows = rows.filter(
            Q(name__icontains=search) | Q(customer__name__icontains=search) | Q(subscription__name__icontains=search)
        )
    return rows.select_related("customer", "subscription").order_by(
        "customer__name", "customer_id", "subscription_id", "name", "id"
    )


def linked(sync: Sync, *, search: str = "") -> QuerySet[Link]:
    """Relations that stand, in the order of the list."""
    rows = Link.objects.filter(sync=sync, cleared_at=None, resource__customer__connection_id=sync.source_id)
    if search:
        rows = rows.filter(
            Q(resource__name__icontains=search)
            | Q(resource__customer__name__icontains=search)
            | Q(service__name__icontains=search)
            | Q(service__agreement__account__name__icontains=search)
        )
    joined = rows.select_related("resource__customer", "resource__subscription", "service__agreement__account")
    ordered: QuerySet[Link] = joined.order_by("resource__customer__name", "resource__customer_id", "resource__name", "id")
    return ordered


def propose(sync: Sync, rows: Sequence[SourceResource], *, today: date) -> list[Proposal]:
    """A proposal for each of these resources, in their order. Six queries, however many rows."""
    accounts = _accounts(sync, {row.customer_id: row.customer for row in rows})
    contracts: dict[UUID, UUID] = dict(
        SubscriptionLink.objects.filter(
            sync=sync, cleared_at=None, subscription__in={row.subscription_id for row in rows}
        ).values_list("subscription_id", "agreement_id")
    )
    services = _free(sync, [account.pk for account, _ in accounts.values()], today=today, always=contracts.values())
    made = []
    for row in rows:
        account, mapped = accounts.get(row.customer_id, (None, False))
        offered = services[account.pk] if account else []
        contract = contracts.get(row.subscription_id)
        if contract is not None:
            offered = [s for s in offered if s.agreement_id == contract]
        by_id = {s.pk: s for s in offered}
        best = Names({s.pk: s.name for s in offered}, normal=suggestions.product).rank(row.name).sure
        sure, reason = (by_id[best.id], best.reason) if best else (None, "")
        made.append(Proposal(row, account, mapped, tuple(offered), sure, reason))
    return made


def _accounts(sync: Sync, customers: dict[UUID, SourceCustomer]) -> dict[UUID, tuple[TargetAccount, bool]]:
    """For each customer its account, and whether a person has mapped it (else it bears the only equal name)."""
    found = {
        r.customer_id: (r.account, True)
        for r in CompanyLink.objects.filter(sync=sync, cleared_at=None, customer__in=customers).select_related("account")
    }
    rest = {id: customer.name for id, customer in customers.items() if id not in found}
    if rest:
        names = mapping.account_names(sync)
        same = {id: ids[0] for id, name in rest.items() if len(ids := names.exact(name)) == 1}
        rows = TargetAccount.objects.in_bulk(list(same.values()))
        found |= {id: (rows[account], False) for id, account in same.items()}
    return found


def _free(sync: Sync, accounts: Sequence[UUID], *, today: date, always: Collection[UUID]) -> dict[UUID, list[TargetService]]:
    """Services that nothing is linked to, on contracts that run (and on those that are mapped), by account."""
    taken = Link.objects.filter(sync=sync, cleared_at=None).values("service_id")
    runs = Q(agreement__active=True) & (Q(agreement__ends_on=None) | Q(agreement__ends_on__gte=today))
    rows = (
        TargetService.objects.filter(agreement__account__in=accounts, gone_at=None, agreement__gone_at=None)
        .filter(runs | Q(agreement__in=always), agreement__takes_services=True)
        .exclude(pk__in=taken)
        .select_related("agreement")
        .order_by("agreement__name", "agreement_id", "name", "id")
    )
    made: dict[UUID, list[TargetService]] = defaultdict(list)
    for row in rows:
        made[row.agreement.account_id].append(row)
    return made


@dataclass(frozen=True)
class Renewal:
    """A contract that ended or was renewed, and the one that follows it.

    `moves` names for each link the successor's service of the same product, None where there is none yet.
    """

    relation: SubscriptionLink
    successor: TargetAgreement
    recorded: bool
    moves: tuple[tuple[Link, TargetService | None], ...]

    @property
    def complete(self) -> bool:
        return all(service is not None for _, service in self.moves)


FOLLOWS_WITHIN = 31  # days between the end of a contract and the start of what is taken for its successor


def renewals(sync: Sync, *, relation_id: UUID | None = None) -> list[Renewal]:
    """Mapped contracts with a successor: recorded by the PSA, or of the same account and starting where the old one ends.

    Source: acceptance ID-60.
    """
    others = TargetAgreement.objects.filter(account=OuterRef("agreement__account"), gone_at=None, active=True)
    ends_on = OuterRef("agreement__ends_on")
    follows = others.filter(starts_on__gt=ends_on, starts_on__lte=ends_on + timedelta(days=FOLLOWS_WITHIN))
    held = SubscriptionLink.objects.filter(sync=sync, cleared_at=None).filter(~Q(agreement__renewed_by="") | Exists(follows))
    if relation_id is not None:
        held = held.filter(pk=relation_id)
    relations = list(held.select_related("agreement__account", "subscription__customer").order_by("subscription__name", "id"))
    later: dict[UUID, list[TargetAgreement]] = defaultdict(list)
    for agreement in TargetAgreement.objects.filter(
        account__in={r.agreement.account_id for r in relations}, gone_at=None, active=True, takes_services=True
    ).order_by("starts_on", "id"):
        later[agreement.account_id].append(agreement)
    found = []
    for relation in relations:
        successor, recorded = _successor(relation.agreement, later[relation.agreement.account_id])
        if successor is not None:
            found.append((relation, successor, recorded))
    return _moves(sync, found)


def _successor(old: TargetAgreement, others: Sequence[TargetAgreement]) -> tuple[TargetAgreement | None, bool]:
    for other in others:
        if old.renewed_by and other.external_id == old.renewed_by:
            return other, True
    if old.ends_on is None:
        return None, False
    for other in others:
        if other.starts_on is not None and 0 < (other.starts_on - old.ends_on).days <= FOLLOWS_WITHIN:
            return other, False
    return None, False


def _moves(sync: Sync, found: Sequence[tuple[SubscriptionLink, TargetAgreement, bool]]) -> list[Renewal]:
    links: dict[UUID, list[Link]] = defaultdict(list)
    for link in Link.objects.filter(
        sync=sync, cleared_at=None, subscription_link__in=[r.pk for r, _, _ in found]
    ).select_related("resource", "service"):
        links[link.subscription_link_id].append(link)
    free: dict[UUID, list[TargetService]] = defaultdict(list)
    taken = Link.objects.filter(sync=sync, cleared_at=None).values("service_id")
    for service in (
        TargetService.objects.filter(agreement__in=[s.pk for _, s, _ in found], gone_at=None)
        .exclude(pk__in=taken)
        .order_by("name", "id")
    ):
        free[service.agreement_id].append(service)
    made = []
    for relation, successor, recorded in found:
        offered = list(free[successor.pk])
        moves = []
        for link in sorted(links[relation.pk], key=lambda k: (k.resource.name, str(k.pk))):
            same = next((s for s in offered if _same_product(link.service, s)), None)
            if same is not None:
                offered.remove(same)  # one service bills one resource
            moves.append((link, same))
        if moves:
            made.append(Renewal(relation, successor, recorded, tuple(moves)))
    return made


def _same_product(one: TargetService, other: TargetService) -> bool:
    if one.product_id and other.product_id:
        return one.product_id == other.product_id
    return suggestions.product(one.name) == suggestions.product(other.name)
