"""Books to test with: a partner's own, and short words for what is posted in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connections

from purser.ledger import balances, entries
from purser.ledger.chart import DSU
from purser.ledger.entries import Draft, Leg
from purser.ledger.models import Entry
from purser.postgres import tenancy
from tests import make

ON = date(2026, 7, 11)


def draft(source: str, *legs: tuple[str, str, str], on: date = ON, of: UUID | None = None, kind: str = "test") -> Draft:
    """Legs are (account, unit, amount)."""
    return Draft(kind, on, source, [Leg(name, of, unit, Decimal(amount)) for name, unit, amount in legs])


def post(source: str, *legs: tuple[str, str, str], on: date = ON, of: UUID | None = None) -> Entry:
    (id,) = entries.post_all([draft(source, *legs, on=on, of=of)], now=make.NOON)
    return Entry.objects.get(pk=id)


def charge(units: int, *, source: str = "charge", on: date = ON) -> Entry:
    return post(source, ("balance", DSU, str(-units)), ("used", DSU, str(units)), on=on)


def package(units: int, *, source: str = "package", on: date = ON) -> Entry:
    return post(source, ("balance", DSU, str(units)), ("sold", DSU, str(-units)), on=on)


def held(as_of: date | None = None) -> Decimal:
    return balances.balance(account="balance", of=None, unit=DSU, as_of=as_of)


def at_once(tenant: UUID, calls: Iterable[Callable[[], Any]]) -> list[Any]:
    """Each call in a transaction of its own, all at the same time; what each gave or raised."""

    def seated(call: Callable[[], Any]) -> Callable[[], Any]:
        def run() -> Any:
            with tenancy.acting_in(tenant):
                return call()

        return run

    return without_seat(map(seated, calls))


def without_seat(calls: Iterable[Callable[[], Any]]) -> list[Any]:
    """Each call at the same time, in seats that it takes itself; what each gave or raised."""

    def run(call: Callable[[], Any]) -> Any:
        try:
            return call()
        except Exception as raised:
            return raised
        finally:
            connections.close_all()

    calls = list(calls)
    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))
