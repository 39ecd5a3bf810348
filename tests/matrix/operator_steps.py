"""What the operator's desk does, and what a partner asks of it."""

from __future__ import annotations

from typing import Any

import pytest

from purser.access import verbs
from purser.partners import break_glass, enabling, orders
from purser.partners.models import EnablingRequest
from purser.postgres import ids, tenancy
from purser.tenants.models import Organisation
from tests.access import kit
from tests.matrix.tenants_steps import LICENCE
from tests.matrix.walk import Find, Ground, Said, Step, new, sent
from tests.partners.kit import PAID


def enabling_request(body: dict[str, Any]) -> Find:
    def find(g: Ground, who: str) -> Said:
        partner = kit.reseller(under=g.made.distributor)
        owner = kit.member(partner, factor=False)
        with tenancy.acting_in(partner.pk):
            row = enabling.request(kit.actor(partner, owner), signature="Olive", email=owner.email, now=kit.now())
        return sent(body, asked=row.pk)

    return find


def below(body: dict[str, Any]) -> Find:
    """A partner under the operator."""
    return lambda g, who: sent(body, organisation=g.made.reseller.pk, reseller=g.made.reseller.pk)


def look(state: str, body: dict[str, Any] | None = None) -> Find:
    """An emergency look into a partner: not asked for yet, or "waits"."""

    def find(g: Ground, who: str) -> Said:
        target = kit.reseller(under=g.made.operator)
        if state == "waits":
            asker = kit.actor(g.made.operator, kit.person(factor=False), verbs.SUPPORT)
            break_glass.ask(asker, target.pk, reason="The sync stands still", now=kit.now())
        return sent(body or {}, organisation=target.pk)

    return find


def moved(g: Ground, who: str) -> Said:
    other = kit.reseller(under=g.made.operator)
    return sent({"to": other.partner_number}, organisation=kit.customer(under=kit.reseller(under=g.made.operator)).pk)


def order(body: dict[str, Any]) -> Find:
    def find(g: Ground, who: str) -> Said:
        numbers = {"reseller": g.made.reseller.partner_number, "distributor": g.made.distributor.partner_number}
        return sent({"name": "Cedar Foods", "number": ids.new().hex, **numbers, **body})

    return find


def cut_off(body: dict[str, Any]) -> Find:
    """An order of which the customer has got nothing, tried long enough ago to be undone."""

    def find(g: Ground, who: str) -> Said:
        _, wanted = order({"packages": {PAID: 5}})(g, who)
        with pytest.MonkeyPatch.context() as broken:
            broken.setattr(orders, "_given", lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                orders.take(g.actor(who), orders.Order(**wanted), now=kit.now() - orders.UNDER_WAY)
        (row,) = orders.half_done(g.made.operator.pk, now=kit.now())
        return sent(body, order=row.row.pk)

    return find


def not_enabled(body: dict[str, Any]) -> Find:
    def find(g: Ground, who: str) -> Said:
        with tenancy.acting_in(g.made.reseller.pk):
            Organisation.objects.update(partner_admin_id="")
            EnablingRequest.objects.filter(answered_at=None).delete()
        return sent(body)

    return find


STEPS: list[Step] = [
    ("owner", "administration/request/", not_enabled({"signature": "Olive Owner", "email": "olive@example.com"})),
    ("owner", "POST administration/request", not_enabled({"signature": "Olive Owner"})),
    ("desk", "organisations/found/", new("contact", {"kind": "reseller", "name": "North", "zone": "UTC"})),
    ("desk", "POST partners", new("contact", {"kind": "reseller", "name": "South"})),
    ("desk", "organisations/<reseller>/licence/", below(LICENCE | {"contact": "boss@example.com"})),
    ("desk", "organisations/<organisation>/suspend/", below({"why": "Unpaid"})),
    ("desk", "organisations/<organisation>/resume/", below({"why": "Paid"})),
    ("desk", "POST organisations/<organisation>/suspend", below({"why": "Unpaid"})),
    ("desk", "POST organisations/<organisation>/resume", below({"why": "Paid"})),
    ("desk", "organisations/<organisation>/move/", moved),
    ("desk", "POST organisations/<organisation>/move", moved),
    ("desk", "orders/", order({f"package-{PAID}": "5", "zone": "UTC"})),
    ("desk", "POST orders", order({"packages": {PAID: 5}})),
    ("desk", "orders/<order>/complete/", cut_off({})),
    ("desk", "POST orders/<order>/complete", cut_off({})),
    ("desk", "orders/<order>/undo/", cut_off({"why": "Cancelled by the shop"})),
    ("desk", "POST orders/<order>/undo", cut_off({"why": "Cancelled by the shop"})),
    ("desk", "requests/<asked>/", enabling_request({"approve": "no", "why": "No contract"})),
    ("desk", "POST requests/<asked>/answer", enabling_request({"approve": False, "why": "No contract"})),
    ("desk", "regions/require/", {"region": "FR", "on": "yes"}),
    ("desk", "PUT regions", {"region": "IT", "required": True}),
    ("desk", "organisations/<organisation>/break-glass/", look("", {"reason": "The sync stands still"})),
    ("desk", "organisations/<organisation>/break-glass/approve/", look("waits")),
    ("desk", "organisations/<organisation>/break-glass/end/", look("waits")),
    ("desk", "POST organisations/<organisation>/break-glass", look("", {"reason": "The sync stands still"})),
    ("desk", "POST organisations/<organisation>/break-glass/approve", look("waits")),
    ("desk", "POST organisations/<organisation>/break-glass/end", look("waits")),
]
