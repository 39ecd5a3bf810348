"""What is posted is posted once, in units that its accounts hold, and undone once. Source: reliability P1, P2, P7."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, transaction

from purser.kernel.errors import Missing, Refused
from purser.ledger import balances, checks, entries
from purser.ledger.chart import DSU
from purser.ledger.entries import Draft, Leg
from purser.ledger.models import Account, Entry, Posting
from purser.postgres import ids, tenancy
from tests import make
from tests.ledger.books import ON, at_once, charge, draft, held, package, post

PLUS = Leg("balance", None, DSU, Decimal(7))
MINUS = Leg("used", None, DSU, Decimal(-7))
GOOD = Draft("charge", ON, "day:1", (PLUS, MINUS), "a day")


@pytest.fixture
def tenant() -> UUID:
    return make.reseller().pk


def test_a_purchase_moves_units_and_money_in_one_entry(tenant: UUID) -> None:
    payment = ids.new()
    legs = [
        Leg("balance", None, DSU, Decimal(1000)),
        Leg("sold", None, DSU, Decimal(-1000)),
        Leg("card", payment, "USD", Decimal("43.00")),
        Leg("revenue", None, "USD", Decimal("-43.00")),
    ]
    with tenancy.acting_in(tenant):
        entries.post(kind="purchase", on=ON, source="purchase:1", legs=legs, now=make.NOON)
        assert held() == 1000
        assert balances.balance(account="card", of=payment, unit="USD") == 43
        assert balances.balance(account="card", of=None, unit="USD") == 0


def test_the_free_units_come_once_and_not_again_after_leaving(tenant: UUID) -> None:
    """Source: acceptance CS-54."""
    free = ("balance", DSU, "2000"), ("free", DSU, "-2000")
    with tenancy.acting_in(tenant):
        first = post("free-units", *free)
    with tenancy.acting_in(tenant):
        with pytest.raises(Refused, match="posted before"):
            post("free-units", *free, on=ON + timedelta(days=200))
        assert post("free-units", *free).pk == first.pk
        assert held() == 2000


DIFFERENT = {
    "an amount": {"legs": [replace(PLUS, amount=Decimal(8)), replace(MINUS, amount=Decimal(-8))]},
    "an account": {"legs": [PLUS, replace(MINUS, account="sold")]},
    "the thing it is about": {"legs": [PLUS, replace(MINUS, of=UUID(int=1))]},
    "the date": {"on": ON + timedelta(days=1)},
    "the kind": {"kind": "other"},
    "the text": {"text": "another day"},
    "one more pair": {"legs": [PLUS, MINUS, PLUS, MINUS]},
}


@pytest.mark.parametrize("what", DIFFERENT)
def test_the_same_source_with_another_content_is_refused(tenant: UUID, what: str) -> None:
    with tenancy.acting_in(tenant):
        first = entries.post_all([GOOD], now=make.NOON)
        same = replace(GOOD, legs=[MINUS, replace(PLUS, amount=Decimal("7.000"))])
        assert entries.post_all([same, GOOD], now=make.NOON) == first * 2
        other = replace(GOOD, **DIFFERENT[what])  # type: ignore[arg-type]
        for drafts in ([other], [replace(GOOD, source="new"), other]):
            with pytest.raises(Refused, match="'day:1' was posted before") as refused:
                entries.post_all(drafts, now=make.NOON)
            assert refused.value.code == "source"
        assert held() == 7


def test_two_in_one_batch_with_one_source_are_refused_before_anything_is_written(tenant: UUID) -> None:
    with tenancy.acting_in(tenant):
        with pytest.raises(Refused, match="posted before"):
            entries.post_all([GOOD, replace(GOOD, text="b")], now=make.NOON)
        assert not Entry.objects.exists()


BAD = {
    "a kind that the chart has not": ([replace(PLUS, account="profit"), MINUS], "account"),
    "units where money belongs": ([PLUS, replace(MINUS, account="revenue")], "unit"),
    "money where units belong": ([replace(PLUS, unit="USD"), replace(MINUS, unit="USD")], "unit"),
    "a currency in small letters": ([Leg("paid", None, "usd", Decimal(1)), Leg("tax", None, "usd", Decimal(-1))], "unit"),
    "half a unit": ([replace(PLUS, amount=Decimal("0.5")), replace(MINUS, amount=Decimal("-0.5"))], "amount"),
    "a tenth of a cent": (
        [Leg("paid", None, "USD", Decimal("0.001")), Leg("tax", None, "USD", Decimal("-0.001"))],
        "amount",
    ),
    "half a yen": ([Leg("paid", None, "JPY", Decimal("0.5")), Leg("tax", None, "JPY", Decimal("-0.5"))], "amount"),
    "nought": ([replace(PLUS, amount=Decimal(0))], "amount"),
    "no number": ([replace(PLUS, amount=Decimal("NaN")), MINUS], "amount"),
    "more than can be": ([replace(PLUS, amount=Decimal(10) ** 17), replace(MINUS, amount=-(Decimal(10) ** 17))], "amount"),
    "one leg": ([PLUS], "unbalanced"),
    "no leg": ([], "unbalanced"),
    "too many legs": ([PLUS, MINUS] * 501, "unbalanced"),
}


@pytest.mark.parametrize("what", BAD)
def test_it_refuses(tenant: UUID, what: str) -> None:
    legs, code = BAD[what]
    with tenancy.acting_in(tenant):
        with pytest.raises(Refused) as refused:
            entries.post_all([GOOD, replace(GOOD, source="bad", legs=legs)], now=make.NOON)
        assert refused.value.code == code
        assert not Entry.objects.exists()
        entries.post_all([GOOD], now=make.NOON)


@pytest.mark.parametrize("change", [{"source": ""}, {"source": "x" * 121}, {"kind": ""}, {"text": "x" * 301}])
def test_it_refuses_words_that_do_not_fit(tenant: UUID, change: dict[str, str]) -> None:
    with tenancy.acting_in(tenant), pytest.raises(Refused, match="letters"):
        entries.post_all([replace(GOOD, **change)], now=make.NOON)  # type: ignore[arg-type]


def test_a_batch_comes_back_in_the_order_given(tenant: UUID) -> None:
    drafts = [replace(GOOD, source=source) for source in ("c", "a", "b")]
    with tenancy.acting_in(tenant):
        (b,) = entries.post_all([drafts[2]], now=make.NOON)
        found = entries.post_all(drafts, now=make.NOON)
        assert found[2] == b
        assert [Entry.objects.get(pk=id).source for id in found] == ["c", "a", "b"]
        assert not list(checks.check(now=make.NOON))


def test_fifty_at_once_with_one_source_post_one_entry(tenant: UUID) -> None:
    made = at_once(tenant, [lambda: charge(7, source="day:1").pk] * 50)
    assert len(set(made)) == 1
    with tenancy.acting_in(tenant):
        assert held() == -7


def test_fifty_debits_that_cross_nought_buy_one_package(tenant: UUID) -> None:
    """Source: reliability P7."""
    with tenancy.acting_in(tenant):
        package(240)

    def debit(number: int) -> bool:
        before = balances.hold(account="balance", of=None, unit=DSU)
        charge(10, source=f"debit:{number}")
        if before - 10 >= 0:
            return False
        package(1000, source=f"auto:{number}")
        return True

    bought = at_once(tenant, [lambda n=n: debit(n) for n in range(50)])
    assert sorted(bought, key=str) == [False] * 49 + [True]
    with tenancy.acting_in(tenant):
        assert held() == 240 - 500 + 1000
        assert not list(checks.check(now=make.NOON))


def test_without_the_hold_they_would_not(tenant: UUID) -> None:
    """The case above has been seen to fail: two who only read the balance both see it above nought."""
    with tenancy.acting_in(tenant):
        package(10)
    seen = at_once(tenant, [held, held])
    assert seen == [10, 10]
    with tenancy.acting_in(tenant):
        assert balances.hold(account="balance", of=None, unit=DSU) == 10


def test_batches_with_the_same_sources_in_other_orders_do_not_block_each_other(tenant: UUID) -> None:
    drafts = [draft(f"d:{n}", ("suspense", "USD", "1"), ("opening", "USD", "-1"), of=UUID(int=n)) for n in range(1, 200)]
    made = at_once(tenant, [lambda d=d: entries.post_all(d, now=make.NOON) for d in (drafts, drafts[::-1]) * 4])
    assert all(set(one) == set(made[0]) for one in made)


def test_a_reversal_says_why_and_comes_once(tenant: UUID) -> None:
    with tenancy.acting_in(tenant):
        entry = charge(7)
        with pytest.raises(Refused, match="Why is"):
            entries.reverse(entry_id=entry.pk, reason=" ", now=make.NOON, on=ON)
        with pytest.raises(Refused, match="cannot be reversed on"):
            entries.reverse(entry_id=entry.pk, reason="late", now=make.NOON, on=ON - timedelta(days=1))
        with pytest.raises(Missing):
            entries.reverse(entry_id=ids.new(), reason="x", now=make.NOON, on=ON)
    mirrors = at_once(
        tenant, [lambda: entries.reverse(entry_id=entry.pk, reason="counted twice", now=make.NOON, on=ON).pk] * 10
    )
    assert len(set(mirrors)) == 1
    with tenancy.acting_in(tenant):
        assert held() == 0
        with pytest.raises(Refused, match="is a reversal itself"):
            entries.reverse(entry_id=mirrors[0], reason="back", now=make.NOON, on=ON)
        with pytest.raises(Refused, match="made by reversing"):
            entries.post_all([replace(GOOD, kind="reversal")], now=make.NOON)


def raw(*legs: tuple[str, str], lines: int = 2, day: date = ON, on: date | None = None, **said: Any) -> Entry:
    """Past the ledger's own verbs: (account, amount) in units, written in one statement."""
    values = {"kind": "test", "on": day, "made_at": make.NOON, "source": f"raw:{ids.new()}", "digest": "", "lines": lines}
    entry = Entry.objects.create(**values | said)
    accounts = {name: Account.objects.get_or_create(name=name, of=None, unit=DSU)[0] for name, _ in legs}
    Posting.objects.bulk_create(
        Posting(entry=entry, account=accounts[name], on=on or day, unit=DSU, amount=Decimal(amount)) for name, amount in legs
    )
    return entry


def of(entry: UUID, **more: Any) -> dict[str, Any]:
    return {"kind": "reversal", "reverses_id": entry, "text": "why", **more}


def test_the_database_refuses_what_the_verbs_would(tenant: UUID) -> None:
    with tenancy.acting_in(tenant):
        entry = charge(7).pk
        mirror = entries.reverse(entry_id=charge(8, source="b").pk, reason="x", now=make.NOON, on=ON).pk
        raw(("balance", "1"), ("used", "-1"))
    back = (("balance", "7"), ("used", "-7"))
    breaches: list[tuple[str, Any]] = [
        ("off by 1", lambda: raw(("balance", "2"), ("used", "-1"))),
        ("says 3 postings and has 2", lambda: raw(("balance", "1"), ("used", "-1"), lines=3)),
        ("complete with 2 postings", lambda: raw(("balance", "1"), ("used", "-1"), ("used", "1"), ("used", "-1"))),
        ("cannot stand in entry", lambda: raw(("balance", "1"), ("used", "-1"), on=ON + timedelta(days=1))),
        ("reason", lambda: raw(*back, **of(entry, text=""))),
        ("reason", lambda: raw(*back, **of(entry, kind="test"))),
        ("does not mirror", lambda: raw(("balance", "6"), ("used", "-6"), **of(entry))),
        ("does not mirror", lambda: raw(("balance", "7"), ("sold", "-7"), **of(entry))),
        ("reversal itself", lambda: raw(("balance", "-8"), ("used", "8"), **of(mirror))),
        ("later day", lambda: raw(*back, **of(entry), day=ON - timedelta(days=1))),
    ]
    for told, breach in breaches:
        with pytest.raises(DatabaseError, match=told), tenancy.acting_in(tenant):
            breach()
    with tenancy.acting_in(tenant):
        assert held() == -7 + 1
        raw(*back, **of(entry))


def test_a_pair_that_balances_cannot_be_added_to_an_old_entry(tenant: UUID) -> None:
    with tenancy.acting_in(tenant):
        entry = charge(7)
        known = {a.name: a for a in Account.objects.all()}
    with tenancy.acting_in(tenant), pytest.raises(DatabaseError, match="complete"), transaction.atomic():
        Posting.objects.bulk_create(
            Posting(entry=entry, account=known[name], on=ON, unit=DSU, amount=amount)
            for name, amount in (("balance", 1), ("used", -1))
        )
