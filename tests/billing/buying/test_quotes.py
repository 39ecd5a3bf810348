"""Quotes: numbered, priced from the list, good for a time. Source: acceptance CS-58, CS-59; reliability P8."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from purser.billing.buying import numbers, quotes
from purser.billing.buying.offers import Offer
from purser.billing.models import Series
from purser.kernel.errors import Refused
from purser.postgres import tenancy
from tests.access import kit
from tests.billing.buying.kit import NOW, Buyer, buyer, publish


@pytest.fixture
def made() -> Buyer:
    return buyer()


def test_a_quote_is_the_sum_of_its_packages_and_keeps_whom_it_was_for(made: Buyer) -> None:
    with tenancy.acting_in(made.partner.pk):
        quote = quotes.issue({"CPP-DSU-10": 2, "CPP-DSU-1": 1, "CPP-DSU-2": 0}, made_by_name="Olive", now=NOW)
        assert (quote.number, quote.total, quote.units, quote.currency) == ("Q-2026-0001", Decimal(843), 21_000, "USD")
        assert [(one.code, one.count, one.price) for one in quotes.lines_of(quote)] == [
            ("CPP-DSU-1", 1, Decimal(43)),
            ("CPP-DSU-10", 2, Decimal(400)),
        ]
        assert quote.billed_to["city"] == "Cork"
        assert quote.billed_to["number"] == made.partner.partner_number
        assert quote.expires_at == NOW + timedelta(days=30)
        assert quotes.counts_of(quote) == {"CPP-DSU-1": 1, "CPP-DSU-10": 2}


def test_one_of_the_smallest_is_43(made: Buyer) -> None:
    with tenancy.acting_in(made.partner.pk):
        assert quotes.issue({"CPP-DSU-1": 1}, made_by_name="Olive", now=NOW).total == 43


def test_ten_thousand_of_the_largest_fit(made: Buyer) -> None:
    with tenancy.acting_in(made.partner.pk):
        quote = quotes.issue({"CPP-DSU-1000": 10_000}, made_by_name="Olive", now=NOW)
        assert (quote.total, quote.units) == (Decimal(330_000_000), 10**10)


@pytest.mark.parametrize(
    ("counts", "code"),
    [
        ({}, "empty"),
        ({"CPP-DSU-1": 0}, "empty"),
        ({"CPP-DSU-1": -1}, "count"),
        ({"CPP-DSU-1": 10_001}, "count"),
        ({"CPP-DSU-1": 1.5}, "count"),
        ({"CPP-DSU-1": True}, "count"),
        ({"CPP-DSU-3": 1}, "package"),
    ],
)
def test_it_refuses(made: Buyer, counts: Any, code: str) -> None:
    with pytest.raises(Refused) as wrong, tenancy.acting_in(made.partner.pk):
        quotes.issue(counts, made_by_name="Olive", now=NOW)
    assert wrong.value.code == code


def test_it_refuses_prices_in_another_currency_than_the_accounts() -> None:
    made = buyer(currency="EUR")
    with pytest.raises(Refused, match="in USD, this account is in EUR"), tenancy.acting_in(made.partner.pk):
        quotes.issue({"CPP-DSU-1": 1}, made_by_name="Olive", now=NOW)


def test_it_refuses_where_there_is_no_list() -> None:
    partner = kit.reseller()
    with pytest.raises(Refused) as wrong, tenancy.acting_in(partner.pk):
        quotes.issue({"CPP-DSU-1": 1}, made_by_name="Olive", now=NOW)
    assert wrong.value.code == "prices"


def test_a_quote_is_good_for_thirty_days(made: Buyer) -> None:
    with tenancy.acting_in(made.partner.pk):
        quote = quotes.issue({"CPP-DSU-1": 1}, made_by_name="Olive", now=NOW)
        assert quotes.still_good(quote, NOW + timedelta(days=30, seconds=-1)) is None
        refusal = quotes.still_good(quote, NOW + timedelta(days=30))
        assert refusal is not None
        assert refusal.code == "expired"


def test_a_quote_is_no_longer_good_once_another_list_holds(made: Buyer) -> None:
    with tenancy.acting_in(made.partner.pk):
        quote = quotes.issue({"CPP-DSU-1": 1}, made_by_name="Olive", now=NOW)
    change = NOW + timedelta(days=2)
    publish(made, [Offer("CPP-DSU-1", 1000, Decimal("0.05"), Decimal(50))], from_at=change)
    with tenancy.acting_in(made.partner.pk):
        assert quotes.still_good(quote, change - timedelta(seconds=1)) is None
        refusal = quotes.still_good(quote, change)
        assert refusal is not None
        assert refusal.code == "price_list"
        assert "list 2 holds" in refusal.text
        again = quotes.issue(quotes.counts_of(quote), made_by_name="Olive", now=change)
        assert (again.total, again.price_list) == (Decimal(50), 2)
        assert quotes.of(quote.pk).total == 43


def test_numbers_have_no_gap_and_are_given_once(made: Buyer) -> None:
    def one(fails: bool) -> str:
        with tenancy.acting_in(made.partner.pk):
            number = numbers.next("Q", NOW)
            if fails:
                raise ZeroDivisionError
            return number

    given = kit.at_once(*[lambda n=n: one(n % 3 == 0) for n in range(12)])  # type: ignore[misc]
    assert sorted(one for one in given if isinstance(one, str)) == [f"Q-2026-000{n}" for n in range(1, 9)]


def test_numbers_begin_anew_with_the_year_of_the_partners_zone() -> None:
    made = buyer()
    with tenancy.acting_in(made.partner.pk):
        type(made.partner).objects.update(zone="Pacific/Auckland")
        before, after = datetime(2026, 12, 31, 10, tzinfo=UTC), datetime(2026, 12, 31, 12, tzinfo=UTC)
        assert [numbers.next("Q", when) for when in (before, before, after)] == ["Q-2026-0001", "Q-2026-0002", "Q-2027-0001"]
        assert Series.objects.count() == 2
