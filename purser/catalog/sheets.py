"""Offers and prices from a file: looked through first, with what it would change; written on a person's word.

Columns are known by their heads, in any order. Source: reliability section 4, Imports.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db import transaction

from purser.access.actors import Actor
from purser.catalog import exact, offers, products
from purser.catalog.goods import Good
from purser.catalog.models import Offer, Product, Vendor
from purser.catalog.offers import Terms
from purser.catalog.price_lists import Row
from purser.catalog.products import Described
from purser.connectors.ports.rows import Rows
from purser.kernel import digest
from purser.kernel.errors import Refused

MOST = 2_000  # offers of a file
CODE, PRICE = "Item code", "Price"
NEEDED = ("Vendor", "Product", "Category", "Product group", CODE, "Offer", "Billing cycle")
MORE = ("Term in months", "Days to cancel", "Unit", "Minimum", "Maximum", "Add-on of", "Trial", "Meter", "Services", "Mode")
COLUMNS = (*NEEDED, *MORE)


@dataclass(frozen=True)
class Wanted:
    """An offer as a row of the file has it; what it adds to is named by its product."""

    row: int
    vendor: str
    product: Described
    terms: Terms
    addon_of: str


@dataclass(frozen=True)
class Change:
    """What a row would do: "new", "changed" or "same"; `before` and `after` are the fields that differ."""

    wanted: Wanted
    what: str
    differences: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class Preview:
    """What a file of offers would change, with `digest` over all of it: what is written is what was shown."""

    changes: tuple[Change, ...]
    new_products: tuple[str, ...]
    digest: str

    def count(self, what: str) -> int:
        return sum(one.what == what for one in self.changes)

    @property
    def new(self) -> int:
        return self.count("new")

    @property
    def changed(self) -> int:
        return self.count("changed")

    @property
    def same(self) -> int:
        return self.count("same")


def prices(table: Rows, known: Mapping[UUID, Good]) -> list[Row]:
    """The rows of a price list: an item code and a price each; a row without a price is left out.

    Raises Refused that names the row: no such item code, a code of two offers, or a price that cannot be kept exactly.
    """
    cells = _columns(table, (CODE, PRICE), ())
    by_code: dict[str, list[Good]] = {}
    for good in known.values():
        by_code.setdefault(good.code.casefold(), []).append(good)
    found: list[Row] = []
    for number, row in cells:
        if not row[PRICE]:
            continue
        goods = by_code.get(row[CODE].casefold(), [])
        if len(goods) != 1:
            told = "no offer" if not goods else f"{len(goods)} offers"
            raise Refused(f"Row {number}: there is {told} with the item code “{row[CODE][:60]}”.", code="offer")
        found.append(Row(goods[0].offer, exact.read(row[PRICE], f"Row {number}, {row[CODE]}", decimal=table.decimal)))
    return found


def read(table: Rows) -> list[Wanted]:
    """The offers of a file. Raises Refused that names the row and what is wrong with it."""
    cells = _columns(table, NEEDED, MORE)
    if len(cells) > MOST:
        raise Refused(f"The file has {len(cells):,} offers; at most {MOST:,} are read at once.", code="table")
    found = [_wanted(number, row) for number, row in cells]
    met: dict[str, int] = {}
    for one in found:
        if (first := met.setdefault(one.terms.code, one.row)) != one.row:
            raise Refused(f"{one.terms.code} stands in row {first} and in row {one.row}.", code="table")
    return found


def written() -> list[tuple[str, ...]]:
    """In the provider's seat: the offers on sale as rows of COLUMNS, which `read` takes back and finds nothing to change."""
    return [tuple(_texts_of(row).values()) for row in offers.on_sale()]


def _columns(table: Rows, needed: Sequence[str], more: Sequence[str]) -> list[tuple[int, dict[str, str]]]:
    known = {name.casefold(): name for name in (*needed, *more)}
    heads = [known.get(head.casefold(), "") for head in table.heads]
    missing = [name for name in needed if name not in heads]
    if missing:
        raise Refused(f"The file has no column {', '.join(missing)}.", code="table", hint=f"It has {', '.join(table.heads)}.")
    twice = {name for name in heads if name and heads.count(name) > 1}
    if twice:
        raise Refused(f"The file has two columns {', '.join(sorted(twice))}.", code="table")
    empty = dict.fromkeys(more, "")
    return [
        (number, empty | {head: text for head, text in zip(heads, cells, strict=True) if head}) for number, cells in table.rows
    ]


def _wanted(number: int, row: Mapping[str, str]) -> Wanted:
    where = f"Row {number}: "
    terms = Terms(
        code=row[CODE],
        name=row["Offer"],
        cycle=row["Billing cycle"].casefold(),
        term_months=_whole(row, "Term in months", where, 0),
        cancel_days=_whole(row, "Days to cancel", where, 0),
        unit=row["Unit"] or "licence",
        minimum=_whole(row, "Minimum", where, 1),
        maximum=_whole(row, "Maximum", where, None),
        trial=_yes(row["Trial"], where),
        metered=bool(row["Meter"]),
        meter=row["Meter"],
        services=tuple(filter(None, (one.strip() for one in row["Services"].split(",")))),
        mode=row["Mode"],
    )
    try:
        product = Described(row["Product"], row["Category"], row["Product group"]).checked()
    except Refused as refusal:
        raise Refused(where + refusal.text, code=refusal.code) from None
    return Wanted(number, " ".join(row["Vendor"].split()), product, terms.checked(where), " ".join(row["Add-on of"].split()))


def _whole(row: Mapping[str, str], name: str, where: str, empty: int | None) -> int:
    text = row[name]
    if not text:
        return empty  # type: ignore[return-value]  # None is what the maximum may be
    if not (text.isascii() and text.isdecimal() and len(text) <= 10):
        raise Refused(f"{where}{name}: “{text[:40]}” is no whole number.", code="number")
    return int(text)


def _yes(text: str, where: str) -> bool:
    found = {"": False, "no": False, "false": False, "0": False, "yes": True, "true": True, "1": True}.get(text.casefold())
    if found is None:
        raise Refused(f"{where}Trial: “{text[:40]}” is neither yes nor no.", code="table")
    return found


@dataclass(frozen=True)
class _Held:
    """The catalog as it is, by the names that a file has."""

    vendors: Mapping[str, Vendor]
    products: Mapping[tuple[str, str], Product]
    offers: Mapping[str, Offer]

    def product(self, vendor: str, name: str) -> Product | None:
        return self.products.get((vendor, name))


def _held(wanted: Sequence[Wanted]) -> _Held:
    rows = products.products()
    return _Held(
        {one.name: one for one in products.vendors()},
        {(one.vendor.name, one.name): one for one in rows},
        offers.of_codes([one.terms.code for one in wanted]),
    )


def preview(wanted: Sequence[Wanted]) -> Preview:
    """In the provider's seat: what the file would change. Raises Refused for a vendor that is not there, and for an add-on of
    a product that is neither there nor in the file.
    """
    held = _held(wanted)
    named = {(one.vendor, one.product.name) for one in wanted}
    for one in wanted:
        if one.vendor not in held.vendors:
            raise Refused(f"Row {one.row}: there is no vendor “{one.vendor[:60]}”.", code="vendor", hint="Add it first.")
        at = (one.vendor, one.addon_of)
        row = held.offers.get(one.terms.code)
        if row is not None and (row.product.vendor.name, row.product.name) != (one.vendor, one.product.name):
            text = f"Row {one.row}: {one.terms.code} is an offer of {row.product.name}; an offer stays with its product."
            raise Refused(text, code="product")
        if one.addon_of and at not in held.products and at not in named:
            raise Refused(f"Row {one.row}: {one.vendor} has no product “{one.addon_of[:60]}” to add to.", code="addon")
    changes = tuple(_change(one, held) for one in wanted)
    new_products = sorted({f"{vendor}: {name}" for vendor, name in named if (vendor, name) not in held.products})
    # without the row's number: a file that comes back as text has no empty lines
    bound = [[digest.plain(replace(one.wanted, row=0)), one.what, list(one.differences)] for one in changes]
    return Preview(changes, tuple(new_products), digest.of([bound, new_products]))


def _change(one: Wanted, held: _Held) -> Change:
    row = held.offers.get(one.terms.code)
    after = _texts(one)
    if row is None:
        return Change(one, "new", tuple((name, "", text) for name, text in after.items() if text))
    before = _texts_of(row)
    differ = tuple((name, before[name], text) for name, text in after.items() if before[name] != text)
    return Change(one, "changed" if differ else "same", differ)


def _texts(one: Wanted) -> dict[str, str]:
    return _told(one.vendor, one.product, one.terms, one.addon_of)


def _texts_of(row: Offer) -> dict[str, str]:
    product = row.product
    said = Described(product.name, product.category, product.group)
    return _told(product.vendor.name, said, offers.of_row(row), row.addon_of.name if row.addon_of else "")


def _told(vendor: str, product: Described, terms: Terms, addon_of: str) -> dict[str, str]:
    """The row of a file that would say this. A file and the catalog are compared in these words."""
    values = (
        vendor, product.name, product.category, product.group, terms.code, terms.name, terms.cycle, str(terms.term_months),
        str(terms.cancel_days), terms.unit, str(terms.minimum), "" if terms.maximum is None else str(terms.maximum), addon_of,
        "yes" if terms.trial else "", terms.meter, ", ".join(terms.services), terms.mode,
    )  # fmt: skip
    return dict(zip(COLUMNS, values, strict=True))


@transaction.atomic
def apply(actor: Actor, wanted: Sequence[Wanted], *, digest: str, now: datetime) -> Preview:
    """In the provider's seat: write what was shown, all of it or nothing; an offer that the file does not name stays as it is.

    Raises as `preview` does, and Refused(code="changed") where it would now change something else.
    """
    shown = preview(wanted)
    if shown.digest != digest:
        raise Refused("The file would now change something else than was shown.", code="changed", hint="Look at it again.")
    held = _held(wanted)
    there = dict(held.products)
    for one in wanted:
        at = (one.vendor, one.product.name)
        if at not in there:
            there[at] = products.make_product(actor, held.vendors[one.vendor].pk, one.product, now=now)
    for change in shown.changes:
        _apply(actor, change, held, there, now)
    return shown


def _apply(actor: Actor, change: Change, held: _Held, there: Mapping[tuple[str, str], Product], now: datetime) -> None:
    one = change.wanted
    product = there[one.vendor, one.product.name]
    row = held.offers.get(one.terms.code)
    base = there[one.vendor, one.addon_of].pk if one.addon_of else None
    if row is None:
        offers.make(actor, product.pk, _with(one.terms, base, {}), now=now)
        return
    if change.what == "same":
        return
    said = Described(product.name, one.product.category, one.product.group, product.description)
    if (product.category, product.group) != (said.category, said.group):
        fresh = products.product(product.pk)  # an offer before this one may have changed it
        if (fresh.category, fresh.group) != (said.category, said.group):
            products.change_product(actor, product.pk, said, version=fresh.version, now=now)
    terms = _with(one.terms, base, offers.of_row(row).further)
    if offers.told(terms) != offers.told(offers.of_row(row)):
        offers.change(actor, row.pk, terms, version=row.version, now=now)


def _with(terms: Terms, base: UUID | None, further: Mapping[str, object]) -> Terms:
    return replace(terms, addon_of=base, further=dict(further))
