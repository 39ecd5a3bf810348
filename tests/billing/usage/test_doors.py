"""The operator's side of daily units through both doors: pages and calls do the same. Source: acceptance CS-51, CS-54."""

from __future__ import annotations

import html
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client

from purser.access import verbs
from purser.access.models import Act
from purser.billing import models
from purser.billing.usage import programme
from purser.postgres import tenancy
from purser.tenants.models import Organisation
from tests.access import kit as access
from tests.access.kit import site as site
from tests.api.kit import Caller, code, data
from tests.billing.usage import kit

pytestmark = pytest.mark.usefixtures("site")
WEEK = timedelta(days=7)


@pytest.fixture
def house() -> kit.House:
    return kit.House(access.operator())


def first() -> date:
    return (access.now() - WEEK).date()


def closed(house: kit.House, *, users: int = 5) -> tuple[Organisation, Organisation]:
    """A partner with three closed days, and its customer."""
    begun = access.now() - WEEK
    partner = house.partner(since=begun)
    programme.admit(house.desk, partner.pk, on=begun.date(), now=begun)
    customer = kit.customer(partner, since=begun)
    kit.plant(partner, begun.date(), [{customer.pk: users}] * 3)
    return partner, customer


def desk(house: kit.House, role: str = verbs.OWNER) -> Client:
    return access.sign_in(access.member(house.operator, role))


def calls(house: kit.House, role: str = verbs.OWNER) -> Caller:
    person = access.member(house.operator, role)
    return Caller(house.operator.pk, person, access.sign_in(person))


def at(house: kit.House, partner: Organisation, path: str = "") -> str:
    return access.url(house.operator, f"organisations/{partner.pk}/units/{path}")


def said(answer: Any) -> str:
    return html.unescape(access.text(answer))


def stints(partner: Organisation) -> list[tuple[date, date | None, str]]:
    with tenancy.acting_in(partner.pk):
        return list(models.Stint.objects.order_by("from_on").values_list("from_on", "until_on", "zone"))


def test_the_page_admits_a_partner_and_ends_it(house: kit.House) -> None:
    partner, browser = house.partner("Europe/Berlin", since=access.now()), desk(house)
    assert "Admit to daily units" in said(browser.get(at(house, partner)))
    today = access.now().date() + timedelta(days=1)
    answer = browser.post(at(house, partner, "admit/"), {"on": today.isoformat()}, follow=True)
    assert f"Days are counted from {today} on, and close in Europe/Berlin." in said(answer)
    assert "2,000 units" in said(answer)
    assert stints(partner) == [(today, None, "Europe/Berlin")]
    again = browser.post(at(house, partner, "admit/"), {"on": today.isoformat()})
    assert again.status_code == 422
    assert f"counted since {today}" in said(again)
    browser.post(at(house, partner, "end/"), {"on": (today + WEEK).isoformat()})
    assert stints(partner) == [(today, today + WEEK, "Europe/Berlin")]


def test_the_call_admits_a_partner_moves_its_zone_and_ends_it(house: kit.House) -> None:
    partner, caller = house.partner(since=access.now()), calls(house)
    path = f"/organisations/{partner.pk}/units"
    today = (access.now() + timedelta(days=2)).date()
    assert data(caller.post(f"{path}/admit", {"on": str(today)}), 201) == {
        "from_on": str(today), "until_on": None, "zone": "UTC",
    }  # fmt: skip
    assert data(caller.post(f"{path}/zone", {"zone": "Asia/Tokyo"}))["zone"] == "Asia/Tokyo"
    assert code(caller.post(f"{path}/zone", {"zone": "Asia/Atlantis"}), 422) == "zone"
    assert code(caller.post(f"{path}/admit", {"on": str(today)}), 422) == "stint"
    assert data(caller.post(f"{path}/end", {"on": str(today + WEEK)}))["until_on"] == str(today + WEEK)
    answer = data(caller.get(path))
    assert (answer["balance"], len(answer["stints"]), answer["days"]) == (2000, 1, [])
    with tenancy.acting_in(partner.pk):
        assert Act.objects.filter(verb="operator.programme.admit").count() == 3


def test_the_page_corrects_a_day_and_shows_why(house: kit.House) -> None:
    partner, customer = closed(house)
    browser = desk(house)
    path = at(house, partner, f"days/{first()}/correct/")
    assert customer.name in said(browser.get(path))
    answer = browser.post(path, {str(customer.pk): "9", "reason": "Told late"}, follow=True)
    assert f"{first()} is corrected" in said(answer)
    assert said(answer).count("Told late") == 1
    assert [row[1] for row in kit.rated(partner)] == [9, 5, 5]
    same = browser.post(path, {str(customer.pk): "9", "reason": "Again"})
    assert same.status_code == 422
    assert "says so already" in said(same)


def test_the_call_corrects_a_day(house: kit.House) -> None:
    partner, customer = closed(house)
    caller, path = calls(house), f"/organisations/{partner.pk}/units/days"
    body = {"counts": [{"organisation": str(customer.pk), "users": 9}], "reason": "Told late"}
    answer = data(caller.post(f"{path}/{first()}/correct", body))
    assert answer["posted"] == sum(1 for row in kit.rated(partner) if row[3])
    assert data(caller.get(f"{path}/{first()}"))["rows"] == [
        {"organisation": str(customer.pk), "name": customer.name, "users": 9}
    ]  # fmt: skip
    twice = {**body, "counts": body["counts"] * 2}
    assert code(caller.post(f"{path}/{first()}/correct", twice), 422) == "twice"
    assert code(caller.post(f"{path}/yesterday/correct", body), 422) == "date"
    assert caller.post(f"{path}/{first() - WEEK}/correct", body).status_code == 404
    for users in (-1, 1_000_001):
        wrong = {**body, "counts": [{"organisation": str(customer.pk), "users": users}]}
        assert caller.post(f"{path}/{first()}/correct", wrong).status_code == 422
    assert data(caller.get(f"/organisations/{partner.pk}/units"))["days"][-1]["reason"] == "Told late"


def test_both_doors_publish_terms_ahead(house: kit.House) -> None:
    browser, caller = desk(house), calls(house)
    assert "Nothing published" in said(browser.get(access.url(house.operator, "terms/")))
    sent = {"from_on": "2099-01-01", "billable_days": "20", "ratchet": "on", "scope": "tenant"}
    answer = browser.post(access.url(house.operator, "terms/publish/"), sent, follow=True)
    assert "2099-01-01" in said(answer)
    assert "each tenant alone" in said(answer)
    body = {"from_on": "2099-02-01", "billable_days": 25, "ratchet": True, "true_up": True, "carry_over": True}
    assert data(caller("PUT", "/terms", {**body, "scope": "partner"}))["billable_days"] == 25
    assert [row["from_on"] for row in data(caller.get("/terms"))["rows"]] == ["2099-01-01", "2099-02-01"]
    assert code(caller("PUT", "/terms", {**body, "scope": "partner", "from_on": "2026-01-01"}), 422) == "closed"


def test_only_who_may_sees_and_changes_it(house: kit.House) -> None:
    """Admitting, correcting and publishing is an owner's; another operator's partner is missing."""
    partner, _ = closed(house)
    reader = desk(house, verbs.READER)
    for path in ("admit/", f"days/{first()}/correct/"):
        assert reader.get(at(house, partner, path)).status_code == 403
    stranger = kit.House(access.operator())
    assert desk(stranger).get(at(stranger, partner)).status_code == 404
    owner = access.sign_in(access.member(partner))
    assert owner.get(access.url(partner, "terms/")).status_code == 403
