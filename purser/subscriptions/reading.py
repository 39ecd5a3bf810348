"""A subscription as it is opened: everything of it that the actor may see. Takes its seat itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from purser.access import permit
from purser.access.actors import Actor
from purser.kernel.errors import Missing
from purser.subscriptions import planned, reach, tiers
from purser.subscriptions.models import Event, PlannedChange, Subscription, SubscriptionPrice, SubscriptionState


@dataclass(frozen=True)
class Opened:
    """`events` and `prices` the oldest first, `plans` the open ones first. `seller`: the actor sells it to the customer.

    To who sells it through another, `prices` are what it asks of that one, and `row.price` is None. Why it waits is in the
    vendor's own words to those who may see to it, and in plain ones to others, a customer above all. Source: decision 0010.
    """

    row: Any
    events: list[Event]
    prices: list[SubscriptionPrice]
    plans: list[PlannedChange]
    addons: list[Subscription]
    seller: bool


def one(actor: Actor, id: UUID) -> Opened:
    """Raises Missing."""
    with reach.seat(actor):
        row = reach.named(actor).select_related("base", "account").filter(pk=id).first()
        if row is None:
            raise Missing("There is no such subscription.")
        opened = Opened(
            row=row,
            events=list(reach.rows(actor, Event).filter(subscription_id=id).order_by("at", "id")),
            prices=list(reach.rows(actor, SubscriptionPrice).filter(subscription_id=id).order_by("from_on", "made_at", "id")),
            plans=planned.ordered(reach.rows(actor, PlannedChange).filter(subscription_id=id)),
            addons=list(reach.rows(actor).filter(base_id=id).order_by("offer_name", "id")),
            seller=row.partner_id == actor.tenant,
        )
    if not permit.allows(actor, "accounts.read"):
        _plainly(opened)
    return opened if reach.sees_price(actor, row) else _through(actor, opened)


def _plainly(opened: Opened) -> None:
    row = opened.row
    if row.state == SubscriptionState.WAITING:
        row.state_text = f"The vendor does not have it yet; {row.seller or 'your partner'} sees to it."
    for event in opened.events:
        if event.what == "state" and event.new == SubscriptionState.WAITING:
            event.why = ""


def _through(actor: Actor, opened: Opened) -> Opened:
    """The same for who sells it through another."""
    opened.row.price = None
    return replace(
        opened,
        events=[event for event in opened.events if event.what != "price"],
        prices=[
            SubscriptionPrice(
                from_on=own.from_on, price=own.sell, currency=own.currency, listed=own.listed, made_at=own.made_at
            )
            for own in tiers.timeline(actor.tenant, opened.row.pk)
        ],
    )
