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
from purser.subscriptions.models import LineKind, Subscription
from purser.subscriptions.wanted import Asked
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


def test_what_a_suspension_and_its_lifting_ask_of_the_vendor_is_said_before(place: World, made: Shop) -> None:
    """The tenant is closed with the last that runs there, and not before; an add-on goes along with its base."""
    made.place(made.owner(), made.new())
    carry_on(place.account(made.customer))
    base, *_ = made.subscriptions()
    made.place(made.owner(), made.new("ADD", 1))
    made.place(made.owner(), made.new("TRY", 1))
    carry_on(place.account(made.customer))
    other = next(row for row in made.subscriptions() if row.offer_code == "TRY")
    seller, call = inside(made.chain.owner), caller(made.reseller)

    def said(row: Subscription, kind: LineKind) -> list[tuple[str, str]]:
        line = {"kind": kind.value, "subscription": str(row.pk)}
        body = {"customer": str(made.customer.pk), "lines": [line]}
        (told,) = data(call.post("/sales-orders/calls", body))["rows"]
        assert told["instance_name"] == place.instance.name
        steps = [(one["stage"], one["method"]) for one in told["preview"]["calls"]]
        there = kit.url(made.reseller, f"sales-orders/change/{row.pk}/")
        form = seller.get(f"{there}?kind={kind.value}").content.decode()
        assert f'hx-get="{there}calls/?kind={kind.value}"' in form
        page = kit.text(seller.get(f"{there}calls/?kind={kind.value}"))
        assert ("Disable the tenant" in page, "Enable the tenant" in page) == (
            ("enabled", "suspend") in steps, ("enabled", "resume") in steps,
        )  # fmt: skip
        return steps

    def then(row: Subscription, kind: LineKind) -> list[str]:
        place.app.effects.clear()
        made.place(made.owner(), Asked(kind, subscription=row.pk), confirmed=["enables"])
        carry_on(place.account(made.customer))
        return [f"{one}" for one in place.app.effects]

    assert said(other, LineKind.SUSPEND) == []
    assert then(other, LineKind.SUSPEND) == []
    assert said(base, LineKind.SUSPEND) == [("enabled", "suspend")]
    assert len(then(base, LineKind.SUSPEND)) == 1
    assert said(base, LineKind.RESUME) == [("enabled", "resume")]
    assert len(then(base, LineKind.RESUME)) == 1
    place.app.effects.clear()
    assert said(other, LineKind.RESUME) == []


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
