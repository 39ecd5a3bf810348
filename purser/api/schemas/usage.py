"""A partner's daily units: where it stands, days and why, shares, advice, and the simulator."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from purser.api.schemas.common import Given, Out, Sent
from purser.api.schemas.sides import Money
from purser.billing.models import AdvicePlan
from purser.billing.usage import advising, comparing, derivation, sharing, statement
from purser.billing.usage.derivation import Derivation
from purser.billing.usage.named import Named
from purser.billing.usage.outlook import Standing
from purser.kernel import money
from purser.rating.policy import Terms as Rule
from purser.rating.spending import Outlook

Month = Annotated[str, Field(pattern=r"^[12][0-9]{3}-(0[1-9]|1[0-2])$", examples=["2026-10"])]


class Purchase(Out):
    """The first day whose charge takes the balance below 0, and what then covers it."""

    on: date
    packages: int
    package: str


class UsageUsers(Out):
    tenant: UUID
    users: int


class Usage(Out):
    """`on` is the day not closed yet, in `zone`; it is over at `closes_at`. `balance` is that of the books, of which `waiting`
    units of closed days are not taken yet. `costs`: what the first open day costs as it stands. `headroom`: users that can
    be added before the true-up without one unit more, null during it. `true_up`: the first day of this month that costs
    nothing. `carry`: the peak next month opens with. Forecasts are null for a partner that left the programme.
    """

    on: date
    zone: str
    closes_at: datetime
    users: int
    by_tenant: list[UsageUsers]
    peak: int
    closed: date | None
    balance: int
    waiting: int
    true_up: date
    month_ends_at: datetime
    costs: int | None
    headroom: int | None
    carry: int | None
    purchase: Purchase | None
    advises: bool


class Balance(Out):
    """In units (DSU) at the end of `as_of`, or now; below 0 is owed."""

    balance: int
    as_of: date | None


class Peak(Out):
    """`set_on`: the day whose count the peak is. `rule`: rise, held, carry, true_up, count or apart, and `why` in words."""

    on: date
    users: int
    peak: int
    set_on: date | None
    rule: str
    why: str


class UsageMove(Out):
    kind: str
    label: str
    units: int


class UsageDay(Out):
    on: date
    users: int
    peak: int
    units: int
    balance: int
    booked: str
    version: int


class Statement(Out):
    """`opening` and the moves are `closing`."""

    month: date
    opening: int
    moves: list[UsageMove]
    closing: int
    units: int
    waiting: int
    days: list[UsageDay]


class Share(Out):
    """`units` of the charge are the tenant's; `users` at the day's close, of a month the most."""

    on: date | None = None
    tenant: UUID
    name: str
    number: str
    users: int
    units: int


class Shares(Out):
    """The shares sum to `charged`."""

    month: date
    charged: int
    rows: list[Share]


class UnitTerms(Out):
    billable_days: int
    ratchet: bool
    true_up: bool
    carry_over: bool
    scope: str


class Version(Out):
    """Of the count, with its reason, or of the charge."""

    version: int
    made_at: datetime
    users: int
    peak: int | None = None
    units: int | None = None
    reason: str = ""


class UsageLine(Out):
    entry: UUID
    on: date
    kind: str
    source: str
    text: str
    reverses: UUID | None
    units: int


class UsageWhy(Out):
    """Everything behind a day's numbers. The last of `counted` and `charged` stands."""

    on: date
    zone: str
    closes_at: datetime
    users: int
    by_tenant: list[Share]
    peak: int
    set_on: date | None
    rule: str
    why: str
    units: int
    cost: str
    terms: UnitTerms
    terms_from: date | None
    opening: int
    closing: int
    entries: list[UsageLine]
    booked_by: list[UsageLine]
    counted: list[Version]
    charged: list[Version]


class Present(Out):
    name: str
    account: str
    since: datetime
    until: datetime | None
    given: str


class AdviceRow(Out):
    """`name` is empty where you may not look into the tenant."""

    id: UUID
    tenant: UUID
    tenant_name: str
    name: str
    reason: str
    state: str
    text: str


class Others(Out):
    tenant: UUID
    tenant_name: str
    people: int


class UnlicensePlan(Out):
    """Taken back before `before` all people save `units` to the end of next month, a moment later `late`."""

    id: UUID
    on: date
    before: datetime
    units: int
    late: int
    money: Money
    package: str
    carry: int
    carry_then: int
    made_at: datetime
    made_by: str


class Advice(UnlicensePlan):
    rows: list[AdviceRow]
    others: list[Others]


class Adviser(Out):
    """`open`: there is advice from the 20th of a month on."""

    open: bool
    standing: Usage
    plans: list[UnlicensePlan]


class Take(Sent):
    """Without `steps` all that are offered."""

    steps: Annotated[list[UUID], Field(min_length=1, max_length=advising.MOST)] | None = None


class Done(Out):
    """`done` licences; `refused` were left alone, each step says why."""

    done: int
    refused: int


class SimulatedTerms(Sent):
    billable_days: int = Field(25, ge=1, le=31)
    ratchet: bool = True
    true_up: bool = True
    carry_over: bool = True
    scope: Literal["partner", "tenant"] = "partner"


class OwnPackage(Sent):
    units: int = Field(ge=1, le=1_000_000_000)
    unit_price: Given


class Side(Sent):
    """Without `terms` yours, without a package your default one. `package`: `<number of the price list>:<code>`."""

    terms: SimulatedTerms | None = None
    package: str = Field("", max_length=60)
    own: OwnPackage | None = None


class Simulate(Sent):
    a: Side
    b: Side
    months: int = Field(13, ge=1, le=13)


class SimulatedMonth(Out):
    month: date
    users: int
    peak: int
    units: int
    worth: Money
    bought: int
    paid: Money
    balance: int


class Simulated(Out):
    """`worth` are the units at the price for one, `paid` the packages bought."""

    package: str
    units: int
    worth: Money
    bought: int
    paid: Money
    months: list[SimulatedMonth]


class Simulation(Out):
    first: date
    last: date
    opening: int
    a: Simulated
    b: Simulated


def of_money(one: money.Money) -> Money:
    return Money(amount=one.amount, currency=one.currency)


def standing(found: Standing, ahead: Outlook | None) -> Usage:
    bought = ahead.purchase if ahead else None
    return Usage(
        on=found.today,
        zone=found.zone.key,
        closes_at=found.closes_at,
        users=found.count,
        by_tenant=[UsageUsers(tenant=UUID(id), users=users) for id, users in sorted(found.users.items())],
        peak=found.peak,
        closed=found.closed,
        balance=found.balance,
        waiting=found.waiting,
        true_up=found.true_up,
        month_ends_at=found.ends,
        costs=ahead.days[0].day.units if ahead else None,
        headroom=ahead.headroom if ahead else None,
        carry=ahead.carry if ahead else None,
        purchase=Purchase(on=bought.day.on, packages=bought.bought, package=found.package.code) if bought else None,
        advises=found.advises,
    )


def of_month(span: statement.Span, rows: list[UsageDay]) -> Statement:
    return Statement(
        month=span.first,
        opening=span.opening,
        moves=[UsageMove(kind=move.kind, label=move.label, units=move.units) for move in span.moves],
        closing=span.closing,
        units=span.units,
        waiting=span.waiting,
        days=rows,
    )


def day(row: object) -> UsageDay:
    return UsageDay(**{name: getattr(row, name) for name in UsageDay.model_fields})


def shares(found: sharing.Shares, *, per: str) -> Shares:
    days = [_share(one.tenant, one.users, one.units, one.on) for one in found.days]
    totals = [_share(one.tenant, one.users, one.units, None) for one in found.totals]
    return Shares(month=found.month, charged=found.charged, rows=days if per == "day" else totals)


def _share(one: Named, users: int, units: int, on: date | None) -> Share:
    return Share(on=on, tenant=one.id, name=one.name, number=one.number, users=users, units=units)


def terms(one: Rule) -> UnitTerms:
    return UnitTerms(
        billable_days=one.billable_days,
        ratchet=one.ratchet,
        true_up=one.true_up,
        carry_over=one.carry_over,
        scope=one.scope.value,
    )


def why(found: Derivation) -> UsageWhy:
    charge = found.day.charge
    return UsageWhy(
        on=found.on,
        zone=found.zone,
        closes_at=found.closes[-1].closes_at,
        users=charge.users,
        by_tenant=[_share(one.tenant, one.users, one.units, None) for one in found.counts],
        peak=charge.peak,
        set_on=found.day.set_on,
        rule=found.rule,
        why=found.why,
        units=charge.units,
        cost=found.cost,
        terms=terms(found.day.terms),
        terms_from=found.terms_from,
        opening=found.opening,
        closing=found.closing,
        entries=[_line(line) for line in found.lines],
        booked_by=[_line(line) for line in found.made],
        counted=[Version(version=c.version, made_at=c.known_at, users=c.users, reason=c.text) for c in found.closes],
        charged=[
            Version(version=c.version, made_at=c.made_at, users=c.users, peak=c.peak, units=c.units) for c in found.charges
        ],
    )


def _line(one: derivation.Line) -> UsageLine:
    return UsageLine(
        entry=one.entry, on=one.on, kind=one.kind, source=one.source, text=one.text, reverses=one.reverses, units=one.units
    )  # fmt: skip


def present(one: derivation.Present) -> Present:
    return Present(name=one.name, account=one.account, since=one.since, until=one.until, given=one.cause)


def plan(row: AdvicePlan) -> UnlicensePlan:
    return UnlicensePlan(**_plan(row))


def _plan(row: AdvicePlan) -> dict[str, Any]:
    names = ("id", "on", "before", "units", "late", "package", "carry", "carry_then", "made_at")
    worth = Money(amount=Decimal(row.money), currency=row.currency)
    return {name: getattr(row, name) for name in names} | {"money": worth, "made_by": row.made_by_name}


def advice(found: advising.Plan) -> Advice:
    rows = [
        AdviceRow(
            id=row.step.pk,
            tenant=row.tenant.id,
            tenant_name=row.tenant.name,
            name=row.name,
            reason=row.step.reason,
            state=row.step.state,
            text=row.step.text,
        )
        for row in found.rows
    ]
    others = [Others(tenant=one.id, tenant_name=one.name, people=count) for one, count in found.others]
    return Advice(**_plan(found.plan), rows=rows, others=others)


def choice(side: Side) -> comparing.Choice:
    """As the simulator takes it. Raises Refused."""
    held = side.terms
    rule = comparing.terms_of(**held.model_dump()) if held else None
    if side.own is not None:
        return comparing.Choice(rule, "own", side.own.units, side.own.unit_price)
    return comparing.Choice(rule, side.package)


def simulation(found: comparing.Comparison) -> Simulation:
    a, b = (_simulated(side) for side in found.sides)
    return Simulation(first=found.first, last=found.last, opening=found.opening, a=a, b=b)


def _simulated(side: comparing.Side) -> Simulated:
    return Simulated(
        package=side.package.code,
        units=side.total.units,
        worth=of_money(side.total.used),
        bought=side.total.bought,
        paid=of_money(side.total.paid),
        months=[
            SimulatedMonth(
                month=one.first,
                users=one.users,
                peak=one.peak,
                units=one.units,
                worth=of_money(one.used),
                bought=one.bought,
                paid=of_money(one.paid),
                balance=one.balance,
            )
            for one in side.months
        ],
    )
