"""The lists of both doors: the same rows in the same order for the same address, the same views, the same file.

Source: acceptance ID-34, ID-46, ID-47, ID-64; ux 14, 15.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from django.urls import reverse

from purser.access import verbs
from purser.api.shared import SHARED, TABLES, Shared
from purser.links.models import Drift, Receipt
from purser.lists.asked import operators
from purser.portal.pages import acts, drift, logs, notices, organisations, plans, reports, runs
from purser.portal.pages.buying import documents, prices, quotes
from purser.portal.pages.catalog import offers, price_lists, products
from purser.portal.pages.customer import consent
from purser.portal.pages.licensing import collections, licences
from purser.portal.pages.licensing import runs as licensing_runs
from purser.portal.pages.orders import listed as sold
from purser.portal.pages.partners import tenants
from purser.portal.pages.paying import operator as payments
from purser.portal.pages.paying import purchases
from purser.portal.pages.provisioning import found, instances, strangers, sync
from purser.portal.pages.subscriptions import held, usage
from purser.portal.pages.tasks import listed as tasks
from purser.portal.pages.usage import statement
from purser.portal.pages.users import groups, index
from purser.postgres import tenancy
from tests import make
from tests.access import kit
from tests.access.kit import site as site
from tests.api.kit import Caller, caller, code, data, signed_in
from tests.make import MARKETPLACE_SEED, World

pytestmark = pytest.mark.usefixtures("site")

PAGES = (
    *(reports.SUBSCRIPTIONS, reports.LINKED, reports.UNLINKED, logs.SUCCESS, logs.FAILURES, logs.MOVEMENTS),
    *(drift.TABLE, plans.TABLE, runs.TABLE, acts.TABLE),
    *(notices.TABLE, consent.ACTS, tenants.TENANTS, tenants.BELOW, organisations.ORGANISATIONS),
    *(quotes.QUOTES, documents.DOCUMENTS, prices.PRICES, purchases.PURCHASES, payments.PAYMENTS),
    *(statement.DAYS, statement.CHARGES, statement.ENTRIES),
    *(index.USERS, groups.GROUPS, collections.TABLE, licences.TABLE, licences.HISTORY),
    *(licensing_runs.TABLE, licensing_runs.STEPS),
    *(offers.OFFERS, products.PRODUCTS, price_lists.LISTS),
    *(sold.ORDERS, sold.WAITING, held.table(None), usage.table(None)),
    *(instances.INSTANCES, sync.ACCOUNTS, sync.TO_SYNC, found.DESK, found.FINDINGS, tasks.TASKS),
    strangers.STRANGERS,
)
# Those with rows in the reseller below; the others have their tests with their topics.
OWN = [one for one in SHARED if one.table.name in {page.name for page in PAGES[:10]}]
SEED = {
    **MARKETPLACE_SEED,
    "customers": [*MARKETPLACE_SEED["customers"], {"id": "C3", "name": "=Ørsted & Søn"}],
    "subscriptions": [
        *MARKETPLACE_SEED["subscriptions"],
        {"id": "S3", "customerId": "C3", "products": [{"mpn": "E3", "quantity": 2}, {"mpn": "EXO1", "quantity": 4}]},
    ],
}


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """A reseller with two rows or more in each list: linked and not, posted and failed, moved, edited by hand."""
    with make.world("autotask", decrease="today", marketplace_seed=SEED) as made:
        first = made.link("S1/EXO1", "9/service:12")
        second = made.link("S2/E3", "10/service:13")
        made.step(cause="link")
        for quantity in (10, 6, 9):
            made.clock.go(days=1)
            made.marketplace("quantity", subscription="S1", mpn="EXO1", quantity=quantity)
            made.marketplace("quantity", subscription="S2", mpn="E3", quantity=quantity)
            made.step()
        with tenancy.acting_in(made.tenant):
            failing = Receipt.objects.order_by("link_id", "intended_at").distinct("link_id").values_list("pk", flat=True)
            text = "=The date is outside of the contract"
            Receipt.objects.filter(pk__in=[*failing]).update(state="refused", confirmed_at=None, code="date", text=text)
            for link, units in ((first, 11), (second, 12)):
                Drift.objects.create(
                    link=link, seen_at=made.clock(), marketplace_units=9, expected_units=9, psa_units=units, policy="ask"
                )
        yield made


@pytest.fixture
def owner(world: World) -> Caller:
    """Somebody signed in, who can open the portal's pages and call the API."""
    return signed_in(world.organisation)


def rows_of(one: Caller, shared: Shared, query: str = "") -> list[dict[str, Any]]:
    return list(data(one.get(f"{shared.path}?{query}"))["rows"])


def file_of(one: Caller, shared: Shared, query: str = "") -> bytes:
    answer = one.get(f"{shared.path}?{query}", Accept="text/csv")
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/csv; charset=utf-8"), answer.content[:500]
    return b"".join(answer)


def exported(one: Caller, shared: Shared, query: str = "") -> bytes:
    """The portal's own file of the list."""
    answer = one.client.get(reverse(f"{shared.table.name}_export", kwargs={"tenant": one.tenant}) + f"?{query}")
    assert answer.status_code == 200, answer.content[:500]
    return b"".join(answer)


def cells(page: str, label: str) -> list[str]:
    """The texts of one column of the portal's page."""
    found = re.findall(rf'<td role="cell" data-label="{re.escape(label)}"[^>]*>(.*?)</td>', page)
    return [re.sub("<[^>]*>", "", one) for one in found]


def queries(shared: Shared, rows: list[dict[str, Any]]) -> Iterator[str]:
    """The columns turned round, an order and a filter by each column, each operator for each kind, the quick search."""
    tried = set()
    names = [column.name for column in shared.table.columns]
    yield ""
    yield f"columns={','.join(reversed(names))}"
    for column in shared.table.columns:
        value = next((row[column.name] for row in rows if row[column.name] not in (None, "")), None)
        if value is None or not column.can_filter:
            continue
        value = value["amount"] if isinstance(value, dict) else value[:10] if column.kind in ("date", "datetime") else value
        yield f"{column.name}.is={quote(value)}&sort=-{column.name}"
        for operator in operators(column):
            if (column.kind, operator) not in tried:
                tried.add((column.kind, operator))
                yield f"{column.name}.{operator}={quote({'empty': 'no', 'last': '3000'}.get(operator, value))}"
    text = next(column.name for column in shared.table.columns if column.kind == "text" and column.can_filter)
    yield f"q={quote(str(rows[0][text])[:5])}"


@pytest.mark.parametrize("shared", OWN, ids=[one.table.name for one in OWN])
def test_it_gives_the_rows_of_the_portal_for_the_same_address(owner: Caller, shared: Shared) -> None:
    table = shared.table
    every = f"columns={','.join(column.name for column in table.columns)}"
    whole = rows_of(owner, shared)
    assert len({row["id"] for row in whole}) == len(whole) >= 2
    label = table.by_name["digest"].label if table.name == "plans" else table.columns[1].label
    seen = set()
    for query in queries(shared, whole):
        rows = rows_of(owner, shared, query)
        seen.add(tuple(row["id"] for row in rows))
        if table.name == "plans":  # the portal has no file of it
            page = owner.client.get(reverse("plans", kwargs={"tenant": owner.tenant}) + f"?{query}&columns=digest")
            assert cells(page.content.decode(), label) == [row["digest"] for row in rows], query
            continue
        query = query if "columns=" in query else f"{query}&{every}"
        file = file_of(owner, shared, query)
        assert file == exported(owner, shared, query), query
        written = list(csv.DictReader(io.StringIO(file.decode("utf-8-sig"))))
        assert len(written) == len(rows), query
        for column in table.columns:
            if column.kind == "text":
                assert [one[column.label].removeprefix("'") for one in written] == [row[column.name] or "" for row in rows], (
                    query
                )
    assert len(seen) > 2, "the addresses ask for different rows"


def test_every_list_of_the_api_is_a_page_of_the_portal_with_the_same_columns() -> None:
    assert {page.name for page in PAGES} == set(TABLES)
    for page in PAGES:
        table = TABLES[page.name]
        here = [(one.name, one.label, one.kind, one.path, one.shown, dict(one.signs)) for one in page.columns]
        there = [(one.name, one.label, one.kind, one.path, one.shown, dict(one.signs)) for one in table.columns]
        assert here == there, page.name
        assert (page.order, page.presets, page.key) == (table.order, table.presets, table.key)


def test_it_shows_in_a_file_what_the_portal_shows_and_guards_it(owner: Caller) -> None:
    subscriptions = SHARED[0]
    assert file_of(owner, subscriptions) == exported(owner, subscriptions)
    assert "'=Ørsted & Søn" in file_of(owner, subscriptions).decode("utf-8-sig")
    assert "=Ørsted & Søn" in {row["company"] for row in rows_of(owner, subscriptions)}
    assert {tuple(row) for row in rows_of(owner, subscriptions, "columns=count,company")} == {("company", "count", "id")}


def test_it_refuses_what_it_does_not_understand_with_the_words_of_the_portal(owner: Caller) -> None:
    for query, words in {
        "contxt=autotask": "This list has no parameter 'contxt'.",
        "context=sap": "'sap' is no context; choose autotask or connectwise.",
        "customer.is=x": "This list has no column 'customer' to filter by.",
        "count.contains=1": "Count cannot be filtered by 'contains'.",
        "count.min=abc": "Count: 'abc' is no number",
        "seen.last=0": "Read: '0' is no number of days",
        "sort=nothing": "This list cannot be ordered by 'nothing'.",
        "columns=nothing": "This list has no column 'nothing'.",
        "page=0": "'0' is no page number.",
        "size=251": "a page has 1 to 250 rows",
        "page=1&page=2": "page stands 2 times.",
        "company.is=%00": "a sign that no text of ours can hold",
        "q=" + "x" * 301: "has 301 characters",
        "view=gone": "This list has no view 'gone' for you.",
        "sort=nothing&count.min=abc": "Count: 'abc' is no number like 12 or -3.50. This list cannot be ordered by 'nothing'.",
    }.items():
        for accept in ("application/json", "text/csv"):
            answer = owner.get(f"/reports/subscriptions?{query}", Accept=accept)
            assert words in data(answer, 422)["error"]["text"], query


def test_it_pages_without_losing_or_doubling_a_row(owner: Caller) -> None:
    whole = [row["id"] for row in rows_of(owner, SHARED[0], "sort=company")]
    pages = [data(owner.get(f"/reports/subscriptions?sort=company&size=1&page={n}")) for n in range(1, len(whole) + 1)]
    assert [row["id"] for page in pages for row in page["rows"]] == whole
    assert [page["more"] for page in pages] == [True] * (len(whole) - 1) + [False]


def test_it_counts_a_day_in_the_organisations_zone() -> None:
    organisation = make.reseller(zone="Europe/Berlin", now=datetime(2026, 3, 31, 22, 30, tzinfo=UTC))
    one = caller(organisation)
    with tenancy.acting_in(organisation.pk):
        from purser.access.models import Act

        Act.objects.create(at=datetime(2026, 3, 31, 22, 30, tzinfo=UTC), actor="x", verb="x", summary="late", outcome="done")
    assert [row["summary"] for row in rows_of(one, OWN[-1], "at.is=2026-04-01")] == ["late"]
    assert rows_of(one, OWN[-1], "at.is=2026-03-31") == []


def test_a_file_needs_the_right_to_export(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = caller(world.organisation, verbs.READER)
    assert reader.get("/reports/linked", Accept="text/csv").status_code == 200
    kept = verbs.VERBS["reports.export"]
    others = verbs.Verb(kept.name, kept.sentence, kept.reseller - {verbs.READER})
    monkeypatch.setattr(verbs, "VERBS", {**verbs.VERBS, kept.name: others})
    for path in ("/reports/linked", f"/pairs/{world.sync.pk}/customers"):
        assert reader.get(path).status_code == 200
        assert code(reader.get(path, Accept="text/csv"), 403) == "denied"
    denied = kit.acts_of(world.organisation, "reports.export")
    assert {(act.outcome, act.person_id) for act in denied} == {("denied", reader.person.pk)}
    assert reader.get("/acts", Accept="text/csv").status_code == 200, (
        "as in the portal, who reads the acts may take them along"
    )


def test_a_view_saved_at_one_door_is_good_at_the_other(world: World, owner: Caller) -> None:
    subscriptions, colleague = SHARED[0], caller(world.organisation, verbs.BOOKKEEPER)
    query = "company.contains=r&columns=resource,company,count&sort=-company&context=autotask"
    save = reverse("list_view_save", kwargs={"tenant": owner.tenant, "screen": "subscriptions"})
    owner.client.post(save, {"name": "From a page", "query": query, "shared": "1", "next": "/"})
    made = data(colleague.post("/views", {"list": "subscriptions", "name": "From a program", "query": query, "shared": True}))
    assert (made["slug"], made["mine"]) == ("from-a-program", True)
    listed = data(colleague.get("/views?list=subscriptions"))["rows"]
    assert [(one["slug"], one["query"], one["mine"]) for one in listed] == [
        ("from-a-page", query, False),
        ("from-a-program", query, True),
    ]
    assert data(colleague.get("/views?list=linked"))["rows"] == []
    wanted = exported(owner, subscriptions, query)
    assert len(wanted.splitlines()) > 2
    for slug in ("from-a-page", "from-a-program"):
        for one in (owner, colleague):
            assert file_of(one, subscriptions, f"view={slug}") == wanted
            assert rows_of(one, subscriptions, f"view={slug}") == rows_of(one, subscriptions, query)
        page = owner.client.get(reverse("subscriptions", kwargs={"tenant": owner.tenant}) + f"?view={slug}").content.decode()
        assert cells(page, "Company Name") == [
            row["company"].replace("&", "&amp;") for row in rows_of(owner, subscriptions, query)
        ]
        # What the address says besides goes before the view.
        assert len(rows_of(owner, subscriptions, f"view={slug}&company.contains=alder&columns=count")) == 1

    assert owner("DELETE", "/views?list=subscriptions&view=from-a-program").status_code == 404
    assert colleague("DELETE", "/views?list=subscriptions&view=from-a-program").status_code == 204
    assert code(owner.get("/reports/subscriptions?view=from-a-program"), 422) == "view"
    said = [act.summary for act in kit.acts_of(world.organisation, "views.write")]
    assert said == ["Saved the view From a page", "Saved the view From a program", "Deleted the view From a program"]


def test_a_view_holds_with_its_context_at_both_doors(world: World, owner: Caller) -> None:
    """Nothing is linked to a PSA that there is no pair with, so there all is unlinked."""
    body = {"list": "unlinked", "name": "The other", "query": "context=connectwise"}
    data(owner.post("/views", body))
    unlinked = SHARED[2]
    assert len(rows_of(owner, unlinked)) == 2
    assert len(rows_of(owner, unlinked, "view=the-other")) == 4
    assert file_of(owner, unlinked, "view=the-other") == exported(owner, unlinked, "view=the-other")
    page = owner.client.get(reverse("unlinked", kwargs={"tenant": owner.tenant}) + "?view=the-other").content.decode()
    assert len(cells(page, "Resource ID")) == 4


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"list": "nothing"}, "invalid"),
        ({"query": "nothing.is=1"}, "address"),
        ({"query": "pge=1"}, "address"),
        ({"query": "x=" + "1" * 2000}, "invalid"),
        ({"name": "  "}, "name"),
        ({"name": "Taken"}, "taken"),
    ],
)
def test_it_keeps_no_view_that_could_not_be_used(change: dict[str, str], said: str) -> None:
    one = caller(kit.reseller())
    body = {"list": "acts", "name": "taken", "query": "outcome.is=denied"}
    data(one.post("/views", body))
    assert code(one.post("/views", {**body, "name": "Another", **change}), 422) == said
    assert len(data(one.get("/views?list=acts"))["rows"]) == 1
