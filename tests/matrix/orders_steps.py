"""The steps of steps.py for orders and their approval."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from purser.access import verbs
from purser.postgres import ids, tenancy
from purser.subscriptions import approvals
from purser.subscriptions.models import Subscription
from tests.access import kit
from tests.matrix.walk import Find, Ground, Said, Step, sent
from tests.subscriptions import shop as shops
from tests.subscriptions.shop import Shop

_stocked: dict[UUID, Shop] = {}


def stock(g: Ground) -> Shop:
    """What the ground's chain sells, once."""
    id = g.made.reseller.pk
    if id not in _stocked:
        _stocked[id] = shops.stocked(g.made)
    return _stocked[id]


def line(made: Shop, **more: Any) -> dict[str, Any]:
    return {"offer": str(made.offers["BASE"].pk), "quantity": 2, **more}


def form(g: Ground, who: str) -> Said:
    """What the page that checks the answers sends."""
    made = stock(g)
    chosen = {
        "offer": line(made)["offer"],
        "quantity": "2",
        "price": "8.50",
        "currency": "EUR",
        "terms": "",
        "base": "",
        "instance": "",
    }
    fields = {"once": ids.new().hex, **chosen}
    return sent(fields, buyer=made.customer.pk)


def call(g: Ground, who: str) -> Said:
    made = stock(g)
    return sent({"customer": str(made.customer.pk), "once": ids.new().hex, "lines": [line(made)]})


def change(g: Ground, who: str) -> Said:
    """The page reads which change it is from its address; a suspension is lifted again by the next walk."""
    made = stock(g)
    order = made.place(made.owner(), made.new())
    with tenancy.acting_in(made.customer.pk):
        row = Subscription.objects.get(lines__order=order)
    return sent({"once": ids.new().hex, "quantity": "5", "price": "8.50"}, held=row.pk)


def waiting(body: Callable[[str], dict[str, Any]], *, raised_by: str = "") -> Find:
    """An order of the customer's that waits: somebody else's, or of who walks."""

    def find(g: Ground, who: str) -> Said:
        made = stock(g)
        shops.approving(made)
        raiser = g.walkers[raised_by].person if raised_by else kit.member(made.customer, verbs.ADMINISTRATOR, factor=False)
        order = made.place(made.admin(raiser), made.new())
        return sent(body(str(order.pk)), placed=order.pk)

    return find


def ruled(body: dict[str, Any]) -> Find:
    """The customer has a rule of its own."""

    def find(g: Ground, who: str) -> Said:
        made = stock(g)
        approvals.keep(made.owner(), approvals.Rule(on=True), [made.customer.pk], seen=shops.seen(made), now=kit.now())
        return sent(body, organisation=made.customer.pk)

    return find


def default_rule(body: dict[str, Any], seen: Callable[[int], Any]) -> Find:
    """The default as it was read just now, which the walk before may have changed."""

    def find(g: Ground, who: str) -> Said:
        tenant = g.walkers[who].tenant.pk
        with tenancy.acting_in(tenant):
            return sent(body | {"seen": seen(approvals.all_of(tenant)[0].version)})

    return find


RULE: dict[str, Any] = {"on": True, "triggers": ["quantity"], "over": "0.00"}
FORM: dict[str, Any] = {"whom": "all", "on": "1", "trigger": ["quantity"], "over": "0"}
STEPS: list[Step] = [
    ("owner", "sales-orders/for/<buyer>/place/", form),
    ("owner", "POST sales-orders", call),
    ("owner", "sales-orders/change/<held>/?kind=quantity", change),
    ("owner", "sales-orders/<placed>/approve/", waiting(lambda id: {})),
    ("owner", "POST sales-orders/<placed>/approve", waiting(lambda id: {"comment": "Fine"})),
    ("owner", "sales-orders/<placed>/reject/", waiting(lambda id: {"comment": "No"})),
    ("owner", "POST sales-orders/<placed>/reject", waiting(lambda id: {"comment": "No"})),
    ("owner", "sales-orders/waiting/approve/", waiting(lambda id: {"row": [id]})),
    ("owner", "POST sales-orders/approve", waiting(lambda id: {"orders": [id]})),
    ("administrator", "sales-orders/<placed>/cancel/", waiting(lambda id: {}, raised_by="administrator")),
    ("administrator", "POST sales-orders/<placed>/cancel", waiting(lambda id: {}, raised_by="administrator")),
    ("owner", "sales-orders/rules/", default_rule(FORM, lambda version: [f":{version}"])),
    ("owner", "PUT approval-rules", default_rule(RULE, lambda version: [{"version": version}])),
    ("owner", "sales-orders/rules/<organisation>/drop/", ruled({})),
    ("owner", "DELETE approval-rules/<organisation>", ruled({})),
]
QUIET = {
    "sales-orders/for/<buyer>/basket/": "one's own basket, of which nothing is ordered",
    "POST sales-orders/review": "a question",
    "POST sales-orders/calls": "a question",
}
