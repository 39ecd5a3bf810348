"""The pages of the catalog and of price lists."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from purser.access import verbs
from purser.catalog import selling
from purser.catalog.models import Offer, PriceList, PriceVersion, Product, Vendor
from purser.postgres import tenancy
from purser.tenants.models import Organisation
from tests.access import kit
from tests.catalog.kit import Shop, shop, stocked
from tests.subscriptions import held


def owner(of: Organisation, role: str = verbs.OWNER) -> Client:
    return kit.sign_in(kit.member(of, role, factor=False))


def shown(client: Client, of: Organisation, path: str, status: int = 200) -> str:
    answer = client.get(kit.url(of, path))
    assert answer.status_code == status, answer.content.decode()[:3000]
    return kit.text(answer)


def posted(client: Client, of: Organisation, path: str, status: int = 302, **sent: Any) -> Any:
    answer = client.post(kit.url(of, path), sent)
    assert answer.status_code == status, answer.content.decode()[:3000]
    return answer


@pytest.fixture
def sold() -> tuple[Shop, Offer]:
    return stocked(kit.now())


def test_a_provider_makes_its_catalog_and_sells_from_it() -> None:
    made = shop(kit.now())
    own, client = made.distributor, owner(made.distributor)
    posted(client, own, "catalog/vendors/make/", name="Acronis", kind="acronis")
    with tenancy.acting_in(own.pk):
        vendor = Vendor.objects.get()
    said = {"name": "Cyber Protect", "category": "Backup", "group": "Workloads", "description": "Backs up."}
    posted(client, own, "catalog/products/make/", vendor=vendor.pk, **said)
    with tenancy.acting_in(own.pk):
        product = Product.objects.get()
    terms = {"code": "P-1", "name": "Protect", "cycle": "yearly", "term_months": 36, "cancel_days": 7, "minimum": 1}
    posted(client, own, "catalog/offers/make/", product=product.pk, unit="licence", **terms)
    with tenancy.acting_in(own.pk):
        offer = Offer.objects.get()
    text = shown(client, own, f"catalog/offers/{offer.pk}/")
    assert "Item code P-1" in text
    assert "Subscription period 36 months" in text
    assert "Backs up." in text
    assert "within 7 days" in text
    assert "No list for everybody has a price for it today" in text
    posted(client, own, "catalog/prices/make/", name="All", side="sell", currency="EUR", floor_percent="10")
    with tenancy.acting_in(own.pk):
        listed = PriceList.objects.get()
    path = f"catalog/prices/{listed.pk}/publish/"
    row = {"offer": offer.pk, "price": "10.5", "after": 0}
    assert "10.5" in posted(client, own, path, status=200, do="preview", **row).content.decode()
    posted(client, own, path, do="publish", **row)
    today = made.now.date()
    assert selling.resolve(buyer=made.direct.pk, offers=[offer.pk], on=today)[offer.pk].price == 10.5
    assert "10.50 EUR" in shown(client, own, f"catalog/prices/{listed.pk}/")
    assert "Protect" in shown(client, own, "catalog/?category.is=Backup&cycle.is=yearly&group.is=Workloads&vendor.is=Acronis")
    assert "P-1" not in shown(client, own, "catalog/?category.is=Other")


def test_a_reseller_sees_its_cost_and_sets_its_own_price_and_nothing_of_those_above(sold: tuple[Shop, Offer]) -> None:
    made, offer = sold
    own, client = made.reseller, owner(made.reseller)
    text = shown(client, own, "catalog/on-sale/")
    assert "Offer P-100" in text
    assert "8.00 EUR" in text
    one = shown(client, own, f"catalog/offers/{offer.pk}/")
    assert f"8.00 EUR a unit, monthly, asked by {made.distributor.name}" in one
    assert "33.33 %" in one
    with tenancy.acting_in(own.pk):
        listed = PriceList.objects.get()
    held = shown(client, own, f"catalog/prices/{listed.pk}/")
    why = shown(client, own, f"catalog/why/?offer={offer.pk}&buyer={made.customer.pk}&quantity=3")
    assert "12.00 EUR" in held
    assert "36.00 EUR" in why
    assert "24.00 EUR" in why
    assert "33.33 %" in why
    for page in (text, one, held, why):
        assert "5.00 EUR" not in page
        assert "10.00 EUR" not in page
        assert "37.50" not in page


def test_on_sale_is_narrowed_by_category_then_cycle_then_group(sold: tuple[Shop, Offer]) -> None:
    made, offer = sold
    yearly = made.offer("Y-1", cycle="yearly", product="Storage")
    made.publish(made.distributor, {offer.pk: "8", yearly.pk: "9"}, buyer=made.reseller)
    client = owner(made.reseller)
    every = shown(client, made.reseller, "catalog/on-sale/")
    some = shown(client, made.reseller, "catalog/on-sale/?category=Backup&cycle=yearly&group=Workloads")
    assert "Y-1" in every
    assert "P-100" in every
    assert "Y-1" in some
    assert "P-100" not in some


def test_below_the_floor_the_page_asks_once_more(sold: tuple[Shop, Offer]) -> None:
    made, offer = sold
    own, client = made.reseller, owner(made.reseller)
    with tenancy.acting_in(own.pk):
        listed = PriceList.objects.get()
    change = f"catalog/prices/{listed.pk}/change/"
    posted(client, own, change, name="Ours", floor_percent="20", version=1)
    path = f"catalog/prices/{listed.pk}/publish/"
    row = {"offer": offer.pk, "price": "9", "after": 1, "do": "publish"}
    refused = posted(client, own, path, status=422, **row).content.decode()
    assert "Below the floor of 20 %: P-100 at 9, cost 8." in refused
    assert 'name="confirmed"' in refused
    posted(client, own, path, confirmed="1", **row)
    assert "Below the floor" in shown(client, own, f"catalog/prices/{listed.pk}/")
    stale = posted(client, own, path, status=422, confirmed="1", **row).content.decode()
    assert "Somebody published version 2 meanwhile." in stale


def test_a_list_for_one_customer_bears_its_name(sold: tuple[Shop, Offer]) -> None:
    made, offer = sold
    made.publish(made.reseller, {offer.pk: "11"}, buyer=made.customer)
    own, client = made.reseller, owner(made.reseller)
    text = shown(client, own, "catalog/prices/")
    assert "One customer Alder Dental EUR" in text
    assert shown(client, own, "catalog/prices/?buyer.is=Alder+Dental").count("Alder Dental") > 1
    file = client.get(kit.url(own, "catalog/prices/export/?format=csv"))
    lines = b"".join(file.streaming_content).decode("utf-8-sig").splitlines()  # type: ignore[attr-defined]
    assert "One customer,Alder Dental,EUR" in "".join(lines)
    with tenancy.acting_in(own.pk):
        listed = PriceList.objects.get(buyer=made.customer.pk)
    assert "Alder Dental, in EUR" in shown(client, own, f"catalog/prices/{listed.pk}/publish/")


def test_what_does_not_fit_is_refused_beside_what_was_typed(sold: tuple[Shop, Offer]) -> None:
    made, offer = sold
    own, client = made.reseller, owner(made.reseller)
    with tenancy.acting_in(own.pk):
        listed = PriceList.objects.get()
    for do in ("preview", "publish"):
        answer = posted(
            client, own, f"catalog/prices/{listed.pk}/publish/", status=422, offer=offer.pk, price="9.1234567", after=1, do=do
        ).content.decode()
        assert "Row 1, P-100: 9.1234567 has more than 6 decimals" in answer
        assert 'value="9.1234567"' in answer


def test_a_version_shows_what_it_changed(sold: tuple[Shop, Offer]) -> None:
    made, offer = sold
    made.publish(made.reseller, {offer.pk: "14"}, from_on=made.now.date() + timedelta(days=3))
    client = owner(made.reseller)
    with tenancy.acting_in(made.reseller.pk):
        listed, second = PriceList.objects.get(), PriceVersion.objects.get(number=2)
    text = shown(client, made.reseller, f"catalog/prices/{listed.pk}/versions/{second.pk}/")
    assert "12.00 EUR" in text
    assert "14.00 EUR" in text
    assert "Changed" in text
    later = (made.now.date() + timedelta(days=3)).isoformat()
    assert "14.00 EUR" in shown(client, made.reseller, f"catalog/prices/{listed.pk}/?on={later}")


def test_an_offer_is_withdrawn_and_put_back(sold: tuple[Shop, Offer]) -> None:
    made, offer = sold
    own, client = made.distributor, owner(made.distributor)
    posted(client, own, f"catalog/offers/{offer.pk}/withdraw/", version=1)
    assert "no longer on sale" in shown(client, own, f"catalog/offers/{offer.pk}/")
    assert "Nothing is on sale to you" in shown(owner(made.reseller), made.reseller, "catalog/on-sale/")
    posted(client, own, f"catalog/offers/{offer.pk}/restore/", version=2)
    assert "P-100" in shown(owner(made.reseller), made.reseller, "catalog/on-sale/")


def test_a_customer_has_no_page_of_the_catalog(sold: tuple[Shop, Offer]) -> None:
    made, offer = sold
    client = owner(made.customer, verbs.ADMINISTRATOR)
    for path in ("catalog/", "catalog/on-sale/", f"catalog/offers/{offer.pk}/", "catalog/prices/"):
        shown(client, made.customer, path, status=403)


def test_a_technician_changes_offers_and_publishes_no_prices(sold: tuple[Shop, Offer]) -> None:
    made, offer = sold
    client = owner(made.distributor, verbs.TECHNICIAN)
    with tenancy.acting_in(made.distributor.pk):
        listed = PriceList.objects.filter(buyer=None, side="sell").get()
    posted(client, made.distributor, f"catalog/prices/{listed.pk}/publish/", status=403, do="publish")
    posted(client, made.distributor, f"catalog/offers/{offer.pk}/withdraw/", version=1)


def test_a_price_change_is_looked_at_over_live_subscriptions_and_taken_along() -> None:
    made = held.Shop()
    made.offer("CP")
    made.active("CP", on=kit.now().date() - timedelta(days=3))
    own, client = made.chain.reseller, owner(made.chain.reseller)
    with tenancy.acting_in(own.pk):
        listed = PriceList.objects.get()
    row = {"offer": made.offers["CP"], "price": "12.5", "after": 1, "note": "n", "from_on": ""}
    path, publish = (f"catalog/prices/{listed.pk}/{step}/" for step in ("simulate", "publish"))
    text = kit.text(posted(client, own, path, status=200, **row))
    assert "1 price changes, 1 live subscription follows, 0 keep the price" in text
    for words in ("10.00 EUR", "12.50 EUR", "50.00 EUR", "62.50 EUR", made.chain.customer.name):
        assert words in text
    assert "6.00 EUR" not in text
    assert "8.00 EUR" not in text
    file = posted(client, own, f"{path}file/?format=csv", status=200, **row)
    content = b"".join(file.streaming_content).decode("utf-8-sig")
    assert content.splitlines()[0].startswith("Customer,Subscription,Item code")
    assert "12.5" in content.splitlines()[1]
    wrong = posted(client, own, path, status=422, **{**row, "price": "x", "note": "kept"}).content.decode()
    for words in ("Row 1: “x” is no price", 'value="x"', 'value="kept"', f'action="{kit.url(own, publish)}"'):
        assert words in wrong
    assert "No price changes" in kit.text(posted(client, own, path, status=200, **{**row, "price": "10"}))
    nobody = {**row, "offer": [made.offers["CP"], made.offer("NEW")], "price": ["10", "12"]}
    assert "No live subscription is concerned" in kit.text(posted(client, own, path, status=200, **nobody))
    with tenancy.acting_in(own.pk):
        assert PriceVersion.objects.count() == 2  # the kit published NEW; looking published nothing
