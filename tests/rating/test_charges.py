"""The charges that ought to exist against those in the books: one of each day, whatever was learned when, and nothing
closed ever changes. Source: reliability P3, P4.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from purser.kernel.errors import Refused
from purser.rating import charges, closes
from purser.rating.charges import Charge, Posted, Posting
from purser.rating.closes import Close
from purser.rating.policy import DSU
from tests.rating import oracle

JANUARY = date(2026, 1, 1)
NOW = datetime(2026, 4, 1, tzinfo=UTC)


@dataclass
class Books:
    """Entries as a ledger keeps them: added, never changed."""

    entries: list[Posting] = field(default_factory=list)

    def post(self, postings: Sequence[Posting]) -> None:
        self.entries += postings

    def standing(self) -> list[Posted]:
        gone = {entry.reverses for entry in self.entries}
        return [
            Posted(str(number), entry.charge)
            for number, entry in enumerate(self.entries)
            if entry.reverses is None and str(number) not in gone
        ]

    def taken(self) -> int:
        return sum(entry.units for entry in self.entries)


def fixed(first: date, users: Sequence[int], *, partner: str = "p") -> list[Close]:
    return [Close(partner, on, {"X": count}, NOW) for on, count in zip(oracle.dates(first, len(users)), users, strict=True)]


def settle(books: Books, known: Sequence[Close], *, open_from: date = JANUARY) -> list[Posting]:
    rated = charges.wanted(closes.standing(known), policy=DSU)
    postings = charges.settle(wanted=rated, posted=books.standing(), open_from=open_from)
    books.post(postings)
    return postings


def by_rules(users: Mapping[date, int]) -> dict[date, int]:
    return {on: oracle.units(users, on) for on in users}


late = st.lists(st.tuples(st.integers(0, 99), st.integers(0, 50)), max_size=6)


@given(
    first=st.dates(date(2019, 1, 1), date(2032, 12, 31)),
    users=st.lists(st.integers(0, 50), min_size=1, max_size=100),
    corrections=late,
    order=st.randoms(use_true_random=False),
    cuts=st.sets(st.integers(1, 99)),
)
def test_every_day_has_one_charge_by_the_rules_whatever_is_learned_late(
    first: date, users: list[int], corrections: list[tuple[int, int]], order: random.Random, cuts: set[int]
) -> None:
    """Closed in any portions, then corrected, each settled twice: as a job that runs again."""
    books, known = Books(), fixed(first, users)
    for cut in sorted({*(cut for cut in cuts if cut < len(known)), len(known)}):
        settle(books, known[:cut], open_from=first)
        assert settle(books, known[:cut], open_from=first) == []
    for day, count in corrections:
        on = known[day % len(users)].on
        latest = next(close for close in closes.standing(known) if close.on == on)
        known.append(closes.amend(latest, users={"X": count}, now=NOW))
        order.shuffle(known)
        settle(books, known, open_from=first)
    expected = by_rules({close.on: close.total for close in closes.standing(known)})
    assert sorted(one.charge.key for one in books.standing()) == [("p", on) for on in expected]
    assert {one.charge.on: one.charge.units for one in books.standing()} == expected
    assert books.taken() == sum(expected.values())


def test_late_knowledge_reverses_and_posts_anew_only_what_it_changes() -> None:
    """12 instead of 10 on the 3rd: the peak of the 3rd to 25th was 11 from the 5th on."""
    books, users = Books(), [10, 10, 10, 10] + [11] * 27
    known = fixed(JANUARY, users)
    settle(books, known)
    known.append(closes.amend(known[2], users={"X": 12}, now=NOW))
    postings = settle(books, known)
    assert [(one.on.day, one.units, one.reverses) for one in postings[:4]] == [
        (3, -10, "2"),
        (3, 12, None),
        (4, -10, "3"),
        (4, 12, None),
    ]
    assert len(postings) == 2 * 23
    assert books.taken() == 20 + 23 * 12


def test_a_day_of_a_closed_month_is_corrected_on_the_first_open_day() -> None:
    books, known = Books(), fixed(JANUARY, [10] * 45)
    settle(books, known)
    before = list(books.entries)
    known.append(closes.amend(known[23], users={"X": 12}, now=NOW))
    postings = settle(books, known, open_from=date(2026, 2, 1))
    assert [(one.charge.on.day, one.on, one.units) for one in postings] == [
        (24, date(2026, 2, 1), -10),
        (24, date(2026, 2, 1), 12),
        (25, date(2026, 2, 1), -10),
        (25, date(2026, 2, 1), 12),
    ]
    assert books.entries[: len(before)] == before


def test_the_last_close_of_a_month_corrected_late_moves_the_whole_next_one() -> None:
    """CS-48: ten less at the last midnight is ten less on every day that follows it, to the 25th."""
    books, known = Books(), fixed(JANUARY, [20] * 31 + [5] * 28)
    settle(books, known)
    known.append(closes.amend(known[30], users={"X": 10}, now=NOW))
    settle(books, known)
    assert sum(one.charge.units for one in books.standing() if one.charge.on.month == 2) == 25 * 10


def test_a_day_that_was_not_rated_keeps_its_charge() -> None:
    books = Books()
    settle(books, fixed(JANUARY, [10] * 20))
    assert settle(books, fixed(JANUARY, [10] * 15)) == []
    assert settle(books, []) == []
    assert len(books.standing()) == 20


def test_two_charges_of_one_day_are_refused_with_both_named() -> None:
    ten, nine = Charge("p", JANUARY, 10), Charge("p", JANUARY, 9)
    with pytest.raises(Refused, match=r"partner p, 2026-01-01: entries a \(10 units\) and b \(9 units\)"):
        charges.settle(wanted=[ten], posted=[Posted("a", ten), Posted("b", nine)], open_from=JANUARY)
    with pytest.raises(Refused, match="Two charges are wanted for partner p, 2026-01-01"):
        charges.settle(wanted=[ten, nine], posted=[], open_from=JANUARY)
