"""Subscriptions after they are ordered: what was bought, its price from a day on, plans, history, margins, commitments.

The list is that of the portal (shared.py); what changes at the vendor is ordered. Source: acceptance CM-16 to CM-21.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

from purser.access.actors import Actor
from purser.api.doors import Routes
from purser.api.schemas import subscriptions as out
from purser.api.schemas.common import Some
from purser.kernel.errors import Missing, Refused
from purser.subscriptions import calendar, desk, feeds, history, keeping, reading, tiers

SPAN = timedelta(days=400)
routes = Routes("Subscriptions")


@routes.get("/subscriptions/{uuid:held}", "subscriptions.read", answers=out.HeldSubscription, seat=False)
def one(actor: Actor, now: datetime, held: UUID) -> out.HeldSubscription:
    """One subscription, with its prices, its quantity over time and what is planned"""
    return out.held(reading.one(actor, held))


@routes.get("/subscriptions/{uuid:held}/history", "subscriptions.read", answers=Some[out.HeldChange], seat=False)
def changes(actor: Actor, now: datetime, held: UUID) -> Some[out.HeldChange]:
    """Every change of it, the newest first: who, when, old, new, and as whom"""
    return Some(rows=[out.change(one) for one in history.lines(reading.one(actor, held).events)])


@routes.post("/subscriptions/{uuid:held}/price/preview", "subscriptions.price", answers=out.HeldPriceEffect, seat=False)
def preview_price(actor: Actor, now: datetime, held: UUID, body: out.SetPrice) -> out.HeldPriceEffect:
    """What another price from a day on would do to the open cycle and to closed ones; nothing is changed"""
    return out.effect(desk.preview_price(actor, held, price=body.price, from_on=body.from_on, now=now))


@routes.put("/subscriptions/{uuid:held}/price", "subscriptions.price", answers=out.HeldSubscription, seat=False)
def set_price(actor: Actor, now: datetime, held: UUID, body: out.SetPrice) -> out.HeldSubscription:
    """Ask another price of your customer from a day on, whatever the list says

    Renewals leave it. Closed cycles keep what was billed and get corrections. A price below the floor of your margin needs
    `confirmed`.
    """
    desk.set_price(actor, held, price=body.price, from_on=body.from_on, confirmed=body.confirmed, now=now)
    return out.held(reading.one(actor, held))


@routes.post("/subscriptions/{uuid:held}/plans", "orders.place", answers=out.HeldPlan, status=201, seat=False)
def plan(actor: Actor, now: datetime, held: UUID, body: out.PlanChange) -> out.HeldPlan:
    """Plan a change of your customer's subscription for a day to come

    A customer orders its changes instead, so that its seller can approve them.
    """
    return out.plan(desk.plan(actor, held, what=body.what, value=body.value, on=body.on, now=now))


@routes.post("/subscriptions/{uuid:held}/plans/{uuid:planned}/drop", "orders.place", answers=out.HeldSubscription, seat=False)
def drop(actor: Actor, now: datetime, held: UUID, planned: UUID) -> out.HeldSubscription:
    """Take a plan back before its day"""
    desk.drop_plan(actor, held, planned, now=now)
    return out.held(reading.one(actor, held))


@routes.get("/subscriptions/{uuid:held}/margin", "catalog.read", answers=out.MarginPart, seat=False)
def margin(actor: Actor, now: datetime, held: UUID) -> out.MarginPart:
    """Your own part of one subscription: what you buy and sell it for, a month

    Of one that is billed by usage there is none: its cycles tell what each made.
    """
    part = tiers.part(actor, reading.one(actor, held).row, keeping.day_of(actor.tenant, now))
    if part is None:
        raise Missing("You have no part in this subscription, or it is billed by usage: ask for its cycles.")
    return out.part(part)


@routes.get("/margins", "catalog.read", answers=Some[out.Margins], seat=False)
def margins(actor: Actor, now: datetime) -> Some[out.Margins]:
    """What you make of all live subscriptions below you, by currency and buyer: your own part alone"""
    found = tiers.waterfall(actor, on=keeping.day_of(actor.tenant, now))
    return Some(rows=[out.margins(one) for one in found])


@routes.get("/commitments", "subscriptions.read", answers=Some[out.Commitment], seat=False)
def commitments(actor: Actor, now: datetime, first: date | None = None, last: date | None = None) -> Some[out.Commitment]:
    """Renewals, ends, last days to cancel, planned changes and prices to come, with the money at stake

    From `first` (default: today) to `last` (default: 92 days on), at most 400 days.
    """
    today = keeping.day_of(actor.tenant, now)
    begin = first or today
    until = last or min(begin, date.max - SPAN) + timedelta(days=92)
    if not timedelta(0) <= until - begin <= SPAN:
        raise Refused(f"{begin} to {until} is no span of 1 to 401 days.", code="span")
    return Some(rows=[out.commitment(one) for one in calendar.entries(actor, first=begin, last=until, today=today)])


@routes.get("/commitments/addresses", "subscriptions.export", answers=Some[out.CalendarAddress])
def addresses(actor: Actor, now: datetime) -> Some[out.CalendarAddress]:
    """Your own addresses that a calendar can read"""
    return Some(rows=[out.CalendarAddress(id=one.pk, made_at=one.made_at, address=None) for one in feeds.own(actor)])


@routes.post("/commitments/addresses", "subscriptions.export", answers=out.CalendarAddress, status=201, keyed=False)
def make_address(actor: Actor, now: datetime) -> out.CalendarAddress:
    """Make a private address from which a calendar reads the commitments (iCalendar); it is shown this once"""
    made = feeds.make(actor, now=now)
    return out.CalendarAddress(id=made.row.pk, made_at=made.row.made_at, address=f"/calendar/{made.key}/commitments.ics")


@routes.delete("/commitments/addresses/{uuid:feed}", "subscriptions.export")
def revoke_address(actor: Actor, now: datetime, feed: UUID) -> None:
    """Revoke an address of your own"""
    feeds.revoke(actor, feed, now=now)
