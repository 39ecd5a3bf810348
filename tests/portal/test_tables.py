"""Lists: filters, order, pages, columns, views and bulk selection, through the address.

Source: ux 12 to 23; acceptance ID-33, ID-34, ID-46.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from urllib.parse import quote

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from purser.access import verbs
from purser.kernel.errors import Refused
from purser.lists import asked
from purser.portal.tables import cells, listing
from purser.portal.tables.model import Column, Sign, Table
from purser.postgres import tenancy
from purser.tenants.models import Organisation
from tests.access import kit
from tests.portal import sample
from tests.portal.sample import NOW, SAMPLE, Signed

ROWS = [
    {"company": "Alder Dental", "count": 5, "price": Decimal("9.60"), "on": date(2026, 7, 11)},
    {"company": "Acme, Inc.", "count": -2, "price": Decimal("-2.00"), "on": date(2026, 6, 12), "outcome": "refused"},
    {"company": "acme holding", "count": 0, "price": Decimal("0.00"), "on": date(2026, 6, 11), "currency": "EUR"},
    {"company": "", "count": 40, "price": Decimal("1234.50"), "on": date(2025, 12, 31)},
]


@pytest.fixture
def filled(pages: None) -> Organisation:
    organisation = kit.reseller()
    sample.fill(organisation, ROWS)
    return organisation


def run(organisation: Organisation, query: str, zone: str = "UTC") -> listing.Listing:
    with tenancy.acting_in(organisation.pk):
        found = listing.run(SAMPLE, kit.actor(organisation), QueryDict(query), now=NOW, zone=zone)
        found.rows  # noqa: B018  # everything a page reads, while the seat is held
        return found


def companies(organisation: Organisation, query: str, zone: str = "UTC") -> list[str]:
    found = run(organisation, query, zone)
    assert not found.refused, found.refused
    return [act.summary for act in found.records]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("company.is=Acme%2C+Inc.", ["Acme, Inc."]),
        ("company.contains=ACME", ["Acme, Inc.", "acme holding"]),
        ("company.contains=acme&company.contains=hold", ["acme holding"]),
        ("company.not=Alder+Dental&company.empty=no", ["Acme, Inc.", "acme holding"]),
        ("company.in=Acme%2C+Inc.&company.in=Alder+Dental", ["Alder Dental", "Acme, Inc."]),
        ("company.empty=yes", [""]),
        ("count.min=0&count.max=5", ["Alder Dental", "acme holding"]),
        ("count.is=-2", ["Acme, Inc."]),
        ("count.min=4.5", ["Alder Dental", ""]),
        ("count.is=4.5", []),
        ("price.max=-0.01", ["Acme, Inc."]),
        ("price.not=9.60&price.min=0", ["acme holding", ""]),
        ("adjusted_on.last=30", ["Alder Dental", "Acme, Inc."]),
        ("adjusted_on.last=31", ["Alder Dental", "Acme, Inc.", "acme holding"]),
        ("adjusted_on.min=2026-06-11&adjusted_on.max=2026-06-12", ["Acme, Inc.", "acme holding"]),
        ("adjusted_on.is=2025-12-31", [""]),
        ("outcome.is=refused", ["Acme, Inc."]),
        ("q=ACME&outcome.not=refused", ["acme holding"]),
        ("sort=count", ["Acme, Inc.", "acme holding", "Alder Dental", ""]),
        ("sort=outcome,-count", ["", "Alder Dental", "acme holding", "Acme, Inc."]),
    ],
)
def test_it_filters_and_orders(filled: Organisation, query: str, wanted: list[str]) -> None:
    assert companies(filled, query) == wanted


def test_it_counts_a_moment_to_the_day_of_the_zone(pages: None) -> None:
    organisation = kit.reseller()
    sample.fill(organisation, [{"company": "late", "at": datetime(2026, 3, 31, 23, 30, tzinfo=UTC)}])
    assert companies(organisation, "at.is=2026-03-31") == ["late"]
    assert companies(organisation, "at.is=2026-04-01") == []
    assert companies(organisation, "at.is=2026-04-01", zone="Europe/Berlin") == ["late"]
    assert companies(organisation, "at.max=2026-03-31", zone="Europe/Berlin") == []


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("count.min=abc", "Units: 'abc' is no number"),
        ("count.min=1e9", "Units: '1e9' is no number"),
        ("count.min=%EF%BC%91", "is no number"),
        ("price.is=9999999999999", "is no number"),
        ("adjusted_on.min=2026-02-30", "Adjusted: '2026-02-30' is no date"),
        ("adjusted_on.is=0001-01-01", "is no date"),
        ("adjusted_on.last=0", "is no number of days"),
        ("nothing.is=1", "no column 'nothing'"),
        ("count.contains=1", "Units cannot be filtered by 'contains'"),
        ("company.empty=perhaps", "write yes or no"),
        ("loud.is=X", "no column 'loud' to filter by"),
        ("id.is=not-an-id", "A filter's value does not fit"),
        ("id.in=not-an-id", "A filter's value does not fit"),
        ("sort=loud", "cannot be ordered by 'loud'"),
        ("sort=-nope", "cannot be ordered by 'nope'"),
        ("columns=company,nope", "no column 'nope'"),
        ("page=0", "'0' is no page number"),
        ("page=99999999", "is no page number"),
        ("size=251", "'251' is no page size"),
        ("size=0", "'0' is no page size"),
        ("sort=company,,count", "cannot be ordered by ''"),
        ("q=" + "x" * 301, "has 301 characters"),
        ("company.is=%00", "a sign that no text"),
        ("q=%00", "a sign that no text"),
        ("company.is=" + "x" * 301, "longer than 300"),
        ("&".join(f"count.min={n}" for n in range(41)), "41 filters are more than the 40"),
    ],
)
def test_it_says_what_is_wrong_and_shows_no_rows(filled: Organisation, query: str, words: str) -> None:
    found = run(filled, query)
    assert words in found.refused
    assert found.records == ()
    assert found.heads
    assert found.chips is not None


_texts = st.text(max_size=20)
_keys = st.one_of(
    st.sampled_from(["q", "sort", "page", "size", "columns", "view", "context", "f", "o", "v"]),
    st.builds(
        "{}.{}".format,
        st.sampled_from([*SAMPLE.by_name, "nope"]),
        st.sampled_from([*asked.OPERATORS, "nope"]),
    ),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pairs=st.lists(st.tuples(_keys, st.one_of(_texts, st.sampled_from(["1", "yes", "2026-01-01", "company"]))), max_size=5))
def test_it_never_breaks_on_an_address_whatever_it_holds(filled: Organisation, pairs: list[tuple[str, str]]) -> None:
    query = "&".join(f"{quote(name)}={quote(value, errors='replace')}" for name, value in pairs)
    found = run(filled, query)
    assert found.refused or len(found.records) <= 4
    again = asked.parse(SAMPLE, QueryDict(found.asked.query(page=found.asked.page).removeprefix("?")))
    if not found.asked.problems:
        # What a link of the page asks for is what the page shows.
        assert (again.filters, again.sort, again.columns, again.size, again.page, again.search) == (
            found.asked.filters,
            found.asked.sort,
            found.asked.columns,
            found.asked.size,
            found.asked.page,
            found.asked.search,
        )


def test_it_pages_without_losing_or_doubling_a_row(pages: None) -> None:
    organisation = kit.reseller()
    sample.fill(organisation, [{"company": f"c{n}", "on": date(2026, 7, 1)} for n in range(60)])
    first, second, third = (run(organisation, f"sort=adjusted_on&size=25&page={page}") for page in (1, 2, 3))
    seen = [act.pk for found in (first, second, third) for act in found.records]
    assert len(seen) == len(set(seen)) == 60
    assert (first.count, first.span, third.span) == ("60", "1 to 25", "51 to 60")
    assert (first.more, first.previous_href, third.more, third.next_href) == (True, "", False, "")
    assert run(organisation, "size=25&page=9").records == ()


def test_it_counts_no_further_than_it_has_to(pages: None, monkeypatch: pytest.MonkeyPatch) -> None:
    organisation = kit.reseller()
    sample.many(organisation, 60)
    monkeypatch.setattr(listing, "COUNTED", 40)
    with CaptureQueriesContext(connection) as queries:
        found = run(organisation, "size=25")
    assert (found.count, found.over) == ("40+", True)
    assert any("LIMIT 41" in query["sql"] for query in queries)
    with CaptureQueriesContext(connection) as queries:
        assert run(organisation, "size=100").total == 60
    assert not any("COUNT(" in query["sql"] for query in queries), "a list on one page counts itself"


def test_it_makes_the_same_queries_for_any_number_of_rows(signed: Signed) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as made:
            assert signed.client.get(signed.url("people/")).status_code == 200
            assert signed.client.get(signed.url("sample/?size=250")).status_code == 200
        return len(made)

    sample.many(signed.organisation, 3)
    queries()
    few = queries()
    sample.many(signed.organisation, 200)
    assert queries() == few


def test_it_shows_negatives_in_parentheses_and_money_with_its_currency(filled: Organisation) -> None:
    cells_of = {row.record.summary: " ".join(map(str, row.cells)) for row in run(filled, "").rows}
    assert '<td role="cell" data-label="Units" class="number minus">' in cells_of["Acme, Inc."]
    assert "(2)" in cells_of["Acme, Inc."]
    assert "(2.00) USD" in cells_of["Acme, Inc."]
    assert "0.00 EUR" in cells_of["acme holding"]
    assert "1,234.50 USD" in cells_of[""]
    assert cells.number(Decimal("-1234567.8")) == "(1,234,567.8)"
    assert cells.number(None) == ""


def test_it_filters_by_a_value_that_is_clicked(signed: Signed) -> None:
    sample.fill(signed.organisation, [{"company": "A&B <Co>, 'x' +1%", "count": 3}, {"company": "Other", "count": 4}])
    body = signed.client.get(signed.url("sample/?count.min=1")).content.decode()
    assert "A&amp;B &lt;Co&gt;" in body
    href = next(link for link in re.findall(r'href="(\?[^"]*)" class="by-value"', body) if "A%26B" in link)
    narrowed = signed.client.get(signed.url("sample/") + href.replace("&amp;", "&")).content.decode()
    assert "Company is A&amp;B &lt;Co&gt;" in narrowed
    assert 'data-label="Company"' in narrowed
    assert ">Other<" not in narrowed
    off = re.findall(r'href="([^"]*)" aria-label="Remove the filter: Company', narrowed)
    assert ">Other<" in signed.client.get(signed.url("sample/") + off[0].replace("&amp;", "&")).content.decode()


def test_it_turns_the_filter_form_into_an_address(signed: Signed) -> None:
    given_ = {
        "f": "company",
        "o": "in",
        "v": '"Acme, Inc.", Alder',
        "count.min": "5",
        "context": "autotask",
        "page": "3",
    }
    answer = signed.client.get(signed.url("sample/"), given_)
    assert answer.status_code == 302
    query = QueryDict(answer.headers["Location"].split("?")[1])
    assert query.getlist("company.in") == ["Acme, Inc.", "Alder"]
    assert (query["count.min"], query["context"], "page" in query, "f" in query) == ("5", "autotask", False, False)
    answer = signed.client.get(signed.url("sample/"), {"c": ["price", "company"], "s1": "-count", "s2": "company"})
    query = QueryDict(answer.headers["Location"].split("?")[1])
    assert (query["columns"], query["sort"]) == ("price,company", "-count,company")


def test_it_answers_htmx_with_the_list_alone(signed: Signed) -> None:
    sample.many(signed.organisation, 3)
    asked_ = {"HX-Request": "true", "HX-Target": "div#list-sample"}
    part = signed.client.get(signed.url("sample/?count.min=0"), headers=asked_)
    assert part.content.decode().lstrip().startswith('<div id="list-sample"')
    assert "HX-Request" in part.headers["Vary"]
    whole = signed.client.get(signed.url("sample/"), headers={**asked_, "HX-History-Restore-Request": "true"})
    assert "<!doctype html>" in whole.content.decode()


def test_it_says_why_a_list_is_empty(signed: Signed) -> None:
    def words(query: str) -> str:
        return kit.text(signed.client.get(signed.url("sample/" + query)))

    assert "No adjustments yet" in words("")
    sample.many(signed.organisation, 3)
    assert "Nothing matches" in words("?count.min=900")
    assert "This page is empty" in words("?page=5")
    assert "cannot be shown as asked" in words("?count.min=x")


def test_it_remembers_columns_size_and_order_for_this_person_only(signed: Signed) -> None:
    sample.many(signed.organisation, 60)
    kept = {"c": ["price", "company"], "size": "25", "sort": "-count", "next": signed.url("sample/")}
    assert signed.client.post(signed.url("lists/sample/columns/"), kept).headers["Location"] == signed.url("sample/")

    def heads(client: object) -> list[str]:
        body = client.get(signed.url("sample/")).content.decode()  # type: ignore[attr-defined]
        table = body[body.index('<table class="list" role="table">') :]
        return re.findall(r'<th role="columnheader" scope="col"[^>]*><a [^>]*>(\w+)', table)

    assert heads(signed.client) == ["Price", "Company"]
    assert "Rows 1 to 25 of 60" in kit.text(signed.client.get(signed.url("sample/")))
    colleague = sample.sign_in(verbs.READER, signed.organisation)
    assert heads(colleague.client)[:2] == ["Company", "Units"]
    signed.client.post(signed.url("lists/sample/forget/"), {"next": signed.url("sample/")})
    assert heads(signed.client)[:2] == ["Company", "Units"]


def test_it_saves_views_of_ones_own_and_for_all(signed: Signed) -> None:
    sample.fill(signed.organisation, ROWS)
    colleague = sample.sign_in(verbs.BOOKKEEPER, signed.organisation)
    save = signed.url("lists/sample/views/")
    query = "company.contains=acme&columns=company,price&sort=price"
    answer = signed.client.post(save, {"name": "Our Acme", "query": query, "shared": "1", "next": signed.url("sample/")})
    assert answer.headers["Location"] == signed.url("sample/?view=our-acme")
    signed.client.post(save, {"name": "Mine", "query": "count.min=5", "next": "/"})
    text = kit.text(colleague.client.get(signed.url("sample/?view=our-acme")))
    assert "Company contains acme" in text
    assert "Alder Dental" not in text
    assert "The view in this address is gone" in kit.text(colleague.client.get(signed.url("sample/?view=mine")))
    # What the address says besides goes before the view.
    assert "Alder Dental" in kit.text(colleague.client.get(signed.url("sample/?view=our-acme&company.contains=alder")))

    taken = colleague.client.post(save, {"name": "our ACME", "query": "", "next": "/"})
    assert taken.status_code == 422
    drop = {"slug": "our-acme", "next": "/"}
    assert colleague.client.post(signed.url("lists/sample/views/drop/"), drop).status_code == 404
    assert signed.client.post(signed.url("lists/sample/views/drop/"), drop).status_code == 302
    assert [act.summary for act in kit.acts_of(signed.organisation, "views.write")] == [
        "Saved the view Our Acme",
        "Saved the view Mine",
        "Deleted the view Our Acme",
    ]


def test_it_hands_bulk_actions_the_ticked_rows_or_all_that_match(signed: Signed) -> None:
    sample.many(signed.organisation, 60)
    other = kit.reseller("Other")
    sample.many(other, 3)
    post = signed.url("sample/bulk/")
    ticked = [act.pk for act in run(signed.organisation, "size=25").records][:3]
    foreign = [act.pk for act in run(other, "").records]
    assert signed.client.post(post, {"row": [*ticked, *foreign]}).content == b"3 rows"
    assert signed.client.post(post, {"all": "1", "matching": "count.min=10", "row": ticked}).content == b"47 rows"
    for wrong in ({}, {"row": ["no-id"]}, {"all": "1", "matching": "count.min=x"}):
        assert signed.client.post(post, wrong).status_code == 422


def test_it_refuses_a_table_that_contradicts_itself() -> None:
    with pytest.raises(ValueError, match="twice"):
        Table("t", "T", (Column("a", "A"), Column("a", "B")), SAMPLE.rows, ("a",))
    with pytest.raises(ValueError, match="order names no column"):
        Table("t", "T", (Column("a", "A"),), SAMPLE.rows, ("b",))


def test_it_refuses_a_selection_of_nothing(filled: Organisation) -> None:
    with tenancy.acting_in(filled.pk), pytest.raises(Refused, match="No row is selected"):
        listing.chosen(SAMPLE, kit.actor(filled), QueryDict("matching=count.min%3D1"), now=NOW)


def test_a_badge_has_colour_where_its_values_are_good_or_bad_and_is_words_where_they_only_name_something() -> None:
    row = {"outcome": "over"}
    state = Column("outcome", "Outcome", "badge", signs={"done": Sign("Done", "good"), "over": Sign("Over")})
    kind = Column("outcome", "Kind", "badge", signs={"done": Sign("Customer"), "over": Sign("Reseller")})
    assert "sign sign-plain" in cells.cell(state, row, here="?", zone="UTC")
    named = cells.cell(kind, row, here="?", zone="UTC")
    assert "sign" not in named
    assert ">Reseller<" in named
