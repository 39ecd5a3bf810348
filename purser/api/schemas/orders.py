"""Orders, what can be ordered, and which orders need approval. Nobody's cost is in any of them. Source: acceptance CM-2."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from purser.api.schemas import provisioning
from purser.api.schemas.common import Given, Number, Out, Sent
from purser.api.schemas.provisioning import VendorPreview
from purser.catalog.selling import Sellable
from purser.flows.accounts_to_vendor.previewing import Preview
from purser.kernel.errors import Failure, Refused
from purser.provisioning.accounts import NotSynced
from purser.subscriptions import approvals, asking, deciding, wanted
from purser.subscriptions.approvals import Rule
from purser.subscriptions.models import LineKind, Order, OrderLine, Trigger
from purser.subscriptions.wanted import NEW, Asked, Checked

Key = Annotated[str, Field(min_length=1, max_length=64, pattern="^[ -~]+$")]
Comment = Annotated[str, Field(max_length=500)]
Confirmed = Annotated[list[Literal["floor", "enables"]], Field(max_length=2)]
What = Literal["create", "addon", "quantity", "cancel", "suspend", "resume", "renewal"]


class ShopOffer(Out):
    """An offer on sale to a buyer. `price` is for a unit and cycle: what the buyer is asked, or where you sell it through
    another what you ask of that one, null where you have no part in it; `margin_percent` your own where you sell it.
    `addon_of` is the `product_id` of the subscriptions that it can be added to. `terms`: cycle, unit, term and days to cancel,
    in words.
    """

    offer: UUID
    code: str
    name: str
    product_id: UUID
    product: str
    vendor: str
    category: str
    group: str
    description: str
    cycle: str
    term_months: int
    cancel_days: int
    minimum: int
    maximum: int | None
    unit: str
    trial: bool
    metered: bool
    addon_of: UUID | None
    price: Number | None
    currency: str
    listed: str
    terms: str
    margin_percent: Number | None


class AskedLine(Sent):
    """`create` and `addon` name an `offer`, the others the `subscription` they change. `quantity`: units; for a renewal
    setting 1 or 0. With `price` (and `currency`), what you were shown for a unit and cycle, another price is
    refused; and with `terms`, as the offer on sale has them, others are.
    """

    kind: What = "create"
    quantity: Annotated[int, Field(ge=-1_000_000_000, le=1_000_000_000)] = 0
    offer: UUID | None = None
    subscription: UUID | None = None
    base: UUID | None = None
    instance: UUID | None = None
    price: Given | None = None
    currency: Annotated[str, Field(max_length=3, pattern="^[A-Z]*$")] = ""
    terms: Annotated[str, Field(max_length=300)] = ""

    def asked(self) -> Asked:
        kind = LineKind(self.kind)
        if (kind in NEW) != (self.offer is not None) or (kind in NEW) == (self.subscription is not None):
            words = "A new line names an offer, and a change its subscription."
            raise Refused(words, code="line", hint="Name one of them, and not both.")
        return Asked(
            kind, self.quantity, self.offer, self.subscription, self.base, self.instance, self.price, self.currency,
            self.terms,
        )  # fmt: skip


class Review(Sent):
    """What would be ordered for a customer; in your own tenant leave `customer` out."""

    customer: UUID | None = None
    lines: Annotated[list[AskedLine], Field(min_length=1, max_length=asking.MOST)]


class PlaceOrder(Review):
    """`once` makes it safe to send again: one key is one order. `confirmed` has "floor" where your margin may be below it,
    and "enables" where what is suspended beside it may come back with it.
    """

    once: Key
    note: Comment = ""
    confirmed: Confirmed = []


class Against(Out):
    """Why something cannot be done as asked. With the code `not_synced`, `organisation` is to be synced with `instance`."""

    code: str
    text: str
    hint: str
    organisation: UUID | None = None
    instance: UUID | None = None


class ReviewedLine(Out):
    """`price` and `total` as an offer on sale to the customer has them, null where they are not yours to know. `wrong` stands
    against it; `moved`: price or terms are not those shown; `low` your margin below the floor; `enables` what is suspended
    at the vendor beside it and comes back with it.
    """

    name: str
    code: str
    cycle: str
    currency: str
    price: Number | None
    before: int
    after: int
    total: Number | None
    listed: str
    terms: str
    instance: UUID | None
    base: UUID | None
    margin_percent: Number | None
    wrong: Against | None
    moved: Against | None
    low: Against | None
    enables: Against | None


class ReviewTotal(Out):
    currency: str
    cycle: str
    total: Number


class Reviewed(Out):
    """`totals` of what is new or changes its quantity, by currency and cycle."""

    customer: UUID
    customer_name: str
    lines: list[ReviewedLine]
    totals: list[ReviewTotal]


class SalesOrderLine(Out):
    """`subscription` is what it changes, or what came of it. `price` is null to who sells through another."""

    position: int
    kind: str
    offer: UUID
    offer_code: str
    offer_name: str
    subscription: UUID | None
    base: UUID | None
    before: int
    after: int
    price: Number | None
    currency: str
    listed: str
    terms: str


class SalesOrder(Out):
    """`triggers` are why it waits. `expect`, `moved` and `now` only for who may decide it while it waits: how it stands now,
    and what is not as it was when it was asked. Send `expect` along to approve what you saw.
    """

    id: UUID
    number: str
    customer: UUID
    customer_name: str
    state: str
    triggers: list[str]
    raised_at: datetime
    raised_by: str
    note: str
    decided_at: datetime | None
    decided_by: str
    comment: str
    lines: list[SalesOrderLine]
    expect: str = ""
    moved: list[str] = []
    now: list[ReviewedLine] = []


class ApproveOrder(Sent):
    comment: Comment = ""
    expect: Annotated[str, Field(max_length=64)] = ""
    confirmed: Confirmed = []


class RejectOrder(Sent):
    """Who ordered reads the comment."""

    comment: Annotated[str, Field(min_length=1, max_length=500)]


class ApproveOrders(Sent):
    orders: Annotated[list[UUID], Field(min_length=1, max_length=deciding.MANY)]


class ApprovedOrders(Out):
    """Numbers of those done; of the others why they wait."""

    approved: list[str]
    waiting: dict[str, Against]


class ApprovalRule(Out):
    """`customer` null is the default. `over`: from this amount a cycle and subscription on; 0 is everything. `version`: 0 for
    a default that nobody ever set.
    """

    customer: UUID | None
    on: bool
    triggers: list[str]
    over: Number
    version: int


class SeenRule(Sent):
    customer: UUID | None = None
    version: Annotated[int, Field(ge=0)]


class KeepRule(Sent):
    """For these customers instead of the default; without any, the default itself. `everywhere`: the default, and what holds
    for some instead is dropped. `seen` has `customer` and `version` of each rule that this replaces or drops, as you read it:
    one that somebody changed meanwhile is refused.
    """

    customers: Annotated[list[UUID], Field(max_length=1000)] = []
    everywhere: bool = False
    on: bool
    triggers: Annotated[list[Annotated[str, Field(max_length=20)]], Field(max_length=len(Trigger))]
    over: Given = Decimal(0)
    seen: Annotated[list[SeenRule], Field(max_length=1001)] = []

    def rule(self) -> Rule:
        return Rule(self.on, frozenset(self.triggers), self.over)


class OrderCalls(Out):
    """What would be done at one instance; `failure` where that cannot be said now."""

    instance: UUID
    instance_name: str
    preview: VendorPreview | None
    failure: Against | None


def offer(row: Sellable, reader: UUID) -> ShopOffer:
    seen = row.seen_by(reader)
    return ShopOffer(
        offer=row.offer, code=row.code, name=row.name, product_id=row.product, product=row.product_name,
        vendor=row.vendor_name, category=row.category, group=row.group, description=row.description, cycle=row.cycle,
        term_months=row.term_months, cancel_days=row.cancel_days, minimum=row.minimum, maximum=row.maximum,
        unit=row.unit, trial=row.trial, metered=row.metered, addon_of=row.addon_of, price=seen.price,
        currency=seen.currency, listed=seen.listed,
        terms=row.terms, margin_percent=seen.tier.margin if seen.tier else None,
    )  # fmt: skip


def line(one: Checked) -> ReviewedLine:
    seen = one.seen
    return ReviewedLine(
        name=one.name, code=one.code, cycle=one.cycle, currency=seen.currency, price=seen.price, before=one.before,
        after=one.after, total=one.total, listed=seen.listed, instance=one.instance, base=one.base.pk if one.base else None,
        terms=one.terms, margin_percent=seen.tier.margin if seen.tier else None, wrong=_against(one.wrong),
        moved=_against(one.moved), low=_against(one.low), enables=_against(one.enables),
    )  # fmt: skip


def reviewed(customer: UUID, name: str, lines: list[Checked]) -> Reviewed:
    totals = [
        ReviewTotal(currency=key.split(" ")[0], cycle=key.split(" ")[1], total=total)
        for key, total in wanted.totals(lines).items()
    ]
    return Reviewed(customer=customer, customer_name=name, lines=[line(one) for one in lines], totals=totals)


def order(row: Order, lines: tuple[OrderLine, ...], now: list[Checked] | None = None) -> SalesOrder:
    more: dict[str, Any] = {}
    if now:
        more = {"expect": wanted.facts(now), "moved": deciding.differences(lines, now), "now": [line(one) for one in now]}
    return SalesOrder(
        id=row.pk, number=row.number, customer=row.tenant_id,  # type: ignore[arg-type]  # never empty
        customer_name=row.customer_name, state=row.state,
        triggers=row.triggers, raised_at=row.raised_at, raised_by=row.raised_by_name, note=row.note,
        decided_at=row.decided_at, decided_by=row.decided_by_name, comment=row.comment,
        lines=[_line(one) for one in lines], **more,
    )  # fmt: skip


def _line(row: OrderLine) -> SalesOrderLine:
    return SalesOrderLine(
        position=row.position, kind=row.kind, offer=row.offer, offer_code=row.offer_code, offer_name=row.offer_name,
        subscription=row.subscription_id, base=row.base_id, before=row.before, after=row.after, price=row.price,
        currency=row.currency, listed=row.listed, terms=row.terms,
    )  # fmt: skip


def approved(done: list[Order], kept: list[tuple[str, Failure]]) -> ApprovedOrders:
    waiting = {number: found for number, why in kept if (found := _against(why)) is not None}
    return ApprovedOrders(approved=[one.number for one in done], waiting=waiting)


def rule(one: approvals.Rule) -> ApprovalRule:
    return ApprovalRule(customer=one.customer, on=one.on, triggers=sorted(one.triggers), over=one.over, version=one.version)


def calls(of: wanted.Asking, found: Preview | None, failure: Failure | None) -> OrderCalls:
    return OrderCalls(
        instance=of.instance, instance_name=of.name, preview=provisioning.preview(found) if found else None,
        failure=_against(failure),
    )  # fmt: skip


def _against(refusal: Failure | None) -> Against | None:
    if refusal is None:
        return None
    whom = {"organisation": refusal.organisation, "instance": refusal.instance} if isinstance(refusal, NotSynced) else {}
    return Against(code=refusal.code, text=refusal.text, hint=refusal.hint, **whom)
