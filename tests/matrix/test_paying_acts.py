"""Every door of payment leaves an act that names the person and the request. Source: reliability P18; test_acts.py."""

from __future__ import annotations

import pytest
from allauth.mfa.totp.internal import auth as totp

from purser.access import verbs
from tests.access import kit as people
from tests.access.kit import site as site
from tests.billing.paying import kit
from tests.matrix import paying_steps
from tests.matrix.test_acts import changing, unlimited, walked
from tests.matrix.walk import Walker

__all__ = ["unlimited"]  # the fixture
pytestmark = pytest.mark.usefixtures("site")


def test_every_door_of_payment_leaves_an_act() -> None:
    every, wrong = changing(), []
    with kit.shop() as shop:
        totp.TOTP.activate(shop.owner, people.SECRET)
        desk = people.member(shop.operator, verbs.OWNER)
        walkers = {
            "owner": Walker(shop.owner, shop.partner, people.sign_in(shop.owner)),
            "desk": Walker(desk, shop.operator, people.sign_in(desk)),
        }
        for who, name, find in paying_steps.STEPS:
            at, body = find(shop)
            walker = walkers[who]
            wrong.append(walked(walker, name, {"tenant": str(walker.tenant.pk)} | at, body, every))
    assert not any(wrong), "\n".join(filter(None, wrong))
