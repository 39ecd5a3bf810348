"""Dated changes at ConnectWise: what becomes of the additions, and what is refused."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from purser.reconcile.model import Delay, Done, Refusal
from tests.connectors.test_connectwise import World, change, units, world

__all__ = ["world"]  # the fixture


def test_it_ends_the_old_addition_and_adds_the_new_total(world: World) -> None:
    connector = world.connector()
    outcome = connector.adjust(change(1, 8), once="a1")
    assert isinstance(outcome, Done)
    assert world.rows() == [("2025-01-01", "2025-07-11", 1), ("2025-07-11", "", 8)]
    added = world.app.additions(5)[-1]
    assert outcome.reference == str(added["id"])
    assert (added["serialNumber"], added["lessIncluded"], added["unitPrice"]) == ("purser:a1", 1, 4)
    assert units(connector) == 8
    assert connector.find(change(1, 8), once="a1") is True


def test_it_is_prorated_by_the_psa_with_the_effective_day_included(world: World) -> None:
    """Source: acceptance ID-26: +7 at 4.00 effective 11 Jul in a July period is 18.97."""
    world.app.additions(5)[0].update(quantity=0, cancelledDate="2025-07-11T00:00:00Z")
    connector = world.connector()
    assert isinstance(connector.adjust(change(0, 7), once="a1"), Done)
    path = f"/v2025_1/apis/3.0/finance/agreements/5/additions/{world.app.additions(5)[-1]['id']}"
    row = connector._client.get(path.removeprefix("/v2025_1/apis/3.0"))
    assert row["extendedProratePrice"] == Decimal("18.97")


def test_it_overwrites_an_addition_that_starts_that_very_day(world: World) -> None:
    connector = world.connector()
    connector.adjust(change(1, 8), once="a1")
    assert isinstance(connector.adjust(change(8, 6), once="a2"), Done)
    assert world.rows() == [("2025-01-01", "2025-07-11", 1), ("2025-07-11", "", 6)]


def test_it_overwrites_where_nothing_is_prorated(world: World) -> None:
    world.tell("agreement", id=5, prorateFlag=False)
    outcome = world.connector().adjust(change(1, 8, unit_price=Decimal("4.5")), once="a1")
    assert outcome == Done(reference="77")
    assert world.rows() == [("2025-01-01", "", 8)]
    assert world.app.additions(5)[0]["unitPrice"] == 4.5


def test_it_dates_a_later_change_even_where_nothing_is_prorated(world: World) -> None:
    world.tell("agreement", id=5, prorateFlag=False)
    world.tell("quantity", agreement=5, addition=77, quantity=10)
    assert isinstance(world.connector().adjust(change(10, 7, date(2025, 8, 1)), once="a1"), Done)
    assert world.rows() == [("2025-01-01", "2025-08-01", 10), ("2025-08-01", "", 7)]


def test_it_shifts_what_follows(world: World) -> None:
    world.tell("quantity", agreement=5, addition=77, quantity=10)
    connector = world.connector()
    connector.adjust(change(10, 7, date(2025, 8, 1)), once="pending")
    assert isinstance(connector.adjust(change(10, 15), once="today"), Done)
    assert world.rows() == [
        ("2025-01-01", "2025-07-11", 10),
        ("2025-07-11", "2025-08-01", 15),
        ("2025-08-01", "", 12),
    ]


def test_it_ends_and_adds_nothing_at_zero(world: World) -> None:
    connector = world.connector()
    assert connector.adjust(change(1, 0), once="a1") == Done(reference="77")
    assert world.rows() == [("2025-01-01", "2025-07-11", 1)]
    assert isinstance(connector.adjust(change(0, 3, date(2025, 7, 15)), once="a2"), Done)
    assert world.rows()[-1] == ("2025-07-15", "", 3)


def test_it_changes_only_one_of_several_additions(world: World) -> None:
    world.add(quantity=2, billCustomer="DoNotBill", unitPrice=0.0)
    connector = world.connector()
    assert isinstance(connector.adjust(change(3, 5), once="a1"), Done)
    assert world.rows() == [("2025-01-01", "", 2), ("2025-01-01", "2025-07-11", 1), ("2025-07-11", "", 3)]
    assert units(connector) == 5


def test_it_joins_additions_of_equal_terms_when_none_alone_is_large_enough(world: World) -> None:
    world.tell("quantity", agreement=5, addition=77, quantity=5)
    world.add(quantity=3)
    assert isinstance(world.connector().adjust(change(8, 2), once="a1"), Done)
    assert world.rows() == [
        ("2025-01-01", "2025-07-11", 3),
        ("2025-01-01", "2025-07-11", 5),
        ("2025-07-11", "", 2),
    ]


def test_it_refuses_to_choose_between_unequal_terms(world: World) -> None:
    world.tell("quantity", agreement=5, addition=77, quantity=5)
    world.add(quantity=3, unitPrice=2.0)
    before = world.rows()
    outcome = world.connector().adjust(change(8, 2), once="a1")
    assert isinstance(outcome, Refusal)
    assert (outcome.code, world.rows()) == ("conflict", before)


def test_it_refuses_when_somebody_changed_the_count(world: World) -> None:
    world.tell("quantity", agreement=5, product=210, quantity=3)
    outcome = world.connector().adjust(change(1, 8), once="a1")
    assert isinstance(outcome, Refusal)
    assert outcome.code == "conflict"
    assert "3 now, not 1" in outcome.text
    assert world.app.effects == []
    assert world.connector().find(change(1, 8), once="a1") is None


def test_it_does_nothing_twice(world: World) -> None:
    connector = world.connector()
    assert connector.find(change(1, 8), once="a1") is False
    first = connector.adjust(change(1, 8), once="a1")
    effects = len(world.app.effects)
    again = connector.adjust(change(1, 8), once="a1")
    assert isinstance(first, Done)
    assert isinstance(again, Done)
    assert again.reference == first.reference
    assert len(world.app.effects) == effects


def test_it_leaves_a_serial_number_of_somebody_else(world: World) -> None:
    world.app.additions(5)[0]["serialNumber"] = "SN-4711"
    world.tell("agreement", id=5, prorateFlag=False)
    assert isinstance(world.connector().adjust(change(1, 8), once="a1"), Done)
    assert world.app.additions(5)[0]["serialNumber"] == "SN-4711"
    assert world.connector().find(change(1, 8), once="a1") is True


# Refusals


def test_it_says_that_proration_is_off(world: World) -> None:
    """Source: acceptance ID-38."""
    world.tell("agreement", id=5, prorateFlag=False)
    connector = world.connector(dated=True)
    outcome = connector.adjust(change(1, 8), once="a1")
    assert isinstance(outcome, Refusal)
    assert outcome.code == "proration_off"
    assert "Switch on proration" in outcome.hint
    assert world.rows() == [("2025-01-01", "", 1)]
    world.tell("agreement", id=5, prorateFlag=True)
    assert isinstance(connector.adjust(change(1, 8), once="a1"), Done)


def test_it_refuses_a_date_outside_the_agreement(world: World) -> None:
    """Source: acceptance ID-40."""
    world.tell("agreement", id=5, endDate="2025-06-30T00:00:00Z")
    outcome = world.connector().adjust(change(1, 8), once="a1")
    assert isinstance(outcome, Refusal)
    assert outcome.code == "date_outside_agreement"
    assert "2025-01-01 to 2025-06-30" in outcome.text
    world.tell("agreement", id=5, endDate="2025-12-31T00:00:00Z")
    assert isinstance(world.connector().adjust(change(1, 8), once="a1"), Done)


def test_it_never_writes_into_an_invoiced_period(world: World) -> None:
    """Source: acceptance ID-32."""
    world.tell("invoice", agreement=5, through="2025-07-31")
    outcome = world.connector().adjust(change(1, 8), once="a1")
    assert isinstance(outcome, Refusal)
    assert outcome.code == "invoiced"
    assert "2025-08-01" in outcome.hint
    assert isinstance(world.connector().adjust(change(1, 8, date(2025, 8, 1)), once="a1"), Done)


def test_it_refuses_counts_beyond_its_range(world: World) -> None:
    for after in (-1, 2**31):
        outcome = world.connector().adjust(change(1, after), once="a1")
        assert isinstance(outcome, Refusal)
    assert world.rows() == [("2025-01-01", "", 1)]


def test_it_takes_the_new_addition_back_when_the_old_one_cannot_be_ended(world: World) -> None:
    body = {
        "code": "InvalidObject",
        "message": "addition object is invalid",
        "errors": [{"message": "old fault"}],
    }
    world.fail("status", method="PATCH", path="additions/77", status=400, body=body)
    outcome = world.connector().adjust(change(1, 8), once="a1")
    assert isinstance(outcome, Refusal)
    assert "old fault" in outcome.text
    assert world.rows() == [("2025-01-01", "", 1)]


def test_it_waits_as_long_as_it_is_told(world: World) -> None:
    world.tell("rate", per_minute=1)
    outcome = world.connector().adjust(change(1, 8), once="a1")
    assert outcome == Delay(
        text=outcome.text,
        code="throttled",
        retry_after=timedelta(seconds=30),  # type: ignore[union-attr]
    )
    assert world.app.effects == []


def test_it_does_not_trust_a_lagging_read_after_a_write(world: World) -> None:
    world.tell("lag", seconds=50)
    connector = world.connector()
    outcome = connector.adjust(change(1, 8), once="a1")
    assert isinstance(outcome, Done)
    assert connector.find(change(1, 8), once="a1") is False
    world.app.clock.advance(connector.traits.lag)
    assert connector.find(change(1, 8), once="a1") is True
    assert units(connector) == 8
