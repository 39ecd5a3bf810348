"""Relations as text come out in one order, go back in unchanged, and are applied whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from purser.links import rewriting, written
from purser.links.models import CompanyLink, Link, Sync, TargetAccount
from purser.links.rewriting import Comparison, NotApplied
from purser.links.written import Entry, Terms
from purser.postgres import tenancy
from tests import make
from tests.make import World

WHOLE = """purser-relations 1 autotask

company C1 -> 101  # Hall Bros. Transportation Co, Inc. -> Hall Brothers Transportation
  subscription S1 -> 9  # Exchange Online (Plan 1) -> 2026 Cloud Services
    resource EXO1 -> service:12 decrease=today price=custom:4.25  # Exchange Online (Plan 1) -> Exchange Online (Plan 1)
"""
ALDER = """
company "Alder Dental Inc." -> "alder dental"
  subscription S2 -> "Alder Cloud"
    resource E3 -> "Office 365 E3"
"""


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with make.world() as made:
        yield made


@pytest.fixture(autouse=True)
def bare(world: World) -> None:
    """Each test begins without relations."""
    with tenancy.acting_in(world.tenant):
        rewriting.apply(pair(world), compare(world, "purser-relations 1 autotask\n"), remove=True, by=None, now=make.NOON)


def pair(world: World) -> Sync:
    return Sync.objects.select_related("source", "target").get(pk=world.sync.pk)


def compare(world: World, text: str) -> Comparison:
    return rewriting.compare(pair(world), written.parse(text))


def bring_in(world: World, text: str, *, remove: bool = False) -> int:
    with tenancy.acting_in(world.tenant):
        return rewriting.apply(pair(world), compare(world, text), remove=remove, by=None, now=make.NOON)


def exported(world: World) -> str:
    with tenancy.acting_in(world.tenant):
        return rewriting.export(pair(world))


def compared(world: World, text: str) -> Comparison:
    with tenancy.acting_in(world.tenant):
        return compare(world, text)


def test_it_brings_a_text_in_and_takes_the_same_text_out(world: World) -> None:
    assert bring_in(world, WHOLE) == 3
    assert exported(world) == WHOLE
    again = compared(world, WHOLE)
    assert (again.changes, again.faults, again.same) == ((), (), 3)
    with tenancy.acting_in(world.tenant):
        link = Link.objects.get(cleared_at=None)
        assert (link.decrease, link.price_source, link.custom_price) == ("today", "custom", Decimal("4.25"))


def test_it_takes_names_for_ids_where_nobody_shares_them(world: World) -> None:
    assert bring_in(world, WHOLE + ALDER) == 6
    assert "company C2 -> 102  # Alder Dental -> Alder Dental" in exported(world)


def test_it_calls_a_shared_name_ambiguous_and_an_unknown_one_unknown(world: World) -> None:
    with tenancy.acting_in(world.tenant):
        twin = TargetAccount.objects.create(
            connection=world.sync.target, external_id="900", name="Alder Dental GmbH", seen_at=make.NOON
        )
    try:
        faults = compared(world, "purser-relations 1 autotask\n" + ALDER + "company C9 -> 101\n").faults
    finally:
        with tenancy.acting_in(world.tenant):
            TargetAccount.objects.filter(pk=twin.pk).update(gone_at=make.NOON)
    assert [(f.line, f.text.split(":")[0]) for f in faults] == [
        (3, "Ambiguous"),
        (4, "Not read, as line 3 above it has a fault."),
        (5, "Not read, as line 4 above it has a fault."),
        (6, "Unknown"),
    ]


def test_it_tells_added_changed_and_removed_apart(world: World) -> None:
    bring_in(world, WHOLE + ALDER)
    text = WHOLE.replace(" decrease=today price=custom:4.25", " edits=psa")
    found = compared(world, text)
    assert [(c.level, c.ours) for c in found.of("changed")] == [("resource", "Exchange Online (Plan 1)")]
    assert [c.level for c in found.of("removed")] == ["resource", "subscription", "company"]
    assert found.same == 2


def test_it_keeps_what_a_text_does_not_name_unless_told(world: World) -> None:
    bring_in(world, WHOLE + ALDER)
    assert bring_in(world, WHOLE) == 0
    assert "C2" in exported(world)
    assert bring_in(world, WHOLE, remove=True) == 3
    assert exported(world) == WHOLE


def test_it_changes_nothing_when_one_line_cannot_be_applied(world: World) -> None:
    twice = WHOLE + "    resource EXO1 -> service:13\n" + ALDER
    assert compared(world, twice).faults
    bring_in(world, WHOLE)
    elsewhere = WHOLE.replace("company C1 -> 101", "company C1 -> 102").replace("S1 -> 9", "S1 -> 10")
    elsewhere = elsewhere.replace("service:12", "service:13") + ALDER
    with pytest.raises(NotApplied) as refused:
        bring_in(world, elsewhere)
    assert [f.line for f in refused.value.faults] == [9]
    assert "linked to" in refused.value.faults[0].text
    assert exported(world) == WHOLE
    with tenancy.acting_in(world.tenant):
        assert CompanyLink.objects.filter(cleared_at=None).count() == 1


def test_it_moves_a_company_with_all_below_it(world: World) -> None:
    bring_in(world, WHOLE)
    moved = WHOLE.replace("C1 -> 101", "C1 -> 102").replace("S1 -> 9", "S1 -> 10").replace("service:12", "service:13")
    assert bring_in(world, moved) == 3
    assert "company C1 -> 102" in exported(world)


def test_it_gives_another_digest_when_relations_moved_between_review_and_apply(world: World) -> None:
    first = compared(world, WHOLE + ALDER).digest
    assert compared(world, WHOLE + ALDER).digest == first
    bring_in(world, WHOLE)
    assert compared(world, WHOLE + ALDER).digest != first


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "The text is empty"),
        ("company C1 -> 101", 1, "The first line says what this is"),
        ("purser-relations 2 autotask", 1, "version 2"),
        ("purser-relations 1 connectwise", 1, "speaks of connectwise"),
        ("purser-relations 1 autotask\nfirm C1 -> 101", 2, "not 'firm'"),
        ("purser-relations 1 autotask\ncompany C1 101", 2, "Write: company OURS -> THEIRS."),
        ("purser-relations 1 autotask\nsubscription S1 -> 9", 2, "no company above"),
        ('purser-relations 1 autotask\ncompany "C1 -> 101', 2, "quote"),
        ("purser-relations 1 autotask\ncompany C1 -> 101 decrease=today", 2, "Only a resource has rules"),
        ("purser-relations 1 autotask\ncompany C1 -> 101\ncompany C1 -> 102", 3, "stands in line 2 already"),
        (WHOLE.replace("decrease=today", "colour=red"), 5, "'colour=red' is no rule"),
        (WHOLE.replace("custom:4.25", "custom:1e999999"), 5, "is no amount"),
    ],
)
def test_it_names_the_line_of_every_fault(world: World, text: str, line: int, words: str) -> None:
    faults = compared(world, text).faults
    assert (faults[0].line, words in faults[0].text) == (line, True), faults


def test_it_never_puts_lines_under_the_block_before_a_broken_one(world: World) -> None:
    text = WHOLE + "company C2 ->\n  subscription S2 -> 10\n"
    found = compared(world, text)
    assert [f.line for f in found.faults] == [6, 7]
    assert {c.ours for c in found.of("added") if c.level == "subscription"} == {"Exchange Online (Plan 1)"}


words = st.text(min_size=1, max_size=20).filter(lambda w: " ".join(w.split()) == w and w.isprintable())
amounts = st.decimals(min_value=0, max_value=10**6, places=4).map(lambda d: written.digest.units(d))
terms: Any = st.builds(
    Terms,
    decrease=st.sampled_from(["", "today", "next_period_start"]),
    drift_policy=st.sampled_from(["", "psa", "ask"]),
    price_source=st.sampled_from(["agreement", "catalog"]),
    usage_divisor=st.one_of(st.just(""), amounts),
) | st.builds(Terms, price_source=st.just("custom"), custom_price=amounts)


@given(st.lists(st.tuples(words, words, words, words, words, words, terms), max_size=6), st.text(max_size=60))
def test_it_reads_what_it_writes(rows: list[tuple[Any, ...]], name: str) -> None:
    entries = []
    for a, b, c, d, e, f, rules in {row[0]: row for row in rows}.values():
        entries += [
            Entry("company", a, b, names=name),
            Entry("subscription", c, d, names=name),
            Entry("resource", e, f, terms=rules),
        ]
    read = written.parse(written.render("autotask", entries))
    assert read.faults == ()
    plain = [(e.level, e.ours, e.theirs, e.terms) for e in entries]
    assert [(e.level, e.ours, e.theirs, e.terms) for e in read.entries] == plain


@given(st.text())
def test_it_survives_any_text(text: str) -> None:
    read = written.parse("purser-relations 1 autotask\n" + text)
    assert all(fault.line >= 1 for fault in read.faults)
