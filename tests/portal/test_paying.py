"""Payment at its pages and at the API: the card, the purchase, the switch, the provider, the refund.

Source: acceptance CS-60 to CS-62, CS-64, CS-66; decision S-1; reliability P8, P25, P26.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from purser.access import vault, verbs
from purser.billing.models import Attempt, Purchase, Refund
from purser.billing.paying import cardless, provider, visits
from purser.kernel.errors import Missing
from purser.postgres import ids, tenancy
from tests.access import kit as people
from tests.access.kit import site as site
from tests.billing.paying import kit
from tests.billing.paying.kit import Shop
from tests.billing.paying.test_purchase import dearer

pytestmark = pytest.mark.usefixtures("site")
WIDE = "6011111111111117".translate({ord("0") + n: 0xFF10 + n for n in range(10)})  # the digits of another script
NUMBERS = ("4242424242424242", "4242 4242 4242 4242", "4242-4242-4242-4242", "378282246310005", WIDE, "30569309025904")
NONE = ("4242424242424241", "1234567890123", "P-2026-0001, 12345", "2026-07-11 12:00:00", "0000000000000000")


@dataclass
class Desk:
    shop: Shop
    client: Client
    desk: Client

    def url(self, name: str, *, of: Any = None, **more: Any) -> str:
        return reverse(name, kwargs={"tenant": of or self.shop.tenant, **more})

    def get(self, name: str, **more: Any) -> Any:
        return self.client.get(self.url(name, **more))

    def text(self, name: str, **more: Any) -> str:
        return people.text(self.get(name, **more))

    def post(self, name: str, data: dict[str, Any] | None = None, **more: Any) -> Any:
        return self.client.post(self.url(name, **more), data or {})

    def api(self, method: str, path: str, body: Any = None, *, desk: bool = False) -> Any:
        client, tenant = (self.desk, self.shop.operator.pk) if desk else (self.client, self.shop.tenant)
        sent = json.dumps(body) if body is not None else ""
        answer = client.generic(method, f"/api/v1/t/{tenant}{path}", sent, content_type="application/json")
        return answer.status_code, json.loads(answer.content) if answer.content else None


@pytest.fixture
def at() -> Iterator[Desk]:
    with kit.shop() as shop:
        clients = []
        for organisation in (shop.partner, shop.operator):
            clients.append(people.sign_in(people.member(organisation)))
        yield Desk(shop, *clients)


def away(answer: Any) -> str:
    """Where a page of ours sends the browser."""
    assert answer.status_code == 200, people.text(answer)[-500:]
    found = answer["Refresh"].partition("url=")[2]
    assert f'href="{found}"' in answer.content.decode()
    assert answer["Referrer-Policy"] == "no-referrer"
    return str(found)


def test_a_card_is_typed_at_the_provider_and_comes_back_as_four_digits(at: Desk) -> None:
    assert "No card on file" in at.text("card")
    page = away(at.post("card_store"))
    assert page.startswith(at.shop.url)
    answer = at.shop.type_card(page)
    assert answer.status == 303
    back = at.client.get(answer.headers["Location"].partition("8000")[2])
    assert back.status_code == 302
    shown = at.text("card")
    assert "The card is on file." in shown
    assert "Visa ending in 4242" in shown
    assert "09/2031" in shown
    assert at.client.get(answer.headers["Location"].partition("8000")[2]).status_code == 302, "and loaded anew"
    status, found = at.api("GET", "/card")
    assert (status, set(found["card"])) == (200, {"token", "brand", "last_four", "expiry_month", "expiry_year"})
    assert len(at.shop.every(kit.Card)) == 1


def test_back_without_a_card_says_so_and_an_expired_page_too(at: Desk) -> None:
    away(at.post("card_store"))
    (visit,) = at.shop.every(visits.Visit)
    assert at.get("card_back", visit=visit.pk).status_code == 302
    assert "not finished" in at.text("card")
    at.shop.go(hours=25)
    at.client = people.sign_in(people.member(at.shop.partner))
    at.get("card_back", visit=visit.pk)
    assert "has expired" in at.text("card")
    assert at.get("card_back", visit=ids.new()).status_code == 404


def test_purchase_is_placed_from_a_quote_followed_and_paid(at: Desk) -> None:
    at.shop.card()
    quote = at.shop.quote()
    form = {"quote": str(quote.pk), "key": str(ids.new()), "total": "0.01", "price": "1", "units": "999999"}
    first, second = at.post("purchase_place", form), at.post("purchase_place", form)
    assert first.status_code == 302
    assert first["Location"] == second["Location"]
    shown = people.text(at.client.get(first["Location"]))
    assert "43.00 USD" in shown
    assert "Begun" in shown
    (row,) = at.shop.every(Purchase)
    polled = at.get("purchase_progress", purchase=row.pk)
    assert "HX-Refresh" not in polled
    at.shop.pay(row)
    assert at.get("purchase_progress", purchase=row.pk)["HX-Refresh"] == "true"
    shown = at.text("purchase", purchase=row.pk)
    assert "Paid" in shown
    assert "1,000 units" in shown
    assert [e["amount"] for e in at.shop.done()] == [4300]
    assert row.number in at.text("purchases")
    file = b"".join(at.client.get(at.url("purchases_export")).streaming_content).decode("utf-8-sig")
    assert row.number in file


def test_a_stale_quote_leads_to_the_new_one_and_charges_nothing(at: Desk) -> None:
    at.shop.card()
    quote = at.shop.quote()
    dearer(at.shop)
    answer = at.post("purchase_place", {"quote": str(quote.pk), "key": str(ids.new())})
    assert answer.status_code == 302
    shown = people.text(at.client.get(answer["Location"]))
    assert "86.00" in shown
    status, said = at.api("POST", "/purchases", {"quote": str(quote.pk), "key": str(ids.new())})
    assert (status, said["error"]["code"]) == (409, "price_list")
    status, made = at.api("POST", "/purchases", {"quote": said["error"]["quote"], "key": str(ids.new())})
    assert (status, made["total"], made["state"]) == (201, "86", "begun")
    assert len(at.shop.every(Purchase)) == 1


def test_the_api_refuses_a_price_that_is_sent_along(at: Desk) -> None:
    body = {"quote": str(at.shop.quote().pk), "key": str(ids.new()), "total": "1"}
    assert at.api("POST", "/purchases", body)[0] == 422


def test_a_decline_is_shown_with_its_reason_and_tried_again(at: Desk) -> None:
    at.shop.card(kit.LATER_DECLINED)
    row = at.shop.place()
    at.shop.pay(row)
    shown = at.text("purchase", purchase=row.pk)
    assert "Nothing was charged" in shown
    assert "Your card was declined" in shown
    assert "The card was declined" in at.text("card")
    at.shop.card()
    assert at.post("purchase_retry", purchase=row.pk).status_code == 302
    at.shop.work()
    status, found = at.api("GET", f"/purchases/{row.pk}")
    assert (status, found["state"]) == (200, "paid")
    assert [one["state"] for one in found["attempts"]] == ["declined", "paid"]


def test_a_payment_that_waits_is_made_on_the_providers_page(at: Desk) -> None:
    at.shop.card(kit.HOLDER)
    row = at.shop.place()
    at.shop.pay(row)
    assert "holder has to confirm" in at.text("purchase", purchase=row.pk)
    page = away(at.post("purchase_pay", purchase=row.pk))
    status, same = at.api("POST", f"/purchases/{row.pk}/page")
    assert (status, same["url"]) == (200, page), "one page, whoever asks"
    answer = at.shop.type_card(page, kit.HOLDER)
    back = at.client.get(answer.headers["Location"].partition("8000")[2])
    assert back["Location"] == at.url("purchase", purchase=row.pk)
    assert at.shop.again(row).state == "paid"


def test_cancelling_closes_the_page_first(at: Desk) -> None:
    at.shop.card(kit.HOLDER)
    row = at.shop.place()
    at.shop.pay(row)
    page = away(at.post("purchase_pay", purchase=row.pk))
    assert at.post("purchase_cancel", purchase=row.pk).status_code == 302
    assert at.shop.type_card(page).status == 410
    assert (at.shop.again(row).state, at.shop.done()) == ("cancelled", [])


def test_the_switch_needs_a_card_and_a_cap_and_says_how_it_stands(at: Desk) -> None:
    answer = at.post("automatic", {"on": "1", "cap": "100", "version": "1"})
    assert (answer.status_code, "needs a card on file" in people.text(answer)) == (422, True)
    at.shop.card()
    answer = at.post("automatic", {"on": "1", "cap": "", "version": "1"})
    assert (answer.status_code, "needs a daily cap" in people.text(answer)) == (422, True)
    assert at.post("automatic", {"on": "1", "cap": "100", "version": "1"}).status_code == 302
    assert "100.00 USD" in at.text("card")
    status, found = at.api("GET", "/automatic-purchase")
    assert (status, found["on"], found["cap"], found["package"]) == (200, True, "100", "CPP-DSU-1")
    assert at.post("card_remove").status_code == 302
    assert at.api("GET", "/automatic-purchase")[1]["on"] is False


# The provider


def test_the_provider_is_tested_with_its_own_words(at: Desk) -> None:
    operator = at.shop.operator.pk
    shown = at.desk.get(at.url("payment_provider", of=operator))
    assert kit.KEY not in shown.content.decode()
    assert kit.HOOK not in shown.content.decode()
    assert f"/webhooks/payments/{operator}/" in shown.content.decode()
    answer = at.desk.post(at.url("payment_provider_test", of=operator), follow=True)
    assert "test mode, no real money" in people.text(answer)
    status, told = at.api("POST", "/payment-provider/test", desk=True)
    assert (status, told["ok"]) == (200, True)
    at.shop.tell("set", livemode=True)
    assert "live mode, real money" in at.api("POST", "/payment-provider/test", desk=True)[1]["text"]
    at.shop.tell("set", key="sk_test_another")
    assert at.api("POST", "/payment-provider/test", desk=True)[1]["ok"] is False


def test_the_provider_is_tested_ten_times_an_hour_at_most(at: Desk) -> None:
    for _ in range(10):
        assert at.api("POST", "/payment-provider/test", desk=True)[0] == 200
    status, told = at.api("POST", "/payment-provider/test", desk=True)
    assert (status, told["error"]["code"]) == (429, "too_many")
    assert told["error"]["text"] == "The payment provider was tested 10 times within the hour."
    assert told["error"]["hint"] == "Test it again in 60 minutes."


def test_another_address_forgets_the_keys_and_a_forbidden_one_is_refused(at: Desk) -> None:
    body = {"url": "https://api.stripe.com", "version": 1}
    status, held = at.api("PUT", "/payment-provider", body, desk=True)
    assert (status, held["has_key"], held["has_webhook_keys"]) == (200, False, False)
    with tenancy.acting_in(at.shop.operator.pk), pytest.raises(Missing):
        vault.reveal(provider.TABLE, provider.Provider.objects.get().pk, provider.KEY)
    for url in ("https://evil.example", "http://169.254.169.254", "https://api.stripe.com/../x", "file:///etc"):
        status, _ = at.api("PUT", "/payment-provider", {"url": url, "version": 2}, desk=True)
        assert status == 422, url
    assert at.api("PUT", "/payment-provider", body, desk=True)[1]["error"]["code"] == "version"


def test_the_operator_gives_back_and_sees_all_partners(at: Desk) -> None:
    at.shop.card()
    row = at.shop.bought()
    there = {"of": at.shop.operator.pk, "partner": at.shop.tenant, "purchase": row.pk}
    assert row.number in people.text(at.desk.get(at.url("payments", of=at.shop.operator.pk)))
    assert "1,000" in people.text(at.desk.get(at.url("payment", **there)))
    form = {"units": "300", "reason": "Bought by mistake", "key": str(ids.new())}
    answers = [at.desk.post(at.url("payment_refund", **there), form) for _ in range(2)]
    assert [one.status_code for one in answers] == [302, 302]
    at.shop.work()
    (made,) = at.shop.every(Refund)
    assert (made.state, str(made.money)) == ("done", "12.90")
    assert "12.90 USD" in at.text("purchase", purchase=row.pk)
    refused = at.desk.post(at.url("payment_refund", **there), {**form, "units": "701", "key": str(ids.new())})
    assert (refused.status_code, "700 of the 1,000" in people.text(refused)) == (422, True)
    status, found = at.api("GET", f"/payments/{at.shop.tenant}/{row.pk}", desk=True)
    assert (status, found["units_left"], found["money_left"]) == (200, 700, "30.1")
    with kit.shop() as other:
        theirs = people.sign_in(people.member(other.operator))
        assert theirs.get(at.url("payment", **{**there, "of": other.operator.pk})).status_code == 404


# No card data


def test_no_field_of_ours_takes_a_card_and_no_page_asks_for_one(at: Desk) -> None:
    """P26: every input of every page of payment is known by name, and what looks like a number is kept nowhere."""
    at.shop.card(kit.HOLDER)
    row = at.shop.place()
    at.shop.pay(row)
    operator = at.shop.operator.pk
    pages = [at.get(name) for name in ("card", "automatic", "purchases")]
    pages += [at.get("purchase", purchase=row.pk), at.post("purchase_pay", purchase=row.pk)]
    pages += [at.desk.get(at.url(name, of=operator)) for name in ("payment_provider", "payments")]
    there = {"of": operator, "partner": at.shop.tenant, "purchase": row.pk}
    pages += [at.desk.get(at.url(name, **there)) for name in ("payment", "payment_refund")]
    asked = set()
    for answer in pages:
        page = answer.content.decode()
        assert answer.status_code == 200
        assert not re.search(r'autocomplete="cc-|<iframe|<script[^>]+src="(?!/)', page)
        asked |= {(name, kind) for kind, name in re.findall(r'<input[^>]*type="(\w+)"[^>]*name="(\w+)"', page)}
        asked |= {(name, kind) for name, kind in re.findall(r'<input[^>]*name="(\w+)"[^>]*type="(\w+)"', page)}
    typed = {name for name, kind in asked if kind in ("text", "number", "password", "tel")}
    assert typed == {"url", "key", "units", "reason", "cap"}, typed


@pytest.mark.parametrize("number", NUMBERS)
def test_a_card_number_typed_anywhere_is_refused_and_kept_nowhere(at: Desk, number: str) -> None:
    at.shop.card()
    row = at.shop.bought()
    there = {"of": at.shop.operator.pk, "partner": at.shop.tenant, "purchase": row.pk}
    answers = [
        at.desk.post(at.url("payment_refund", **there), {"units": "1", "reason": f"Card {number}", "key": str(ids.new())}),
        at.desk.post(at.url("payment_provider", of=at.shop.operator.pk), {"url": number, "key": "", "version": "1"}),
        at.post("automatic", {"on": "1", "cap": number, "version": "1"}),
        at.post("purchase_place", {"quote": number, "key": number}),
    ]
    assert [one.status_code for one in answers] == [422] * 4
    body = {"units": 1, "reason": number, "key": str(ids.new())}
    said = at.api("POST", f"/payments/{at.shop.tenant}/{row.pk}/refunds", body, desk=True)
    assert said[1]["error"]["code"] == "card_number"
    assert at.shop.every(Refund) == []
    assert number not in people.everything_stored()


@pytest.mark.parametrize("text", NONE)
def test_what_is_no_card_number_is_words(text: str) -> None:
    assert not cardless.holds_number(text)


@pytest.mark.parametrize("number", NUMBERS)
def test_what_is_one_is_found_between_other_words(number: str) -> None:
    assert cardless.holds_number(f"Please use {number}, or call 555")


def test_a_reader_sees_and_buys_nothing(at: Desk) -> None:
    at.shop.card()
    row = at.shop.bought()
    reader = people.sign_in(people.member(at.shop.partner, verbs.READER))
    assert reader.get(at.url("purchase", purchase=row.pk)).status_code == 200
    assert reader.post(at.url("purchase_place"), {"quote": str(at.shop.quote().pk), "key": str(ids.new())}).status_code == 403
    assert "Store another card" not in people.text(reader.get(at.url("card")))
    assert len(at.shop.every(Attempt)) == 1
