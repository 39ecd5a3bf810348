"""Who is acting, for one transaction: the seat, its database role and its one setting.

Two walls stand on this. The first is the application's: `TenantModel.objects` filters by the tenant of the seat and
raises `NoSeat` when there is none. The second is the database's: outside a seat the sign-in role has no right on tenant
tables, and inside one a policy compares each row with the setting (see walls.py). Each holds alone.

Settings are transaction-local (SET LOCAL), so a pooled connection carries nothing over; a seat opens the transaction
itself and a second, different seat inside it raises, because a released savepoint would keep the inner tenant.
Source: architecture, Tenancy; reliability section 2, R3 to R7.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from django.db import connection, transaction

SeatName = Literal["customer", "partner", "distributor", "operator", "person", "meter"]
SETTING: dict[SeatName, str] = {
    "customer": "purser.tenant",
    "partner": "purser.partner",
    "distributor": "purser.distributor",
    "operator": "purser.operator",
    "person": "purser.person",
    "meter": "purser.meter",
}


class NoSeat(RuntimeError):
    """Tenant rows were asked for and nobody has said for whom. A defect, never shown as a result."""


class SecondSeat(RuntimeError):
    """A different seat was taken inside the transaction of another. A defect."""


@dataclass(frozen=True)
class Seat:
    name: SeatName
    value: str

    @property
    def tenant(self) -> UUID | None:
        return UUID(self.value) if self.name == "customer" else None


_seat: ContextVar[Seat | None] = ContextVar("purser_seat", default=None)


def seat() -> Seat | None:
    return _seat.get()


def tenant() -> UUID:
    """The tenant acted in. Raises NoSeat."""
    held = _seat.get()
    if held is None or held.tenant is None:
        raise NoSeat("No tenant is set: wrap this in tenancy.acting_in(tenant).")
    return held.tenant


def tenant_of_new_row() -> Any:
    """The default of every row's tenant; without a seat None, which the column refuses. (Migrations ask without a seat.)"""
    held = _seat.get()
    return held.tenant if held is not None else None


@contextmanager
def _take(wanted: Seat) -> Iterator[None]:
    held = _seat.get()
    if held is not None:
        if held != wanted:
            raise SecondSeat(f"A transaction acts from one seat: {held.name} is taken, {wanted.name} was asked for.")
        with transaction.atomic():
            yield
        return
    if connection.in_atomic_block:
        raise SecondSeat("A seat opens its own transaction; one is open already, without a seat.")
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('role', %s, true), set_config(%s, %s, true)",
                [f"purser_{wanted.name}", SETTING[wanted.name], wanted.value],
            )
        token = _seat.set(wanted)
        try:
            yield
        finally:
            _seat.reset(token)


def acting_in(tenant: UUID) -> AbstractContextManager[None]:
    """Act in one tenant: read and write its rows, and only its rows, until the block ends and commits."""
    return _take(Seat("customer", str(tenant)))


class InsideTransaction(RuntimeError):
    """What commits for itself was begun inside another transaction, whose end could take it back. A defect (law 3)."""


def committing_in(tenant: UUID) -> AbstractContextManager[None]:
    """Act in one tenant, in a transaction that is nobody else's: for a receipt, or what has one. Raises InsideTransaction."""
    if connection.in_atomic_block:
        raise InsideTransaction("A receipt commits for itself, and a transaction is open already.")
    return acting_in(tenant)


def listing_customers_of(partner: UUID) -> AbstractContextManager[None]:
    """A partner's seat: lists over the tenants it sells to directly, and what they let it see."""
    return _take(Seat("partner", str(partner)))


def listing_below(distributor: UUID) -> AbstractContextManager[None]:
    """A distributor's seat: lists over the customers of its resellers."""
    return _take(Seat("distributor", str(distributor)))


def listing_all() -> AbstractContextManager[None]:
    """The operator's seat: lists over tenants of what the operator may see (never private rows)."""
    return _take(Seat("operator", "on"))


def as_person(person: UUID) -> AbstractContextManager[None]:
    """A signed-in person's own seat: only which organisations this person belongs to."""
    return _take(Seat("person", str(person)))


def metering() -> AbstractContextManager[None]:
    """The meter's seat, taken by the daily close and by whoever counts as it would: it reads licences' tenant and dates and
    who sells where, and writes what was counted and what it costs. Of people it sees nothing.
    """
    return _take(Seat("meter", "on"))
