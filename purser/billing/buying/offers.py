"""What a price list may hold: rows that multiply out, and less by the unit the larger the package. Pure.

Source: acceptance CS-55, CS-56; decision F-1.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import pairwise

from purser.kernel.digest import units as _plain
from purser.kernel.errors import Refused
from purser.kernel.money import MINOR, Money
from purser.lists import files
from purser.rating.packages import Package

MOST = 50  # packages of a list
LARGEST_UNITS = 1_000_000_000
LARGEST_PRICE = Decimal("999999999.99")
LARGEST_EACH = Decimal("999999.999999")
PLACES = 6  # decimals of a unit's price
LONGEST_TEXT = 20_000
HEADERS = ("Package code", "DSU quantity", "Single DSU price", "Package price")
_STANDARD = (
    (1, "0.043"), (2, "0.042"), (5, "0.041"), (10, "0.040"), (15, "0.038"),
    (25, "0.037"), (100, "0.036"), (250, "0.035"), (500, "0.034"), (1000, "0.033"),
)  # fmt: skip


@dataclass(frozen=True)
class Offer:
    """A row of a list before it is published: `units` at `unit_price` each for `price`."""

    code: str
    units: int
    unit_price: Decimal
    price: Decimal


def standard() -> tuple[Offer, ...]:
    """The list of an operator that has published none. Source: acceptance CS-56, with decision F-1 in the third row."""
    return tuple(
        Offer(f"CPP-DSU-{thousands}", thousands * 1000, Decimal(each), Decimal(round(thousands * 1000 * Decimal(each))))
        for thousands, each in _STANDARD
    )


def check(offers: Sequence[Offer], currency: str) -> tuple[Offer, ...]:
    """The rows as they are kept, smallest first. Raises Refused with the numbers for a row that does not multiply out or is
    out of range, and where a larger package does not cost less by the unit.
    """
    if len(currency) != 3 or not (currency.isascii() and currency.isalpha() and currency.isupper()):
        raise Refused(f"“{currency}” is no currency.", code="currency", hint="Three letters, like USD.")
    if not 1 <= len(offers) <= MOST:
        raise Refused(f"A price list has 1 to {MOST} packages, not {len(offers)}.", code="packages")
    for offer in offers:
        _check_row(offer, currency)
    codes = [offer.code.casefold() for offer in offers]
    for offer in offers:
        if codes.count(offer.code.casefold()) > 1:
            raise Refused(f"{offer.code} stands {codes.count(offer.code.casefold())} times in the list.", code="package")
    ordered = sorted(offers, key=lambda offer: offer.units)
    for smaller, larger in pairwise(ordered):
        if smaller.units == larger.units:
            raise Refused(f"{smaller.code} and {larger.code} both have {larger.units} units.", code="package")
        if larger.unit_price >= smaller.unit_price:
            told = f"{larger.code} at {larger.unit_price:f}, {smaller.code} at {smaller.unit_price:f}"
            raise Refused(f"The larger package must cost less by the unit: {told}.", code="package")
    return tuple(ordered)


def _check_row(offer: Offer, currency: str) -> None:
    code = offer.code
    if not 1 <= len(code) <= 40 or not code.isascii() or not code.replace("-", "").replace("_", "").isalnum():
        raise Refused(f"“{code[:60]}” is no code of a package.", code="package", hint="1 to 40 letters, digits, - and _.")
    if not 1 <= offer.units <= LARGEST_UNITS:
        raise Refused(f"{code} has {offer.units} units; a package has 1 to {LARGEST_UNITS}.", code="package")
    _check_amount(f"{code}: the price of one unit", offer.unit_price, LARGEST_EACH, PLACES)
    _check_amount(f"{code}: the price of the package", offer.price, LARGEST_PRICE, MINOR.get(currency, 2))
    Package(code, offer.units, Money(offer.unit_price, currency), Money(offer.price, currency))


def _check_amount(what: str, value: Decimal, largest: Decimal, places: int) -> None:
    if not value.is_finite() or not 0 < value <= largest:
        raise Refused(f"{what} is {value}; it can be above 0 and at most {largest:f}.", code="package")
    if value != round(value, places):
        raise Refused(f"{what} is {value:f}; it can have {places} decimals at most.", code="package")


def read(text: str) -> tuple[Offer, ...]:
    """The rows of a text as `written` gives it, or as pasted from a sheet (tab, semicolon or comma), header or not.

    Raises Refused that names the row. The rows are not checked yet.
    """
    if len(text) > LONGEST_TEXT:
        raise Refused(f"The text has {len(text)} characters; {LONGEST_TEXT} can be read.", code="too_long")
    first = text.lstrip("\ufeff\r\n ").split("\n", 1)[0]
    mark = next((one for one in "\t;" if one in first), ",")
    rows = [
        (number, [files.unguarded(cell.strip()) for cell in row])
        for number, row in enumerate(csv.reader(io.StringIO(text.lstrip("\ufeff"), newline=""), delimiter=mark), start=1)
        if any(cell.strip() for cell in row)
    ]
    if rows and rows[0][1][0].casefold() == HEADERS[0].casefold():
        rows = rows[1:]
    return tuple(row_of(cells, f"Row {number}", decimal="," if mark == ";" else ".") for number, cells in rows)


def row_of(cells: Sequence[str], where: str, *, decimal: str = ".") -> Offer:
    """A row from its four texts; thousands may be marked by a comma or a space. Raises Refused that begins with `where`."""
    if len(cells) != len(HEADERS):
        raise Refused(f"{where} has {len(cells)} columns, not {len(HEADERS)}: {', '.join(HEADERS)}.", code="columns")
    code, *numbers = cells
    units, each, price = (_number(text, f"{where}, {name}", decimal) for text, name in zip(numbers, HEADERS[1:], strict=True))
    if units != units.to_integral_value():
        raise Refused(f"{where}, {HEADERS[1]}: {units:f} is no whole number.", code="number")
    return Offer(code, int(units), each, price)


def _number(text: str, where: str, decimal: str) -> Decimal:
    plain = text.replace("$", "").replace("\u202f", "").replace("\xa0", "").replace(" ", "")
    plain = plain.replace("." if decimal == "," else ",", "").replace(decimal, ".")
    try:
        value = Decimal(plain)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or len(plain) > 40 or abs(value) >= 10**15:
        raise Refused(f"{where}: “{text[:40]}” is no number that can be used.", code="number")
    return value


def written(offers: Sequence[Offer]) -> str:
    """The rows as CSV with a header, which `read` reads back."""
    out = io.StringIO(newline="")
    rows = csv.writer(out)
    rows.writerow(HEADERS)
    rows.writerows([files.guarded(one.code), one.units, _plain(one.unit_price), _plain(one.price)] for one in offers)
    return out.getvalue()
