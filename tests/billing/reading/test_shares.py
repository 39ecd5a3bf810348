"""Shares of a charge by tenant, for bills of the partner's own. Source: acceptance CS-53, CS-69."""

from __future__ import annotations

import csv
import io
from collections import Counter, defaultdict
from datetime import date
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from purser.billing.models import Terms
from purser.billing.usage import rated
from purser.postgres import tenancy
from tests.billing.reading import kit
from tests.billing.reading.kit import Desk

FIRST = date(2026, 10, 1)


def desk(*counts: tuple[int, int], first: date = FIRST) -> Desk:
    """Days closed with so many users of Alder and of Birch."""
    made = kit.desk()
    made.begin(first)
    made.closed(first, [{made.alder.pk: a, made.birch.pk: b} for a, b in counts])
    return made


def file(answer: Any) -> list[list[str]]:
    return list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))


def test_a_day_is_shared_by_its_own_counts() -> None:
    made = desk((30, 10), (10, 10))  # the peak of 40 stays on the second day, and is shared 1:1
    rows = made.call("/shares?month=2026-10&per=day").json()["rows"]
    assert [(row["on"], row["name"], row["users"], row["units"]) for row in rows] == [
        ("2026-10-01", "Alder Dental", 30, 30),
        ("2026-10-01", "Birch Law", 10, 10),
        ("2026-10-02", "Alder Dental", 10, 20),
        ("2026-10-02", "Birch Law", 10, 20),
    ]


def test_a_day_of_nobody_is_shared_as_the_day_that_set_the_peak() -> None:
    made = desk((1, 1), (30, 10), (5, 5), (0, 0))
    rows = made.call("/shares?month=2026-10&per=day").json()["rows"]
    assert [(row["name"], row["units"]) for row in rows if row["on"] == "2026-10-04"] == [
        ("Alder Dental", 30),
        ("Birch Law", 10),
    ]


def test_a_carried_peak_with_nobody_is_shared_as_the_month_before_ended() -> None:
    made = desk(*[(4, 2)] * 31, (0, 0))
    rows = made.call("/shares?month=2026-11&per=day").json()["rows"]
    assert [(row["on"], row["units"]) for row in rows] == [("2026-11-01", 4), ("2026-11-01", 2)]


def test_a_month_adds_up_to_the_charge_on_the_page_the_api_and_in_the_files() -> None:
    made = desk(*[(7, 3), (8, 5), (3, 0), (0, 0)] * 7)
    found = made.call("/shares?month=2026-10").json()
    charged = sum(row["units"] for row in made.call("/statement?month=2026-10").json()["days"])
    assert sum(row["units"] for row in found["rows"]) == found["charged"] == charged > 0
    totals = {row["number"]: str(row["units"]) for row in found["rows"]}
    for per in ("month", "day"):
        sums: Counter[str] = Counter()
        for row in file(made.page(f"shares/export/?month=2026-10&per={per}"))[1:]:
            sums[row[2]] += int(row[4])
        assert {number: str(units) for number, units in sums.items()} == totals
        assert file(made.call(f"/shares/file?month=2026-10&per={per}")) == file(
            made.page(f"shares/export/?month=2026-10&per={per}")
        )
    page = made.page("shares/?month=2026-10").content.decode()
    assert all(f"{int(units):,}" in page for units in totals.values())
    sheet = made.page("shares/export/?month=2026-10&per=day&format=xlsx")
    assert b"".join(sheet.streaming_content)[:2] == b"PK"


def test_a_formula_in_a_tenants_name_stays_text() -> None:
    from purser.tenants.models import Organisation

    made = desk((3, 1))
    with tenancy.acting_in(made.birch.pk):
        Organisation.objects.update(name="=1+1")
    rows = file(made.page("shares/export/?month=2026-10"))
    assert "'=1+1" in [row[1] for row in rows]


counts = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=70)
policies = st.sampled_from([{}, {"scope": "tenant"}, {"true_up": False}, {"carry_over": False}, {"ratchet": False}])


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(counts=counts, terms=policies, start=st.integers(1, 28))
def test_shares_sum_to_the_charge_of_every_day(counts: list[tuple[int, int]], terms: dict[str, Any], start: int) -> None:
    """Over random months under random terms; and a month looked at alone says what the whole history says of it."""
    made = kit.desk()
    first = date(2026, 8, start)
    made.begin(first)
    with tenancy.acting_in(made.partner):
        Terms.objects.update(**terms)
    made.closed(first, [{made.alder.pk: a, made.birch.pk: b} for a, b in counts], post=False)
    with tenancy.acting_in(made.partner):
        whole = rated.days(first, date(2026, 12, 31))
        by_month: dict[date, list[rated.Rated]] = defaultdict(list)
        for day in whole:
            assert sum(day.shares.values()) == day.charge.units
            by_month[day.on.replace(day=1)].append(day)
        for month, days in by_month.items():
            alone = rated.days(month, month.replace(day=28))
            assert [day.shares for day in alone] == [day.shares for day in days if day.on.day <= 28]
            last = days[-1]
            assert sum(rated.peaks_after(last.on).values()) == last.charge.peak
