"""The page and calls of metered subscriptions: readings, cycles, the open one so far; nought with a reason; the list."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from purser.access import verbs
from purser.kernel.period import month_of, plus_months
from purser.postgres import tenancy
from purser.subscriptions import metering
from purser.subscriptions.models import CycleCharge, Subscription
from purser.tenants.models import Organisation
from tests.access import kit
from tests.access.kit import site as site
from tests.api.kit import caller, code, data
from tests.portal.browser import Open, assets, browser, live, screen, sound
from tests.subscriptions.held import Shop, at, days

pytestmark = pytest.mark.usefixtures("site")
__all__ = ["assets", "browser", "live", "screen"]

# For 1,000 GB: what the vendor asks the distributor, this the reseller, and that the customer.
VENDOR, ABOVE, ASKED = "61.13", "82.37", "100.93"
TODAY = datetime.now(UTC).date()
READ = TODAY - days(2)  # in a month that is not charged before the day after tomorrow
SINCE = plus_months(month_of(READ).start, -2)


@pytest.fixture(scope="module")
def shop() -> Shop:
    made = Shop(start=SINCE)
    made.offer("GB", prices=("0.06113", "0.08237", "0.10093"), metered=True, meter="storage", unit="GB")
    made.offer("CP")
    return made


@pytest.fixture
def row(shop: Shop) -> Subscription:
    """A month charged, a second without a reading, a third open with one."""
    made = shop.active("GB", 1, on=SINCE)
    with tenancy.acting_in(shop.customer):
        metering.keep(made.pk, value=Decimal(1000), since=None, now=at(SINCE + days(3)))
        metering.close(made.pk, today=TODAY, now=at(TODAY))
        metering.keep(made.pk, value=Decimal("12.5"), since=None, now=at(READ))
    return made


def client(organisation: Organisation, role: str = verbs.OWNER) -> Client:
    return kit.sign_in(kit.member(organisation, role))


def text(one: Client, address: str) -> str:
    answer = one.get(address)
    assert answer.status_code == 200, answer.content.decode()[:3000]
    return answer.content.decode() if not answer.streaming else b"".join(answer.streaming_content).decode()  # type: ignore[arg-type]


def seats(shop: Shop) -> list[tuple[Organisation, str, set[str]]]:
    """Who opens it, and which amounts are theirs to see."""
    return [
        (shop.chain.customer, verbs.ADMINISTRATOR, {ASKED}),
        (shop.chain.reseller, verbs.READER, {ASKED, ABOVE}),
        (shop.chain.distributor, verbs.READER, {ABOVE, VENDOR}),
    ]


def test_each_sees_usage_and_charges_and_its_own_part_alone(shop: Shop, row: Subscription) -> None:
    for organisation, role, own in seats(shop):
        one, path = client(organisation, role), f"/t/{organisation.pk}/services/"
        page, listed = text(one, f"{path}{row.pk}/usage/"), text(one, f"{path}charges/?number.is={row.number}")
        sheet = text(one, f"{path}charges/export/?number.is={row.number}&all=1") if role != verbs.READER else ""
        answer = data(caller(organisation, role).get(f"/subscriptions/{row.pk}/usage"))
        for said in (page, json.dumps(answer)):
            assert {amount for amount in (VENDOR, ABOVE, ASKED) if amount in said} == own, organisation.name
        for said in (listed, sheet):
            assert {amount for amount in (VENDOR, ABOVE) if amount in said} == set()
        knows = ASKED in own  # what the customer is asked
        assert ("1,000" in listed, ASKED in listed) == (knows, knows)
        assert ("1.26 EUR" in page) is knows  # 12.5 at 0.10093, so far
        assert [one["state"] for one in reversed(answer["cycles"])][:3] == [
            "charged" if knows else "over", "no_reading", "open",
        ]  # fmt: skip
        read = f"12.5 GB on {READ}"
        for said in (page, answer["cycles"][-3]["how"]):
            assert read + (", at 0.10093 EUR is 1.26 EUR" if knows else ". Read last on") in said
        assert ("Charge nothing" in page) is False  # a reader and a customer may not say it
        found = data(caller(organisation, role).get(f"/cycle-charges?number.is={row.number}"))["rows"]
        charged = [(each["quantity"], each["amount"]) for each in found]
        assert charged == ([("1000", {"amount": ASKED, "currency": "EUR"})] if knows else [])
        assert f"{row.pk}/usage/" in text(one, f"{path}{row.pk}/")
    stranger = kit.reseller("Stranger IT")
    assert client(stranger).get(f"/t/{stranger.pk}/services/{row.pk}/usage/").status_code == 404
    assert code(caller(stranger).get(f"/subscriptions/{row.pk}/usage"), 404) is not None


def test_what_is_not_metered_has_no_usage(shop: Shop) -> None:
    other = shop.active("CP", 2, on=SINCE)
    assert "Usage and charges" not in text(client(shop.chain.reseller), f"/t/{shop.chain.reseller.pk}/services/{other.pk}/")
    assert code(caller(shop.chain.reseller, verbs.OWNER).get(f"/subscriptions/{other.pk}/usage"), 404) is not None


def test_its_seller_charges_nothing_with_a_reason(shop: Shop, row: Subscription) -> None:
    one = client(shop.chain.reseller)
    address = f"/t/{shop.chain.reseller.pk}/services/{row.pk}/usage/"
    waiting = data(caller(shop.chain.reseller, verbs.OWNER).get(f"/subscriptions/{row.pk}/usage"))["cycles"][-2]["start"]
    assert f"nought/?from={waiting}" in text(one, address)
    assert waiting in text(one, f"{address}nought/?from={waiting}")
    refused = one.post(f"{address}nought/", {"from_on": SINCE.isoformat(), "why": "No"})
    assert (refused.status_code, "charged already" in refused.content.decode()) == (422, True)
    assert one.post(f"{address}nought/", {"from_on": waiting, "why": "The vendor was down"}).status_code == 302
    assert "The vendor was down" in text(one, address)
    call = caller(shop.chain.reseller, verbs.OWNER)
    assert code(call.post(f"/subscriptions/{row.pk}/usage/nought", {"from_on": waiting, "why": "Again"}), 422) == "charged"
    with tenancy.acting_in(shop.customer):
        assert [one.amount for one in CycleCharge.objects.filter(subscription=row).order_by("from_on")] == [Decimal(ASKED), 0]


@pytest.mark.browser
@pytest.mark.parametrize("path", ["{row}/usage/", "{row}/usage/nought/", "charges/"])
def test_it_shows_the_pages_soundly(shop: Shop, row: Subscription, screen: Open, path: str) -> None:
    window = screen(kit.sign_in(kit.member(shop.chain.reseller)))
    window.go(kit.url(shop.chain.reseller, "services/" + path.format(row=row.pk)))
    assert sound(window, f"metering-{path.strip('/').rpartition('/')[2]}") == []


def test_an_offer_by_usage_is_billed_by_the_month_at_every_door(shop: Shop) -> None:
    """Vendors tell nothing of a year. Source: decision 0011."""
    own, words = shop.chain.distributor, "billed by the month: vendors count from the first of each month"
    one, make = client(own), kit.url(own, "catalog/offers/make/")
    terms = {"code": "Y-1", "name": "Storage", "cycle": "yearly", "term_months": 12, "minimum": 1, "meter": "storage"}
    form = {**terms, "product": shop.product, "unit": "GB", "cancel_days": 0}
    refused = one.post(make, form)
    assert (refused.status_code, words in refused.content.decode()) == (422, True)
    call = caller(own, verbs.OWNER)
    said = {**terms, "product": str(shop.product)}
    assert code(call.post("/catalog/offers", said), 422) == "cycle"
    sheet = "Vendor,Product,Category,Product group,Item code,Offer,Billing cycle,Term in months,Meter\n"
    sheet += "Acronis,Cyber Protect,Backup,Protection,Y-1,Storage,yearly,12,storage\n"
    assert code(call.post("/catalog/offers/file", {"table": sheet}), 422) == "cycle"
    read = one.post(kit.url(own, "catalog/offers/file/"), {"file": SimpleUploadedFile("o.csv", sheet.encode())})
    assert (read.status_code, f"Row 2: What is billed by usage is {words}" in read.content.decode()) == (422, True)
    assert one.post(make, {**form, "cycle": "monthly"}).status_code == 302
