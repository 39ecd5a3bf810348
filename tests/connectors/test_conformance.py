"""Every vendor's connector keeps the port's promises, and a connector that lies is found out. Row AC-36."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import pytest

from tests.connectors import conformance
from tests.connectors.lies import LIES, Lying
from tests.connectors.vendors import VENDORS, Vendor


def check(promise: Callable[..., None], vendor: Vendor, make: conformance.Make) -> None:
    more = {"make": make} if "make" in inspect.signature(promise).parameters else {}
    promise(vendor, make(vendor.connector()), **more)


@pytest.mark.parametrize("promise", conformance.CHECKS, ids=lambda one: one.__name__)
@pytest.mark.parametrize("name", VENDORS)
def test_it_keeps_the_ports_promise(name: str, promise: Callable[..., None]) -> None:
    with VENDORS[name]() as vendor:
        check(promise, vendor, lambda port: port)


@pytest.mark.parametrize(("lie", "promise"), LIES, ids=lambda one: one.__name__)
def test_it_finds_a_connector_that_lies(lie: type[Lying], promise: Callable[..., None]) -> None:
    with VENDORS["bucketry"]() as vendor, pytest.raises((AssertionError, pytest.fail.Exception)):
        check(promise, vendor, lie)  # type: ignore[arg-type]
