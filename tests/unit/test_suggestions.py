"""Suggestions never guess: only names that are equal and unique may be accepted in bulk. Source: ux 27."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from purser.links import suggestions
from purser.links.suggestions import Names, company, matches, product


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("Alder Dental", "ALDER  DENTAL"),
        ("Alder Dental, Inc.", "Alder Dental"),
        ("Müller & Söhne GmbH & Co. KG", "Mueller and Soehne"),
        ("Smith + Sons Ltd", "smith & sons"),
        ("O'Neil Freight L.L.C.", "ONeil Freight"),
        ("Café Noir S.A.R.L.", "cafe noir"),
    ],
)
def test_it_takes_spellings_of_one_company_for_equal(ours: str, theirs: str) -> None:
    assert company(ours) == company(theirs)


@pytest.mark.parametrize(("ours", "theirs"), [("Alder Dental", "Alder Dental North"), ("Müller", "Muller"), ("Co", "Inc")])
def test_it_keeps_different_companies_apart(ours: str, theirs: str) -> None:
    assert company(ours) != company(theirs)


def test_it_leaves_a_name_that_is_only_a_legal_form() -> None:
    assert company("AG") == "ag"
    assert company("The Limited Company") == "the"


def test_it_sets_the_way_of_paying_aside_but_not_the_plan() -> None:
    assert product("Exchange Online (Plan 1) (Monthly Pre-Paid)") == product("Exchange Online (Plan 1)")
    assert product("Exchange Online (Plan 1)") != product("Exchange Online (Plan 2)")


def test_it_is_sure_of_the_only_exact_name() -> None:
    ranking = Names({1: "Alder Dental Inc", 2: "Alder Dentist"}, normal=company).rank("ALDER DENTAL")
    assert ranking.sure is not None
    assert (ranking.sure.id, ranking.sure.reason) == (1, "Same name, apart from case, punctuation or legal form")


def test_it_leaves_two_exact_names_to_a_person() -> None:
    ranking = Names({1: "Alder Dental Inc", 2: "Alder Dental LLC"}, normal=company).rank("Alder Dental")
    assert ranking.sure is None
    assert ranking.ambiguous
    assert {one.id for one in ranking.best} == {1, 2}


def test_it_ranks_likely_names_with_a_reason_and_never_as_exact() -> None:
    names = Names({1: "Hall Brothers Transportation", 2: "Hall of Records", 3: "Alder"}, normal=company)
    ranking = names.rank("Hall Bros. Transportation Co, Inc.")
    assert ranking.best[0].id == 1
    assert not ranking.best[0].exact
    assert "%" in ranking.best[0].reason
    assert 3 not in {one.id for one in ranking.best}


def test_it_finds_a_name_inside_a_longer_one() -> None:
    ranking = Names({1: "Venture Logistics Holding Europe North Division"}, normal=company).rank("Venture Logistics")
    assert ranking.best[0].reason == "All words of the one name are in the other"


def test_it_says_when_the_second_is_as_good_as_the_first() -> None:
    names = Names({1: "Blue Light Berlin", 2: "Blue Light Bergen"}, normal=company)
    assert names.rank("Blue Light Bern").ambiguous


def test_it_matches_in_bulk_only_what_is_unique_on_both_sides() -> None:
    ours = {"a": "Alder Dental", "b": "Birch Ltd", "c": "Birch", "d": "Cedar", "e": "Dune Inc"}
    theirs = {1: "alder dental inc", 2: "Birch Limited", 3: "Cedar GmbH", 4: "Cedar AG"}
    found = matches(ours, theirs, normal=company)
    assert found.sure == (("a", 1),)
    assert set(found.ambiguous) == {"b", "c", "d"}


@given(st.lists(st.text(max_size=30), max_size=8), st.lists(st.text(max_size=30), max_size=8))
def test_it_never_gives_one_of_theirs_to_two_of_ours(ours: list[str], theirs: list[str]) -> None:
    found = matches(dict(enumerate(ours)), dict(enumerate(theirs)), normal=company)
    assert len({theirs_id for _, theirs_id in found.sure}) == len(found.sure)
    for mine, other in found.sure:
        assert company(ours[mine]) == company(theirs[other])
        assert company(ours[mine])


@given(st.text(max_size=60))
def test_it_normalises_a_normal_name_to_itself(name: str) -> None:
    assert suggestions.words(suggestions.words(name)) == suggestions.words(name)
