"""What must change, and law 2: nothing is removed or created on a reading that is not whole."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from purser.reconcile.model import Aside, Reading
from purser.reconcile.plan import plan

AT = datetime(2026, 7, 11, 12, tzinfo=UTC)
sides = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 3))


def reading(items: dict[str, int], *, whole: bool = True) -> Reading[int]:
    return Reading(items, AT, whole, "" if whole else "page 2 of 3 failed")


@given(wanted=sides, held=sides)
def test_carried_out_it_makes_the_held_side_the_wanted_one(wanted: dict[str, int], held: dict[str, int]) -> None:
    after = dict(held)
    for change in plan(wanted=reading(wanted), held=reading(held)).changes:
        assert after.get(change.key) == change.before
        if change.after is None:
            del after[change.key]
        else:
            after[change.key] = change.after
    assert after == wanted


@given(wanted=sides, held=sides, source=st.booleans(), target=st.booleans())
def test_a_cut_source_removes_nothing_and_against_a_cut_target_nothing_is_created(
    wanted: dict[str, int], held: dict[str, int], source: bool, target: bool
) -> None:
    made = plan(wanted=reading(wanted, whole=source), held=reading(held, whole=target))
    kinds = {c.key: c.kind for c in made.changes}
    aside = {a.key: a.code for a in made.asides}
    for key in wanted.keys() | held.keys():
        if wanted.get(key) == held.get(key):
            assert key not in kinds
            assert key not in aside
        elif key not in wanted:
            assert (kinds.get(key), aside.get(key)) == (("remove", None) if source else (None, "source_cut"))
        elif key not in held:
            assert (kinds.get(key), aside.get(key)) == (("create", None) if target else (None, "target_cut"))
        else:
            assert (kinds.get(key), aside.get(key)) == ("update", None)


@given(wanted=sides, held=sides, aside=st.sets(st.sampled_from("abcdefgh")))
def test_keys_set_aside_are_left_alone_and_named(wanted: dict[str, int], held: dict[str, int], aside: set[str]) -> None:
    given = {k: Aside(k, "a posting is unsettled") for k in aside}
    made = plan(wanted=reading(wanted), held=reading(held), asides=given)
    assert not {c.key for c in made.changes} & aside
    assert {a.key for a in made.asides} == aside


@given(wanted=sides, held=sides)
def test_equal_inputs_give_equal_digests_and_other_changes_another(wanted: dict[str, int], held: dict[str, int]) -> None:
    one, two = (plan(wanted=reading(wanted), held=reading(held)) for _ in range(2))
    assert one == two
    other = plan(wanted=reading({**wanted, "z": 1}), held=reading(held))
    assert other.digest != one.digest


def test_a_lane_with_several_keys_is_compared_once_and_one_that_vanished_still_counts() -> None:
    made = plan(
        wanted=reading({"a@1": 1, "a@2": 2, "b": 1}),
        held=reading({"b": 1, "c": 3}),
        lane=lambda key: key[0],
    )
    assert made.compared == 3
