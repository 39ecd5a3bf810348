"""The thinnest whole: one resource mapped, +7 posted once, both sides equal. Source: acceptance ID-18 to ID-20."""

from __future__ import annotations

import pytest

from purser.links.models import Link, Receipt
from purser.postgres import tenancy
from tests import make

SERVICES = {"autotask": "9/service:12", "connectwise": "9/product:210"}


@pytest.mark.parametrize("psa", ["autotask", "connectwise"])
def test_it_posts_the_difference_once_and_then_nothing(psa: str) -> None:
    with make.world(psa) as world:
        link = world.link("S1/EXO1", SERVICES[psa])
        first = world.step(cause="link")
        assert (first.posted, first.failed) == (1, 0)
        with tenancy.acting_in(world.tenant):
            receipt = Receipt.objects.get(link=link)
            assert (receipt.state, receipt.amount, receipt.units_after) == ("done", 7, 8)
            assert Link.objects.get(pk=link.pk).state == "in_step"
        world.clock.go(minutes=5)
        assert world.step().posted == 0
        assert world.marketplace("effects") == []
