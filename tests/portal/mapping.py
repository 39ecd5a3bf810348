"""What tests of mapping share: a desk with vendors, its rows by their ids at the vendor, and the levels set."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from purser.access.vendor_settings import Kinds
from purser.links import kinds
from purser.links.models import (
    Link,
    SourceCustomer,
    SourceResource,
    SourceSubscription,
    TargetAccount,
    TargetAgreement,
    TargetService,
)
from purser.postgres import tenancy
from tests import make
from tests.portal import desk
from tests.portal.desk import Desk

MODELS: dict[str, Any] = {
    "customer": SourceCustomer,
    "subscription": SourceSubscription,
    "resource": SourceResource,
    "account": TargetAccount,
    "agreement": TargetAgreement,
    "service": TargetService,
}


@pytest.fixture(autouse=True)
def vendors() -> None:
    from purser.config import wiring

    kinds.use(Kinds(wiring.FIELDS, wiring.check_addresses))


@pytest.fixture
def at() -> Iterator[Desk]:
    with desk.at() as made:
        yield made


def id_of(at: Desk, what: str, external_id: str) -> UUID:
    with tenancy.acting_in(at.tenant):
        found: UUID = MODELS[what].objects.get(external_id=external_id).pk
        return found


def open_links(at: Desk, model: Any = Link) -> int:
    with tenancy.acting_in(at.tenant):
        return int(model.objects.filter(cleared_at=None).count())


def set_company(at: Desk) -> Any:
    customer = id_of(at, "customer", "C1")
    return at.post("mapping_set_company", {"account": str(id_of(at, "account", "101"))}, customer=customer)


def set_subscription(at: Desk) -> Any:
    subscription = id_of(at, "subscription", "S1")
    return at.post("mapping_set_subscription", {"agreement": str(id_of(at, "agreement", "9"))}, subscription=subscription)


def set_resource(at: Desk, **more: str) -> Any:
    service = str(id_of(at, "service", "9/service:12"))
    return at.post("mapping_set_resource", {"service": service, **more}, resource=id_of(at, "resource", "S1/EXO1"))


def card(at: Desk, customer: str = "C1", query: str = "") -> str:
    return at.text("mapping_company", query, customer=id_of(at, "customer", customer))


def switch(at: Desk, *on: str) -> None:
    answer = at.post("mapping_filters", dict.fromkeys(on, "1") | {"next": at.url("mapping")})
    assert answer.status_code == 302


def seeded(**changes: Any) -> dict[str, Any]:
    return {**copy.deepcopy(make.AUTOTASK_SEED), **changes}
