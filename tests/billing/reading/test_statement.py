"""The statement: days, months, entries, and why each number is what it is. Source: acceptance CS-68."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta

import pytest

from purser.access import actors
from purser.billing.usage import correcting, statement
from purser.ledger import balances
from purser.ledger.chart import DSU
from purser.ledger.models import Entry
from purser.postgres import tenancy
from tests.access import kit as people
from tests.billing.reading import kit
from tests.billing.reading.kit import Desk

FIRST = date(2026, 10, 1)
NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)


@pytest.fixture
def october() -> Desk:
    desk = kit.desk()
    desk.begin(FIRST)
    desk.closed(FIRST, kit.october(desk.alder.pk))
    return desk


def wanted() -> list[tuple[str, str, str, str, str]]:
    """(day, users, peak, charge, balance after) by the table of docs/life-of/a-unit.md."""
    rows, balance = [], 2000
    for day in range(1, 32):
        users = 100 if day < 5 else 150 if day < 15 else 80 if day < 31 else 90
        peak = 100 if day < 5 else 150 if day < 26 else users
        units = peak if day < 26 else 0
        balance -= units
        rows.append((f"2026-10-{day:02}", *map(str, (users, peak, units, balance))))
    return rows


def test_it_shows_users_peak_charge_and_balance_of_each_day(october: Desk) -> None:
    answer = october.call("/days?size=250&sort=on").json()
    got = [(row["on"], row["users"], row["peak"], row["units"], row["balance"]) for row in answer["rows"]]
    assert got == wanted()
    assert {row["booked"] for row in answer["rows"]} == {"yes", "free"}


def test_it_exports_what_it_shows(october: Desk) -> None:
    file = b"".join(october.page("statement/export/?sort=on&format=csv").streaming_content).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(file)))
    assert [tuple(row[:5]) for row in rows[1:]] == wanted()
    sheet = october.page("statement/export/?format=xlsx")
    assert b"".join(sheet.streaming_content)[:2] == b"PK"


def test_a_month_opens_moves_and_closes(october: Desk) -> None:
    found = october.call("/statement?month=2026-10").json()
    assert (found["opening"], found["closing"], found["units"]) == (0, 2000 - 3550, 3550)
    assert {move["kind"]: move["units"] for move in found["moves"]} == {"free": 2000, "day": -3550}
    assert len(found["days"]) == 31
    page = people.text(october.page("statement/?on.min=2026-10-01&on.max=2026-10-31"))
    assert "Opening balance 0 Free at the start of the programme 2,000 Days (3,550) Closing balance (1,550)" in page
    part = people.text(october.page("statement/?on.min=2026-10-05&on.max=2026-10-05"))
    assert "Opening balance 1,600 Days (150) Closing balance 1,450" in part


def test_the_balance_of_each_day_is_that_of_the_books(october: Desk) -> None:
    with tenancy.acting_in(october.partner):
        for row in statement.days().order_by("on"):
            assert row.balance == balances.balance(account="balance", of=None, unit=DSU, as_of=row.on)


def test_each_number_on_the_page_opens_its_derivation(october: Desk) -> None:
    page = october.page("statement/?on.is=2026-10-20").content.decode()
    for part in ("users", "peak", "charge", "balance"):
        assert f"/usage/days/2026-10-20/#{part}" in page


@pytest.mark.parametrize(
    ("day", "rule", "words"),
    [
        (1, "rise", "This day counted 100"),
        (3, "held", "Set by 2026-10-01, which counted 100"),
        (5, "rise", "This day counted 150, more than any before it in the month; the peak was 100"),
        (20, "held", "Set by 2026-10-05, which counted 150"),
        (26, "true_up", "Behind day 25 the peak follows the count, up and down: 80. It was 150 the day before."),
    ],
)
def test_it_says_which_rule_made_a_peak(october: Desk, day: int, rule: str, words: str) -> None:
    found = october.call(f"/days/2026-10-{day:02}").json()
    assert found["rule"] == rule
    assert words in found["why"]
    assert words in people.text(october.page(f"days/2026-10-{day:02}/"))


def test_it_says_that_a_peak_was_carried_over() -> None:
    desk = kit.desk()
    desk.begin(FIRST)
    desk.closed(FIRST, [*kit.october(desk.alder.pk), {desk.alder.pk: 70}])
    found = desk.call("/days/2026-11-01").json()
    assert (found["rule"], found["peak"], found["units"]) == ("carry", 90, 90)
    assert found["why"].startswith("Carried over: 90 was the peak at the last close of the month before")
    rows = desk.call("/peaks?month=2026-10").json()["rows"]
    assert [row["rule"] for row in rows] == [desk.call(f"/days/{row['on']}").json()["rule"] for row in rows]


def test_a_day_leads_to_its_entries_and_its_tenants(october: Desk) -> None:
    found = october.call("/days/2026-10-05").json()
    assert [(one["name"], one["users"], one["units"]) for one in found["by_tenant"]] == [("Alder Dental", 150, 150)]
    assert [(line["source"], line["units"]) for line in found["entries"]] == [("day:2026-10-05:1", -150)]
    with tenancy.acting_in(october.partner):
        assert str(Entry.objects.get(source="day:2026-10-05:1").pk) == found["entries"][0]["entry"]
    assert (found["opening"], found["closing"]) == (1600, 1450)
    assert found["terms"]["billable_days"] == 25


def test_a_correction_shows_both_versions_with_the_reason(october: Desk) -> None:
    operator = october.made.operator
    desk = actors.system("The desk", tenant=operator.pk, organisation=operator.name)
    counts = {october.alder.pk: 170}
    correcting.amend(desk, october.partner, on=date(2026, 10, 10), counts=counts, reason="Told late", now=NOW)
    found = october.call("/days/2026-10-10").json()
    assert [(v["version"], v["users"], v["reason"]) for v in found["counted"]] == [(1, 150, ""), (2, 170, "Told late")]
    assert [(v["version"], v["units"]) for v in found["charged"]] == [(1, 150), (2, 170)]
    assert sorted(line["units"] for line in found["booked_by"]) == [-170, -150, 150]
    page = people.text(october.page("days/2026-10-10/"))
    for words in ("This day was corrected", "Told late", "Version 2 (stands)"):
        assert words in page
    # every later day of the month up to the true-up costs more now, and the list says so
    rows = {row["on"]: row for row in october.call("/days?size=250").json()["rows"]}
    assert (rows["2026-10-25"]["units"], rows["2026-10-25"]["version"], rows["2026-10-25"]["booked"]) == ("170", "2", "yes")
    assert rows["2026-10-09"]["version"] == "1"
    replaced = october.call("/charges?stands.is=no&size=250").json()["rows"]
    assert {row["on"] for row in replaced} == {f"2026-10-{day}" for day in range(10, 26)}


def test_a_day_that_is_not_booked_says_so() -> None:
    desk = kit.desk()
    desk.begin(FIRST)
    desk.closed(FIRST, [{desk.alder.pk: 7}], post=False)
    (row,) = desk.call("/days").json()["rows"]
    assert (row["booked"], row["balance"]) == ("no", "2000")
    assert desk.call("/statement?month=2026-10").json()["waiting"] == 7
    with tenancy.acting_in(desk.partner):
        assert statement.waiting() == 7


def test_thirteen_months_can_be_paged() -> None:
    desk = kit.desk()
    first = date(2025, 9, 1)
    desk.begin(first)
    days = (date(2026, 11, 1) - first).days
    desk.closed(first, [{desk.alder.pk: 3}] * days)
    page = desk.page("statement/").content.decode()
    months = [f"on.min={month}-01&amp;on.max={month}" for month in ("2026-10", "2025-10", "2025-09")]
    assert [month in page for month in months] == [True, True, False]
    assert months[2] in desk.page("statement/?before=2025-10").content.decode()
    assert "Sep 2025" in people.text(desk.page("?before=2025-10"))


@pytest.mark.parametrize("path", ["/days/2026-09-30", "/days/tomorrow", "/days/2026-10-41"])
def test_a_day_that_was_not_closed_is_missing(october: Desk, path: str) -> None:
    assert october.call(path).status_code == 404
    assert october.page(f"{path.strip('/')}/").status_code == 404


@pytest.mark.parametrize("month", ["2026-13", "october", "", "2026-1"])
def test_a_month_that_is_none_is_refused(october: Desk, month: str) -> None:
    assert october.call(f"/statement?month={month}").status_code == 422
    if month:
        assert october.page(f"shares/?month={month}").status_code == 422


def test_who_takes_no_part_is_told_so() -> None:
    desk = kit.desk()
    for path in ("", "adviser/", "now/"):
        assert "You take no part in the programme of daily units yet" in people.text(desk.page(path))
    for path in ("shares/", "simulator/", "statement/"):
        assert "No day is closed yet" in people.text(desk.page(path))
    assert desk.call().status_code == 404
    assert desk.call("/days").json()["rows"] == []


def test_people_are_seen_at_the_close_by_leave_of_the_consent(october: Desk) -> None:
    before = datetime(2026, 10, 4, 12, tzinfo=UTC)
    kit.user(october.alder, "Ann Early", since=before - timedelta(days=9))
    kit.user(october.alder, "Late Lou", since=datetime(2026, 10, 6, tzinfo=UTC))
    path = f"days/2026-10-05/people/{october.alder.pk}"
    assert october.call("/" + path, who=october.made.agent).status_code == 404
    assert "not without consent" in people.text(october.page("days/2026-10-05/", who=october.made.agent))
    october.agrees(people.now() - timedelta(minutes=1))
    names = [row["name"] for row in october.call("/" + path, who=october.made.agent).json()["rows"]]
    assert names == ["Ann Early"]
    page = people.text(october.page(path + "/", who=october.made.agent))
    assert "Ann Early" in page
    assert "Late Lou" not in page
    # the owner is no partner administrator: the consent is not theirs to use
    assert october.call("/" + path).status_code == 404
    # a consent without licences
    october.agrees(people.now(), scopes=["domain"])
    assert october.call("/" + path, who=october.made.agent).status_code == 403
    assert october.call(f"/days/2026-10-05/people/{people.customer().pk}", who=october.made.agent).status_code == 404


def test_a_tenant_that_went_elsewhere_keeps_its_units_and_loses_its_name(october: Desk) -> None:
    from tests.billing.usage import kit as engine

    engine.move(october.alder, people.reseller(under=october.made.operator), now=people.now())
    (one,) = october.call("/days/2026-10-05").json()["by_tenant"]
    assert (one["units"], one["number"]) == (150, "")
    assert one["name"].startswith("No longer your customer")
