"""Orders from the e-store or the classic process make customers, and write the chain distributor - reseller - customer.

Nobody types the chain: the order bears the Partner IDs, and the tree follows from them. Source: acceptance UC-3, UC-4.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from django.db import IntegrityError
from django.db.models import QuerySet

from purser.access import actors, acts
from purser.access.actors import Actor
from purser.access.models import Act
from purser.kernel.errors import Missing, Refused
from purser.postgres import ids, tenancy
from purser.tenants import organisations, packages, tree
from purser.tenants.models import PARTNERS, Kind, Organisation, PackageStock


@dataclass(frozen=True)
class Order:
    """`reseller` is the Partner ID of who sells; `distributor` that of the one above, empty where there is none or where it
    sells itself. `packages` are added to what the tenant has. `customer` is the Tenant ID of one that exists, or empty.
    `number` is the order's own: with it an order that comes twice takes effect once; empty, each is a new one.
    """

    reseller: str
    distributor: str = ""
    customer: str = ""
    name: str = ""
    domain: str = ""
    region: str = ""
    zone: str = "UTC"
    contact_name: str = ""
    contact_email: str = ""
    packages: Mapping[str, int] | None = None
    number: str = ""


def take(actor: Actor, order: Order, *, now: datetime) -> Organisation:
    """Take an order: found its customer, or add to one that is there. Takes its seats itself; what was interrupted is
    completed by the same order again.

    Raises Refused, with the Partner IDs, where the chain does not hold, and for another order with a number that was taken;
    nothing is kept then.
    """
    bought = _bought(order.packages or {})
    with tenancy.listing_all():
        known = organisations.of_operator(actor.tenant)
        seller = _by_number(known, order.reseller, "reseller")
        above = _by_number(known, order.distributor, "distributor") if order.distributor else None
        target = known.filter(number=order.customer).first() if order.customer else None
    _chain(seller, above)
    if order.customer and target is None:
        raise Missing(f"There is no tenant {order.customer}.")
    if target is None:
        target = _founded(actor.tenant, order, seller, now)
    if target.pk != seller.pk and target.parent_id != seller.pk:
        raise Refused(
            f"The tenant {order.customer} is no customer of {seller.name} ({order.reseller}).",
            code="chain",
            hint="A customer that changes its partner is moved, not ordered.",
        )
    told = {"reseller": order.reseller, "distributor": order.distributor, "packages": dict(bought)}
    of = ("order", order.number or ids.new())
    with tenancy.acting_in(target.pk):
        if _taken(of, told):
            return target
        acts.record(
            _in(actor, target), "operator.customers.order", summary=f"An order through {seller.name}",
            of=of, after=told, now=now,
        )  # fmt: skip
        for package, count in bought.items():
            stock, _ = PackageStock.objects.select_for_update().get_or_create(package=package, defaults={"total": 0})
            stock.total += count
            stock.save(update_fields=["total"])
    with tenancy.acting_in(actor.tenant):
        acts.record(
            actor, "operator.customers.order", summary=f"Took an order of {target.name} from {seller.name}",
            of=("organisation", target.pk), after={"order": of[1], **told}, now=now,
        )  # fmt: skip
    return target


def _founded(operator: UUID, order: Order, seller: Organisation, now: datetime) -> Organisation:
    """The order's new customer. Its id follows from the order's number, so that two of the same found one."""
    id = uuid5(operator, f"order {order.number}") if order.number else ids.new()
    try:
        return organisations.found(
            id=id, kind=Kind.CUSTOMER, name=order.name, parent=seller, now=now, zone=order.zone, domain=order.domain,
            region=order.region, contact_name=order.contact_name, contact_email=order.contact_email,
        )  # fmt: skip
    except IntegrityError:
        with tenancy.acting_in(id):
            return organisations.own()


def _taken(of: tuple[str, object], told: Mapping[str, object]) -> bool:
    """In the tenant's seat, which waits for an order under way: whether this one was taken. Raises Refused for another."""
    Organisation.objects.select_for_update().get()
    act = Act.objects.filter(verb="operator.customers.order", of_kind=of[0], of_id=str(of[1])).first()
    if act is not None and act.after != told:
        raise Refused(f"The order {of[1]} was taken with other content.", code="order_number", hint="Give it a new number.")
    return act is not None


def move(actor: Actor, customer: UUID, to: str, *, now: datetime) -> Organisation:
    """Move a customer to the partner with this Partner ID. Takes its seats itself. Raises Missing or Refused."""
    organisations.below(actor.tenant, customer)
    with tenancy.listing_all():
        target = _by_number(organisations.of_operator(actor.tenant), to, "partner")
    with tenancy.acting_in(customer):
        row = organisations.own()
        acts.record(
            _in(actor, row), "operator.customers.move", summary=f"Moved to {target.name}", of=("organisation", customer),
            before={"partner": row.parent_id}, after={"partner": target.pk}, now=now,
        )  # fmt: skip
        before = tree.move(target, by=actor.name, now=now)
    for tenant in dict.fromkeys((actor.tenant, before.parent_id or actor.tenant, target.pk)):
        with tenancy.acting_in(tenant):
            own = organisations.own()
            acts.record(
                actor if tenant == actor.tenant else _in(actor, own), "operator.customers.move",
                summary=f"Moved {row.name} to {target.name}", of=("organisation", customer), now=now,
            )  # fmt: skip
    return row


def _in(actor: Actor, other: Organisation) -> Actor:
    return actors.guest(actor, tenant=other.pk, organisation=other.name, kind=other.kind)


def _by_number(known: QuerySet[Any, Any], number: str, word: str) -> Organisation:
    row: Organisation | None = known.filter(partner_number=number).exclude(partner_number="").first()
    if row is None:
        raise Refused(f"No {word} has the Partner ID {number!r}.", code="partner_id")
    return row


def _chain(seller: Organisation, above: Organisation | None) -> None:
    if seller.kind not in PARTNERS:
        raise Refused(f"{seller.name} sells to nobody.", code="chain")
    real = seller.distributor_id if seller.kind == Kind.RESELLER else None
    if above is not None and above.pk not in (real, seller.pk):
        raise Refused(
            f"{above.name} ({above.partner_number}) is not the distributor of {seller.name} ({seller.partner_number}).",
            code="chain",
        )
    if above is None and real is not None:
        raise Refused(f"The order names no distributor, but {seller.name} stands under one.", code="chain")


def _bought(wanted: Mapping[str, int]) -> dict[str, int]:
    unknown = [name for name in wanted if name not in packages.PACKAGES]
    if unknown:
        raise Refused(f"There is no package “{unknown[0]}”.", code="package", hint=f"Known: {', '.join(packages.PACKAGES)}.")
    wrong = [f"{name}: {count}" for name, count in wanted.items() if not 1 <= count <= 1_000_000]
    if wrong:
        raise Refused(f"An order takes 1 to 1,000,000 of a package; not {wrong[0]}.", code="count")
    return dict(wanted)
