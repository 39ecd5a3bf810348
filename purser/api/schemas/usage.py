"""A partner's daily units: where it stands, days and why, and shares."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from purser.api.schemas.common import Out
from purser.billing.usage import derivation, sharing, statement
from purser.billing.usage.derivation import Derivation
from purser.billing.usage.named import Named
from purser.billing.usage.outlook import Standing
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
    nothing. `carry`: the peak next month opens with. `unsold`: the default package where the price list no longer has it, so
    that nothing is bought by itself and `purchase` is null; else empty. Forecasts are null for a partner that left the
    programme.
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
    unsold: str
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


def standing(found: Standing, ahead: Outlook | None) -> Usage:
    bought = ahead.purchase if ahead and not found.unsold else None
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
        unsold=found.unsold,
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
