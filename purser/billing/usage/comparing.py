"""The simulator: two policies or two price lists side by side over a partner's own days. Changes nothing.

Source: issue 4, section 6.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from purser.billing.buying import offers, packages
from purser.billing.models import PriceList, Programme
from purser.billing.usage import outlook, rated, statement, terms
from purser.kernel.errors import Missing, Refused
from purser.kernel.money import Money
from purser.kernel.period import plus_months
from purser.lists.files import Value
from purser.postgres import tenancy
from purser.rating import policy
from purser.rating.days import DAY
from purser.rating.packages import Package
from purser.rating.policy import Scope, Terms
from purser.rating.simulation import Month, Scheme, simulate

MONTHS = 13
NAMES = ("A", "B")
CODE = "simulated"


@dataclass(frozen=True)
class Choice:
    """One side as it is asked for. `terms` None are those the partner has; `package` is `<number of a list>:<code>`, "" the
    default package, or "own" with `units` and `unit_price`.
    """

    terms: Terms | None = None
    package: str = ""
    units: int = 0
    unit_price: Decimal = Decimal(0)


@dataclass(frozen=True)
class Total:
    units: int
    used: Money
    bought: int
    paid: Money


@dataclass(frozen=True)
class Side:
    name: str
    package: Package
    terms: Terms
    months: Sequence[Month]
    total: Total


@dataclass(frozen=True)
class Comparison:
    """Over `days` closed days from `first` to `last`. Rows of one place in both sides are the same month. `opening`: the
    balance that both start from.
    """

    first: date
    last: date
    opening: int
    sides: tuple[Side, Side]

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def units(self) -> int:
        """What the second side costs more, in units; below 0 less."""
        return self.sides[1].total.units - self.sides[0].total.units

    @property
    def money(self) -> Money | None:
        """The same at each side's price for one; None for two currencies."""
        first, second = (side.total.used for side in self.sides)
        return second - first if first.currency == second.currency else None

    @property
    def rows(self) -> list[tuple[Month, Month]]:
        return list(zip(self.sides[0].months, self.sides[1].months, strict=True))


@dataclass(frozen=True)
class Offered:
    """A package that can be chosen, by its `key`."""

    key: str
    label: str


def offered() -> list[Offered]:
    """The packages of all price lists the partner has, the newest list first. In the partner's seat."""
    found = []
    for held in PriceList.objects.order_by("-number"):
        for row in packages.rows_of(held):
            label = f"{row.code}: {row.units:,} at {row.unit_price.normalize():f} {held.currency} (list {held.number})"
            found.append(Offered(f"{held.number}:{row.code}", label))
    return found


def terms_now(*, on: date) -> Terms:
    """In the partner's seat."""
    return terms.own().on(on)


def compare(partner: UUID, choices: tuple[Choice, Choice], *, now: datetime, months: int = MONTHS) -> Comparison:
    """Over the last `months` calendar months with closed days, or fewer: no longer than the days follow each other, as what
    comes before a gap does not run into it. Takes the partner's seat.

    Raises Missing without a closed day, and Refused for terms or a package that cannot be.
    """
    if not 1 <= months <= MONTHS:
        raise Refused(f"The simulator looks at 1 to {MONTHS} months, not {months}.", code="months")
    with tenancy.acting_in(partner):
        last, programme = rated.last_closed(), Programme.objects.first()
        if last is None or programme is None:
            raise Missing("No day of yours is closed yet: there is nothing to compare.", code="programme")
        run = rated.unbroken(plus_months(last.replace(day=1), 1 - months), last)
        first = run[0].on
        held = terms.own()
        opening = rated.peaks_after(first - DAY)
        balance = statement.span(first, first).opening
        chosen = [_package(choice, programme, now=now) for choice in choices]
    plans = [policy.always(CODE, choice.terms) if choice.terms else held for choice in choices]
    schemes = [Scheme(*of) for of in zip(NAMES, plans, chosen, strict=True)]
    found = simulate([close.users for close in run], first=first, schemes=schemes, opening=opening, balance=balance)
    sides = [_side(scheme, found[scheme.name], last) for scheme in schemes]
    return Comparison(first, last, balance, (sides[0], sides[1]))


def _side(scheme: Scheme, months: Sequence[Month], last: date) -> Side:
    none = Money(Decimal(0), scheme.package.price.currency)
    total = Total(
        units=sum(month.units for month in months),
        used=sum((month.used for month in months), none),
        bought=sum(month.bought for month in months),
        paid=sum((month.paid for month in months), none),
    )
    return Side(scheme.name, scheme.package, scheme.policy.on(last), months, total)


def _package(choice: Choice, programme: Programme, *, now: datetime) -> Package:
    if not choice.package:
        return outlook.default_package(programme, now=now)
    if choice.package == "own":
        units, each = choice.units, choice.unit_price
        if not 1 <= units <= offers.LARGEST_UNITS:
            raise Refused(f"A package has 1 to {offers.LARGEST_UNITS:,} units, not {units:,}.", code="package")
        if not 0 < each <= offers.LARGEST_EACH or -int(each.as_tuple().exponent) > offers.PLACES:
            told = f"above 0 to {offers.LARGEST_EACH:f} with up to {offers.PLACES} decimals"
            raise Refused(f"A unit's price is {told}, not {each:f}.", code="package")
        price = Money(each, programme.currency)
        return Package(f"{units:,} at {each.normalize():f}", units, price, price.times(units))
    number, _, code = choice.package.partition(":")
    held = PriceList.objects.filter(number=int(number)).first() if number.isdecimal() and len(number) < 9 else None
    row = next((row for row in packages.rows_of(held) if row.code == code), None) if held else None
    if held is None or row is None:
        raise Refused(f"There is no package {choice.package!r} in your price lists.", code="package")
    return Package(row.code, row.units, Money(row.unit_price, held.currency), Money(row.price, held.currency))


def terms_of(*, billable_days: int, ratchet: bool, true_up: bool, carry_over: bool, scope: str) -> Terms:
    """Raises Refused for a number of days that no month has, or a scope that is none."""
    if scope not in set(Scope):
        raise Refused(f"{scope!r} is no scope: choose {' or '.join(Scope)}.", code="terms")
    return Terms(billable_days, ratchet, true_up, carry_over, Scope(scope))


def sheet(found: Comparison) -> tuple[list[str], list[list[Value]]]:
    """The comparison as the heads and rows of a file: a row for each month, each side's columns after the other's."""
    columns = ("users", "peak", "units", "cost", "currency", "packages bought", "paid", "balance")
    heads = ["Month", *(f"{side.name} {name}" for side in found.sides for name in columns)]
    rows: list[list[Value]] = []
    for months in zip(*(side.months for side in found.sides), strict=True):
        row: list[Value] = [f"{months[0].first:%Y-%m}"]
        for one in months:
            row += [one.users, one.peak, one.units, one.used.amount, one.used.currency]
            row += [one.bought, one.paid.amount, one.balance]
        rows.append(row)
    return heads, rows
