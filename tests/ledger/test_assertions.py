"""A balance that was asserted stays what it was; what is on its way must arrive. Source: reliability P4."""

from __future__ import annotations

import threading
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import DatabaseError

from purser.kernel.errors import Refused
from purser.ledger import assertions, balances, entries
from purser.ledger.chart import DSU
from purser.ledger.models import Assertion
from purser.postgres import ids, tenancy
from tests import make
from tests.ledger.books import ON, at_once, charge, held, package, post

NEXT = ON + timedelta(days=1)


@pytest.fixture
def tenant() -> UUID:
    """100 units bought, 7 used."""
    tenant: UUID = make.reseller().pk
    with tenancy.acting_in(tenant):
        package(100)
        charge(7)
    return tenant


def state(amount: int, **other: object) -> Assertion:
    said = {"account": "balance", "of": None, "unit": DSU, "on": ON, "amount": Decimal(amount), "now": make.NOON}
    return assertions.state(**said | other)  # type: ignore[arg-type]


def test_it_is_refused_with_the_numbers_where_it_is_wrong(tenant: UUID) -> None:
    with tenancy.acting_in(tenant):
        with pytest.raises(Refused, match="held 93 DSU, not 94"):
            state(94)
        assert state(93).pk == state(93).pk


def test_nothing_is_posted_up_to_it_any_more(tenant: UUID) -> None:
    with tenancy.acting_in(tenant):
        state(93)
    with tenancy.acting_in(tenant):
        assert charge(7).on == ON  # a repeat is no new posting
        for on in (ON, ON - timedelta(days=1)):
            with pytest.raises(Refused, match="asserted to the end of 2026-07-11") as refused:
                charge(1, source="late", on=on)
            assert refused.value.code == "asserted"
        charge(1, source="late", on=NEXT)
        assert held() == 92
        assert held(as_of=ON) == 93


def test_an_entry_of_the_time_before_is_reversed_after_it(tenant: UUID) -> None:
    with tenancy.acting_in(tenant):
        entry = charge(7)
        state(93)
        with pytest.raises(Refused, match="asserted"):
            entries.reverse(entry_id=entry.pk, reason="wrong", now=make.NOON, on=ON)
        entries.reverse(entry_id=entry.pk, reason="wrong", now=make.NOON, on=NEXT)
        assert (held(as_of=ON), held()) == (93, 100)


def test_an_assertion_waits_for_who_is_posting_and_the_next_one_meets_it(tenant: UUID) -> None:
    posted, told = threading.Event(), threading.Event()

    def slow() -> None:
        charge(3, source="slow")
        posted.set()
        told.wait(0.5)

    def asserting() -> int:
        assert posted.wait(10)
        with pytest.raises(Refused, match="held 90 DSU, not 93"):
            state(93)
        state(90)
        return 90

    assert at_once(tenant, [slow, asserting]) == [None, 90]
    with tenancy.acting_in(tenant), pytest.raises(Refused, match="asserted"):
        charge(1, source="late")


def test_the_database_keeps_both_by_itself(tenant: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    with tenancy.acting_in(tenant):
        account = state(93).account_id
    monkeypatch.setattr(assertions, "refuse_closed", lambda rows: None)
    with pytest.raises(DatabaseError, match="comes too late"), tenancy.acting_in(tenant):
        charge(1, source="late")
    with pytest.raises(DatabaseError, match="held 93"), tenancy.acting_in(tenant):
        Assertion.objects.create(account_id=account, on=NEXT, amount=94, made_at=make.NOON)
    with pytest.raises(DatabaseError), tenancy.acting_in(tenant):
        Assertion.objects.update(amount=94)


def test_a_clearing_account_settles_when_it_comes_to_nought(tenant: UUID) -> None:
    one, other = ids.new(), ids.new()
    with tenancy.acting_in(tenant):
        for payment in (one, other):
            post(f"bought:{payment}", ("card", "USD", "43"), ("revenue", "USD", "-43"), of=payment)
        with pytest.raises(Refused, match="held 43 USD, not 0"):
            assertions.settle(account="card", of=one, unit="USD", on=ON, now=make.NOON)
        with pytest.raises(Refused, match="need not come to 0"):
            assertions.settle(account="revenue", of=one, unit="USD", on=ON, now=make.NOON)
        post("paid", ("paid", "USD", "43"), ("card", "USD", "-43"), of=one)
        assertions.settle(account="card", of=one, unit="USD", on=ON, now=make.NOON)
        left = balances.unsettled(before=NEXT)
        assert [(row.of, row.amount, row.since) for row in left] == [(other, Decimal(43), ON)]
        assert balances.unsettled(before=ON) == []
