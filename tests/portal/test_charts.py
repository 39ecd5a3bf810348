"""What a chart draws of its numbers. Source: acceptance ID-35, ID-48."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from purser.portal import charts

parts = st.lists(st.tuples(st.text("abc", min_size=1, max_size=3), st.integers(-500, 500)), max_size=30)


def test_it_shows_first_what_moved_most_whichever_way() -> None:
    drawn = charts.chart("c", "Moved", [("a", 1), ("b", -7), ("c", 5), ("d", -1)], unit="licenses", kind="bar", most=3)
    assert [(one.label, one.shown, one.share) for one in drawn.slices] == [
        ("b", "(7)", "58.3%"),
        ("c", "5", "41.7%"),
        ("2 others", "0", "0.0%"),
    ]
    assert drawn.total_shown == "(2)"


@given(parts, st.integers(2, 12))
def test_its_parts_add_up_to_its_total_and_its_shares_to_a_whole(given_parts: list[tuple[str, int]], most: int) -> None:
    drawn = charts.chart("c", "Moved", given_parts, unit="licenses", kind="bar", most=most)
    assert sum(one.value for one in drawn.slices) == drawn.total == sum(value for _, value in given_parts)
    assert len(drawn.slices) == min(len(given_parts), most)
    shares = sum(Decimal(one.share.rstrip("%")) for one in drawn.slices)
    if any(one.value for one in drawn.slices):
        assert abs(shares - 100) <= Decimal("0.05") * len(drawn.slices)
    else:
        assert shares == 0


def test_it_draws_no_donut_of_a_negative_share() -> None:
    with pytest.raises(ValueError, match="b is -1"):
        charts.chart("c", "Shares", [("a", 5), ("b", -1)], unit="licenses")
