"""What tests of people at the desk of accounts at vendors share: a rig with short time-outs, and who acts."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest

from purser.access.actors import Actor
from purser.access.models import Act
from purser.postgres import tenancy
from purser.provisioning.models import Account
from purser.tenants.models import Organisation
from tests.access import kit
from tests.flows.vendor import Rig, owner, served


@pytest.fixture
def rig() -> Iterator[Rig]:
    with served() as made:
        made.timeout = 0.4
        made.new_port()
        yield made


def boss(rig: Rig) -> Actor:
    return kit.actor(rig.distributor, kit.member(rig.distributor, factor=False))


def standing(rig: Rig, organisation: Organisation | None = None) -> Account:
    account = rig.synced(organisation or rig.direct)
    rig.ordered(account)
    assert rig.run(account).state == "provisioned"
    return account


def ids_of(account: Account) -> tuple[UUID, UUID]:
    return owner(account), account.instance


def told(tenant: UUID, verb: str) -> list[str]:
    with tenancy.acting_in(tenant):
        return list(Act.objects.filter(verb=verb).order_by("at", "id").values_list("summary", flat=True))
