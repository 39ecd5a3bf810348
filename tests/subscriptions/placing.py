"""A shop to order at, what refuses an order, and who decides it."""

from __future__ import annotations

import pytest

from purser.access import verbs
from purser.access.actors import Actor
from purser.kernel.errors import Refused
from purser.subscriptions.wanted import Asked
from tests.access import kit
from tests.subscriptions import shop as shops
from tests.subscriptions.shop import Shop


@pytest.fixture
def made() -> Shop:
    return shops.shop()


def refused(made: Shop, *lines: Asked, actor: object = None, **more: object) -> Refused:
    before = len(made.subscriptions())
    with pytest.raises(Refused) as failed:
        made.place(actor or made.owner(), *lines, **more)
    assert len(made.subscriptions()) == before
    return failed.value


def decider(made: Shop, role: str = verbs.BOOKKEEPER) -> Actor:
    return kit.actor(made.reseller, kit.member(made.reseller, role, factor=False), role)
