"""Makers for the promises: a tenant, somebody in it, what it may use; and the code of a failure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import pytest

from purser.connectors.ports.accounts import Accounts, Contact, Kind, NewTenant, NewUser, Tenant, User
from purser.connectors.ports.offerings import Offering, offered
from purser.kernel.errors import Busy, Failure
from tests.connectors.vendors import Vendor

T = TypeVar("T")

Make = Callable[[Accounts], Accounts]  # what is put around a connector: nothing, or a lie


def new(vendor: Vendor, name: str = "Birch Legal", *, kind: Kind = "customer", reference: str = "purser-9") -> NewTenant:
    return NewTenant(vendor.parent, kind, name, reference, Contact("it@birch.example", "Bea", "Birch"), "C-1009", "en")


def through(vendor: Vendor, call: Callable[[], T]) -> T:
    """The call, again after people did what it waits for."""
    for _ in range(3):
        try:
            return call()
        except Busy as failure:
            if failure.code != "task":
                raise
            vendor.settle()
    raise AssertionError("a task that was done is asked for again")


def made(vendor: Vendor, port: Accounts, name: str = "Birch Legal", **more: Any) -> Tenant:
    return through(vendor, lambda: port.create(new(vendor, name, **more)))


def person(vendor: Vendor, port: Accounts, tenant: Tenant, login: str = "bea.birch") -> User:
    who = NewUser(tenant.id, login, "bea@birch.example", "Bea", "Birch", "en")
    return through(vendor, lambda: port.create_user(who))


def code(of: type[Failure], call: Callable[[], Any]) -> str:
    """The code of the failure that a call raises, of exactly this kind."""
    with pytest.raises(Failure) as caught:
        call()
    assert isinstance(caught.value, of), f"{type(caught.value).__name__} ({caught.value.code}), not {of.__name__}"
    return caught.value.code


def some(vendor: Vendor, port: Accounts) -> list[Offering]:
    """Two offerings with a quota that a customer can have."""
    read = port.available(vendor.parent, "customer")
    assert read.whole
    found = offered(read.items.values(), modes=port.traits.modes[:1])
    return [offering for offering in found if offering.kind != "feature" and not offering.place][:2] or list(found[:2])
