"""A paper drawn: PDF/A-3 by typst, with the invoice as EN 16931 data inside where it is one. Pure but for the template.

Data goes in as JSON, never into the template's text. The data is checked against the schema of its standard; the library's
schematron would ask a server of its own and stays off. Source: acceptance CS-62, CS-63; decision S-1, of cards.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import facturx  # type: ignore[import-untyped]  # it ships no types
import typst

from purser.kernel.money import MINOR, Money

TEMPLATE = Path(__file__).with_name("sheet.typ")
TITLES = {"quote": "Quote", "receipt": "Receipt", "credit": "Credit note", "debit": "Debit note"}
CODES = {"receipt": "380", "credit": "381", "debit": "383"}  # UNTDID 1001
PIECE = "C62"  # UN/ECE recommendation 20
BY_CARD = "48"  # UNTDID 4461
OUTSIDE = "O"  # UNCL 5305: prices are final, and no tax is shown
OUTSIDE_WHY = "Not subject to VAT"
LATIN, KNOWN = 0x17F, frozenset("·–—‘’“”„…€")  # what the font of the template has


@dataclass(frozen=True)
class Party:
    """Who sells or buys. `number` is its Tenant ID; a party without a country is not enough for an invoice's data."""

    name: str
    number: str
    street: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""
    country: str = ""
    tax_number: str = ""
    contact_name: str = ""
    contact_email: str = ""

    def lines(self) -> list[str]:
        place = " ".join(filter(None, [self.postal_code, self.city]))
        region = ", ".join(filter(None, [self.state, self.country]))
        tax = f"Tax number {self.tax_number}" if self.tax_number else ""
        return list(filter(None, [self.street, place, region, tax, self.contact_name, self.contact_email]))

    def foot(self) -> str:
        return " · ".join(filter(None, [self.name, self.contact_email]))


@dataclass(frozen=True)
class Row:
    """`count` times `each` is `price`; `more` says what one of it is."""

    name: str
    more: str
    count: int
    each: Decimal
    price: Decimal


@dataclass(frozen=True)
class Sheet:
    """`kind` is one of TITLES. `of` is the number of the receipt that a credit note is of, or of the credit note that a debit
    note takes back, with its date. `card` is how it was paid: brand and last four digits.
    """

    kind: str
    number: str
    made_at: datetime
    on: date
    seller: Party
    buyer: Party
    rows: Sequence[Row]
    currency: str
    facts: Sequence[tuple[str, str]]
    notes: Sequence[str]
    card: tuple[str, str] | None = None
    of: tuple[str, date] | None = None

    @property
    def total(self) -> Decimal:
        return sum((row.price for row in self.rows), Decimal(0))


def pdf(sheet: Sheet) -> bytes:
    """The file. All but a quote bear their data where both parties have a country."""
    drawn: bytes = _drawn(sheet, format="pdf", pdf_standards=["a-3b"])
    if sheet.kind == "quote" or not (sheet.seller.country and sheet.buyer.country):
        return drawn
    title = f"{TITLES[sheet.kind]} {sheet.number}"
    about = {"author": sheet.seller.name, "title": title, "subject": title, "keywords": "Factur-X, EN 16931"}
    made: bytes = facturx.generate_from_binary(
        drawn, invoice(sheet), flavor="factur-x", level="en16931", check_xsd=True, check_schematron=False, pdf_metadata=about,
        lang="en", afrelationship="alternative",
    )  # fmt: skip
    return made


def pictures(sheet: Sheet, *, ppi: int = 100) -> list[bytes]:
    """Its pages as PNG, to be looked at."""
    found = _drawn(sheet, format="png", ppi=ppi)
    return found if isinstance(found, list) else [found]


def _drawn(sheet: Sheet, **how: Any) -> Any:
    words, at = json.dumps(_told(sheet), ensure_ascii=False), int(sheet.made_at.timestamp())
    try:
        return typst.compile(str(TEMPLATE), sys_inputs={"sheet": words}, timestamp=at, **how)
    except typst.TypstError as failure:
        # a file for the archive may hold no letter that no font here has, and a name may be of any script
        if "could not be displayed" not in failure.message:
            raise
        plain = "".join(letter if ord(letter) <= LATIN or letter in KNOWN else "?" for letter in words)
        return typst.compile(str(TEMPLATE), sys_inputs={"sheet": plain}, timestamp=at, **how)


def _told(sheet: Sheet) -> dict[str, Any]:
    """Every word and figure of the page."""

    def money(value: Decimal) -> str:
        return f"{value:,.{MINOR.get(sheet.currency, 2)}f}"

    given = "Refunded" if sheet.kind == "credit" else "Total"
    return {
        "title": TITLES[sheet.kind],
        "number": sheet.number,
        "on": sheet.on.isoformat(),
        "seller": {"name": sheet.seller.name, "lines": sheet.seller.lines(), "foot": sheet.seller.foot()},
        "buyer": {"name": sheet.buyer.name, "lines": [*sheet.buyer.lines(), f"Customer number {sheet.buyer.number}"]},
        "facts": [list(fact) for fact in sheet.facts],
        "heads": ["Item", "Count", f"Each, {sheet.currency}", f"Price, {sheet.currency}"],
        "rows": [
            {"name": row.name, "more": row.more, "count": f"{row.count:,}", "each": money(row.each), "price": money(row.price)}
            for row in sheet.rows
        ],
        "total": [given, f"{money(sheet.total)} {sheet.currency}"],
        "notes": list(sheet.notes),
    }


def invoice(sheet: Sheet) -> bytes:
    """The receipt, credit or debit note as EN 16931 data (CII), valid by its schema."""
    total = _amount(sheet.total, sheet.currency)
    nought = _amount(Decimal(0), sheet.currency)
    data: dict[str, Any] = {
        "BT-1": sheet.number,
        "BT-2": sheet.on,
        "BT-3": CODES[sheet.kind],
        "BT-5": sheet.currency,
        "BT-72": sheet.on,
        "BT-20": "Paid in full; nothing is due.",
        "BG-4": _party(sheet.seller),
        "BG-7": _party(sheet.buyer),
        "BG-23": [{"BT-116": total, "BT-117": nought, "BT-118": OUTSIDE, "BT-120": OUTSIDE_WHY}],
        "BG-25": [_line(place, row, sheet.currency) for place, row in enumerate(sheet.rows, start=1)],
        "BT-106": total,
        "BT-109": total,
        "BT-110": nought,
        "BT-112": total,
        "BT-113": total,
        "BT-115": nought,
    }
    if sheet.card is not None:
        brand, last_four = sheet.card
        data |= {"BT-81": BY_CARD, "BT-82": brand, "BT-87": last_four}
    if sheet.of is not None:
        data["BG-3"] = [{"BT-25": sheet.of[0], "BT-26": sheet.of[1]}]
    made: bytes = facturx.generate_xml(data, flavor="factur-x", level="en16931", check_xsd=True, check_schematron=False)
    return made


def _line(place: int, row: Row, currency: str) -> dict[str, Any]:
    return {
        "BT-126": str(place),
        "BT-129": str(row.count),
        "BT-130": PIECE,
        "BT-131": _amount(row.price, currency),
        "BT-146": _amount(row.each, currency),
        "BT-151": OUTSIDE,
        "BT-153": row.name,
        "BT-154": row.more or row.name,
    }


def _party(party: Party) -> dict[str, Any]:
    """A tax number goes where one of any kind may stand, as it is not told whether it is one for VAT."""
    found: dict[str, Any] = {
        "name": party.name,
        "identifiers": {None: party.number},
        "country_code": party.country,
        "city": party.city,
        "postcode": party.postal_code,
        "addr_l1": party.street,
        "country_subdivision": party.state,
        "contacts": [{"name": party.contact_name, "email": party.contact_email}],
    }
    return found | ({"legal_identifier": party.tax_number} if party.tax_number else {})


def _amount(value: Decimal, currency: str) -> str:
    return f"{Money(value, currency).rounded().amount:f}"
