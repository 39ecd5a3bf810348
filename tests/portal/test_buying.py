"""The pages of buying: the price list, the basket, quotes, whom to bill. Source: acceptance CS-3, CS-55 to CS-63."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client

from purser.access import verbs
from purser.billing.buying.offers import Offer
from purser.billing.models import Basket, Card, Document, Quote, Sending
from purser.postgres import tenancy
from tests.access import kit
from tests.billing.buying.kit import BILLED, Buyer, buyer, publish
from tests.portal.buying import client as client
from tests.portal.buying import made as made
from tests.portal.buying import post, shown

# What the basket shows, without its tags.
TOTAL = re.compile(r"Total Quote: (\S+)")


def newest(made: Buyer) -> Quote:
    with tenancy.acting_in(made.partner.pk):
        found = Quote.objects.order_by("-made_at", "-id").first()
    assert found is not None
    return found


def store_card(made: Buyer) -> None:
    with tenancy.acting_in(made.partner.pk):
        Card.objects.create(
            payer="cus_1", token="pm_1", brand="visa", last_four="4242", expiry_month=8, expiry_year=2031,
            stored_at=kit.now(), stored_by_name="Olive",
        )  # fmt: skip


def test_the_ten_packages_are_shown_with_their_four_columns(client: Client, made: Buyer) -> None:
    text = shown(client, made)
    assert all(head in text for head in ("Package code", "DSU quantity", "Single DSU price", "Package price"))
    for row in ("CPP-DSU-1 1,000 $0.043 $43", "CPP-DSU-5 5,000 $0.041 $205", "CPP-DSU-1000 1,000,000 $0.033 $33,000"):
        assert row in text, row
    assert "CPP-DSU-3 " not in text


def test_an_empty_basket_says_so_and_leads_nowhere(client: Client, made: Buyer) -> None:
    text = shown(client, made)
    assert "No selected packages" in text
    assert TOTAL.findall(text) == ["$0"]
    html = client.get(kit.url(made.partner, "packages/")).content.decode()
    assert len(re.findall(r"<button class=\"btn[^>]* disabled>\s*(?:Get quote|Next)", html)) == 2
    refused = post(client, made, "packages/quote/", buy="1")
    assert refused.status_code == 422
    assert "No selected packages" in kit.text(refused)


def test_plus_adds_one_minus_removes_one_and_never_below_nothing(client: Client, made: Buyer) -> None:
    for step, total in (
        ({"more": "CPP-DSU-1"}, "$43"),
        ({"more": "CPP-DSU-10"}, "$443"),
        ({"more": "CPP-DSU-10"}, "$843"),
        ({"less": "CPP-DSU-1"}, "$800"),
        ({"less": "CPP-DSU-1"}, "$800"),
        ({"put": "CPP-DSU-1000", "count": "10000"}, "$330,000,800"),
    ):
        assert post(client, made, "packages/change/", **step).status_code == 302
        assert TOTAL.findall(shown(client, made)) == [total], step
    assert "CPP-DSU-10 " in shown(client, made)
    assert "10,002 " not in shown(client, made)


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ({"put": "CPP-DSU-1", "count": "10001"}, "10001 of CPP-DSU-1"),
        ({"put": "CPP-DSU-1", "count": "-1"}, "“-1” is no count"),
        ({"put": "CPP-DSU-1", "count": "1.5"}, "“1.5” is no count"),
        ({"more": "CPP-DSU-3"}, "no package 'CPP-DSU-3'"),
        ({}, "no package ''"),
    ],
)
def test_it_refuses_a_step(client: Client, made: Buyer, step: dict[str, str], told: str) -> None:
    refused = post(client, made, "packages/change/", **step)
    assert refused.status_code == 422
    assert told in kit.text(refused).replace("&#x27;", "'")


def test_the_last_of_ten_thousand_is_the_last(client: Client, made: Buyer) -> None:
    post(client, made, "packages/change/", put="CPP-DSU-1", count="10000")
    assert post(client, made, "packages/change/", more="CPP-DSU-1").status_code == 422
    assert TOTAL.findall(shown(client, made)) == ["$430,000"]


def test_htmx_gets_the_basket_alone(client: Client, made: Buyer) -> None:
    headers = {"HX-Request": "true", "HX-Target": "basket"}
    answer = client.post(kit.url(made.partner, "packages/change/"), {"more": "CPP-DSU-1"}, headers=headers)
    html = answer.content.decode()
    assert answer.status_code == 200
    assert "<html" not in html
    assert TOTAL.findall(kit.text(answer)) == ["$43"]


def test_each_person_has_a_basket(client: Client, made: Buyer) -> None:
    post(client, made, "packages/change/", more="CPP-DSU-1")
    other = kit.sign_in(kit.member(made.partner, verbs.BOOKKEEPER, factor=False))
    assert TOTAL.findall(shown(other, made)) == ["$0"]
    assert "Next" not in kit.text(other.get(kit.url(made.partner, "packages/")))  # a bookkeeper gets quotes, and buys nothing


def test_get_quote_gives_a_numbered_one_without_payment(client: Client, made: Buyer) -> None:
    post(client, made, "packages/change/", more="CPP-DSU-1")
    answer = post(client, made, "packages/quote/")
    row = newest(made)
    assert answer.headers["Location"] == kit.url(made.partner, f"quotes/{row.pk}/")
    text = shown(client, made, f"quotes/{row.pk}/")
    assert "Quote Q-" in text
    assert "Total Quote: $43" in text
    assert "Holds until" in text
    assert "1 Quay Street" in text
    assert "Q-" in shown(client, made, "quotes/")
    (act,) = kit.acts_of(made.partner, "packages.quote")
    assert act.after["total"] == "43.00"


def test_asked_twice_it_is_one_quote(client: Client, made: Buyer) -> None:
    post(client, made, "packages/change/", more="CPP-DSU-1")
    first, second = post(client, made, "packages/quote/"), post(client, made, "packages/quote/")
    assert first.headers["Location"] == second.headers["Location"]
    post(client, made, "packages/change/", more="CPP-DSU-1")
    assert post(client, made, "packages/quote/").headers["Location"] != first.headers["Location"]


def test_a_quote_is_downloaded_with_the_same_bytes_each_time(client: Client, made: Buyer) -> None:
    post(client, made, "packages/change/", more="CPP-DSU-1")
    post(client, made, "packages/quote/")
    path = kit.url(made.partner, f"quotes/{newest(made).pk}/pdf/")
    one, two = client.get(path), client.get(path)
    assert one.headers["Content-Type"] == "application/pdf"
    assert one.content[:5] == b"%PDF-"
    assert one.content == two.content
    with tenancy.acting_in(made.partner.pk):
        (row,) = Document.objects.all()
    assert client.get(kit.url(made.partner, f"documents/{row.pk}/")).content == one.content
    assert row.number in shown(client, made, "documents/")


def test_a_quote_is_mailed_to_whom_is_named(client: Client, made: Buyer) -> None:
    post(client, made, "packages/change/", more="CPP-DSU-1")
    post(client, made, "packages/quote/")
    id = newest(made).pk
    assert BILLED["contact_email"] in client.get(kit.url(made.partner, f"quotes/{id}/")).content.decode()
    post(client, made, f"quotes/{id}/mail/", email="boss@harbour.example")
    post(client, made, f"quotes/{id}/mail/", email="nobody")
    with tenancy.acting_in(made.partner.pk):
        assert [one.email for one in Sending.objects.all()] == ["boss@harbour.example"]


def test_next_leads_to_the_amount_the_address_and_the_card(client: Client, made: Buyer) -> None:
    post(client, made, "packages/change/", more="CPP-DSU-1")
    path = post(client, made, "packages/quote/", buy="1").headers["Location"]
    html = client.get(path).content.decode()
    text = kit.text(client.get(path))
    assert "Purchase Amount: $43" in text
    assert "No card is on file" in text
    assert all(word in text for word in ("Street address", "City", "State/Province", "Country", "Zip/Postal code"))
    assert not re.search(r'<input(?![^>]*type="hidden")[^>]*name="(?:total|amount|quote)"', html)
    assert re.search(r"<button[^>]* disabled>Purchase", html)
    store_card(made)
    html = client.get(path).content.decode()
    assert "Visa ending in 4242, expires 08/2031" in kit.text(client.get(path))
    assert re.search(r"<button class=\"btn btn-primary\">Purchase", html)
    assert f'value="{newest(made).pk}"' in html
    assert TOTAL.findall(shown(client, made)) == ["$43"]  # BACK keeps the basket


def test_nothing_can_be_bought_before_it_is_known_whom_to_bill() -> None:
    made = buyer(billed=False, now=kit.now() - timedelta(days=1))
    client = kit.sign_in(made.owner)
    store_card(made)
    post(client, made, "packages/change/", more="CPP-DSU-1")
    path = post(client, made, "packages/quote/", buy="1").headers["Location"]
    assert re.search(r"<button[^>]* disabled>Purchase", client.get(path).content.decode())
    edit = f"settings/billing/edit/?quote={newest(made).pk}"
    assert post(client, made, edit, **BILLED, version="0").headers["Location"] == path
    assert "Get a new quote" in kit.text(client.get(path))
    again = post(client, made, f"quotes/{newest(made).pk}/again/").headers["Location"]
    assert again != path
    assert "Purchase Amount: $43" in kit.text(client.get(again))
    assert re.search(r"<button class=\"btn btn-primary\">Purchase", client.get(again).content.decode())


def test_a_quote_of_an_older_list_offers_a_new_one(client: Client, made: Buyer) -> None:
    store_card(made)
    post(client, made, "packages/change/", more="CPP-DSU-1")
    path = post(client, made, "packages/quote/", buy="1").headers["Location"]
    publish(made, [Offer("CPP-DSU-1", 1000, Decimal("0.05"), Decimal(50))], now=kit.now())
    text = kit.text(client.get(path))
    assert "is of price list 1; list 2 holds now" in text
    assert "Purchase Amount: $43" in text
    assert "Purchase</button>" not in client.get(path).content.decode()
    again = post(client, made, f"quotes/{newest(made).pk}/again/").headers["Location"]
    assert "Purchase Amount: $50" in kit.text(client.get(again))


def test_a_package_no_longer_sold_leaves_the_basket(client: Client, made: Buyer) -> None:
    post(client, made, "packages/change/", more="CPP-DSU-1")
    publish(made, [Offer("NEW", 1000, Decimal("0.05"), Decimal(50))], now=kit.now())
    text = shown(client, made)
    assert "CPP-DSU-1 is no longer sold" in text
    assert TOTAL.findall(text) == ["$0"]
    post(client, made, "packages/change/", more="NEW")
    with tenancy.acting_in(made.partner.pk):
        assert Basket.objects.get().counts == {"NEW": 1}


def test_outside_of_the_programme_there_is_nothing_to_buy() -> None:
    partner = kit.reseller()
    client = kit.sign_in(kit.member(partner, factor=False))
    for path in ("packages/", "settings/package/"):
        assert "No packages yet" in kit.text(client.get(kit.url(partner, path)))
