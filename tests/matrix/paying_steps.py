"""The steps of walk.py at a partner with a payment provider behind it: card, purchases, the switch, refunds, the provider."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from purser.billing.models import Purchase
from purser.billing.paying import automatic, provider, purchases, visits
from purser.postgres import ids, tenancy
from tests.billing.paying import kit
from tests.billing.paying.kit import Shop

Said = tuple[dict[str, Any], dict[str, Any]]  # what stands in the address, and what is sent
Find = Callable[[Shop], Said]


def nothing(shop: Shop) -> Said:
    return {}, {}


def with_card(shop: Shop) -> Said:
    shop.card()
    return {}, {}


def _made_room(shop: Shop) -> None:
    """Whatever a step before left open is given up."""
    with tenancy.acting_in(shop.tenant):
        row = purchases.open_one()
    if row is not None:
        shop.pay(row)
        visits.close_each(shop.tenant, row.pk, shop.port, now=shop.at)
        with tenancy.acting_in(shop.tenant):
            if purchases.open_one() is not None:
                purchases.cancel(shop.actor, row.pk, now=shop.at)


def a_quote(shop: Shop) -> Said:
    _made_room(shop)
    shop.card()
    return {}, {"quote": str(shop.quote().pk), "key": str(ids.new())}


def _in_state(number: str) -> Find:
    def find(shop: Shop) -> Said:
        _made_room(shop)
        shop.card(number)
        row = shop.place()
        shop.pay(row)
        return {"purchase": str(row.pk)}, {}

    return find


declined, waits = _in_state(kit.LATER_DECLINED), _in_state(kit.HOLDER)


def the_switch(as_text: bool) -> Find:
    def find(shop: Shop) -> Said:
        shop.card()
        with tenancy.acting_in(shop.tenant):
            version = automatic.programme().version
        on: Any = "1" if as_text else True
        return {}, {"on": on, "cap": "50.00", "version": version}

    return find


def a_paid_one(shop: Shop) -> Said:
    _made_room(shop)
    shop.card()
    row: Purchase = shop.bought()
    at = {"partner": str(shop.tenant), "purchase": str(row.pk)}
    return at, {"units": 10, "reason": "Bought by mistake", "key": str(ids.new())}


def the_provider(shop: Shop) -> Said:
    with tenancy.acting_in(shop.operator.pk):
        held = provider.own()
        assert held is not None
    return {}, {"url": shop.url, "cards_only": True, "version": held.row.version}


STEPS: list[tuple[str, str, Find]] = [
    ("owner", "card/store/", nothing),
    ("owner", "POST card/page", nothing),
    ("owner", "automatic-purchase/", the_switch(True)),
    ("owner", "PUT automatic-purchase", the_switch(False)),
    ("owner", "card/remove/", with_card),
    ("owner", "DELETE card", with_card),
    ("owner", "purchases/place/", a_quote),
    ("owner", "POST purchases", a_quote),
    ("owner", "purchases/<purchase>/retry/", declined),
    ("owner", "POST purchases/<purchase>/retry", declined),
    ("owner", "purchases/<purchase>/pay/", waits),
    ("owner", "POST purchases/<purchase>/page", waits),
    ("owner", "purchases/<purchase>/cancel/", declined),
    ("owner", "POST purchases/<purchase>/cancel", declined),
    ("desk", "payments/<partner>/<purchase>/refund/", a_paid_one),
    ("desk", "POST payments/<partner>/<purchase>/refunds", a_paid_one),
    ("desk", "payment-provider/", the_provider),
    ("desk", "PUT payment-provider", the_provider),
    ("desk", "payment-provider/test/", nothing),
    ("desk", "POST payment-provider/test", nothing),
]
