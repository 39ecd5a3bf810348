"""Orders from the e-store or the classic process make customers, and write the chain distributor - reseller - customer.

Nobody types the chain: the order bears the Partner IDs, and the tree follows from them. Source: acceptance UC-3, UC-4.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from django.db import IntegrityError
from django.db.models import QuerySet

from purser.access import actors, acts
from purser.access.actors import Actor
from purser.access.models import Act
from purser.kernel.errors import Missing, Refused
from purser.partners import intake
from purser.partners.models import OrderState, OrderTaken
from purser.postgres import ids, tenancy
from purser.tenants import organisations, packages, tree
from purser.tenants.models import PARTNERS, Kind, Organisation, PackageStock

VERB = "operator.customers.order"
UNDER_WAY = timedelta(minutes=10)  # far beyond what a request may take: a try that is older is over


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


@dataclass(frozen=True)
class HalfDone:
    """An order that was cut off, or is under way. `given_at`: when the customer got what it brings; None while it has nothing
    of it, and the order can be undone unless it is `recent`.
    """

    row: OrderTaken
    given_at: datetime | None
    recent: bool

    @property
    def undoable(self) -> bool:
        return self.given_at is None and not self.recent


def take(actor: Actor, order: Order, *, now: datetime) -> Organisation:
    """Take an order: found its customer, or add to one that is there. Takes its seats itself.

    Three transactions: the order is kept as begun, the customer gets what it orders, the order is done. What was cut off is
    completed by the same order again, or from the list of half-done ones.
    Raises Refused, with the Partner IDs, where the chain does not hold, and for another order with a number that was taken;
    nothing is kept then.
    """
    _bought(order.packages or {})
    seller, target = _placed(actor.tenant, order)
    number = order.number or str(ids.new())
    id = target.pk if target is not None else uuid5(actor.tenant, f"order {number}")
    with tenancy.acting_in(actor.tenant):
        row, was = intake.begin(
            number, _content(order), target=id, name=target.name if target else order.name, by=actor.name, now=now
        )
    if row.state == OrderState.DONE:
        return _customer(row)
    try:
        return _carry_out(actor, row, order, seller, now)
    except (Refused, Missing):
        with tenancy.acting_in(actor.tenant):
            intake.refused(row.pk, was)
        raise


def half_done(operator: UUID, *, now: datetime) -> list[HalfDone]:
    """The orders that are neither done nor undone, the oldest first. Takes its seats itself."""
    with tenancy.acting_in(operator):
        rows = intake.half_done()
    return [HalfDone(row, act.at if (act := taken_over(row)) else None, now - row.tried_at < UNDER_WAY) for row in rows]


def complete(actor: Actor, id: UUID, *, now: datetime) -> Organisation:
    """Carry a half-done order through. Takes its seats itself. Raises Missing, or Refused as `take` does: but never for what
    the customer has got already.
    """
    with tenancy.acting_in(actor.tenant):
        row = intake.one(id)
        intake.again(row, now)
    order = Order(**row.content)
    if taken_over(row) is not None:
        return _done(actor, row, order, _customer(row), now)
    seller, _ = _placed(actor.tenant, order)
    return _carry_out(actor, row, order, seller, now)


def undo(actor: Actor, id: UUID, *, why: str, now: datetime) -> OrderTaken:
    """Give up a half-done order of which the customer has got nothing. Takes its seats itself.

    Raises Missing; Refused without a reason, once anything was taken over, or while the order may still be under way.
    """
    why = " ".join(why.split())[:500]
    if not why:
        raise Refused("Say why the order is undone: the record keeps it.", code="reason")
    with tenancy.acting_in(actor.tenant):
        row = intake.one(id)
    if now - row.tried_at < UNDER_WAY:
        minutes = int(UNDER_WAY.total_seconds() // 60)
        raise Refused(
            f"The order {row.number} was tried at {row.tried_at:%H:%M:%S} UTC and may still be under way.",
            code="under_way",
            hint=f"It can be undone {minutes} minutes after the last try; it can be completed at once.",
        )
    if (act := taken_over(row)) is not None:
        raise Refused(
            f"{row.customer_name} got what the order {row.number} brings on {act.at:%Y-%m-%d at %H:%M} UTC.",
            code="taken_over",
            hint="Complete it. What is too much is ended by an order of its own.",
        )
    with tenancy.acting_in(actor.tenant):
        acts.record(
            actor, VERB, summary=f"Undid the order {row.number} of {row.customer_name}", of=("order", row.number),
            before=row.content, after={"why": why}, now=now,
        )  # fmt: skip
        intake.settle(row.pk, OrderState.UNDONE)
    return row


def taken_over(row: OrderTaken) -> Act | None:
    """The act by which the customer got what the order brings; None while it has nothing of it. Takes the customer's seat."""
    with tenancy.acting_in(row.target):
        return _act(row.number)


def _placed(operator: UUID, order: Order) -> tuple[Organisation, Organisation | None]:
    """Who sells, and the customer named. Raises Refused or Missing where the chain does not hold."""
    with tenancy.listing_all():
        known = organisations.of_operator(operator)
        seller = _by_number(known, order.reseller, "reseller")
        above = _by_number(known, order.distributor, "distributor") if order.distributor else None
        target = known.filter(number=order.customer).first() if order.customer else None
    _chain(seller, above)
    if order.customer and target is None:
        raise Missing(f"There is no tenant {order.customer}.")
    if target is not None and target.pk != seller.pk and target.parent_id != seller.pk:
        raise Refused(
            f"The tenant {order.customer} is no customer of {seller.name} ({order.reseller}).",
            code="chain",
            hint="A customer that changes its partner is moved, not ordered.",
        )
    return seller, target


def _carry_out(actor: Actor, row: OrderTaken, order: Order, seller: Organisation, now: datetime) -> Organisation:
    try:
        target = _given(actor, row, order, seller, now)
    except IntegrityError:  # the same order, sent twice, founded the customer this moment
        target = _given(actor, row, order, seller, now)
    return _done(actor, row, order, target, now)


def _given(actor: Actor, row: OrderTaken, order: Order, seller: Organisation, now: datetime) -> Organisation:
    """In one transaction of the customer: founded where it is not there, and what it ordered; or nothing of either."""
    with tenancy.acting_in(row.target):
        target: Organisation | None = Organisation.objects.select_for_update().first()  # waits for the same order
        if target is None:
            target = organisations.found(
                id=row.target, kind=Kind.CUSTOMER, name=order.name, parent=seller, now=now, zone=order.zone,
                domain=order.domain, region=order.region, contact_name=order.contact_name,
                contact_email=order.contact_email,
            )  # fmt: skip
        if _act(row.number) is not None:
            return target
        acts.record(
            _in(actor, target), VERB, summary=f"An order through {seller.name}", of=("order", row.number),
            after=_told(order), now=now,
        )  # fmt: skip
        for package, count in _bought(order.packages or {}).items():
            stock, _ = PackageStock.objects.select_for_update().get_or_create(package=package, defaults={"total": 0})
            stock.total += count
            stock.save(update_fields=["total"])
    return target


def _done(actor: Actor, row: OrderTaken, order: Order, target: Organisation, now: datetime) -> Organisation:
    with tenancy.acting_in(actor.tenant):
        if intake.settle(row.pk, OrderState.DONE):
            acts.record(
                actor, VERB, summary=f"Took the order {row.number} of {target.name}", of=("organisation", target.pk),
                after={"order": row.number, **_told(order)}, now=now,
            )  # fmt: skip
    return target


def _content(order: Order) -> dict[str, Any]:
    return {**asdict(order), "packages": dict(order.packages or {})}


def _told(order: Order) -> dict[str, Any]:
    return {"reseller": order.reseller, "distributor": order.distributor, "packages": dict(order.packages or {})}


def _act(number: str) -> Act | None:
    """In the customer's seat: the act by which it got the order of this number."""
    return Act.objects.filter(verb=VERB, of_kind="order", of_id=number).first()


def _customer(row: OrderTaken) -> Organisation:
    with tenancy.acting_in(row.target):
        return organisations.own()


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
