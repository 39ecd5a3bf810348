"""For whom an actor may order: itself, or those it sells to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from purser.access import actors
from purser.access.actors import Actor
from purser.kernel.errors import Missing, Refused
from purser.partners import customers
from purser.postgres import tenancy
from purser.subscriptions import keeping, reach
from purser.tenants import organisations
from purser.tenants.models import Kind, Organisation

NO_BUYER = "There is no such customer."


@dataclass(frozen=True)
class Buyer:
    """Whom an order is for. `seller` sells to it and approves; `own`: it orders for itself. `today` is its date."""

    id: UUID
    name: str
    number: str
    kind: str
    seller: UUID
    seller_name: str
    distributor: UUID | None
    own: bool
    today: date
    suspended: bool = False

    def check_open(self) -> None:
        """Raises Refused for one that is suspended: nothing begins there, and nothing grows."""
        if self.suspended:
            raise Refused(
                f"{self.name} is suspended; nothing can be ordered for it.", code="suspended",
                hint="What it has can be made less, suspended and cancelled.",
            )  # fmt: skip

    def hold(self) -> None:
        """In its own seat: hold the organisation until the transaction ends, so that what is done here is done one after the
        other, and not while it moves. Raises Refused(code="moved") where somebody else sells to it by now.
        """
        if Organisation.objects.select_for_update(no_key=True).get().parent_id != self.seller:
            raise Refused(f"{self.name} has moved to another partner.", code="moved", hint="Look at it again.")

    def acting(self, actor: Actor) -> Actor:
        """The actor as the buyer's own record names them."""
        return actor if self.own else actors.guest(actor, tenant=self.id, organisation=self.name, kind=self.kind)


def one(actor: Actor, id: UUID, now: datetime) -> Buyer:
    """A customer the actor may order for: itself, its customer, or for a distributor one of its resellers'. Takes its seats
    itself. Raises Missing, the same for another's and for none.
    """
    own = actor.tenant == id
    if not own:
        _check_sells(actor, id)
    with tenancy.acting_in(id):
        row = organisations.own()
        today = keeping.today(now)
    if row.kind != Kind.CUSTOMER or row.parent_id is None:
        raise Missing(NO_BUYER)
    seller = organisations.card(row.parent_id)
    return Buyer(
        row.pk, row.name, row.number, row.kind, seller.id, seller.name, row.distributor_id, own, today,
        row.suspended_at is not None,
    )  # fmt: skip


def _check_sells(actor: Actor, id: UUID) -> None:
    if actor.kind == Kind.RESELLER:
        customers.own(actor.tenant, id)
    elif actor.kind != Kind.DISTRIBUTOR:
        raise Missing(NO_BUYER)
    else:
        with tenancy.listing_below(actor.tenant):
            if not _sold_by(actor.tenant).filter(pk=id).exists():
                raise Missing(NO_BUYER)


def every(actor: Actor) -> list[tuple[UUID, str, str]]:
    """Id, name and Tenant ID of everybody the actor may order for, by name. Takes its seat itself."""
    if actor.kind == Kind.CUSTOMER:
        return [(actor.tenant, actor.organisation, actor.number)]
    if actor.kind not in (Kind.RESELLER, Kind.DISTRIBUTOR):
        return []
    with reach.seat(actor):
        found = _sold_by(actor.tenant, direct=actor.kind == Kind.RESELLER).filter(suspended_at=None)
        return list(found.order_by("name", "id").values_list("pk", "name", "number"))


def _sold_by(seller: UUID, *, direct: bool = False) -> QuerySet[Any, Any]:
    rows: QuerySet[Any, Any] = Organisation.across.filter(kind=Kind.CUSTOMER)
    return rows.filter(parent_id=seller) if direct else rows.filter(distributor_id=seller)
