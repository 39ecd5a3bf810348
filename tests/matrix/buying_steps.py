"""The steps of steps.py for packages, quotes, whom to bill and the operator's price lists."""

from __future__ import annotations

from typing import Any

from purser.billing.buying import basket, offers, packages, quotes
from purser.billing.models import Quote
from purser.postgres import tenancy
from tests.access import kit
from tests.billing.buying.kit import BILLED
from tests.matrix.walk import Find, Ground, Said, Step, sent

ROWS = [{"code": "A", "units": 1000, "unit_price": "0.05", "price": "50"}]


def _listed(g: Ground) -> None:
    """The standard packages are in force at the reseller, whatever was planted there."""
    now, reseller = kit.now(), g.made.reseller.pk
    with tenancy.acting_in(reseller):
        held = packages.current(now)
        if held is not None and packages.as_offers(packages.rows_of(held)) == offers.standard():
            return
    with tenancy.acting_in(g.made.operator.pk):
        packages.publish(g.actor("desk"), offers.standard(), currency="USD", from_at=now, now=now)
    packages.copy_to(reseller, now)


def _issued(g: Ground, code: str) -> Quote:
    with tenancy.acting_in(g.made.reseller.pk):
        return quotes.issue({code: 1}, made_by_name="somebody else", now=kit.now())


def in_basket(code: str) -> Find:
    def find(g: Ground, who: str) -> Said:
        _listed(g)
        with tenancy.acting_in(g.made.reseller.pk):
            basket.put(g.actor(who), {code: 1}, kit.now())
        return sent({})

    return find


def listed(body: dict[str, Any]) -> Find:
    """What asks for a price list."""

    def find(g: Ground, who: str) -> Said:
        _listed(g)
        return sent(body)

    return find


def quoted(body: dict[str, Any]) -> Find:
    """A quote that somebody else got."""

    def find(g: Ground, who: str) -> Said:
        _listed(g)
        return sent(body, quote=_issued(g, "CPP-DSU-15").pk)

    return find


STEPS: list[Step] = [
    ("owner", "packages/quote/", in_basket("CPP-DSU-1")),
    ("owner", "POST quotes", listed({"counts": {"CPP-DSU-2": 1}})),
    ("owner", "quotes/<quote>/again/", quoted({})),
    ("owner", "quotes/<quote>/mail/", quoted({"email": "boss@example.com"})),
    ("owner", "POST quotes/<quote>/mail", quoted({"email": "boss@example.com"})),
    ("owner", "settings/billing/edit/", {**BILLED, "city": "Galway"}),
    ("owner", "PUT billing-profile", {**BILLED, "city": "Limerick"}),
    ("owner", "settings/package/choose/", listed({"package": "CPP-DSU-10"})),
    ("owner", "PUT dsu-packages/default", listed({"package": "CPP-DSU-15"})),
    ("desk", "prices/seller/", {**BILLED, "city": "Galway"}),
    ("desk", "PUT seller", {**BILLED, "city": "Limerick"}),
    (
        "desk",
        "prices/publish/",
        lambda g, who: sent(
            {"code": "A", "units": "1000", "unit_price": "0.05", "price": "50", "currency": "USD", "do": "publish"}
            | {"after": str(_last(g))}
        ),
    ),
    ("desk", "POST price-lists", {"packages": ROWS}),
]
QUIET = {"packages/change/": "one's own basket", "PUT basket": "one's own basket"}


def _last(g: Ground) -> int:
    with tenancy.acting_in(g.made.operator.pk):
        return packages.last()
