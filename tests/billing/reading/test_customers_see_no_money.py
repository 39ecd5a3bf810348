"""CS-67: nobody in a customer's tenant, its own people or the partner's on its behalf, sees balances, prices or receipts.

Every page and every call of the API that reads is opened in the customer's tenant, with amounts behind it at the partner that
occur nowhere else. Source: acceptance CS-2, CS-67; decision F-7.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import clear_url_caches, include, path

from purser.access import verbs
from purser.access.actors import Actor
from purser.access.models import Person
from purser.api import limits
from purser.billing.usage import charging, statement
from purser.portal.doors import page
from purser.postgres import ids, tenancy
from tests.access import kit as people
from tests.billing.reading import kit
from tests.billing.reading.kit import Desk
from tests.matrix import doors
from tests.matrix.test_matrix import ASIDE
from tests.tenancy.addresses import values_of
from tests.tenancy.planting import Planted, another, plant

USERS, UNITS, PRICE, TOTAL = 731_993, 1_000_000, Decimal("0.077773"), Decimal("88441.17")
MARK = "CANARY-P"
AMOUNTS = (USERS, USERS + 3, int(UNITS * PRICE), PRICE, int(TOTAL), int(TOTAL * 100))
WRITTEN = "|".join(re.escape(f"{amount:{sign}}") for amount in AMOUNTS for sign in ("", ","))
# A number by itself: not the digits inside an id, nor the fraction of a second.
CANARIES = re.compile(rf"{MARK}|(?<![\w.])(?:{WRITTEN})(?!\w)")


@dataclass
class Stage:
    desk: Desk
    mine: Planted
    people: dict[str, Person]

    def client(self, who: str) -> Client:
        return self.desk.client(self.people[who])


@pytest.fixture(scope="module")
def stage() -> Stage:
    """A partner with amounts in every table of money, and a customer that agreed to everything."""
    desk, on = kit.desk(), date(2026, 7, 2)
    partner = plant(MARK, desk.made.reseller)
    another(partner, "billing_close", on=on, users=USERS, tenants=[desk.alder.pk], counts=[USERS])
    another(partner, "billing_charge", on=on, users=USERS, peak=USERS, units=USERS)
    another(partner, "billing_package", code="CANARY", units=UNITS, unit_price=PRICE, price=UNITS * PRICE)
    paid = {"state": "paid", "paid_at": people.now(), "payment": "pi_1", "number": "P-2026-0001", "key": ids.new()}
    another(partner, "billing_purchase", **paid, total=TOTAL)
    charging.post(desk.partner, now=people.now())
    desk.agrees(people.now())
    reader = people.member(desk.alder, verbs.READER, factor=False)
    mine = plant("MINE-C", desk.alder)
    crowd = {"administrator": desk.made.admin, "reader": reader, "agent": desk.made.agent, "owner": desk.made.owner}
    return Stage(desk, mine, crowd)


@pytest.fixture(autouse=True)
def unlimited(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(limits, "call", lambda *_, **__: None)
    with override_settings(MIDDLEWARE=[name for name in settings.MIDDLEWARE if not name.startswith(ASIDE)]):
        yield


MONTHLY = ("usage/statement", "usage/peaks", "usage/shares", "usage/shares/file", "usage/shares/export/")


def crawl(client: Client, tenant: Any, of: Planted | None, only: str = "") -> Iterator[tuple[str, int, str]]:
    """Every address below a tenant (with `only` in it), opened: its path, what it answered, and the body, files too."""
    client.raise_request_exception = False
    seen = set()
    for address, _ in doors.patterns():
        if not address.in_tenant or only not in address.route:
            continue
        where = address.path(values_of(address, tenant=str(tenant), of=of))
        if where in seen:
            continue
        seen.add(where)
        where += "?month=2026-07" if where.endswith(MONTHLY) else ""
        for headers in ({}, {"Accept": "text/csv"}):
            answer: Any = client.get(where, headers=headers)
            body = b"".join(answer.streaming_content) if answer.streaming else answer.content
            yield where, answer.status_code, body.decode("utf-8", "replace")
            if not address.is_api or answer.status_code != 200:
                break


def leaks(client: Client, tenant: Any, only: str) -> list[str]:
    return [
        f"{where}: {found.group()}" for where, _, body in crawl(client, tenant, None, only) if (found := CANARIES.search(body))
    ]


@pytest.mark.parametrize("who", ["administrator", "reader", "agent"])
def test_no_page_and_no_call_in_a_customers_tenant_shows_money(stage: Stage, who: str) -> None:
    client, opened = stage.client(who), 0
    for where, status, body in crawl(client, stage.desk.alder.pk, stage.mine):
        found = CANARIES.search(body)
        assert found is None, f"{where} shows {found.group() if found else ''}"
        opened += status == 200
        if re.search(r"/t/[0-9a-f-]{36}/usage", where):  # daily units; a subscription has a usage of its own
            assert status in (403, 405), f"{where}: {status}"  # 405: takes no look
    assert opened > 30


def test_the_same_crawl_finds_the_amounts_where_they_belong(stage: Stage) -> None:
    found = leaks(stage.client("owner"), stage.desk.partner, "usage/")
    for part in ("/usage/", "/usage/statement/", "/usage/entries/", "/api/v1/t/", "/usage/charges/export/"):
        assert [line for line in found if part in line], part


def test_the_agent_sees_nothing_of_money_in_the_acts_and_exports_of_the_customer(stage: Stage) -> None:
    client = stage.client("agent")
    for where in ("acts/", "consent/acts/"):
        assert not CANARIES.search(client.get(people.url(stage.desk.alder, where)).content.decode())


def test_no_role_of_a_customer_has_a_verb_of_money() -> None:
    money = [name for name in verbs.VERBS if name.partition(".")[0] in ("usage", "billing", "packages")]
    assert len(money) >= 9
    for name in money:
        assert verbs.VERBS[name].customer == frozenset(), name


# A breach, planted: the crawl must find it.


@page("organisation.read", seat=False)
def breach(request: HttpRequest, actor: Actor) -> HttpResponse:
    """A page of the customer that tells its partner's balance."""
    with tenancy.acting_in(actor.tenant):
        from purser.tenants import organisations

        partner = organisations.own().parent_id
    assert partner is not None
    with tenancy.acting_in(partner):
        return HttpResponse(f"Balance {statement.balance():,}")


def test_it_finds_a_page_that_tells_the_balance(stage: Stage) -> None:
    urls = [path("t/<uuid:tenant>/breach/", breach), path("", include("purser.config.urls"))]
    with override_settings(ROOT_URLCONF=type("urls", (), {"urlpatterns": urls})):
        clear_url_caches()
        found = leaks(stage.client("administrator"), stage.desk.alder.pk, "breach/")
    clear_url_caches()
    assert [line for line in found if "/breach/" in line]
