"""A customer orders by self-service, its reseller approves, and the tenant appears at the vendor; and what is said beforehand
that the vendor will be asked is what it is asked then.

Source: acceptance AC-19, AC-28 to AC-30, CM-15, CM-42; issue of vendors' tenants, section 6 (preview).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from purser.access import verbs
from purser.catalog.models import Offer
from purser.jobs import provisioning as jobs
from purser.postgres import tenancy
from purser.provisioning.models import Account, Step
from tests.access import kit
from tests.access.kit import site as site
from tests.api.kit import caller, data
from tests.flows.vendor import BY_WORKLOAD
from tests.portal.customers import inside
from tests.provisioning.kit import World, world
from tests.subscriptions import shop as shops
from tests.subscriptions.shop import Shop

pytestmark = pytest.mark.usefixtures("site")


@pytest.fixture
def place() -> Iterator[World]:
    with world() as made:
        yield made


@pytest.fixture
def made(place: World) -> Shop:
    made = shops.stocked(place.made, place.instance)
    with tenancy.acting_in(place.instance.tenant_id):
        Offer.objects.update(provides=BY_WORKLOAD)
    place.save(place.provider, place.made.reseller, "acme")
    place.save(place.reseller, place.made.customer, "alder")
    carry_on(place.account(place.made.reseller))
    place.app.effects.clear()
    return made


def carry_on(account: Account | None) -> None:
    assert account is not None
    jobs.account(str(account.tenant_id), str(account.pk))


def done(made: Shop) -> list[str]:
    with tenancy.acting_in(made.customer.pk):
        return list(Step.objects.filter(state="done").order_by("first_at", "id").values_list("what", flat=True))


def test_a_customer_orders_the_reseller_approves_and_the_tenant_appears(place: World, made: Shop) -> None:
    shops.approving(made)
    admin, seller = inside(made.chain.admin), inside(made.chain.owner)
    shop = f"sales-orders/for/{made.customer.pk}/"
    sent = {"offer": str(made.offers["BASE"].pk), "quantity": "3", "price": "8.50"}
    admin.post(kit.url(made.customer, f"{shop}basket/"), sent)
    ordered = {**sent, "once": "one", "currency": "EUR", "terms": "", "base": "", "instance": ""}
    there = admin.post(kit.url(made.customer, f"{shop}place/"), ordered).headers["Location"]
    assert place.app.effects == [], "before it is approved the vendor is not asked"
    id = there.rstrip("/").rpartition("/")[2]
    assert seller.post(kit.url(made.reseller, f"sales-orders/{id}/approve/"), {}).status_code == 302
    assert [row.state for row in made.subscriptions()] == ["ordered"]
    carry_on(place.account(made.customer))
    assert [row.state for row in made.subscriptions()] == ["active"]
    assert place.account(made.customer).state == "provisioned"  # type: ignore[union-attr]
    assert "Active" in kit.text(admin.get(kit.url(made.customer, "my-services/")))


def test_what_is_said_before_is_what_is_done_then(place: World, made: Shop) -> None:
    seller = inside(made.chain.owner)
    shop = f"sales-orders/for/{made.customer.pk}/"
    sent = {"offer": str(made.offers["BASE"].pk), "quantity": "3", "price": "8.50"}
    seller.post(kit.url(made.reseller, f"{shop}basket/"), sent)
    html = seller.get(kit.url(made.reseller, f"{shop}check/")).content.decode()
    assert f'hx-get="{kit.url(made.reseller, f"{shop}calls/")}"' in html
    part = kit.text(seller.get(kit.url(made.reseller, f"{shop}calls/")))
    assert "Make the tenant" in part
    assert "Mail the activation" in part
    told = data(caller(made.reseller).post("/sales-orders/calls", _body(made)))["rows"]
    said = [call["stage"] for call in told[0]["preview"]["calls"]]
    assert place.app.effects == [], "a preview changes nothing"
    made.place(made.owner(), made.new())
    carry_on(place.account(made.customer))
    assert sorted(done(made)) == sorted(said)


def test_a_vendor_that_does_not_answer_is_said_so_and_it_can_be_ordered_all_the_same(place: World, made: Shop) -> None:
    place.fail("status", status=503, times=20)
    told = data(caller(made.reseller).post("/sales-orders/calls", _body(made)))["rows"]
    assert told[0]["preview"] is None
    assert told[0]["failure"]["text"]
    assert made.place(made.owner(), made.new()).state == "approved"


def test_a_customer_is_not_shown_what_the_vendor_is_asked(made: Shop) -> None:
    assert caller(made.customer, verbs.ADMINISTRATOR).post("/sales-orders/calls", _body(made)).status_code == 403


def _body(made: Shop) -> dict[str, Any]:
    return {"customer": str(made.customer.pk), "lines": [{"offer": str(made.offers["BASE"].pk), "quantity": 3}]}
