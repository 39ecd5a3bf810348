"""A shop as its pages show it: who sells, who buys, and what the forms of ordering send."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from purser.postgres import tenancy
from purser.subscriptions.models import Order
from tests.access import kit
from tests.access.kit import site as site
from tests.portal.customers import inside
from tests.subscriptions import shop as shops
from tests.subscriptions.shop import Shop


@pytest.fixture
def made() -> Shop:
    return shops.shop()


@pytest.fixture
def seller(made: Shop) -> Client:
    return inside(made.chain.owner)


@pytest.fixture
def admin(made: Shop) -> Client:
    return inside(made.chain.admin)


def at(made: Shop, path: str, *, own: bool = False) -> str:
    """A page of the reseller, or (own) of the customer."""
    return kit.url(made.customer if own else made.reseller, path)


def page(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, kit.text(answer)[-1500:]
    return re.sub(r"\s+", " ", answer.content.decode())


def words(html: str) -> str:
    main = html.partition("<main")[2] or html
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main))


def shop(made: Shop, *, own: bool = False, more: str = "") -> str:
    return at(made, f"sales-orders/for/{made.customer.pk}/{more}", own=own)


def put(
    client: Client,
    made: Shop,
    code: str = "BASE",
    quantity: str = "3",
    *,
    own: bool = False,
    price: str = "8.50",
    terms: str = "",
) -> Any:
    sent = {"offer": str(made.offers[code].pk), "quantity": quantity, "price": price, "terms": terms}
    sent["name"] = made.offers[code].name
    return client.post(shop(made, own=own, more="basket/"), sent)


def fields(html: str) -> dict[str, list[str]]:
    """What the form that orders would send."""
    form = re.search(r'<form method="post" action="[^"]*/place/".*?</form>', html)
    assert form
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form.group()):
        found.setdefault(name, []).append(value)
    del found["csrfmiddlewaretoken"]
    return found


def order(client: Client, made: Shop, *, own: bool = False, status: int = 302, **more: Any) -> Any:
    sent = fields(page(client, shop(made, own=own, more="check/"))) | more
    answer = client.post(shop(made, own=own, more="place/"), sent)
    assert answer.status_code == status, kit.text(answer)[-1500:]
    return answer


def placed(made: Shop) -> list[Order]:
    with tenancy.acting_in(made.customer.pk):
        return list(Order.objects.order_by("raised_at"))
