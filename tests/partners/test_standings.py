"""How a customer stands to its partner: one word, one sign and one colour for each state, at both doors. Source: UC-14."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from purser.partners import customers, record
from purser.postgres import tenancy
from purser.tenants import tree
from purser.tenants.models import Grant
from tests.access import kit
from tests.api.kit import Caller
from tests.api.kit import data as answered
from tests.partners.kit import ALL, Chain, chain

DAY = timedelta(days=1)


@pytest.fixture
def now() -> datetime:
    return kit.now()


@pytest.fixture
def made() -> Chain:
    return chain()


def refuse(made: Chain, now: datetime) -> None:
    asked = made.ask(now)
    with tenancy.acting_in(made.customer.pk):
        from purser.partners import consent

        consent.refuse(made.as_admin(), asked.pk, why="We do it ourselves", now=now)


def withdraw(made: Chain, now: datetime) -> None:
    from purser.partners import consent

    made.ask(now)
    consent.withdraw(made.as_agent(), made.customer.pk, now=now)


def suspend(made: Chain, now: datetime) -> None:
    with tenancy.acting_in(made.customer.pk):
        tree.suspend(now=now)


def lead_to(made: Chain, state: str, now: datetime) -> None:
    """Do what leads to a state."""
    if state == "asked":
        made.ask(now)
    elif state == "given":
        made.give(now, days=31)
    elif state == "ending":
        made.give(now - DAY, days=31)
    elif state == "expired":
        made.give(now - 31 * DAY, days=31)
    elif state == "refused":
        refuse(made, now)
    elif state == "ended":
        made.give(now - DAY)
        made.end(now)
    elif state == "suspended":
        made.give(now)
        suspend(made, now)


def standing(made: Chain, now: datetime) -> Any:
    return customers.own(made.reseller.pk, made.customer.pk, now)


@pytest.mark.parametrize("state", record.STANDINGS)
def test_a_customer_stands_as_what_was_done_last(made: Chain, now: datetime, state: str) -> None:
    lead_to(made, state, now)
    row = standing(made, now)
    assert (row.consent, row.open) == (state, state in ("given", "ending"))


def test_a_state_has_one_word_one_sign_and_one_colour_and_no_two_look_alike() -> None:
    signs = [(sign.words, sign.icon) for sign in record.SIGNS.values()]
    assert len({words for words, _ in signs}) == len({icon for _, icon in signs}) == len(signs)
    assert sorted(record.STANDINGS) == sorted(record.STANDINGS, key=lambda name: record.STANDINGS[name].words)


def test_the_ending_begins_thirty_days_before_the_end_and_the_end_is_the_second_itself(made: Chain, now: datetime) -> None:
    end = made.give(now, days=60).ends_at
    assert end is not None
    second = timedelta(seconds=1)
    for moment, state in (
        (end - 30 * DAY - second, "given"),
        (end - 30 * DAY, "ending"),
        (end - second, "ending"),
        (end, "expired"),
    ):
        assert standing(made, moment).consent == state
        with tenancy.acting_in(made.customer.pk):
            assert record.state(Grant.objects.get(), moment) == state


def test_what_was_over_last_counts_and_not_what_was_asked_last(made: Chain, now: datetime) -> None:
    made.give(now - 9 * DAY)
    refuse(made, now - 5 * DAY)  # more than what it has; that holds on
    assert standing(made, now - 4 * DAY).consent == "given"
    made.end(now - DAY)
    assert standing(made, now).consent == "ended"


def test_a_question_taken_back_leaves_the_standing_as_it_was(made: Chain, now: datetime) -> None:
    withdraw(made, now)
    assert standing(made, now).consent == "none"
    made.give(now - 20 * DAY, days=10)
    withdraw(made, now)
    assert standing(made, now).consent == "expired"


def test_an_unanswered_question_is_asked_for_ninety_days_and_then_expired(made: Chain, now: datetime) -> None:
    made.ask(now)
    assert standing(made, now + 90 * DAY - timedelta(seconds=1)).consent == "asked"
    assert standing(made, now + 90 * DAY).consent == "expired"


def test_both_doors_sort_and_filter_by_it_and_say_the_same_word(now: datetime) -> None:
    first = chain()
    by_state = {"none": first}
    for state in record.STANDINGS:
        if state != "none":
            customer = kit.customer(f"In state {state}", under=first.reseller)
            admin = kit.member(customer, "administrator", factor=False)
            by_state[state] = Chain(
                first.operator, first.distributor, first.reseller, customer, first.owner, first.agent, admin
            )
            lead_to(by_state[state], state, now)
    client = kit.sign_in(first.owner)
    caller = Caller(first.reseller.pk, first.owner, client)
    rows = answered(caller.get("/tenants?sort=consent"))["rows"]
    assert [row["consent"] for row in rows] == sorted(record.STANDINGS)
    assert [row["consent"] for row in answered(caller.get("/tenants?sort=-consent"))["rows"]] == sorted(
        record.STANDINGS, reverse=True
    )
    for state, sign in record.STANDINGS.items():
        customer = by_state[state].customer
        found = answered(caller.get(f"/tenants?consent.is={state}"))["rows"]
        assert [row["name"] for row in found] == [customer.name], state
        assert answered(caller.get(f"/tenants/{customer.pk}"))["consent"] == state
        listed = kit.text(client.get(kit.url(first.reseller, "tenants/"), {"consent.is": state}))
        badge = f'class="sign sign-{sign.tone}"'
        for page in (
            client.get(kit.url(first.reseller, "tenants/"), {"consent.is": state}).content.decode(),
            client.get(kit.url(first.reseller, f"tenants/{customer.pk}/")).content.decode(),
        ):
            shown = page.partition("<main")[2]
            assert badge in shown
            assert f"</svg>{sign.words}</span>" in shown, (state, sign)
        assert customer.name in listed
        others = {one.customer.name for name, one in by_state.items() if name != state}
        assert not [name for name in others if name in listed]
    assert ALL
