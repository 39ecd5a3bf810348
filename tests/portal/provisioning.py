"""An account at its vendor as its pages show it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.test import Client

from purser.flows import ports
from purser.flows.accounts_to_vendor.run import run
from purser.provisioning.models import Account
from purser.tenants.models import Organisation
from tests.access import kit
from tests.access.kit import site as site
from tests.portal.test_provisioning import at
from tests.provisioning.kit import World
from tests.provisioning.kit import world as made_world


@pytest.fixture
def world() -> Iterator[World]:
    with made_world() as made:
        yield made


@pytest.fixture
def client(world: World) -> Client:
    return kit.sign_in(kit.member(world.made.distributor))


def here(world: World, path: str = "", whom: Organisation | None = None) -> str:
    return at(world.made.distributor, f"of/{(whom or world.made.reseller).pk}/{world.instance.pk}/{path}")


def row(world: World, whom: Organisation | None = None) -> Account:
    found = world.account(whom or world.made.reseller)
    assert found is not None
    return found


def work(world: World, *, heal: bool = False, later: timedelta = timedelta(0)) -> str:
    """The worker's part, on the reseller."""
    whom = world.made.reseller.pk
    return run(tenant=whom, account_id=row(world).pk, clock=lambda: kit.now() + later, heal=heal).state


def provisioned(world: World) -> Account:
    world.save(world.provider, world.made.reseller, "rita")
    assert work(world) == "provisioned"
    return row(world)


def on(world: World, account: Account) -> set[str]:
    """What is switched on for its tenant, as the vendor has it."""
    return {o.name for o in ports.accounts(world.instance).offerings(account.remote).items.values() if o.enabled}
