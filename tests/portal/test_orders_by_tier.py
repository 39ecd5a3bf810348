"""Who sells through another orders for its customers, and learns nothing of what that other asks of them.

The reseller's price is a number that stands nowhere else; so are what 3 and 7 of it cost, and the reseller's margin. Every
page, file and answer that the distributor and the operator above it can open is searched. Source: decision 0010; CM-2, CM-45.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.core import mail
from django.test import Client, override_settings

from purser.access.models import Person
from purser.api import limits
from purser.catalog.models import PriceList
from purser.portal.pages.orders import shop as pages
from purser.postgres import ids, tenancy
from purser.subscriptions import pricing
from purser.subscriptions.keeping import By
from purser.subscriptions.models import OrderLine, Source
from purser.tenants.models import Organisation
from tests.access import kit
from tests.access.kit import site as site
from tests.api.kit import Caller, code, data, token_of
from tests.billing.reading.test_customers_see_no_money import crawl
from tests.matrix.test_matrix import ASIDE
from tests.portal.customers import inside
from tests.subscriptions import shop as shops
from tests.subscriptions.shop import BUYS, Shop
from tests.tenancy.planting import Planted

pytestmark = pytest.mark.usefixtures("site")
ASKS, LATER, SPECIAL = Decimal("8713.294657"), Decimal("9214.337781"), "CANARY LIST"
SECRET = re.compile(rf"{SPECIAL}|8\D?713[.,]29|9\D?214[.,]33|26\D?139[.,]88|60\D?993[.,]06|99[.,]94")


@dataclass
class Above:
    """Somebody above the reseller, with the ids of what they can name."""

    made: Shop
    organisation: Organisation
    person: Person
    named: Planted

    @property
    def client(self) -> Client:
        return inside(self.person)

    @property
    def api(self) -> Caller:
        bearer = token_of(self.organisation, self.person)
        return Caller(self.organisation.pk, self.person, kit.browser(), bearer)


class Named(Planted):
    def one(self, table: str) -> UUID:
        return self.ids.get(table, [ids.new()])[0]


@pytest.fixture(autouse=True)
def unlimited(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(limits, "call", lambda *_, **__: None)
    with override_settings(MIDDLEWARE=[name for name in settings.MIDDLEWARE if not name.startswith(ASIDE)]):
        yield


@pytest.fixture
def made() -> Shop:
    """What the reseller asks is a canary; its customer has subscriptions, one of them with a price of its own to come."""
    made = shops.shop()
    made.publish(made.reseller, dict.fromkeys(made.offers, ASKS))
    with tenancy.acting_in(made.reseller.pk):
        PriceList.objects.filter(side="sell").update(name=SPECIAL)
    made.live()
    held = made.live("YEAR", 7)
    with tenancy.acting_in(made.customer.pk):
        day, by = kit.now().date(), By("Ada", Source.US)
        pricing.set_price(held.pk, price=LATER, from_on=day.replace(year=day.year + 1, day=1), by=by, now=kit.now())
    return made


def above(made: Shop, organisation: Organisation) -> Above:
    person = kit.member(organisation, factor=False)
    held = made.subscriptions()
    with tenancy.acting_in(made.customer.pk):
        order = OrderLine.objects.values_list("order", flat=True)[0]
    found = {
        "subscriptions_subscription": [held[0].pk],
        "subscriptions_order": [order],
        "tenants_organisation": [made.customer.pk],
        "catalog_offer": [made.offers["BASE"].pk],
        "provisioning_instance": [made.instance.pk],
    }
    return Above(made, organisation, person, Named("ABOVE", organisation, person, found))


def told(one: Above) -> Iterator[tuple[str, str]]:
    """Every address, then the steps of ordering with what they ask for."""
    for where, status, body in crawl(one.client, one.organisation.pk, one.named):
        if status < 400:
            yield where, body
    yield from _lists(one)
    if one.organisation == one.made.chain.distributor:
        yield from _ordering(one)
    for letter in mail.outbox:
        if one.person.email in letter.to:
            yield f"mail {letter.subject}", str(letter.body)


def _lists(one: Above) -> Iterator[tuple[str, str]]:
    client, api = one.client, one.api
    for room in ("sales-orders", "services"):
        for kind in ("csv", "xlsx"):
            answer: Any = client.get(kit.url(one.organisation, f"{room}/export/?format={kind}&all=1"))
            assert answer.status_code == 200, room
            body = b"".join(answer)
            if kind == "xlsx":
                with zipfile.ZipFile(io.BytesIO(body)) as book:
                    body = b" ".join(book.read(name) for name in book.namelist())
            yield f"{room} as {kind}", body.decode()
    for row in data(api.get("/sales-orders"))["rows"]:
        yield "API order", api.get(f"/sales-orders/{row['id']}").content.decode()
        yield "order", client.get(kit.url(one.organisation, f"sales-orders/{row['id']}/")).content.decode()
    for held in one.made.subscriptions():
        yield "API subscription", api.get(f"/subscriptions/{held.pk}").content.decode()
        yield "subscription", client.get(kit.url(one.organisation, f"services/{held.pk}/")).content.decode()


def _ordering(one: Above) -> Iterator[tuple[str, str]]:
    client, api, made = one.client, one.api, one.made
    base, held = made.offers["BASE"].pk, made.subscriptions()[0]
    own = f"sales-orders/for/{made.customer.pk}/"
    for name in ("BASE", "YEAR"):
        sent = {"offer": str(made.offers[name].pk), "quantity": "7", "price": "8.50", "currency": "EUR"}
        assert client.post(kit.url(one.organisation, f"{own}basket/"), sent).status_code == 302
    asks = [f"sales-orders/change/{held.pk}/?kind={kind}" for kind in ("quantity", "addon", "cancel", "suspend", "renewal")]
    choice = f"{own}?category=Backup&cycle=monthly&group=Workloads"
    for path in (choice, f"{own}price/?offer={base}&quantity=3", f"{own}check/", f"{own}calls/", *asks):
        answer = client.get(kit.url(one.organisation, path))
        assert answer.status_code == 200, path
        yield path, answer.content.decode()
    part = client.get(kit.url(one.organisation, asks[0] + "&quantity=7"), headers={"HX-Request": "true", "HX-Target": "cost"})
    yield "the new cost", part.content.decode()
    lines = [
        {"offer": str(base), "quantity": 3, "price": "8.50"},
        {"offer": str(made.offers["YEAR"].pk), "quantity": 7},
        {"kind": "quantity", "subscription": str(held.pk), "quantity": 7, "price": "8.50"},
        {"kind": "addon", "offer": str(made.offers["ADD"].pk), "quantity": 3},
    ]
    asked: dict[str, Any] = {"customer": str(made.customer.pk), "lines": lines}
    yield "API shop", api.get(f"/sales-orders/for/{made.customer.pk}").content.decode()
    yield "API review", api.post("/sales-orders/review", asked).content.decode()
    once = {"once": ids.new().hex}
    yield "API refused", api.post("/sales-orders", {**asked, **once}).content.decode()
    yield "API placed", api.post("/sales-orders", {**asked, **once, "lines": lines[1:2]}).content.decode()
    yield "page refused", client.post(kit.url(one.organisation, f"{own}place/"), form(made, "8.50")).content.decode()


def form(made: Shop, price: str, **more: str) -> dict[str, str]:
    sent = {"offer": str(made.offers["BASE"].pk), "quantity": "3", "price": price, "currency": "EUR", "terms": "", "base": ""}
    return {**sent, "instance": "", "once": ids.new().hex, **more}


def leaks(one: Above) -> list[str]:
    return [f"{where}: {found.group()}" for where, text in told(one) if (found := SECRET.search(text))]


@pytest.mark.parametrize("who", ["distributor", "operator"])
def test_nothing_that_is_opened_above_the_reseller_tells_what_it_asks(made: Shop, who: str) -> None:
    one = above(made, getattr(made.chain, who))
    found = list(told(one))
    assert len(found) > 60
    assert [f"{where}: {leak.group()}" for where, text in found if (leak := SECRET.search(text))] == []
    lists = {where for where, _ in found}
    assert {"sales-orders as csv", "services as xlsx", "API order"} <= lists


def test_the_same_search_finds_it_where_it_belongs(made: Shop) -> None:
    found = leaks(above(made, made.reseller))
    for where in ("services as csv", "API order", "order", "/sales-orders/for/"):
        assert any(where in one for one in found), where


def test_who_sells_through_another_sees_and_confirms_what_it_asks_itself(made: Shop) -> None:
    api, base = above(made, made.chain.distributor).api, str(made.offers["BASE"].pk)
    asked = {"customer": str(made.customer.pk), "lines": [{"offer": base, "quantity": 3, "price": str(BUYS)}]}
    (line,) = data(api.post("/sales-orders/review", asked))["lines"]
    assert (line["price"], line["total"], line["margin_percent"], line["moved"]) == (str(BUYS), "15.82", "40.41", None)
    made.publish(made.reseller, dict.fromkeys(made.offers, LATER))  # not the distributor's to confirm
    done = data(api.post("/sales-orders", {**asked, "once": ids.new().hex}), 201)
    assert [one["price"] for one in done["lines"]] == [None]
    assert made.subscriptions()[-1].price == LATER  # what the customer is asked holds
    made.publish(made.chain.distributor, dict.fromkeys(made.offers, Decimal("6.25")))
    refused = api.post("/sales-orders", {**asked, "once": ids.new().hex})
    assert code(refused, 422) == "price_moved"
    assert "was 5.271829 EUR and is now 6.25 EUR" in refused.content.decode()
    assert len(made.subscriptions()) == 3


def test_the_pages_order_at_what_the_distributor_was_shown(made: Shop) -> None:
    one = above(made, made.chain.distributor)
    client, own = one.client, f"sales-orders/for/{made.customer.pk}/"
    text = client.get(kit.url(one.organisation, f"{own}?category=Backup&cycle=monthly&group=Workloads")).content.decode()
    assert f'name="price" value="{BUYS}"' in text
    assert "These prices are what you ask of" in text
    assert client.post(kit.url(one.organisation, f"{own}place/"), form(made, str(BUYS))).status_code == 302
    assert [row.price for row in made.subscriptions()][-1] == ASKS
    assert client.post(kit.url(one.organisation, f"{own}place/"), form(made, "5.00")).status_code == 422
    held = made.subscriptions()[0]
    there = kit.url(one.organisation, f"sales-orders/change/{held.pk}/?kind=quantity")
    assert f'name="price" value="{BUYS}"' in client.get(there).content.decode()
    sent = {"quantity": "5", "price": str(BUYS), "currency": "EUR", "once": ids.new().hex}
    assert client.post(there, sent).status_code == 302
    assert made.subscriptions()[0].quantity == 5


# A breach, planted.


def test_it_finds_a_shop_that_shows_the_customers_price(made: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def cost(actor: Any, offer: Any, quantity: int) -> dict[str, Any]:
        seen = offer.seen_by(offer.tiers[-1].seller)
        return {"offer": offer, "seen": seen, "total": seen.price, "quantity": quantity}

    monkeypatch.setattr(pages, "_cost", cost)
    found = leaks(above(made, made.chain.distributor))
    assert any("price/" in one for one in found)
