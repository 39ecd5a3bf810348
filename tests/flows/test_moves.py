"""How counts move from the marketplace to the PSA when nothing breaks. Source: acceptance ID-18 to ID-32, decision F-10."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from purser.connectors.ports.psa import Adjustment
from purser.links.models import Movement
from purser.postgres import tenancy
from purser.reconcile.model import Done
from tests.flows import rig

TODAY = date(2026, 7, 11)
AUGUST = date(2026, 8, 1)
both = pytest.mark.parametrize("psa", rig.PSAS)


@both
def test_the_first_difference_is_posted_once(psa: str) -> None:
    with rig.world(psa) as world:
        link = rig.linked(world, psa)
        service = rig.SERVICES[psa]
        assert [rig.units(world, service, d) for d in (date(2026, 7, 10), TODAY)] == [1, 8]
        [receipt] = rig.receipts(world, link)
        assert (receipt.state, int(receipt.amount), receipt.effective_on) == ("done", 7, TODAY)
        before = len(rig.writes(world))
        rig.later(world, passes=3)
        assert len(rig.writes(world)) == before
        assert rig.again(world, link).state == "in_step"
        assert rig.problems(world) == []


@both
def test_a_decrease_waits_for_the_next_period_and_an_increase_first_takes_it_back(psa: str) -> None:
    """8, then 5 from August on; then 7: +2 in August; then 10: +1 in August and +2 today. Source: F-10."""
    with rig.world(psa) as world:
        link, service = rig.linked(world, psa), rig.SERVICES[psa]
        days = (TODAY, date(2026, 7, 12), date(2026, 7, 31), AUGUST, date(2026, 8, 2), date(2026, 12, 1))

        def held() -> list[int]:
            return [int(rig.units(world, service, d)) for d in days]

        rig.set_count(world, 5)
        rig.later(world, passes=1)
        assert held() == [8, 8, 8, 5, 5, 5]
        rig.set_count(world, 7)
        rig.later(world, passes=1)
        # Autotask takes one change of a service a date: what comes back in August comes back on the next day
        assert held() == [8, 8, 8, *([5, 7, 7] if psa == "autotask" else [7, 7, 7])]
        rig.set_count(world, 10)
        rig.later(world, passes=2)
        assert held()[-1] == 10
        assert held()[1:3] == [10, 10]
        assert rig.again(world, link).state == "in_step"
        assert sum(r.amount for r in rig.receipts(world, link)) == 9
        assert rig.problems(world) == []


@both
def test_a_decrease_takes_effect_today_where_the_pair_says_so(psa: str) -> None:
    with rig.world(psa, decrease="today") as world:
        rig.linked(world, psa)
        world.clock.go(days=1)
        rig.set_count(world, 5)
        world.step()
        service = rig.SERVICES[psa]
        assert [rig.units(world, service, d) for d in (TODAY, date(2026, 7, 12), AUGUST)] == [8, 5, 5]


@both
def test_a_lower_first_count_is_a_dated_decrease(psa: str) -> None:
    """Marketplace lower than the PSA at linking. Source: ID-21."""
    with rig.world(psa) as world:
        rig.set_count(world, 3, subscription="S2", mpn="E3")
        world.read_everything()
        link = world.link("S2/E3", rig.SECOND[psa])
        world.step(cause="link")
        assert [r.amount for r in rig.receipts(world, link)] == [-2]
        assert [rig.units(world, rig.SECOND[psa], d) for d in (TODAY, AUGUST)] == [5, 3]


@both
def test_equal_counts_are_linked_without_a_posting(psa: str) -> None:
    """Source: ID-20."""
    with rig.world(psa) as world:
        link = world.link("S2/E3", rig.SECOND[psa])
        world.step(cause="link")
        assert rig.writes(world) == []
        assert rig.again(world, link).state == "in_step"


@both
def test_two_changes_of_a_day_each_have_a_line_and_make_the_right_sum(psa: str) -> None:
    """Source: ID-28. Autotask takes one change of a service a day: the second is dated tomorrow, and the log says so."""
    with rig.world(psa) as world:
        link, service = rig.linked(world, psa), rig.SERVICES[psa]
        world.clock.go(days=1)
        for count in (11, 13):
            rig.set_count(world, count)
            rig.later(world, passes=1)
        _, first, second = rig.receipts(world, link)
        assert [first.amount, second.amount] == [3, 2]
        assert rig.units(world, service, AUGUST) == 13
        if psa == "autotask":
            assert second.effective_on == date(2026, 7, 13)
            assert "one change of a service a day" in second.note
            assert rig.units(world, service, date(2026, 7, 12)) == 11
        else:
            assert second.effective_on == date(2026, 7, 12)
            assert rig.units(world, service, date(2026, 7, 12)) == 13
        assert rig.problems(world) == []


def test_a_second_change_after_another_integrations_is_merged_when_autotask_refuses_it() -> None:
    """Our own log does not know that the date is taken; the PSA's refusal says so, and the next try is dated tomorrow."""
    with rig.world("autotask", drift_policy="marketplace") as world:
        link = rig.linked(world, "autotask")
        world.clock.go(days=1)
        theirs = Adjustment("9", "service:12", date(2026, 7, 12), Decimal(8), Decimal(9))
        assert isinstance(world.ports.psa(world.sync.target).adjust(theirs, once="theirs"), Done)
        rig.set_count(world, 10)
        rig.later(world, passes=3)
        _, refused, posted = rig.receipts(world, link)
        assert (refused.state, refused.code, refused.effective_on) == ("settled", "same_day", date(2026, 7, 12))
        assert (posted.state, posted.effective_on) == ("done", date(2026, 7, 13))
        assert refused.settled_by_id == posted.pk
        assert rig.units(world, rig.SERVICES["autotask"], AUGUST) == 10
        assert rig.problems(world) == []


@both
def test_up_and_down_before_a_posting_posts_nothing_and_both_are_in_the_log(psa: str) -> None:
    """Source: ID-29."""
    with rig.world(psa) as world:
        link = rig.linked(world, psa)
        before = len(rig.writes(world))
        world.psa("faults", kind="status", status=503, times=50, path=".*")
        rig.set_count(world, 11)
        rig.later(world, passes=1)
        rig.set_count(world, 8)
        world.psa("faults", clear=True)
        rig.later(world, passes=3)
        assert len(rig.writes(world)) == before
        assert rig.again(world, link).state == "in_step"
        with tenancy.acting_in(world.tenant):
            moved = Movement.objects.filter(resource=link.resource).order_by("seen_at")
            moves = list(moved.values_list("before", "after", "how"))
        assert moves == [(Decimal(8), Decimal(11), "netted"), (Decimal(11), Decimal(8), "netted")]


@both
def test_a_period_already_invoiced_is_never_posted_into(psa: str) -> None:
    """Source: ID-32."""
    with rig.world(psa) as world:
        link, service = rig.linked(world, psa), rig.SERVICES[psa]
        if psa == "autotask":
            world.psa("post_period", contractID=9, through="2026-07-31")
        else:
            world.psa("invoice", agreement=9, through="2026-07-31")
        rig.set_count(world, 12)
        rig.later(world, passes=1)
        receipt = rig.receipts(world, link)[-1]
        assert (receipt.state, receipt.effective_on) == ("done", AUGUST)
        assert "invoiced through 2026-07-31" in receipt.note
        assert [rig.units(world, service, d) for d in (date(2026, 7, 31), AUGUST)] == [8, 12]


@both
def test_a_cancelled_subscription_brings_the_count_to_nought_and_ends_the_link(psa: str) -> None:
    """Source: ID-61."""
    with rig.world(psa) as world:
        link, service = rig.linked(world, psa), rig.SERVICES[psa]
        world.marketplace("subscription", id="S1", status="terminated")
        rig.later(world, passes=2)
        assert [rig.units(world, service, d) for d in (date(2026, 7, 31), AUGUST, date(2026, 12, 1))] == [8, 0, 0]
        assert rig.again(world, link).state == "ended"
        rig.later(world, passes=2)
        assert rig.drifts(world) == []
        assert rig.problems(world) == []


@both
def test_a_subscription_that_comes_back_is_kept_in_step_again(psa: str) -> None:
    with rig.world(psa) as world:
        link, service = rig.linked(world, psa), rig.SERVICES[psa]
        world.marketplace("subscription", id="S1", status="terminated")
        rig.later(world, passes=2)
        world.marketplace("subscription", id="S1", status="active")
        rig.later(world, passes=2)
        assert rig.units(world, service, date(2026, 12, 1)) == 8
        assert rig.again(world, link).state == "in_step"


@both
def test_the_rule_may_leave_a_cancelled_subscriptions_count(psa: str) -> None:
    with rig.world(psa, end_to_zero=False) as world:
        rig.linked(world, psa)
        world.marketplace("subscription", id="S1", status="terminated")
        rig.later(world, passes=2)
        assert rig.units(world, rig.SERVICES[psa], date(2026, 12, 1)) == 8


@both
def test_a_resource_that_left_its_subscription_goes_to_nought(psa: str) -> None:
    with rig.world(psa) as world:
        link = rig.linked(world, psa)
        world.marketplace("quantity", subscription="S1", mpn="EXO1", quantity=None)
        rig.later(world, passes=2)
        assert rig.units(world, rig.SERVICES[psa], AUGUST) == 0
        assert rig.again(world, link).state == "ended"


def test_a_resource_that_left_under_a_pending_decrease_takes_only_what_is_there() -> None:
    """8 today and 5 from August; it goes with effect from today: 3 today and 0 from August, never below."""
    with rig.world("connectwise") as world:
        link = rig.linked(world, "connectwise")
        rig.set_count(world, 5)
        rig.later(world, passes=1)
        with tenancy.acting_in(world.tenant):
            type(link).objects.filter(pk=link.pk).update(decrease="today")
        world.marketplace("quantity", subscription="S1", mpn="EXO1", quantity=None)
        rig.later(world, passes=2)
        service = rig.SERVICES["connectwise"]
        assert [rig.units(world, service, d) for d in (TODAY, AUGUST)] == [3, 0]
        assert rig.again(world, link).state == "ended"


@both
def test_prices_go_along_with_the_count(psa: str) -> None:
    """Count and cost. Source: ID-24, ID-63."""
    with rig.world(psa) as world:
        link = rig.linked(world, psa)
        with tenancy.acting_in(world.tenant):
            type(link).objects.filter(pk=link.pk).update(price_source="custom", custom_price=Decimal("4.50"))
        world.clock.go(days=1)
        rig.set_count(world, 9)
        world.step()
        state = world.psa("state")
        if psa == "autotask":
            line = state["rows"]["ContractServices"]["12"]
            assert (line["adjustedPrice"], line["unitCost"]) == (4.5, 3.2)
        else:
            newest = max(state["additions"]["9"], key=lambda a: a["id"])
            assert (newest["unitPrice"], newest["unitCost"], newest["quantity"]) == (4.5, 3.2, 9)


def test_autotask_prorates_the_vector() -> None:
    """+7 at 4.00 effective 11 Jul in a July period. Source: ID-26."""
    with rig.world("autotask") as world:
        rig.linked(world, "autotask")
        [line] = world.psa("transactions")
        assert (line["unitChange"], line["effectiveDate"][:10], line["amount"]) == (7, "2026-07-11", 18.97)
