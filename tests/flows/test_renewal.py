"""A renewed contract, two workers on one pair, and a worker that was away. Source: acceptance ID-60; reliability section 3."""

from __future__ import annotations

import threading
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection as database

from purser.kernel.errors import Busy, Refused
from purser.links import relations
from purser.links.models import Link, TargetService
from purser.postgres import tenancy
from tests import make
from tests.flows import rig

TODAY = date(2026, 7, 11)
both = pytest.mark.parametrize("psa", rig.PSAS)


def test_of_two_workers_on_one_pair_one_waits() -> None:
    with rig.world("autotask") as world:
        world.link("S1/EXO1", rig.SERVICES["autotask"])
        world.psa("latency", seconds=0.1)
        answers: list[str] = []

        def work() -> None:
            try:
                answers.append(f"posted {world.step(cause='link').posted}")
            except Busy as busy:
                answers.append(busy.code)
            finally:
                database.close()

        workers = [threading.Thread(target=work) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert sorted(answers) == ["posted 1", "running", "running", "running"]
        assert len(rig.writes(world)) == 1
        assert rig.units(world, rig.SERVICES["autotask"], TODAY) == 8


@both
def test_links_move_to_the_renewed_contract_with_their_terms(psa: str) -> None:
    """Source: ID-60. The old contract stays as it was; at the new one counts are reconciled."""
    with rig.world(psa, psa_seed=ending(psa)) as world:
        link = rig.linked(world, psa)
        with tenancy.acting_in(world.tenant):
            Link.objects.filter(pk=link.pk).update(price_source="custom", custom_price=Decimal("4.50"), decrease="today")
        world.psa("renew", **({"contractID": 9} if psa == "autotask" else {"agreement": 9}))
        rig.set_count(world, 10)
        world.clock.go(days=25)
        world.read_everything()
        with tenancy.acting_in(world.tenant):
            old = link.service.agreement.__class__.objects.get(external_id="9")
            assert old.renewed_by
            service = TargetService.objects.get(agreement__external_id=old.renewed_by)
            [new] = relations.move(services={link.pk: service.pk}, by=None, now=world.clock())
            assert (new.price_source, new.custom_price, new.decrease) == ("custom", Decimal("4.5"), "today")
        rig.later(world, passes=2)
        assert rig.units(world, service.external_id, world.clock().date()) == 10
        assert rig.units(world, rig.SERVICES[psa], date(2026, 7, 31)) == 8
        assert rig.again(world, new).state == "in_step"
        assert rig.problems(world) == []


def ending(psa: str) -> dict[str, object]:
    """The first contract ends with July."""
    seed = rig.seed(psa)
    if psa == "autotask":
        seed["Contracts"][0] |= {"startDate": "2025-08-01", "endDate": "2026-07-31"}
    else:
        seed["agreements"][0] |= {"endDate": "2026-07-31T00:00:00Z"}
    return seed


def test_a_subscriptions_resources_move_together_or_not_at_all() -> None:
    seed = rig.seed("autotask")
    seed["Contracts"][0] |= {"startDate": "2025-08-01", "endDate": "2026-07-31"}
    seed["ContractServices"].append({"id": 14, "contractID": 9, "serviceID": 4, "adjustedPrice": 23.0, "units": 2})
    shop = {**make.MARKETPLACE_SEED}
    lines = [{"mpn": "EXO1", "quantity": 1}, {"mpn": "E3", "quantity": 2}]
    shop["subscriptions"] = [{"id": "S1", "customerId": "C1", "products": lines}]
    with rig.world("autotask", psa_seed=seed, marketplace_seed=shop) as world:
        one = world.link("S1/EXO1", "9/service:12")
        two = world.link("S1/E3", "9/service:14")
        world.step(cause="link")
        world.psa("renew", contractID=9)
        world.clock.go(days=25)
        world.read_everything()
        with tenancy.acting_in(world.tenant):
            found = TargetService.objects.exclude(agreement__external_id__in=("9", "10"))
            exo, e3 = found.get(product_id="3"), found.get(product_id="4")
        with pytest.raises(Refused, match="still on the old agreement"), tenancy.acting_in(world.tenant):
            relations.move(services={one.pk: exo.pk}, by=None, now=world.clock())
        with tenancy.acting_in(world.tenant):
            moved = relations.move(services={one.pk: exo.pk, two.pk: e3.pk}, by=None, now=world.clock())
        rig.later(world, passes=2)
        assert {rig.again(world, m).state for m in moved} == {"in_step"}
        assert rig.problems(world) == []


def test_days_in_between_do_not_matter() -> None:
    """A worker that was down for 40 days goes on as if it had been away for a minute."""
    with rig.world("autotask") as world:
        link = rig.linked(world, "autotask")
        rig.set_count(world, 12)
        world.clock.go(days=40)
        world.step()
        assert rig.receipts(world, link)[-1].effective_on == TODAY + timedelta(days=40)
        assert rig.again(world, link).state == "in_step"
