"""Groups of tenants: customers that a partner treats alike, so that one act reaches each of them, and not only one or all.

Source: ux 6.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet

from purser.access import acts
from purser.access.actors import Actor
from purser.kernel.errors import Missing, Refused
from purser.partners import consent, customers
from purser.partners.models import GroupMember, TenantGroup
from purser.postgres import tenancy

MOST = 100  # groups of a partner
LARGEST = 500  # customers in one


@dataclass(frozen=True)
class Asked:
    """What came of asking one customer of a group; `why` where it was not asked."""

    customer: UUID
    name: str
    asked: bool
    why: str = ""


def listed() -> QuerySet[Any, Any]:
    """The groups of the partner acted in, by name, each with how many are in it (`size`)."""
    rows: QuerySet[Any, Any] = TenantGroup.objects.annotate(size=Count("members")).order_by("name", "id")
    return rows


def one(group: UUID) -> TenantGroup:
    """A group of the partner acted in. Raises Missing."""
    row = TenantGroup.objects.filter(pk=group).first()
    if row is None:
        raise Missing("There is no such group.")
    return row


def make(actor: Actor, *, name: str, now: datetime) -> TenantGroup:
    """Make an empty group. Raises Refused for a name that is empty or taken."""
    if TenantGroup.objects.count() >= MOST:
        raise Refused(f"There are {MOST} groups, and that is the most.", code="many", hint="Drop one first.")
    row = TenantGroup(name=_name(name), created_at=now)
    _record(actor, row, f"Made the group {row.name}", now, after={"name": row.name})
    row.save(force_insert=True)
    return row


def rename(actor: Actor, group: UUID, *, name: str, now: datetime) -> TenantGroup:
    """Raises Missing, or Refused as `make` does."""
    row = _locked(group)
    before, row.name = row.name, _name(name, but=group)
    _record(actor, row, f"Renamed the group {before} to {row.name}", now, before={"name": before}, after={"name": row.name})
    row.save(update_fields=["name"])
    return row


def drop(actor: Actor, group: UUID, *, now: datetime) -> None:
    """Delete a group; its customers stay as they are. Raises Missing."""
    row = _locked(group)
    _record(actor, row, f"Dropped the group {row.name}", now, before={"name": row.name})
    GroupMember.objects.filter(group=row).delete()
    row.delete()


def members(actor: Actor, group: UUID, now: datetime) -> list[Any]:
    """The customers in it that the partner still sells to, by name, as customers.listed has them. Takes its seats itself.

    Raises Missing.
    """
    with tenancy.acting_in(actor.tenant):
        ids = list(one(group).members.values_list("customer_id", flat=True))
    with tenancy.listing_customers_of(actor.tenant):
        return list(customers.listed(actor.tenant, now).filter(pk__in=ids).order_by("name", "id"))


def put(actor: Actor, group: UUID, chosen: Iterable[UUID], *, now: datetime) -> int:
    """Put customers in; how many were not in it before. Takes its seats itself. Raises Missing for a customer of another
    as for none, Refused for too many.
    """
    wanted = set(chosen)
    with tenancy.listing_customers_of(actor.tenant):
        names = dict(customers.listed(actor.tenant, now).filter(pk__in=wanted).values_list("pk", "name"))
    if wanted - names.keys():
        raise Missing("There is no such customer.")
    with tenancy.acting_in(actor.tenant):
        row = _locked(group)
        there = set(row.members.values_list("customer_id", flat=True))
        if len(there | wanted) > LARGEST:
            raise Refused(f"A group holds at most {LARGEST} tenants.", code="large", hint="Make a second group.")
        new = sorted(wanted - there, key=lambda id: names[id])
        if new:
            _record(actor, row, f"Put {len(new)} tenants in {row.name}", now, after={"tenants": [names[id] for id in new]})
            GroupMember.objects.bulk_create(GroupMember(group=row, customer_id=id) for id in new)
        return len(new)


def take_out(actor: Actor, group: UUID, customer: UUID, *, now: datetime) -> None:
    """Raises Missing for one that is not in it."""
    row = _locked(group)
    member = row.members.filter(customer_id=customer).first()
    if member is None:
        raise Missing("There is no such tenant in the group.")
    _record(actor, row, f"Took a tenant out of {row.name}", now, before={"tenant": str(customer)})
    member.delete()


def ask_all(
    actor: Actor, group: UUID, *, scopes: Iterable[str], days: int, reason: str, ticket: str = "", now: datetime
) -> list[Asked]:
    """Ask each customer of the group for its consent, except those that gave it or were asked; what came of each.

    One that refuses does not keep the others from being asked. Takes its seats itself. Raises Missing.
    """
    named = list(scopes)
    found = []
    for row in members(actor, group, now):
        why = "Has given its consent" if row.open else "Has your request already" if row.asked else ""
        if not why:
            try:
                consent.ask(actor, row.pk, scopes=named, days=days, reason=reason, ticket=ticket, now=now)
            except (Refused, Missing) as refusal:
                why = refusal.text
        found.append(Asked(row.pk, row.name, not why, why))
    return found


def _name(text: str, but: UUID | None = None) -> str:
    name = " ".join(text.split())
    if not 1 <= len(name) <= 80:
        raise Refused("A group needs a name of 1 to 80 characters.", code="name")
    taken = TenantGroup.objects.filter(name=name).first()
    if taken is not None and taken.pk != but:
        raise Refused(f"There is a group {name} already.", code="name_taken")
    return name


def _locked(group: UUID) -> TenantGroup:
    row = TenantGroup.objects.select_for_update().filter(pk=group).first()
    if row is None:
        raise Missing("There is no such group.")
    return row


def _record(actor: Actor, row: TenantGroup, summary: str, now: datetime, **values: Any) -> None:
    acts.record(actor, "tenants.group", summary=summary, of=("tenant_group", row.pk), now=now, **values)
