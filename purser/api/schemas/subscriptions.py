"""Subscriptions: what was bought, its prices, plans and history; margins and commitments."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from purser.api.schemas.common import Given, Number, Out, Sent
from purser.api.schemas.sides import Money
from purser.kernel import money
from purser.subscriptions import history, tiers
from purser.subscriptions.calendar import Entry
from purser.subscriptions.desk import Preview
from purser.subscriptions.models import PlannedChange, SubscriptionPrice
from purser.subscriptions.pricing import Cycle
from purser.subscriptions.reading import Opened


class HeldPrice(Out):
    """`listed`: which price list with its version, or by hand. Of two for one day the later made holds."""

    from_on: date
    price: Number
    currency: str
    listed: str
    made_at: datetime
    by: str


class HeldPlan(Out):
    """`what` is quantity, end or renews; `value` a quantity, or yes or no."""

    id: UUID
    on: date
    what: str
    value: str
    state: str
    text: str
    by: str


class HeldChange(Out):
    """`on`: the day from which it holds. `source`: Partner, Customer, Vendor or Purser."""

    at: datetime
    on: date
    what: str
    old: str
    new: str
    who: str
    source: str
    why: str


class HeldStretch(Out):
    """A quantity from a day up to another, null where it still is."""

    since: date
    until: date | None
    quantity: int


class HeldSubscription(Out):
    """A subscription. `price` is asked of the customer for a unit and cycle now; null to who sells it through another, whose
    `prices` are its own. `renewal` is the term's end, null without a term. `account`
    is its state at the vendor, empty before there is an account.
    """

    id: UUID
    organisation: UUID
    customer: str
    number: str
    offer: UUID
    offer_id: str
    name: str
    product_id: UUID
    product: str
    vendor: str
    base: UUID | None
    addons: list[UUID]
    state: str
    state_text: str
    quantity: int
    consumed: int | None
    unit: str
    price: Number | None
    currency: str
    cycle: str
    term_months: int
    started_on: date | None
    renewal: date | None
    renews: bool
    ends_on: date | None
    account: str
    prices: list[HeldPrice]
    quantities: list[HeldStretch]
    plans: list[HeldPlan]


class SetPrice(Sent):
    """`confirmed`: also below the floor of your margin."""

    price: Given
    from_on: date
    confirmed: bool = False


class HeldCycle(Out):
    """Days from `start` up to but not including `end`; what they cost by the prices as they are, and as they would be."""

    start: date
    end: date
    was: Money
    becomes: Money
    correction: Money


class HeldPriceEffect(Out):
    """What a price would do: `open` is the cycle that is billed by it; each of `closed` keeps what was billed and gets a
    correction. `margin` in percent; `below_floor` says why it needs your confirmation, or is empty.
    """

    open: HeldCycle | None
    closed: list[HeldCycle]
    margin: Number | None
    below_floor: str


class PlanChange(Sent):
    """`value`: a quantity, or yes or no for renews, or nothing for end."""

    what: Literal["quantity", "end", "renews"]
    value: Annotated[str, Field(max_length=9)] = ""
    on: date


class MarginPart(Out):
    """A month of it. `buys` and `margin` are null where nobody has said what it costs; `percent` of what it sells for."""

    sells: Money
    buys: Money | None
    margin: Money | None
    percent: Number | None


class MarginRow(Out):
    """What goes to one buyer. `known` holds the subscriptions whose cost is known; `unknown` counts the others. Those that are
    metered are counted by `by_usage` and are in no amount.
    """

    buyer: UUID
    name: str
    subscriptions: int
    sold: Money
    known: MarginPart
    unknown: int
    by_usage: int


class Margins(Out):
    """Your own part of all live subscriptions below you, in one currency."""

    currency: str
    sold: Money
    known: MarginPart
    unknown: int
    by_usage: int
    rows: list[MarginRow]


def held(opened: Opened) -> HeldSubscription:
    row = opened.row
    return HeldSubscription(
        id=row.pk,
        organisation=row.tenant_id,
        customer=row.customer_name,
        number=row.number,
        offer=row.offer,
        offer_id=row.offer_code,
        name=row.offer_name,
        product_id=row.product,
        product=row.product_name,
        vendor=row.vendor_name,
        base=row.base_id,
        addons=[one.pk for one in opened.addons],
        state=row.state,
        state_text=row.state_text,
        quantity=row.quantity,
        consumed=row.consumed,
        unit=row.unit,
        price=row.price,
        currency=row.currency,
        cycle=row.cycle,
        term_months=row.term_months,
        started_on=row.started_on,
        renewal=row.term_ends_on,
        renews=row.renews,
        ends_on=row.ends_on,
        account=row.account.state if row.account is not None else "",
        prices=[price(one) for one in opened.prices],
        quantities=[
            HeldStretch(since=one.since, until=one.until, quantity=int(one.value)) for one in history.quantities(opened.events)
        ],
        plans=[plan(one) for one in opened.plans],
    )


def price(row: SubscriptionPrice) -> HeldPrice:
    return HeldPrice(
        from_on=row.from_on, price=row.price, currency=row.currency, listed=row.listed, made_at=row.made_at, by=row.by_name
    )


def plan(row: PlannedChange) -> HeldPlan:
    return HeldPlan(id=row.pk, on=row.on, what=row.what, value=row.value, state=row.state, text=row.text, by=row.by_name)


def change(line: history.Line) -> HeldChange:
    return HeldChange(
        at=line.at, on=line.on, what=line.what, old=line.old, new=line.new, who=line.who, source=line.source, why=line.why
    )


def effect(preview: Preview) -> HeldPriceEffect:
    opened = preview.effect.open
    return HeldPriceEffect(
        open=_cycle(opened) if opened is not None else None,
        closed=[_cycle(one) for one in preview.effect.closed],
        margin=preview.margin,
        below_floor=preview.below,
    )


def _cycle(one: Cycle) -> HeldCycle:
    return HeldCycle(
        start=one.period.start,
        end=one.period.end,
        was=_money(one.was),
        becomes=_money(one.becomes),
        correction=_money(one.correction),
    )


def margins(one: tiers.Waterfall) -> Margins:
    return Margins(
        currency=one.currency,
        sold=_money(one.sold),
        known=part(one.known),
        unknown=one.unknown,
        by_usage=one.by_usage,
        rows=[
            MarginRow(
                buyer=row.buyer, name=row.name, subscriptions=row.subscriptions, sold=_money(row.sold),
                known=part(row.known), unknown=row.unknown, by_usage=row.by_usage,
            )
            for row in one.rows
        ],
    )  # fmt: skip


def part(one: tiers.Part) -> MarginPart:
    return MarginPart(
        sells=_money(one.sells),
        buys=_money(one.buys) if one.buys is not None else None,
        margin=_money(one.margin) if one.margin is not None else None,
        percent=one.percent,
    )


def _money(one: money.Money) -> Any:
    return Money(amount=one.amount, currency=one.currency)


class Commitment(Out):
    """`kind`: renewal, end, window (the last day to cancel), planned, price, price_list. `amount`: of a renewal or a last day
    to cancel the whole term, of an end a cycle, of a change the difference a cycle.
    """

    on: date
    kind: str
    subscription: UUID | None
    customer: str
    name: str
    words: str
    amount: Money | None


class CalendarAddress(Out):
    """`address` is told once, when it is made; then it is null."""

    id: UUID
    made_at: datetime
    address: str | None


def commitment(one: Entry) -> Commitment:
    return Commitment(
        on=one.on,
        kind=one.kind,
        subscription=one.subscription,
        customer=one.customer,
        name=one.name,
        words=one.words,
        amount=_money(one.amount) if one.amount is not None else None,
    )
