"""Refunds: money back for units back, never more than was paid, once. Source: acceptance CS-62; reliability P1; law 4."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from purser.billing.buying import checks as paper_checks
from purser.billing.buying import papers
from purser.billing.models import QuoteLine, Refund
from purser.billing.paying import refunds
from purser.kernel.errors import Missing, Refused
from purser.postgres import ids, tenancy
from tests.access import kit as people
from tests.billing.paying import kit
from tests.billing.paying.kit import Shop
from tests.notices.kit import jobs, posted


@pytest.fixture
def shop() -> Iterator[Shop]:
    with kit.shop() as made:
        made.card()
        yield made


def test_the_whole_is_given_back_and_the_books_are_as_before(shop: Shop) -> None:
    row = shop.bought({"CPP-DSU-1": 1, "CPP-DSU-2": 2})
    made = shop.refund(row, 5000)
    assert (made.money, shop.balance) == (Decimal("211"), 0), "the units are taken back at once"
    assert shop.money("card", made.pk) == -211, "on its way"
    assert shop.carry_refund(made) == "done"
    assert [e["amount"] for e in refunded(shop)] == [21100]
    assert (shop.money("paid"), shop.money("revenue"), shop.money("card", made.pk)) == (0, 0, 0)
    assert jobs("purser.papers", tenant=str(shop.tenant), of="refund", id=str(made.pk))
    assert {one.kind for one in posted(shop.partner)} == {"purchase_paid", "refund_made"}
    assert shop.problems() == []


def refunded(shop: Shop) -> list[dict[str, object]]:
    return [row for row in shop.app.state["refunds"].values() if row["status"] != "failed"]


def test_parts_cost_what_their_units_cost_and_together_the_whole(shop: Shop) -> None:
    row = shop.bought({"CPP-DSU-1": 1, "CPP-DSU-2": 1})  # 1,000 at .043 and 2,000 at .042
    parts = [shop.refund(row, units) for units in (1, 999, 500, 1500)]
    assert [str(one.money) for one in parts] == ["0.04", "42.96", "21.00", "63.00"]
    for one in parts:
        assert shop.carry_refund(one) == "done"
    assert sum(one.money for one in parts) == row.total
    with pytest.raises(Refused) as e:
        shop.refund(row, 1)
    assert e.value.code == "units"
    assert shop.problems() == []


@given(
    lines=st.lists(
        st.tuples(st.integers(1, 3), st.integers(1, 50), st.decimals("0.001", "0.9", places=3)), min_size=1, max_size=3
    ),
    cuts=st.lists(st.integers(1, 40), max_size=8),
)
def test_parts_never_come_to_more_than_the_whole(lines: list[tuple[int, int, Decimal]], cuts: list[int]) -> None:
    rows = [QuoteLine(count=count, units=units, unit_price=each) for count, units, each in lines]
    total, before, parts = sum(count * units for count, units, _ in lines), 0, Decimal(0)
    for cut in cuts:
        units = min(total, before + cut)
        part = refunds.price(rows, units, "USD") - refunds.price(rows, before, "USD")
        assert part >= 0
        parts, before = parts + part, units
    assert parts + refunds.price(rows, total, "USD") - refunds.price(rows, before, "USD") == refunds.price(rows, total, "USD")


def test_units_that_are_used_stay_paid(shop: Shop) -> None:
    row = shop.bought()
    shop.used(400)
    with pytest.raises(Refused, match="The balance is 600 units") as e:
        shop.refund(row, 601)
    assert e.value.code == "units"
    assert shop.carry_refund(shop.refund(row, 600)) == "done"
    assert shop.balance == 0


def test_sent_twice_it_is_one_and_another_amount_under_its_key_is_refused(shop: Shop) -> None:
    row, key = shop.bought(), ids.new()
    first = shop.refund(row, 100, key)
    assert shop.refund(row, 100, key).pk == first.pk
    with pytest.raises(Refused) as e:
        shop.refund(row, 200, key)
    assert e.value.code == "key"
    assert {shop.carry_refund(first) for _ in range(3)} == {"done"}
    assert (len(refunded(shop)), shop.balance) == (1, 900)


def test_at_once_no_more_is_given_back_than_was_bought(shop: Shop) -> None:
    row = shop.bought()
    found = people.at_once(*[lambda: shop.refund(row, 400)] * 6)
    assert len([one for one in found if isinstance(one, Refund)]) == 2
    assert {one.code for one in found if isinstance(one, Refused)} == {"units"}
    assert shop.problems() == []


@pytest.mark.parametrize("applied", [True, False])
def test_a_lost_answer_is_looked_for_first(shop: Shop, applied: bool) -> None:
    made = shop.refund(shop.bought(), 100)
    shop.fail("timeout_after" if applied else "timeout_before", method="POST", path="/v1/refunds", seconds=4.0)
    assert shop.carry_refund(made) == "unsure"
    assert len(refunded(shop)) == applied
    shop.go(minutes=10)
    kit.jobs.payments_due.func(timestamp=0)
    assert "purser.refund" in shop.work()
    assert (shop.again(made).state, len(refunded(shop))) == ("done", 1)
    assert shop.problems() == []


def test_one_that_fails_later_is_undone(shop: Shop) -> None:
    row = shop.bought()
    made = shop.refund(row, 100)
    shop.carry_refund(made)
    shop.tell("fail_refund", refund=shop.again(made).provider_id)
    papers.credit(shop.tenant, made.pk, now=shop.at)
    assert shop.carry_refund(made) == "failed"
    assert (shop.balance, shop.money("revenue"), shop.money("paid")) == (1000, -43, 43)
    assert shop.carry_refund(made) == "failed"
    told = {notice.subject: notice for notice in posted(shop.partner) if notice.kind == "refund_made"}
    assert "100 units are yours again" in told["4.30 USD did not arrive"].lines[0]
    (asked,) = jobs("purser.papers", tenant=str(shop.tenant), of="undone", id=str(made.pk))
    assert papers.issue(shop.tenant, asked["of"], made.pk, now=shop.at).kind == "debit"
    with tenancy.acting_in(shop.tenant):
        assert [one.code for one in paper_checks.check(now=shop.at + timedelta(days=2)) if one.code != "no_receipt"] == []
    again = shop.refund(row, 100)
    assert shop.carry_refund(again) == "done"
    assert shop.problems() == []


def test_what_the_provider_refuses_is_undone_with_its_words(shop: Shop) -> None:
    row = shop.bought()
    made = shop.refund(row, 100)
    shop.app.state["payment_intents"][row.payment]["_refunded"] = 4300  # somebody did it by hand, at the provider
    assert shop.carry_refund(made) == "failed"
    assert shop.again(made).text
    assert (shop.balance, shop.money("card", made.pk)) == (1000, 0)
    assert shop.problems() == []


def test_only_what_is_paid_and_below_the_operator_is_given_back(shop: Shop) -> None:
    open_ = shop.place()
    with pytest.raises(Refused) as e:
        shop.refund(open_, 1)
    assert e.value.code == "state"
    with kit.shop() as other, pytest.raises(Missing):
        refunds.ask(other.desk, shop.tenant, open_.pk, units=1, reason="x", key=ids.new(), now=shop.at)


@pytest.mark.parametrize(
    "reason", ["", " ", "x" * 301, "4242 4242 4242 4242", "card 378282246310005 please", "4242-4242-4242-4242"]
)
def test_a_reason_is_words_and_no_card(shop: Shop, reason: str) -> None:
    row = shop.bought()
    with pytest.raises(Refused) as e:
        shop.refund(row, 1, reason=reason)
    assert e.value.code in ("text", "card_number")
    assert "4242" not in e.value.text
    assert shop.every(Refund) == []
