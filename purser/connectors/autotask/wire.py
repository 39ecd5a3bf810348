"""Autotask's JSON as our values. Pure; what is not as it must be raises Malformed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Literal

from purser.connectors.autotask import fields
from purser.connectors.autotask.fields import Malformed
from purser.connectors.ports.psa import Account, Agreement, BillingPeriod, Segment

INT32 = 2**31
_DAY = timedelta(days=1)
_PERIODS: dict[str, BillingPeriod] = {
    "monthly": "month",
    "quarterly": "quarter",
    "semiannual": "half_year",
    "semiannually": "half_year",
    "halfyearly": "half_year",
    "yearly": "year",
    "annual": "year",
    "annually": "year",
}
_IN_EFFECT = ("in effect", "active")


@dataclass(frozen=True)
class Kind:
    """Services and bundles of a contract run on the same calls under other names."""

    word: Literal["service", "bundle"]
    lines: str
    units: str
    things: str
    adjustments: str
    line_id: str
    thing_id: str


SERVICE = Kind(
    "service",
    "ContractServices",
    "ContractServiceUnits",
    "Services",
    "ServiceAdjustments",
    "contractServiceID",
    "serviceID",
)
BUNDLE = Kind(
    "bundle",
    "ContractServiceBundles",
    "ContractServiceBundleUnits",
    "ServiceBundles",
    "ServiceBundleAdjustments",
    "contractServiceBundleID",
    "serviceBundleID",
)
KINDS = (SERVICE, BUNDLE)

THING_FIELDS = ("id", "name", "unitPrice", "unitCost", "periodType")
ACCOUNT_FIELDS = ("id", "companyName", "isActive")
AGREEMENT_FIELDS = (
    "id",
    "companyID",
    "contractName",
    "contractNumber",
    "contractType",
    "contractPeriodType",
    "status",
    "startDate",
    "endDate",
    "renewedContractID",
)


def unit_fields(kind: Kind) -> tuple[str, ...]:
    return ("id", kind.line_id, "units", "startDate", "endDate", "approveAndPostDate")


# Answers


def page(payload: Any) -> tuple[list[Any], str | None]:
    """The rows of a page, and the address of the next one (None after the last)."""
    items, details = fields.part(payload, "items", list), fields.part(payload, "pageDetails", dict)
    following = fields.need(details, "nextPageUrl")
    if following is not None and not (isinstance(following, str) and following):
        raise Malformed("nextPageUrl is neither an address nor null")
    if details.get("count", len(items)) != len(items):
        raise Malformed(f"the page holds {len(items)} rows and says another count")
    return items, following


def item(payload: Any) -> dict[str, Any] | None:
    """The one row asked for by id, None when Autotask has none."""
    found = fields.need(payload, "item") if isinstance(payload, dict) else None
    if not isinstance(payload, dict) or not (found is None or isinstance(found, dict)):
        raise Malformed("item is neither an object nor null")
    return found


def counted(payload: Any) -> int:
    if not isinstance(payload, dict):
        raise Malformed("it is not an object")
    return fields.number(payload, "queryCount", low=0)


def created(payload: Any) -> str:
    """The id in the answer to a POST; an adjustment has none and gives an empty text."""
    found = fields.need(payload, "itemId") if isinstance(payload, dict) else ""
    if found is None:
        return ""
    if not isinstance(found, int) or isinstance(found, bool):
        raise Malformed("itemId is neither a number nor null")
    return str(found)


def errors(payload: Any) -> tuple[str, ...]:
    """The texts of Autotask's error body, none when it is not one."""
    found = payload.get("errors") if isinstance(payload, dict) else None
    return tuple(t for t in found if isinstance(t, str) and t.strip()) if isinstance(found, list) else ()


def restricted(payload: Any) -> bool:
    """Whether the API user's security level hides rows of an entity: 0 is none, 1 all, 2 some."""
    return fields.need(fields.part(payload, "info", dict), "userAccessForQuery") in (
        0,
        2,
        "None",
        "Restricted",
    )


def picklists(payload: Any) -> dict[str, dict[int, str]]:
    """Field name to value to label. Values are texts here and numbers in rows."""
    found: dict[str, dict[int, str]] = {}
    for field in fields.part(payload, "fields", list):
        if not isinstance(field, dict) or field.get("isPickList") is not True:
            continue
        values = found.setdefault(fields.text(field, "name"), {})
        for value in fields.part(field, "picklistValues", list):
            if not isinstance(value, dict):
                raise Malformed("a picklist value is not an object")
            number = fields.text(value, "value")
            if number.lstrip("-").isdecimal() and number.isascii() and len(number) < 12:
                values[int(number)] = fields.text(value, "label")
    return found


@dataclass(frozen=True)
class Words:
    """The numbers that stand for what we ask of a contract, as this database has them."""

    recurring: int
    in_effect: frozenset[int]
    periods: Mapping[int, BillingPeriod]


def words(lists: Mapping[str, Mapping[int, str]]) -> Words:
    """Raises Malformed when the picklists lack what every database must have."""
    recurring = [n for n, label in lists.get("contractType", {}).items() if label.strip().casefold() == "recurring service"]
    in_effect = [n for n, label in lists.get("status", {}).items() if label.strip().casefold() in _IN_EFFECT]
    if len(recurring) != 1 or not in_effect:
        raise Malformed(
            f"the picklists of Contracts have {len(recurring)} contract types 'Recurring Service' and "
            f"{len(in_effect)} statuses 'In Effect' or 'Active'"
        )
    return Words(recurring[0], frozenset(in_effect), billing_periods(lists.get("contractPeriodType", {})))


def billing_periods(labels: Mapping[int, str]) -> dict[int, BillingPeriod]:
    known = {n: _PERIODS.get("".join(c for c in label.casefold() if c.isalpha())) for n, label in labels.items()}
    return {n: period for n, period in known.items() if period is not None}


# Rows


def account(row: Mapping[str, Any]) -> Account:
    return Account(str(fields.identity(row)), fields.text(row, "companyName"), active=fields.flag(row, "isActive"))


def agreement(row: Mapping[str, Any], words: Words) -> Agreement:
    """`renewed_by` holds the linked contract; which of the two follows the other, `rows.succession` says."""
    starts_on, ends_on = fields.day_or_none(row, "startDate"), fields.day_or_none(row, "endDate")
    if starts_on and ends_on and ends_on < starts_on:
        raise Malformed(f"endDate {ends_on} is before startDate {starts_on}")
    period, renewed = (
        fields.number_or_none(row, "contractPeriodType"),
        fields.number_or_none(row, "renewedContractID"),
    )
    return Agreement(
        id=str(fields.identity(row)),
        account_id=str(fields.number(row, "companyID", low=0)),
        name=fields.text(row, "contractName"),
        starts_on=starts_on,
        ends_on=ends_on,
        active=fields.number(row, "status") in words.in_effect,
        number=fields.text(row, "contractNumber"),
        takes_services=fields.number(row, "contractType") == words.recurring,
        billing_period=None if period is None else words.periods.get(period),
        renewed_by="" if renewed is None else str(renewed),
    )


@dataclass(frozen=True)
class Line:
    """A service or bundle on a contract; the count is not here but in its unit rows."""

    id: int
    contract_id: int
    thing_id: int
    text: str
    price: Decimal | None
    cost: Decimal | None


def line(row: Mapping[str, Any], kind: Kind) -> Line:
    adjusted, usual = fields.amount(row, "adjustedPrice"), fields.amount(row, "unitPrice")
    return Line(
        id=fields.identity(row),
        contract_id=fields.number(row, "contractID", low=0),
        thing_id=fields.number(row, kind.thing_id, low=0),
        text=fields.text(row, "invoiceDescription") if "invoiceDescription" in row else "",
        price=usual if adjusted is None else adjusted,
        cost=fields.amount(row, "unitCost"),
    )


@dataclass(frozen=True)
class Thing:
    """A service or bundle of the catalogue."""

    id: int
    name: str
    price: Decimal | None
    cost: Decimal | None
    period: int | None


def thing(row: Mapping[str, Any]) -> Thing:
    return Thing(
        id=fields.identity(row),
        name=fields.text(row, "name"),
        price=fields.amount(row, "unitPrice"),
        cost=fields.amount(row, "unitCost"),
        period=fields.number_or_none(row, "periodType"),
    )


@dataclass(frozen=True)
class UnitRow:
    """Units of a line from `first` to `last`, both included."""

    id: int
    line_id: int
    first: date
    last: date
    units: int
    posted: bool


def unit_row(row: Mapping[str, Any], kind: Kind) -> UnitRow:
    first, last = fields.day(row, "startDate"), fields.day(row, "endDate")
    if last < first:
        raise Malformed(f"endDate {last} is before startDate {first}")
    return UnitRow(
        id=fields.identity(row),
        line_id=line_id(row, kind),
        first=first,
        last=last,
        units=fields.number(row, "units", low=-INT32, high=INT32),
        posted=fields.day_or_none(row, "approveAndPostDate") is not None,
    )


def line_id(row: Mapping[str, Any], kind: Kind) -> int:
    return fields.number(row, kind.line_id, low=0)


def segments(rows: Sequence[UnitRow]) -> tuple[Segment, ...]:
    """Unit rows in order of date. A row may end on the very day the next begins: the next one counts for it.

    Prices stay empty: a row's price is the amount for all its units and days, not that of one unit.
    Raises Malformed for rows that overlap further.
    """
    ordered = sorted(rows, key=lambda r: (r.first, r.last))
    found = []
    for place, row in enumerate(ordered):
        following = ordered[place + 1].first if place + 1 < len(ordered) else None
        ends_on = row.last + _DAY if row.last < date.max else None
        if following is not None and following <= row.last:
            if following != row.last or following == row.first:
                raise Malformed(f"the units from {row.first} to {row.last} overlap those from {following}")
            ends_on = following
        found.append(Segment(row.first, ends_on, Decimal(row.units), invoiced=row.posted))
    return tuple(found)
