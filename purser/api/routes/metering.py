"""Metered subscriptions: what was used and charged, cycle by cycle. The list of charges is that of the portal (shared.py).

Source: acceptance AC-37.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from purser.access.actors import Actor
from purser.api.doors import Routes
from purser.api.schemas import metering as out
from purser.subscriptions import metered

routes = Routes("Subscriptions")


@routes.get("/subscriptions/{uuid:held}/usage", "subscriptions.read", answers=out.MeteredUsage, seat=False)
def usage(actor: Actor, now: datetime, held: UUID) -> out.MeteredUsage:
    """Readings and cycles of a metered subscription, with what was charged and the open cycle so far"""
    return out.usage(metered.shown(actor, held, now=now))


@routes.post("/subscriptions/{uuid:held}/usage/nought", "subscriptions.price", answers=out.UsageCharge, status=201, seat=False)
def nought(actor: Actor, now: datetime, held: UUID, body: out.ChargeNothing) -> out.UsageCharge:
    """Charge nothing for a cycle of your customer's whose usage the vendor did not tell

    A reading that comes later is charged as a correction.
    """
    return out.charge(metered.say_nought(actor, held, from_on=body.from_on, why=body.why, now=now))
