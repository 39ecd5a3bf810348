"""The Marketplace API's JSON to our values. Pure, and strict: a row is read as a whole or raises `Malformed`.

Nothing is guessed where a guess could change a count: a detail without its list of products is not an empty
subscription, two lines of one product are not added up, and a line of a 21.x server without its id is not
renamed to its mpn. What is only shown to people (contact, dates of a pending subscription) may be absent.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal, TypeAlias

from purser.connectors.ports.marketplace import Customer, Line, Product, Subscription, SubscriptionStatus
from purser.kernel.errors import Busy

Version: TypeAlias = Literal["1.1", "21"]
Row: TypeAlias = Mapping[str, Any]

_NUMBER = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,6})?\Z")
_CURRENCY = re.compile(r"[A-Z]{3}\Z")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?\Z")
_STATUSES: Mapping[str, SubscriptionStatus] = {
    "pending": "pending",
    "active": "active",
    "hold": "hold",
    "terminated": "terminated",
    "removed": "removed",
}

DAY_IS_OVER = timedelta(hours=36)
"""This long after it began in UTC, a calendar day has ended everywhere: the last place is 12 hours behind."""


class Malformed(Busy):
    """The answer is not what the interface documents, and nothing is concluded from it."""

    def __init__(self, text: str) -> None:
        hint = "If it stays so, ask the marketplace's support whether its interface has changed."
        super().__init__(text, code="malformed", hint=hint)


@dataclass(frozen=True)
class Page:
    """One page of a list. `total` is None where the server announces none."""

    rows: tuple[Any, ...]
    total: int | None


def page(body: Any, *, offset: int) -> Page:
    """A list's answer `{"data": [...], "pagination": {"offset", "limit", "total"}}`.

    A page that says it starts elsewhere than at `offset` is not the one asked for.
    """
    answer = _object(body, "the answer")
    rows = answer.get("data")
    if not isinstance(rows, list):
        raise Malformed(f"The list holds {_kind(rows)} where its rows should be.")
    if answer.get("pagination") is None:
        return Page(tuple(rows), None)
    pagination = _object(answer["pagination"], "pagination")
    total = _count(pagination, "total")
    if pagination.get("offset") is not None and _count(pagination, "offset") != offset:
        raise Malformed(f"Asked for the rows from {offset}, was given those from {pagination['offset']}.")
    return Page(tuple(rows), total)


@dataclass(frozen=True)
class Token:
    value: str
    lasts: timedelta

    def __repr__(self) -> str:
        return f"Token(lasts={self.lasts})"


def token(body: Any, *, version: Version) -> Token:
    names = ("token", "expiresInSeconds") if version == "1.1" else ("access_token", "expires_in")
    answer = _object(body, "the answer to the sign-in")
    value = answer.get(names[0])
    if not isinstance(value, str) or not re.fullmatch(r"[\x21-\x7e]{1,16384}", value):
        raise Malformed(f"The answer to the sign-in has no usable {names[0]}.")
    seconds = _count(answer, names[1])
    if not 1 <= seconds <= 30 * 86400:
        raise Malformed(f"The token is said to be good for {seconds} seconds; expected 1 second to 30 days.")
    return Token(value, timedelta(seconds=seconds))


def row_id(row: Any, *, name: str = "id") -> str:
    """What to call a row in a message, however malformed it is."""
    value = row.get(name) if isinstance(row, dict) else None
    return _shown(value) if isinstance(value, str | int) else "without an id"


def customer(row: Any) -> Customer:
    """A customer of 1.1 (`contactPersons`: the administrator, or else the first) or of 21.x (`contact`)."""
    fields = _object(row, "the customer")
    people = fields.get("contactPersons")
    if people is None:
        people = [fields["contact"]] if fields.get("contact") is not None else []
    if not isinstance(people, list):
        raise Malformed(f"contactPersons is {_kind(people)}.")
    contacts = [_object(p, "a contact person") for p in people]
    contact = next((p for p in contacts if p.get("type") == "admin"), contacts[0] if contacts else {})
    name = f"{_text(contact, 'firstName', default='')} {_text(contact, 'lastName', default='')}".strip()
    return Customer(
        id=_text(fields, "id"),
        name=_text(fields, "name"),
        status=_text(fields, "status", default=""),
        external_id=_text(fields, "externalId", default=""),
        contact_name=name,
        contact_email=_text(contact, "email", default=""),
    )


def product(row: Any) -> Product:
    """Usage-based is what has an overuse price and no recurring one. Source: acceptance ID-62."""
    fields = _object(row, "the product")
    prices = fields.get("prices") or []
    if not isinstance(prices, list):
        raise Malformed(f"prices is {_kind(prices)}.")
    kinds = {_text(_object(p, "a price"), "type", default="") for p in prices}
    return Product(
        mpn=_text(fields, "mpn"),
        name=_text(fields, "name"),
        service_name=_text(fields, "serviceName", default=""),
        usage_based="overuse" in kinds and "recurring" not in kinds,
    )


def subscription(row: Any, *, version: Version, now: datetime, detail: bool = False) -> Subscription:
    """A row of the list, or with `detail` the answer for one subscription, whose lines must be there.

    `modified_at` is None where it cannot show every change: the 1.1 interface gives a date without a time,
    and a date does not show a second change on the same day until that day is over everywhere.
    """
    fields = _object(row, "the subscription")
    status = _text(fields, "status")
    if detail and "products" not in fields:
        raise Malformed("The detail has no products.")
    if status not in _STATUSES:
        raise Malformed(f"status is {_shown(status)}; known are {', '.join(_STATUSES)}.")
    return Subscription(
        id=_text(fields, "id"),
        customer_id=_text(fields, "customerId"),
        status=_STATUSES[status],
        created_on=_date(fields, "creationDate"),
        renewal_on=_date(fields, "renewalDate"),
        modified_at=_modified(fields, now),
        auto_renews=_flag(fields, "renewalStatus"),
        name=_text(fields, "name", default=""),
        billing_period=_period(fields.get("billingPeriod")),
        lines=_lines(fields["products"], version) if "products" in fields else None,
    )


def _lines(rows: Any, version: Version) -> tuple[Line, ...]:
    if not isinstance(rows, list):
        raise Malformed(f"products is {_kind(rows)}.")
    lines = tuple(_line(r, version) for r in rows)
    ids = [line.resource_id for line in lines]
    twice = next((i for i in ids if ids.count(i) > 1), None)
    if twice is not None:
        raise Malformed(f"{len(ids)} lines, and more than one of them is {_shown(twice)}.")
    return lines


def _line(row: Any, version: Version) -> Line:
    """`unit_cost` is left out where its currency is not that of the price: a line has one currency."""
    fields = _object(row, "a line")
    mpn = _text(fields, "mpn")
    quantity = _decimal(fields.get("quantity"), f"quantity of {_shown(mpn)}")
    if quantity < 0:
        raise Malformed(f"quantity of {_shown(mpn)} is {quantity}.")
    price = _money(fields.get("unitPrice"), "unitPrice")
    cost = _money(fields.get("unitCost"), "unitCost") if version == "21" else None
    currency = price[1] if price else cost[1] if cost else ""
    return Line(
        resource_id=_text(fields, "id") if version == "21" else mpn,
        mpn=mpn,
        quantity=quantity,
        unit_price=price[0] if price else None,
        currency=currency,
        name=_text(fields, "name", default=""),
        unit_cost=cost[0] if cost and cost[1] == currency else None,
    )


def _object(value: Any, what: str) -> Row:
    if not isinstance(value, dict):
        raise Malformed(f"{what[:1].upper()}{what[1:]} is {_kind(value)}.")
    return value


def _text(fields: Row, name: str, *, default: str | None = None) -> str:
    """At most 500 characters, none of them a control character; with a default it may be null or absent."""
    value = fields.get(name)
    if value is None and default is not None:
        return default
    if not isinstance(value, str):
        raise Malformed(f"{name} is {_kind(value)}.")
    if len(value) > 500:
        raise Malformed(f"{name} has {len(value)} characters; at most 500 are read.")
    if any(unicodedata.category(c) in ("Cc", "Cs") for c in value):
        raise Malformed(f"{name} holds control characters: {_shown(value)}.")
    if not value.strip() and default is None:
        raise Malformed(f"{name} is empty.")
    return value.strip()


def _count(fields: Row, name: str) -> int:
    """A whole number from 0, also when written as 10.0 (the interface documents `number`)."""
    value = _decimal(fields.get(name), name)
    if value < 0 or value != int(value):
        raise Malformed(f"{name} is {value}.")
    return int(value)


def _decimal(value: Any, what: str) -> Decimal:
    """A number or a string of up to twelve digits and six decimals, exactly as written. Source: P12."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise Malformed(f"{what} is {_kind(value)}.")
    if not _NUMBER.match(str(value)):
        raise Malformed(f"{what} is {_shown(value)}; at most 12 digits and 6 decimals are read.")
    return Decimal(value)


def _money(value: Any, what: str) -> tuple[Decimal, str] | None:
    if value is None:
        return None
    fields = _object(value, what)
    currency = fields.get("currency")
    if not isinstance(currency, str) or not _CURRENCY.match(currency):
        raise Malformed(f"currency of {what} is {_shown(currency)}.")
    return _decimal(fields.get("amount"), f"amount of {what}"), currency


def _flag(fields: Row, name: str) -> bool:
    value = fields.get(name)
    if value is not None and not isinstance(value, bool):
        raise Malformed(f"{name} is {_kind(value)}.")
    return value is True


def _date(fields: Row, name: str) -> date | None:
    value = fields.get(name)
    if value is None:
        return None
    _instant(value, name)
    return date.fromisoformat(value[:10])  # the day as written, in whatever zone the marketplace keeps


def _modified(fields: Row, now: datetime) -> datetime | None:
    value = fields.get("lastModifiedDate")
    if value is None:
        return None
    at = _instant(value, "lastModifiedDate")
    fine = not _DATE.match(value)
    return at if fine or now - at >= DAY_IS_OVER else None


def _instant(value: Any, name: str) -> datetime:
    """A date, or a date and time (UTC where it names no zone)."""
    if not isinstance(value, str) or not (_DATE.match(value) or _TIME.match(value)):
        raise Malformed(f"{name} is {_shown(value)}.")
    try:
        at = datetime.fromisoformat(value)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError) as e:
        raise Malformed(f"{name} is {_shown(value)}.") from e


def _period(value: Any) -> str:
    """`month`, `3 months`; empty where the server gives none or calls it unknown."""
    if value is None:
        return ""
    fields = _object(value, "billingPeriod")
    kind, length = _text(fields, "type", default=""), _count(fields, "duration")
    if kind in ("", "unknown"):
        return ""
    return kind if length == 1 else f"{length} {kind}s"


def _kind(value: Any) -> str:
    names = {
        type(None): "missing or null",
        bool: "a boolean",
        str: "a string",
        list: "a list",
        dict: "an object",
    }
    return names.get(type(value), "a number")


def _shown(value: Any) -> str:
    """A vendor's value inside a message: short, and printable."""
    if not isinstance(value, str | int | Decimal):
        return _kind(value)
    text = ascii(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
