"""The reports and logs as pages: columns, filters, charts, exports. Source: acceptance ID-33 to ID-53, ID-64, ID-65."""

from __future__ import annotations

import csv
import io
import re
from decimal import Decimal

import pytest

from purser.links.models import Link
from purser.postgres import tenancy
from tests.access import kit
from tests.access.kit import site as site
from tests.portal import desk

pytestmark = pytest.mark.usefixtures("site")

HEADS = {
    "success_log": [
        "Adjustment Date",
        "ODIN Company Name",
        "ODIN Subscription Name",
        "ODIN Resource Name",
        "PSA Customer",
        "PSA Agreement",
        "PSA Product",
        "Adjustment Amount",
    ],
    "failure_log": [
        "Adjustment Date",
        "ODIN Company Name",
        "ODIN Subscription Name",
        "ODIN Resource Name",
        "PSA Customer",
        "PSA Agreement",
        "PSA Product",
        "Adjustment Amount",
        "Error Message",
    ],
    "subscriptions": [
        "ODIN Account ID",
        "Company Name",
        "Subscription ID",
        "Subscription Name",
        "Resource ID",
        "Resource Name",
        "Count",
    ],
    "linked": [
        "PSA Customer Name",
        "Agreement Name",
        "Product ID",
        "Product Description",
        "ODIN Company",
        "Subscription",
        "Resource",
        "Count",
    ],
    "unlinked": [
        "ODIN Account ID",
        "Company",
        "Subscription ID",
        "Subscription",
        "Resource ID",
        "Resource",
        "Resource Count",
    ],
}


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def test_it_heads_each_report_as_the_sources_do() -> None:
    with desk.at() as here:
        for name, wanted in HEADS.items():
            shown = rows(here.file(f"{name}_export"))[0]
            # the logs show these and no more, until somebody chooses others
            assert (shown if name in ("success_log", "failure_log") else shown[: len(wanted)]) == wanted


def test_it_moves_a_resource_from_unlinked_to_linked_and_back() -> None:
    with desk.at() as here:
        assert [row[4] for row in rows(here.file("unlinked_export"))[1:]] == ["EXO1", "E3"]
        link = here.linked()
        assert [row[4] for row in rows(here.file("unlinked_export"))[1:]] == ["E3"]
        assert [row[6:8] for row in rows(here.file("linked_export"))[1:]] == [["Exchange Online (Plan 1)", "8"]]
        from purser.links import relations

        with tenancy.acting_in(here.tenant):
            relations.unset_resource(link_id=link.pk, now=here.world.clock())
        assert [row[4] for row in rows(here.file("unlinked_export"))[1:]] == ["EXO1", "E3"]
        assert len(rows(here.file("linked_export"))) == 1


def test_it_shows_each_psa_its_own() -> None:
    with desk.at() as here:
        here.linked()
        assert "2026 Cloud Services" in here.text("linked", "?context=autotask")
        assert "2026 Cloud Services" not in here.text("linked", "?context=connectwise")
        # nothing is linked to a PSA that there is no pair with
        assert len(rows(here.file("unlinked_export", "?context=connectwise"))) == 3


def test_it_lists_a_posting_with_a_decrease_in_parentheses() -> None:
    with desk.at(decrease="today") as here:
        here.linked()
        here.go(days=1)
        here.world.marketplace("quantity", subscription="S1", mpn="EXO1", quantity=6)
        here.pass_over()
        shown = here.text("success_log")
        assert "(2.00)" in shown
        assert "7.00" in shown
        assert [row[7] for row in rows(here.file("success_log_export"))[1:]] == ["-2.00", "7.00"]
        # the later posting alone, by the day it was made
        assert [row[7] for row in rows(here.file("success_log_export", "?adjusted.is=2026-07-12"))[1:]] == ["-2.00"]
        here.go(days=29)
        last = rows(here.file("success_log_export", "?adjusted.last=30"))[1:]
        assert [row[7] for row in last] == ["-2.00"]
        movement = rows(here.file("movements_export"))[1]
        assert (movement[4:8]) == ["8", "6", "-2", "Posted"]


def test_it_keeps_a_failure_in_the_failure_log_until_it_succeeds_with_both_times() -> None:
    with desk.at() as here:
        here.world.psa("contract", id=9, startDate="2026-01-01", endDate="2026-06-30")
        here.world.link("S1/EXO1", desk.SERVICE)
        assert here.pass_over(cause="link").failed == 1
        log = rows(here.file("failure_log_export", "?all=1"))
        head, failure = log[0], log[1]
        assert "2026-06-30" in failure[head.index("Error Message")]
        assert failure[head.index("Contract Dates")] == "2026-01-01 to 2026-06-30"
        assert failure[head.index("Failed First")]
        assert failure[head.index("Next Try")] > failure[head.index("Failed First")]
        assert len(rows(here.file("success_log_export"))) == 1
        assert "Do not invoice yet" in here.text("linked")

        here.world.psa("contract", id=9, endDate="2026-12-31")
        here.go(minutes=5)
        assert here.pass_over().posted == 1
        assert len(rows(here.file("failure_log_export"))) == 1
        log = rows(here.file("success_log_export", "?all=1"))
        success = dict(zip(log[0], log[1], strict=True))
        assert success["Failed First"] < success["Confirmed"]
        assert "Do not invoice yet" not in here.text("linked")


def test_it_draws_the_numbers_of_the_table_and_follows_the_filter() -> None:
    with desk.at() as here:
        table = rows(here.file("subscriptions_export"))[1:]
        whole = here.text("subscriptions_charts")
        assert "All Companies" in whole
        assert "Licenses per Customer" in whole
        assert re.search(rf"Total {sum(int(row[6]) for row in table)}\b", whole)
        assert "8 61.5%" in whole
        assert "5 38.5%" in whole
        one = here.text("subscriptions_charts", "?company.is=Alder+Dental")
        assert re.search(r"Total 5\b", one)
        assert "Hall Bros." not in one


def test_it_asks_for_the_charts_anew_when_the_list_is_filtered() -> None:
    with desk.at() as here:
        answer = here.client.get(
            here.url("subscriptions", "?company.is=Alder+Dental"),
            headers={"HX-Request": "true", "HX-Target": "list-subscriptions"},
        )
        body = answer.content.decode()
        assert "hx-swap-oob" in body
        assert "subscriptions/charts/?company.is=Alder+Dental" in body
        assert "<html" not in body


def test_it_filters_by_a_click_and_combines_filters() -> None:
    with desk.at() as here:
        shown = here.get("subscriptions").content.decode()
        assert "?company.is=Alder%20Dental" in shown
        both = here.text("subscriptions", "?company.is=Alder+Dental&count.min=6")
        assert "Nothing matches" in both


def test_it_never_shows_another_resellers_rows() -> None:
    names = [*HEADS, "movements", "drift", "runs"]
    with desk.at() as here:
        here.linked()
        other = kit.reseller("Other IT")
        stranger = kit.sign_in(kit.member(other))
        for name in names:
            theirs = stranger.get(f"{here.url(name)}")
            assert theirs.status_code == 404
            own = stranger.get(here.url(name).replace(str(here.tenant), str(other.pk)))
            assert own.status_code == 200
            assert "Hall Bros." not in own.content.decode()
            file = stranger.get(here.url(f"{name}_export").replace(str(here.tenant), str(other.pk)))
            assert len(rows(b"".join(file.streaming_content).decode("utf-8-sig"))) == 1
            assert stranger.get(here.url(f"{name}_export")).status_code == 404


@pytest.mark.parametrize("name", HEADS)
def test_it_opens_a_report_with_few_queries(name: str) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with desk.at() as here:
        here.linked()
        here.get(name)
        with CaptureQueriesContext(connection) as found:
            here.get(name)
        assert len(found) <= 30, [q["sql"][:120] for q in found]


def test_the_amounts_of_the_log_add_up_to_what_the_psa_has_more() -> None:
    with desk.at(decrease="today") as here:
        link = here.linked()
        for day, count in enumerate([11, 3, 3, 9], start=1):
            here.go(days=1)
            here.world.marketplace("quantity", subscription="S1", mpn="EXO1", quantity=count)
            here.pass_over()
            assert day
        amounts = [Decimal(row[7]) for row in rows(here.file("success_log_export"))[1:]]
        with tenancy.acting_in(here.tenant):
            now = Link.objects.get(pk=link.pk)
        assert now.baseline_units is not None
        assert sum(amounts) == now.expected_units - now.baseline_units == 8


def test_it_says_what_became_of_each_change_at_the_marketplace() -> None:
    with desk.at(decrease="today") as here:
        here.linked()
        here.go(days=1)
        here.world.marketplace("quantity", subscription="S1", mpn="EXO1", quantity=6)
        here.world.marketplace("quantity", subscription="S2", mpn="E3", quantity=6)
        here.pass_over()
        became = {row[3]: row[7] for row in rows(here.file("movements_export"))[1:]}
        assert became == {"Exchange Online (Plan 1)": "Posted", "Office 365 E3": "Not linked, not posted"}
        assert len(rows(here.file("movements_export", "?context=autotask"))) == 2
        assert len(rows(here.file("movements_export", "?context=connectwise"))) == 1
