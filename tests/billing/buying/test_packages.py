"""The price list: what it may hold, and how the operator's reaches each partner. Source: acceptance CS-55, CS-56; F-1."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError
from hypothesis import given
from hypothesis import strategies as st

from purser.billing.buying import defaults, offers, packages
from purser.billing.buying.offers import Offer
from purser.billing.models import Package, PriceList, Programme
from purser.billing.usage import programme
from purser.kernel.errors import Refused
from purser.postgres import tenancy
from tests.access import kit
from tests.billing.buying.kit import NOW, buyer, publish

TEN = [
    ("CPP-DSU-1", 1_000, ".043", "43"),
    ("CPP-DSU-2", 2_000, ".042", "84"),
    ("CPP-DSU-5", 5_000, ".041", "205"),
    ("CPP-DSU-10", 10_000, ".040", "400"),
    ("CPP-DSU-15", 15_000, ".038", "570"),
    ("CPP-DSU-25", 25_000, ".037", "925"),
    ("CPP-DSU-100", 100_000, ".036", "3600"),
    ("CPP-DSU-250", 250_000, ".035", "8750"),
    ("CPP-DSU-500", 500_000, ".034", "17000"),
    ("CPP-DSU-1000", 1_000_000, ".033", "33000"),
]
SMALL = Offer("A", 1000, Decimal("0.05"), Decimal("50"))
LARGE = Offer("B", 2000, Decimal("0.04"), Decimal("80"))


def test_it_ships_the_ten_rows() -> None:
    assert [(o.code, o.units, o.unit_price, o.price) for o in packages.standard()] == [
        (code, units, Decimal(each), Decimal(price)) for code, units, each, price in TEN
    ]
    assert offers.check(packages.standard(), "USD") == packages.standard()


def test_it_refuses_the_seeds_third_row_with_all_three_numbers() -> None:
    with pytest.raises(Refused) as wrong:
        offers.check([Offer("CPP-DSU-3", 3000, Decimal("0.041"), Decimal("205"))], "USD")
    assert all(number in wrong.value.text for number in ("3000", "0.041", "205")), wrong.value.text


BAD = {
    "the same unit price for more": ([SMALL, replace(LARGE, unit_price=Decimal("0.05"), price=Decimal(100))], "B at 0.05"),
    "a dearer unit for more": ([SMALL, replace(LARGE, unit_price=Decimal("0.06"), price=Decimal(120))], "B at 0.06"),
    "twice the same size": ([SMALL, replace(SMALL, code="C")], "both have 1000"),
    "twice the same code": ([SMALL, replace(LARGE, code="a")], "2 times"),
    "seven decimals": ([replace(SMALL, unit_price=Decimal("0.0500001"), price=Decimal("50.0001"))], "6 decimals"),
    "a third of a cent": ([Offer("A", 1, Decimal("0.005"), Decimal("0.005"))], "2 decimals"),
    "no units": ([replace(SMALL, units=0)], "0 units"),
    "less than no units": ([replace(SMALL, units=-5)], "-5 units"),
    "a price of nothing": ([replace(SMALL, unit_price=Decimal(0), price=Decimal(0))], "above 0"),
    "a price below nothing": ([replace(SMALL, unit_price=Decimal(-1), price=Decimal(-1000))], "above 0"),
    "no number": ([replace(SMALL, price=Decimal("NaN"))], "NaN"),
    "without end": ([replace(SMALL, unit_price=Decimal("Infinity"))], "Infinity"),
    "too many units": ([replace(SMALL, units=1_000_000_001)], "1000000001"),
    "too much money": ([Offer("A", 2, Decimal(900_000), Decimal("1800000000"))], "1800000000"),
    "a code of signs": ([replace(SMALL, code="=A1")], "=A1"),
    "no rows": ([], "not 0"),
    "51 rows": ([SMALL] * 51, "not 51"),
}


@pytest.mark.parametrize("name", BAD)
def test_it_refuses_a_list_with(name: str) -> None:
    rows, told = BAD[name]
    with pytest.raises(Refused) as wrong:
        offers.check(rows, "USD")
    assert told in wrong.value.text


def test_it_refuses_cents_of_a_currency_without_any() -> None:
    with pytest.raises(Refused, match="0 decimals"):
        offers.check([Offer("A", 1, Decimal("0.5"), Decimal("0.5"))], "JPY")
    with pytest.raises(Refused, match="no currency"):
        offers.check([SMALL], "usd")


@given(
    st.lists(
        st.tuples(st.integers(1, 10**6), st.decimals("0.01", "99", places=2)), min_size=1, max_size=8, unique_by=lambda x: x[0]
    )
)
def test_it_reads_back_what_it_wrote(rows: list[tuple[int, Decimal]]) -> None:
    made = tuple(Offer(f"P-{units}", units, each, units * each) for units, each in rows)
    assert offers.read(offers.written(made)) == made


@pytest.mark.parametrize(
    "text",
    [
        "CPP-DSU-1\t1,000\t$0.043\t$43\nCPP-DSU-10\t10,000\t$0.040\t$400",
        f"{';'.join(offers.HEADERS)}\r\nCPP-DSU-1;1.000;0,043;43\r\nCPP-DSU-10;10.000;0,040;400\r\n",
        f"\ufeff{','.join(offers.HEADERS)}\nCPP-DSU-1,1000,.043,43\n\nCPP-DSU-10,10 000,0.04,400.00\n",
    ],
)
def test_it_reads_what_is_pasted_from_a_sheet(text: str) -> None:
    assert [(o.code, o.units, o.unit_price, o.price) for o in offers.read(text)] == [
        ("CPP-DSU-1", 1000, Decimal("0.043"), Decimal(43)),
        ("CPP-DSU-10", 10_000, Decimal("0.04"), Decimal(400)),
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("A,1000,0.05,50\nB,many,0.04,80", "Row 2, DSU quantity: “many”"),
        ("A,1000,0.05", "Row 1 has 3 columns"),
        ("A,1.5,0.05,50", "Row 1, DSU quantity: 1.5"),
        ("A,1000,NaN,50", "Row 1, Single DSU price: “NaN”"),
        ("x" * 20_001, "20001"),
    ],
)
def test_it_names_the_row_that_cannot_be_read(text: str, told: str) -> None:
    with pytest.raises(Refused) as wrong:
        offers.read(text)
    assert told in wrong.value.text


def test_the_database_refuses_what_does_not_multiply_out() -> None:
    made = buyer()
    with tenancy.acting_in(made.partner.pk):
        row = PriceList.objects.create(number=9, currency="USD", from_at=NOW, made_at=NOW, made_by_name="x")
    wrong = Package(tenant=made.partner, price_list=row, code="CPP-DSU-3", units=3000, unit_price=Decimal("0.041"), price=205)
    with pytest.raises(IntegrityError, match="package_multiplies_out"), tenancy.acting_in(made.partner.pk):
        wrong.save(force_insert=True)


def test_a_partner_of_an_operator_without_a_list_gets_the_standard_one() -> None:
    made = buyer()
    with tenancy.acting_in(made.partner.pk):
        held = packages.in_force(NOW)
        assert (held.number, held.currency, packages.as_offers(packages.rows_of(held))) == (1, "USD", packages.standard())
    assert packages.copy_to(made.partner.pk, NOW) == 0


def test_a_partner_of_a_distributor_gets_the_operators_list() -> None:
    operator = kit.operator()
    made = buyer(under=kit.distributor(under=operator))
    made.operator = operator
    assert publish(made, [SMALL]) == 2
    with tenancy.acting_in(made.partner.pk):
        assert [one.code for one in packages.rows_of(packages.in_force(NOW))] == ["A"]


def test_a_new_list_reaches_each_partner_once_and_holds_from_its_moment() -> None:
    made = buyer()
    second = buyer(under=made.operator)
    at = NOW + timedelta(days=3)
    assert publish(made, [SMALL, LARGE], from_at=at) == 2
    assert packages.copy_to_all(made.operator.pk, NOW) == 0
    for partner in (made.partner, second.partner):
        with tenancy.acting_in(partner.pk):
            numbers = [packages.in_force(when).number for when in (NOW, at - timedelta(seconds=1), at)]
            assert numbers == [1, 1, 2]
    late = buyer(under=made.operator, now=at)
    with tenancy.acting_in(late.partner.pk):
        assert list(PriceList.objects.values_list("number", flat=True)) == [2]


def test_a_partner_who_is_not_in_the_programme_gets_no_copy() -> None:
    made = buyer()
    other = kit.reseller("Other IT", under=made.operator)
    publish(made, [SMALL])
    with tenancy.acting_in(other.pk):
        assert packages.current(NOW) is None


def test_it_finds_operators_whose_job_died() -> None:
    made = buyer()
    assert made.operator.pk not in packages.behind()
    with tenancy.acting_in(made.operator.pk):
        packages.publish(made.desk, [SMALL], currency="USD", from_at=NOW, now=NOW)
    assert made.operator.pk in packages.behind()
    packages.copy_to_all(made.operator.pk, NOW)
    assert made.operator.pk not in packages.behind()


def test_two_admitted_at_once_get_one_standard_list() -> None:
    operator = kit.operator()
    partners = [kit.reseller(f"P{n}", under=operator) for n in range(4)]
    for partner in partners:
        with tenancy.acting_in(partner.pk):
            Programme.objects.create(created_at=NOW)
    calls = [lambda p=partner: packages.copy_to(p.pk, NOW) for partner in (*partners, *partners)]  # type: ignore[misc]
    assert sum(kit.at_once(*calls)) == len(partners)
    with tenancy.acting_in(operator.pk):
        assert PriceList.objects.count() == 1


def test_publishing_is_refused_in_the_past_too_far_ahead_and_after_somebody_else() -> None:
    made = buyer()
    for at, told in ((NOW - timedelta(seconds=1), "from now on"), (NOW + timedelta(days=400), "366 days")):
        with pytest.raises(Refused, match=told), tenancy.acting_in(made.operator.pk):
            packages.publish(made.desk, [SMALL], currency="USD", from_at=at, now=NOW)
    publish(made, [SMALL])
    with pytest.raises(Refused, match="list 2 meanwhile"), tenancy.acting_in(made.operator.pk):
        packages.publish(made.desk, [SMALL], currency="USD", from_at=NOW, after=1, now=NOW)


def test_what_is_published_leaves_an_act() -> None:
    made = buyer()
    publish(made, [SMALL])
    (act,) = kit.acts_of(made.operator, "operator.prices.publish")
    assert act.after == {"A": "1000 x 0.05 = 50"}
    assert "list 2" in act.summary


def test_who_is_admitted_has_the_packages_at_once() -> None:
    operator = kit.operator()
    partner = kit.reseller(under=operator)
    now = kit.now()
    programme.admit(kit.actor(operator, kit.member(operator, factor=False)), partner.pk, on=now.date(), now=now)
    with tenancy.acting_in(partner.pk):
        assert len(packages.rows_of(packages.in_force(now))) == 10
        assert defaults.package(now).code == "CPP-DSU-2"
