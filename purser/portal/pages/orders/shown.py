"""What the pages of orders share: lines as plain values, and where a refusal leads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from purser.access import permit
from purser.access.actors import Actor
from purser.kernel.errors import Refused
from purser.portal.pages.partners.shown import to
from purser.provisioning.accounts import NotSynced
from purser.subscriptions.wanted import Checked
from purser.tenants.models import Kind

CONFIRMS = {
    "floor": "I confirm the margin below the floor",
    "enables": "I confirm that the tenant is enabled again",
}


def confirms(lines: Sequence[Checked]) -> list[tuple[str, str]]:
    """What has to be confirmed of these lines: the code that is sent, and its words."""
    asked = {told.code for line in lines for told in (line.low, line.enables) if told}
    return [(code, words) for code, words in CONFIRMS.items() if code in asked]


def home(actor: Actor) -> tuple[str, str]:
    """Where orders are listed: a customer's are on its services."""
    if actor.kind == Kind.CUSTOMER:
        return "My Services", to("my-services", actor)
    return "Orders", to("order-list", actor)


def crumbs(actor: Actor, *words: str) -> list[tuple[str, str]]:
    return [home(actor), *((one, "") for one in words)]


def line_of(actor: Actor, number: int, line: Checked) -> dict[str, Any]:
    """A line as a page shows it: with the price that the actor may know and its own margin, and with nobody's cost.

    Source: acceptance CM-2; decision 0010.
    """
    return {
        "number": number,
        "asked": line.asked,
        "name": line.name or "An offer that is not on sale",
        "code": line.code,
        "cycle": line.cycle,
        "terms": line.terms,
        "unit": line.unit,
        "listed": line.seen.listed,
        "currency": line.seen.currency,
        "price": line.seen.price,
        "total": line.total if not line.wrong else None,
        "metered": line.metered,
        "before": line.before,
        "after": line.after,
        "base": line.base,
        "bases": line.bases,
        "instance": line.instance,
        "instance_name": line.instance_name,
        "choices": line.choices,
        "sells": line.seen.tier is not None,
        "margin": line.seen.tier.margin if line.seen.tier else None,
        "low": line.low,
        "enables": line.enables,
        "wrong": line.wrong,
        "wrong_link": sync_link(actor, line.wrong),
        "moved": line.moved,
    }


def sync_link(actor: Actor, refusal: Refused | None) -> str:
    """To the Sync Options of whom it names, where the actor may open them. Source: acceptance AC-25."""
    if not isinstance(refusal, NotSynced) or not permit.allows(actor, "accounts.sync"):
        return ""
    return to("sync_options", actor, organisation=refusal.organisation, instance=refusal.instance)
