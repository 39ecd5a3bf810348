"""Where an organisation stands for whoever acts above it: who is between, and whose instances it can be synced with.

Reads each organisation in its own seat, one after another, and so never inside another's transaction.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import F, Q, QuerySet

from purser.access.actors import Actor
from purser.kernel.errors import Missing
from purser.postgres import tenancy
from purser.provisioning.models import Instance
from purser.tenants import organisations
from purser.tenants.models import Kind, Organisation
from purser.tenants.organisations import STEPS, Card


@dataclass(frozen=True)
class Place:
    """`sellers`: those above the organisation, from its parent up to the root. `acting`: where among them the actor is; None
    where it is the organisation itself, which may look and no more."""

    organisation: Organisation
    sellers: tuple[Card, ...]
    acting: int | None

    @property
    def providers(self) -> tuple[Card, ...]:
        """Whose instances are offered: the actor's own and those of the ones above it. What one below buys elsewhere is its
        own business."""
        return self.sellers[self.acting or 0 :]


@dataclass(frozen=True)
class At:
    """An instance and its provider."""

    instance: Instance
    provider: Card


def listing(actor: Actor) -> AbstractContextManager[None]:
    """The seat that lists what stands below the actor's organisation."""
    return listing_of(actor.kind, actor.tenant)


def listing_of(kind: str, id: UUID) -> AbstractContextManager[None]:
    if kind == Kind.OPERATOR:
        return tenancy.listing_all()
    return tenancy.listing_below(id) if kind == Kind.DISTRIBUTOR else tenancy.listing_customers_of(id)


def everyone(actor: Actor) -> QuerySet[Any, Any]:
    """In that seat: the organisations below the actor's."""
    if actor.kind == Kind.OPERATOR:
        return organisations.of_operator(actor.tenant)
    rows: QuerySet[Any, Any] = Organisation.across.filter(_sold_by(actor, "parent_id")).exclude(pk=actor.tenant)
    return rows


def of_instances(actor: Actor, account: str = "") -> Q:
    """In that seat, of rows that were sold to those below: the ones of the actor's own instances and of the instances above.
    What one below buys elsewhere is its own business. `account` is the way to the account, "account__" from its steps."""
    if actor.kind == Kind.OPERATOR:
        return Q(**{f"{account}provider": actor.tenant})
    elsewhere = Q(**{f"{account}provider": F("partner_id")}) & ~Q(partner_id=actor.tenant)
    return _sold_by(actor, "partner_id") & ~elsewhere


def _sold_by(actor: Actor, seller: str) -> Q:
    direct = Q(**{seller: actor.tenant})
    return direct | Q(distributor_id=actor.tenant) if actor.kind == Kind.DISTRIBUTOR else direct


def find(actor: Actor, organisation: UUID) -> Place:
    """Raises Missing for one that is neither below the actor's organisation nor that itself: the same as for none."""
    row: Organisation | None
    if organisation == actor.tenant:
        with tenancy.acting_in(organisation):
            row = organisations.own()
    else:
        with listing(actor):
            row = everyone(actor).filter(pk=organisation).first()
    if row is None:
        raise _missing()
    sellers = _above(row)
    ids = [card.id for card in sellers]
    return Place(row, sellers, ids.index(actor.tenant) if actor.tenant in ids else None)


def below(actor: Actor, organisation: UUID) -> Place:
    """The same for one that the actor may change. Raises Missing for its own as well."""
    place = find(actor, organisation)
    if place.acting is None:
        raise _missing()
    return place


def instances(place: Place) -> list[At]:
    """All instances that the organisation can be synced with, the nearest provider's first, by name."""
    found = []
    for card in place.providers:
        with tenancy.acting_in(card.id):
            found += [At(row, card) for row in Instance.objects.order_by("name", "id")]
    return found


def at(place: Place, instance: UUID) -> At:
    """Raises Missing for an instance of nobody above."""
    for card in place.providers:
        with tenancy.acting_in(card.id):
            row = Instance.objects.filter(pk=instance).first()
        if row is not None:
            return At(row, card)
    raise Missing("There is no such instance of a vendor above this organisation.")


def _above(row: Organisation) -> tuple[Card, ...]:
    found: list[Card] = []
    here: UUID | None = row.parent_id
    while here is not None and len(found) < STEPS:
        found.append(organisations.card(here))
        here = found[-1].parent
    return tuple(found)


def _missing() -> Missing:
    return Missing("There is no such organisation.")
