"""When a plan waits for a person. Source: reliability P13: over 20 % of links and at least 5, or over 200 seats down."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from purser.reconcile import guard
from purser.reconcile.guard import Limits
from purser.reconcile.model import Change, Reading
from purser.reconcile.plan import plan

AT = datetime(2026, 7, 11, 12, tzinfo=UTC)


def codes(
    wanted: dict[str, int],
    held: dict[str, int],
    *,
    source_whole: bool = True,
    target_whole: bool = True,
    expected: frozenset[str] = frozenset(),
    posted_before: frozenset[str] = frozenset(),
) -> list[str]:
    source = Reading({k: Decimal(v) for k, v in wanted.items()}, AT, source_whole, "cut")
    target = Reading({k: Decimal(v) for k, v in held.items()}, AT, target_whole, "cut")

    def lane(key: str) -> str:
        return key.partition("@")[0]

    def mark(change: Change[Decimal]) -> str:
        return f"{change.key}:{change.before}>{change.after}"

    made = plan(wanted=source, held=target, lane=lane)
    doubts = guard.doubts(made, wanted=source, held=target, limits=Limits(), size=lambda v: v, expected=expected,
                          posted_before=posted_before, mark=mark, lane=lane)  # fmt: skip
    return [d.code for d in doubts]


def links(n: int, *, changed: int, by: int = 1) -> tuple[dict[str, int], dict[str, int]]:
    held = {f"k{i:03}": 10 for i in range(n)}
    return {k: v + (by if i < changed else 0) for i, (k, v) in enumerate(held.items())}, held


@pytest.mark.parametrize(
    ("n", "changed", "waits"),
    [
        (25, 5, False),  # exactly 20 %
        (24, 5, True),  # one link fewer: 20.8 %
        (26, 6, True),  # one change more: 23 %
        (30, 6, False),  # exactly 20 %
        (4, 4, False),  # all of them, but fewer than 5
        (5, 5, True),
        (5, 4, False),
        (1000, 200, False),
        (1000, 201, True),
    ],
)
def test_too_many_links_at_once(n: int, changed: int, waits: bool) -> None:
    assert codes(*links(n, changed=changed)) == (["too_many"] if waits else [])


@pytest.mark.parametrize(("down", "waits"), [(200, False), (201, True)])
def test_too_many_seats_down(down: int, waits: bool) -> None:
    wanted, held = {"a": 500 - down, "b": 1}, {"a": 500, "b": 1}
    assert codes(wanted, held) == (["too_far_down"] if waits else [])


def test_seats_down_are_those_of_all_links_together_and_ups_do_not_make_up_for_them() -> None:
    held = {f"k{i}": 300 for i in range(40)}
    wanted = {**held, "k1": 199, "k2": 200, "k3": 900}
    assert codes(wanted, held) == ["too_far_down"]


def test_an_emptied_list_waits() -> None:
    held = {f"k{i}": 3 for i in range(10)}
    assert codes({}, held) == ["too_many"]


def test_a_halved_list_waits() -> None:
    held = {f"k{i}": 3 for i in range(10)}
    assert codes(dict.fromkeys(list(held)[:5], 3), held) == ["too_many"]


def test_vanished_links_count_among_all() -> None:
    """5 of 25 gone is 20 % of 25, not 25 % of the 20 that are left."""
    held = {f"k{i}": 3 for i in range(25)}
    assert codes(dict.fromkeys(list(held)[:20], 3), held) == []


def test_two_dated_steps_of_one_link_are_one_link() -> None:
    wanted, held = links(25, changed=5)
    wanted |= {"k000@2026-08-01": 9}
    held |= {"k000@2026-08-01": 8}
    assert codes(wanted, held) == []


def test_what_a_person_has_just_asked_for_does_not_count() -> None:
    wanted, held = links(10, changed=10)
    assert codes(wanted, held, expected=frozenset(wanted)) == []
    assert codes(wanted, held, expected=frozenset(list(wanted)[:6])) == []
    assert codes(wanted, held, expected=frozenset(list(wanted)[:5])) == ["too_many"]


def test_a_fall_after_a_cut_reading_waits_and_a_rise_does_not() -> None:
    assert codes({"a": 2, "b": 1}, {"a": 3, "b": 1}, source_whole=False) == ["source_cut"]
    assert codes({"a": 4, "b": 1}, {"a": 3, "b": 1}, source_whole=False) == []


def test_any_change_of_a_target_that_was_cut_waits() -> None:
    assert codes({"a": 4}, {"a": 3}, target_whole=False) == ["target_cut"]
    assert codes({"a": 3}, {"a": 3}, target_whole=False) == []


def test_a_repeat_of_a_posting_waits() -> None:
    assert codes({"a": 8}, {"a": 1}, posted_before=frozenset({"a:1>8"})) == ["repeat"]
    assert codes({"a": 8}, {"a": 1}, posted_before=frozenset({"a:1>9"})) == []
