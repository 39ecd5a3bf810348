"""Their JSON and our values. Pure, and strict: a row that is not as documented raises Malformed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Generic, TypeVar

from purser.connectors.ports.psa import Account, Agreement, BillingPeriod

LARGEST = 2_147_483_647
_LONGEST_TEXT = 10_000
_PERIODS: dict[str, BillingPeriod] = {
    "monthly": "month", "month": "month", "quarterly": "quarter", "quarter": "quarter",
    "semi-annual": "half_year", "semi-annually": "half_year", "semiannually": "half_year",
    "half-yearly": "half_year", "annual": "year", "annually": "year", "yearly": "year",
}  # fmt: skip

T = TypeVar("T")


class Malformed(ValueError):
    """A row is not what the documentation says; the text names the field."""


@dataclass(frozen=True)
class Addition:
    """One line of an agreement: `quantity` units from `starts_on` up to, not including, `ends_on`.

    `quantity` is the whole count, the one that must equal the marketplace's. What is billed is quantity less
    `less_included`, and nothing at all where `billing` is not "Billable"; the count stays the same.
    `serial` is the addition's serial number, where our mark is kept.
    """

    id: int
    product_id: int
    product: str
    name: str
    unit: str
    quantity: Decimal
    less_included: Decimal
    unit_price: Decimal | None
    unit_cost: Decimal | None
    billing: str
    taxable: bool | None
    starts_on: date
    ends_on: date | None
    serial: str
    invoice_text: str

    @property
    def live(self) -> bool:
        """Whether there is a day on which it counts."""
        return self.ends_on is None or self.starts_on < self.ends_on

    def runs_on(self, day: date) -> bool:
        return self.starts_on <= day and (self.ends_on is None or day < self.ends_on)


@dataclass(frozen=True)
class CatalogItem:
    id: int
    name: str
    price: Decimal | None
    cost: Decimal | None


@dataclass(frozen=True)
class Rows(Generic[T]):
    """The rows that could be read, by id; the others as they came, and what was wrong with them."""

    items: Mapping[int, T]
    faults: tuple[str, ...] = ()
    rejected: tuple[Any, ...] = ()


def read(rows: Iterable[Any], parse: Callable[[dict[str, Any]], tuple[int, T]], kind: str) -> Rows[T]:
    """Parse each row. Two rows of one id that differ are both left out: nobody knows which is true."""
    items: dict[int, T] = {}
    sources: dict[int, Any] = {}
    faults: list[str] = []
    rejected: list[Any] = []
    for row in rows:
        try:
            if not isinstance(row, dict):
                raise Malformed("is not an object")
            id, item = parse(row)
            if id in sources and items.get(id) != item:
                rejected.append(sources[id])
                items.pop(id, None)
                raise Malformed("came twice with different content")
        except Malformed as e:
            faults.append(f"{kind} {name_of(row)} {e}")
            rejected.append(row)
            continue
        sources[id], items[id] = row, item
    return Rows(items, tuple(faults), tuple(rejected))


def name_of(row: Any) -> str:
    """The id of a row that may be broken, for a message."""
    id = row.get("id") if isinstance(row, dict) else None
    return str(id)[:20] if isinstance(id, int | str) else "without id"


def account(row: dict[str, Any]) -> tuple[int, Account]:
    id = whole(row, "id")
    status = text(row, "status", "name")
    return id, Account(
        id=str(id),
        name=required(row, "name"),
        active=not flag(row, "deletedFlag", default=False) and not status.lower().startswith("inactive"),
        contact=text(row, "defaultContact", "name"),
        currency=text(row, "currency", "currencyCode"),
    )


def agreement(row: dict[str, Any]) -> tuple[int, tuple[Agreement, str]]:
    """An agreement without `renewed_by`, and the id of its parent ("" for none).

    It covers the days up to its end date and, once cancelled, those before the day of cancellation. Invoiced
    is everything before the next invoice's date.
    """
    id = whole(row, "id")
    ends = day(row, "endDate")
    if flag(row, "noEndingDateFlag", default=False):
        ends = None
    cancelled = flag(row, "cancelledFlag", default=False)
    cancelled_on = day(row, "dateCancelled") if cancelled else None
    if cancelled_on is not None:
        last = cancelled_on - timedelta(days=1)
        ends = last if ends is None else min(ends, last)
    starts = day(row, "startDate")
    next_invoice = day(row, "nextInvoiceDate")
    invoiced = next_invoice - timedelta(days=1) if next_invoice is not None else None
    if invoiced is not None and starts is not None and invoiced < starts:
        invoiced = None
    parent = row.get("parentAgreement")
    return id, (
        Agreement(
            id=str(id),
            account_id=str(whole(reference(row, "company"), "id", within="company")),
            name=required(row, "name"),
            starts_on=starts,
            ends_on=ends,
            active=required(row, "agreementStatus") == "Active" and not cancelled,
            prorates=flag(row, "prorateFlag"),
            currency=text(row, "currency", "currencyCode"),
            billing_period=_PERIODS.get(text(row, "billingCycle", "name").strip().lower()),
            invoiced_through=invoiced,
        ),
        "" if parent is None else str(whole(reference(row, "parentAgreement"), "id", within="parentAgreement")),
    )


def addition(row: dict[str, Any]) -> tuple[int, Addition]:
    product = reference(row, "product")
    starts = day(row, "effectiveDate")
    if starts is None:
        raise Malformed("has no effectiveDate")
    id = whole(row, "id")
    taxable = row.get("taxableFlag")
    return id, Addition(
        id=id,
        product_id=whole(product, "id", within="product"),
        product=text(product, "identifier"),
        name=text(row, "description"),
        unit=text(row, "uom"),
        quantity=number(row, "quantity"),
        less_included=optional_number(row, "lessIncluded") or Decimal(0),
        unit_price=optional_number(row, "unitPrice"),
        unit_cost=optional_number(row, "unitCost"),
        billing=required(row, "billCustomer"),
        taxable=None if taxable is None else flag(row, "taxableFlag"),
        starts_on=starts,
        ends_on=day(row, "cancelledDate"),
        serial=text(row, "serialNumber"),
        invoice_text=text(row, "invoiceDescription"),
    )


def addition_of(agreement_id: int) -> Callable[[dict[str, Any]], tuple[int, Addition]]:
    """Reads the additions of one agreement: a row that names another does not belong there."""

    def parse(row: dict[str, Any]) -> tuple[int, Addition]:
        if row.get("agreementId") not in (None, agreement_id):
            raise Malformed("names another agreement")
        return addition(row)

    return parse


def product_of(row: Any) -> int | None:
    """The product of an addition that may be broken elsewhere; None when not even that can be read."""
    try:
        return whole(reference(row, "product"), "id") if isinstance(row, dict) else None
    except Malformed:
        return None


def catalog_item(row: dict[str, Any]) -> tuple[int, CatalogItem]:
    id = whole(row, "id")
    name = text(row, "description") or text(row, "identifier")
    return id, CatalogItem(id, name, optional_number(row, "price"), optional_number(row, "cost"))


def stamp(on: date) -> str:
    return f"{on.isoformat()}T00:00:00Z"


# Fields


def reference(row: dict[str, Any], name: str) -> dict[str, Any]:
    value = row.get(name)
    if not isinstance(value, dict):
        raise Malformed(f"has no {name}")
    return value


def whole(row: dict[str, Any], name: str, *, within: str = "") -> int:
    value = row.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= LARGEST:
        raise Malformed(f"has no usable {within + '/' if within else ''}{name}")
    return value


def text(row: dict[str, Any], *path: str) -> str:
    """The text at `path`, "" where it or a part before it is absent or null."""
    value: Any = row
    for part in path:
        if not isinstance(value, dict):
            raise Malformed(f"has a {'/'.join(path)} of the wrong type")
        value = value.get(part)
        if value is None:
            return ""
    if not isinstance(value, str):
        raise Malformed(f"has a {'/'.join(path)} that is not text")
    if len(value) > _LONGEST_TEXT:
        raise Malformed(f"has a {'/'.join(path)} of {len(value)} characters")
    return value


def required(row: dict[str, Any], name: str) -> str:
    value = text(row, name)
    if not value:
        raise Malformed(f"has no {name}")
    return value


def number(row: dict[str, Any], name: str) -> Decimal:
    value = row.get(name)
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise Malformed(f"has no usable {name}")
    if not -LARGEST <= value <= LARGEST:
        raise Malformed(f"has a {name} beyond {LARGEST}")
    exact = Decimal(value)
    # 8.0 and 8 are one count; a plan made of either has to look the same
    return Decimal(int(exact)) if exact == exact.to_integral_value() else exact.normalize()


def optional_number(row: dict[str, Any], name: str) -> Decimal | None:
    return None if row.get(name) is None else number(row, name)


def flag(row: dict[str, Any], name: str, *, default: bool | None = None) -> bool:
    value = row.get(name)
    if value is None and default is not None:
        return default
    if not isinstance(value, bool):
        raise Malformed(f"has no usable {name}")
    return value


def day(row: dict[str, Any], name: str) -> date | None:
    """The day of a date or of a moment (in UTC, as ConnectWise keeps dates); None where there is none."""
    value = text(row, name)
    if not value:
        return None
    try:
        at = datetime.fromisoformat(value)
        found = (at.astimezone(UTC) if at.tzinfo else at).date()
    except (ValueError, OverflowError):
        raise Malformed(f"has a {name} that is no date") from None
    if not 1900 <= found.year < 3000:
        raise Malformed(f"has a {name} in the year {found.year}")
    return found
