"""The pages of subscriptions: the list for each kind of organisation, one with its timeline, its price, its plans, margins."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client

from purser.access import verbs
from purser.access.models import Act
from purser.postgres import tenancy
from purser.subscriptions import lifecycle
from purser.subscriptions.models import PlannedChange, PlannedState, Subscription
from purser.tenants.models import Organisation
from tests.access import kit
from tests.access.kit import site as site
from tests.subscriptions.held import US, Shop, at, days

pytestmark = pytest.mark.usefixtures("site")

# What only one tier may know: the vendor's price to the distributor, and that of the distributor to the reseller.
VENDOR, ABOVE, ASKED = "611.31", "823.47", "1009.53"
TODAY = datetime.now(UTC).date()
SINCE = TODAY - days(70)


@pytest.fixture(scope="module")
def shop() -> Shop:
    made = Shop()
    made.start = SINCE
    made.offer("CP", prices=(VENDOR, ABOVE, ASKED))
    made.offer("YEAR", prices=(VENDOR, ABOVE, ASKED), term_months=12, cancel_days=90)
    return made


@pytest.fixture(scope="module")
def row(shop: Shop) -> Subscription:
    return shop.active("CP", 3, on=SINCE)


def client(organisation: Organisation, role: str = verbs.OWNER) -> Client:
    return kit.sign_in(kit.member(organisation, role))


def at_(organisation: Organisation, path: str = "") -> str:
    return f"/t/{organisation.pk}/services/{path}"


def text(one: Client, address: str, status: int = 200) -> str:
    answer = one.get(address)
    assert answer.status_code == status, answer.content.decode()[:3000]
    return answer.content.decode() if not answer.streaming else b"".join(answer.streaming_content).decode()  # type: ignore[arg-type]


def test_each_kind_of_organisation_sees_what_it_may(shop: Shop, row: Subscription) -> None:
    for organisation, role in (
        (shop.chain.reseller, verbs.READER),
        (shop.chain.distributor, verbs.READER),
        (shop.chain.operator, verbs.OWNER),
        (shop.chain.customer, verbs.ADMINISTRATOR),
    ):
        page = text(client(organisation, role), at_(organisation))
        for words in ("Protect CP", "Offer ID", "Price charged", "Purchased", "Consumed", "Renewal date"):
            assert words in page
        assert ("1,009.53" in page) is (organisation in (shop.chain.reseller, shop.chain.customer))
        assert "Alder Dental" in text(client(organisation, role), at_(organisation, f"{row.pk}/"))
    stranger = kit.reseller("Stranger IT")
    assert "Protect CP" not in text(client(stranger), at_(stranger))
    text(client(stranger), at_(stranger, f"{row.pk}/"), 404)


def test_no_tier_sees_what_another_pays_and_the_customer_no_cost_at_all(shop: Shop, row: Subscription) -> None:
    """Pages, exports: by the very digits of the prices."""
    allowed = {
        shop.chain.reseller: {ABOVE, ASKED},
        shop.chain.distributor: {VENDOR, ABOVE},
        shop.chain.operator: set(),
        shop.chain.customer: {ASKED},
    }
    for organisation, seen in allowed.items():
        role = verbs.ADMINISTRATOR if organisation == shop.chain.customer else verbs.OWNER
        browser = client(organisation, role)
        pages = [at_(organisation), at_(organisation, f"{row.pk}/"), at_(organisation, "export/?all=1")]
        if organisation != shop.chain.customer:
            pages += [at_(organisation, "margins/"), at_(organisation, "commitments/")]
        if organisation == shop.chain.distributor:
            pages.append(f"/t/{organisation.pk}/sales-orders/change/{row.pk}/?kind=quantity")
            assert text(browser, at_(organisation, f"{row.pk}/price/"), 422)
        found = "".join(text(browser, page) for page in pages)
        for canary in {VENDOR, ABOVE, ASKED} - seen:
            for amount in (Decimal(canary), Decimal(canary) * 3):
                assert f"{amount:,}" not in found, (organisation.name, canary)
                assert f"{amount}" not in found, (organisation.name, canary)
        if organisation == shop.chain.customer:
            assert "margin" not in found.lower()
            text(browser, at_(organisation, "margins/"), 403)
    assert "2,470.41" in text(client(shop.chain.reseller), at_(shop.chain.reseller, f"{row.pk}/"))  # 3 x what it pays


def test_a_row_offers_what_can_be_done_with_it(shop: Shop, row: Subscription) -> None:
    page = text(client(shop.chain.reseller), at_(shop.chain.reseller))
    assert "Edit sales price: Protect CP, Alder Dental" in page
    assert "History: Protect CP, Alder Dental" in page
    for organisation, role in ((shop.chain.customer, verbs.ADMINISTRATOR), (shop.chain.distributor, verbs.OWNER)):
        page = text(client(organisation, role), at_(organisation))
        assert "Edit sales price" not in page
        assert "History: Protect CP" in page


def test_its_seller_changes_the_price_after_seeing_what_it_does(shop: Shop) -> None:
    row = shop.active("CP", 3, on=SINCE)
    browser, address = client(shop.chain.reseller, verbs.BOOKKEEPER), at_(shop.chain.reseller, f"{row.pk}/price/")
    sent = {"price": "900.5", "from_on": (SINCE + days(1)).isoformat()}
    shown = browser.post(address, {**sent, "preview": "1"}).content.decode()
    assert "Closed cycles keep what was billed" in shown
    assert shop.read(row).price == Decimal(ASKED)
    assert browser.post(address, sent).status_code == 302
    assert shop.read(row).price == Decimal("900.5")
    page = text(browser, at_(shop.chain.reseller, f"{row.pk}/"))
    assert "By hand" in page
    for tenant in (shop.customer, shop.chain.reseller.pk):
        with tenancy.acting_in(tenant):
            act = Act.objects.get(verb="subscriptions.price", of_id=str(row.pk))
            assert (act.before["price"], act.after["price"]) == (f"{ASKED}0000", "900.500000") or act.after["price"] == "900.5"
    assert browser.post(address, {"price": "-1", "from_on": TODAY.isoformat()}).status_code == 422
    assert browser.post(address, {"price": "900", "from_on": TODAY.isoformat()}).status_code == 302
    assert 'value="900"' in text(browser, address)


def test_below_the_floor_its_seller_confirms_the_price(shop: Shop) -> None:
    from purser.catalog.models import PriceList

    row = shop.active("CP", 3, on=SINCE)
    with tenancy.acting_in(shop.chain.reseller.pk):
        PriceList.objects.update(floor_percent=10)
    browser, address = client(shop.chain.reseller), at_(shop.chain.reseller, f"{row.pk}/price/")
    sent = {"price": "900", "from_on": TODAY.isoformat()}
    refused = browser.post(address, sent)
    assert (refused.status_code, "less than the floor of 10.00 %" in refused.content.decode()) == (422, True)
    assert 'name="confirmed"' in refused.content.decode()
    assert shop.read(row).price == Decimal(ASKED)
    assert browser.post(address, {**sent, "confirmed": "1"}).status_code == 302
    assert shop.read(row).price == Decimal(900)
    with tenancy.acting_in(shop.chain.reseller.pk):
        PriceList.objects.update(floor_percent=None)


def test_nobody_but_its_seller_changes_the_price(shop: Shop, row: Subscription) -> None:
    sent = {"price": "1", "from_on": TODAY.isoformat()}
    above = client(shop.chain.distributor).post(at_(shop.chain.distributor, f"{row.pk}/price/"), sent)
    assert above.status_code == 422
    assert "decides on that" in above.content.decode()
    customer = client(shop.chain.customer, verbs.ADMINISTRATOR)
    assert customer.post(at_(shop.chain.customer, f"{row.pk}/price/"), sent).status_code == 403
    assert shop.read(row).price == Decimal(ASKED)


def test_a_change_is_planned_and_taken_back(shop: Shop, row: Subscription) -> None:
    browser = client(shop.chain.reseller)
    address = at_(shop.chain.reseller, f"{row.pk}/")
    on = TODAY + timedelta(days=9)
    answer = browser.post(f"{address}plans/", {"change": "quantity", "quantity": "7", "on": on.isoformat()})
    assert answer.status_code == 302
    assert re.search(rf"Quantity 7 from {on}: Planned by ", text(browser, address))
    with tenancy.acting_in(shop.customer):
        made = PlannedChange.objects.get(subscription=row, state=PlannedState.PLANNED)
    assert browser.post(f"{address}plans/{made.pk}/drop/").status_code == 302
    assert re.search(rf"Quantity 7 from {on}: Cancelled.* \(planned by ", text(browser, address))
    assert browser.post(f"{address}plans/{made.pk}/drop/").status_code == 404


def test_a_customer_orders_its_changes_and_plans_none(shop: Shop, row: Subscription) -> None:
    browser = client(shop.chain.customer, verbs.ADMINISTRATOR)
    sent = {"change": "end", "on": (TODAY + timedelta(days=9)).isoformat()}
    answer = browser.post(at_(shop.chain.customer, f"{row.pk}/plans/"), sent)
    assert answer.status_code == 422
    assert "Order the change instead" in answer.content.decode()


def test_the_page_tells_the_whole_history(shop: Shop) -> None:
    made = shop.active("YEAR", 3, on=SINCE)
    with tenancy.acting_in(shop.customer):
        lifecycle.set_quantity(made.pk, 8, on=date.today(), by=US, now=at(TODAY))
    page = text(client(shop.chain.customer, verbs.READER), at_(shop.chain.customer, f"{made.pk}/"))
    for words in ("Ada of Acme", "Being provisioned", "Quantity over time", "it can be cancelled at once"):
        assert words in page


def test_while_it_waits_the_vendors_words_are_for_who_sees_to_it(shop: Shop) -> None:
    made = shop.order(on=SINCE)
    with tenancy.acting_in(shop.customer):
        lifecycle.step(made, "waiting", text="Tenant: the vendor answered 409", by=US, now=at(TODAY))
    page = text(client(shop.chain.customer, verbs.ADMINISTRATOR), at_(shop.chain.customer, f"{made.pk}/"))
    assert "answered 409" not in page, "neither beside the state nor in its history"
    assert "The vendor does not have it yet" in page
    assert "answered 409" in text(client(shop.chain.reseller), at_(shop.chain.reseller, f"{made.pk}/"))
