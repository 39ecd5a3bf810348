"""What these pages share."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from django.http import HttpRequest, QueryDict
from django.utils import timezone
from django.utils.dateparse import parse_date

from purser.access.actors import Actor
from purser.catalog import exact
from purser.catalog.goods import Good
from purser.catalog.price_lists import Row
from purser.connectors.ports.rows import Rows, check_size
from purser.flows import ports
from purser.kernel.errors import Missing, Refused
from purser.postgres import tenancy
from purser.tenants import organisations


def today(actor: Actor) -> date:
    """The date it is for the organisation. Takes its seat."""
    with tenancy.acting_in(actor.tenant):
        return organisations.today(organisation=organisations.own(), now=timezone.now())


def day(text: str) -> date | None:
    """A day of a form; None where it is empty. Raises Refused."""
    if not text:
        return None
    try:
        found = parse_date(text)
    except ValueError:
        found = None
    if found is None:
        raise Refused(f"“{text[:40]}” is no date.", code="from", hint="Write it as 2026-01-31.")
    return found


def whole(text: str, what: str) -> int:
    """A number that a form carries. Raises Refused."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise Refused(f"The {what} is missing.", code="changed", hint="Reload the page.")
    return int(text)


def id_of(text: str, what: str) -> UUID:
    """An id of the address. Raises Missing."""
    try:
        return UUID(text)
    except ValueError:
        raise Missing(f"There is no such {what}.") from None


def file_of(request: HttpRequest, name: str = "file") -> Rows | None:
    """The rows of the file that was sent; None without one. Raises Refused."""
    sent: Any = request.FILES.get(name)
    if sent is None:
        return None
    check_size(sent.size)
    return ports.rows(sent.read())


def cells(sent: QueryDict, *, most: int) -> dict[UUID, str]:
    """The prices of a table as they were typed, by offer; without the empty ones."""
    pairs = zip(sent.getlist("offer"), sent.getlist("price"), strict=False)
    return {id_of(offer, "offer"): price.strip() for offer, price in list(pairs)[: most + 1] if price.strip()}


def rows(typed: Mapping[UUID, str], known: Mapping[UUID, Good]) -> list[Row]:
    """The same read as amounts. Raises Refused that names the row."""
    found: list[Row] = []
    for number, (offer, text) in enumerate(typed.items(), start=1):
        good = known.get(offer)
        found.append(Row(offer, exact.read(text, f"Row {number}, {good.code}" if good else f"Row {number}")))
    return found
