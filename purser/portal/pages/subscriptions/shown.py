"""What these pages share: where a change is ordered, and which changes a row offers to whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import NoReverseMatch, reverse

from purser.access import permit
from purser.access.actors import Actor


@dataclass(frozen=True)
class Action:
    """Something that can be done with a subscription: an icon with its words. `name` is a kind of order line, or ours."""

    words: str
    icon: str
    href: str


def to(name: str, actor: Actor, **more: Any) -> str:
    return reverse(name, kwargs={"tenant": actor.tenant, **more})


def order_change(actor: Actor, row: Any, kind: str) -> str:
    """Where a change of a subscription is ordered, which its seller may have to approve; empty while there is no such page."""
    try:
        address = reverse("order-change", kwargs={"tenant": actor.tenant, "held": row.pk})
    except NoReverseMatch:
        return ""
    return f"{address}?{urlencode({'kind': kind})}"


def actions(actor: Actor, row: Any) -> list[Action]:
    """In the order of CM-17: add-ons, quantity, price, history, suspend or lift. Only what this actor may, as it stands."""
    own = actor.tenant in (row.partner_id, row.tenant_id)
    orders = own and permit.allows(actor, "orders.place")
    found = []
    if orders and row.state in ("ordered", "waiting", "provisioning", "active") and row.base_id is None:
        found.append(Action("Add-ons", "plus", order_change(actor, row, "addon")))
    if orders and row.state in ("ordered", "waiting", "provisioning", "active", "suspended") and row.ends_on is None:
        found.append(Action("Change quantity", "adjustments", order_change(actor, row, "quantity")))
    if row.partner_id == actor.tenant and row.state != "ended" and permit.allows(actor, "subscriptions.price"):
        found.append(Action("Edit sales price", "coin", to("held_price", actor, held=row.pk)))
    if row.metered:
        found.append(Action("Usage and charges", "chart-bar", to("held_usage", actor, held=row.pk)))
    found.append(Action("History", "history", to("held", actor, held=row.pk) + "#history"))
    if orders and row.state in ("active", "cancelled"):
        found.append(Action("Suspend", "player-pause", order_change(actor, row, "suspend")))
    if orders and row.state in ("suspended", "cancelled"):
        words = "Lift the suspension" if row.state == "suspended" else "Take the cancellation back"
        found.append(Action(words, "player-play", order_change(actor, row, "resume")))
    return [one for one in found if one.href]


def ordered(actor: Actor, row: Any) -> list[Action]:
    """What else can be ordered, on the page of one: its end, and whether it renews."""
    if actor.tenant not in (row.partner_id, row.tenant_id) or not permit.allows(actor, "orders.place"):
        return []
    found = []
    if row.term_months and row.state in ("active", "suspended") and row.ends_on is None:
        found.append(Action("Change renewal", "refresh", order_change(actor, row, "renewal")))
    if row.state != "ended" and row.ends_on is None:
        found.append(Action("Cancel", "ban", order_change(actor, row, "cancel")))
    return [one for one in found if one.href]
