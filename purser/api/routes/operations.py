"""The operator's side: organisations, orders, requests of partners, rules, and looking in in an emergency.

The organisations themselves are a list that the portal shows too (shared.py).
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from purser.access.actors import Actor
from purser.api.doors import Routes
from purser.api.schemas import operations as out
from purser.api.schemas import partners
from purser.api.schemas.common import Some
from purser.partners import agreements, break_glass, enabling, founding, orders, told
from purser.postgres import tenancy
from purser.tenants import organisations

routes = Routes("Operations")


@routes.get("/organisations/{uuid:organisation}", "operator.organisations.read", answers=out.Node, seat=False)
def organisation(actor: Actor, now: datetime, organisation: UUID) -> out.Node:
    """One organisation and its place in the tree"""
    return out.node(organisations.below(actor.tenant, organisation))


@routes.post("/partners", "operator.organisations.found", answers=out.Node, status=201, seat=False)
def found(actor: Actor, now: datetime, body: out.Found) -> out.Node:
    """Found a distributor or a reseller, and mail its first owner an invitation"""
    made = founding.found(actor, out.partner(body), now=now)
    told.founded(made, operator=actor.organisation)
    return out.node(made.organisation)


@routes.post("/organisations/{uuid:organisation}/suspend", "operator.organisations.suspend", answers=out.Node, seat=False)
def suspend(actor: Actor, now: datetime, organisation: UUID, body: out.Why) -> out.Node:
    """Let nobody sign in there or act from there, from the next request on

    A sensitive call: only within five minutes after the password was entered, so not with a token.
    """
    return out.node(founding.suspend(actor, organisation, why=body.why, now=now))


@routes.post("/organisations/{uuid:organisation}/resume", "operator.organisations.suspend", answers=out.Node, seat=False)
def resume(actor: Actor, now: datetime, organisation: UUID, body: out.Why) -> out.Node:
    """Let it work again

    A sensitive call, as above.
    """
    return out.node(founding.resume(actor, organisation, why=body.why, now=now))


@routes.post("/organisations/{uuid:organisation}/move", "operator.customers.move", answers=out.Node, seat=False)
def move(actor: Actor, now: datetime, organisation: UUID, body: out.MoveCustomer) -> out.Node:
    """Move a customer to another partner, at once; what it let the former one do ends with it

    A sensitive call, as above.
    """
    orders.move(actor, organisation, body.to, now=now)
    return out.node(organisations.below(actor.tenant, organisation))


@routes.post("/orders", "operator.customers.order", answers=out.Node, status=201, seat=False)
def order(actor: Actor, now: datetime, body: out.Order) -> out.Node:
    """Take an order: it founds the customer under its reseller, or adds packages to one that is there"""
    made = orders.take(actor, out.order(body), now=now)
    return out.node(organisations.below(actor.tenant, made.pk))


@routes.get("/orders/half-done", "operator.organisations.read", answers=Some[out.HalfDone], seat=False)
def half_done(actor: Actor, now: datetime) -> Some[out.HalfDone]:
    """Orders that were cut off before both sides had their record, the oldest first"""
    return Some(rows=[out.half_done(one) for one in orders.half_done(actor.tenant, now=now)])


@routes.post("/orders/{uuid:order}/complete", "operator.customers.order", answers=out.Node, seat=False)
def complete(actor: Actor, now: datetime, order: UUID) -> out.Node:
    """Carry a half-done order through; what the customer has of it already is not added again"""
    made = orders.complete(actor, order, now=now)
    return out.node(organisations.below(actor.tenant, made.pk))


@routes.post("/orders/{uuid:order}/undo", "operator.customers.order", answers=None, status=204, seat=False)
def undo(actor: Actor, now: datetime, order: UUID, body: out.Why) -> None:
    """Give up a half-done order of which the customer has got nothing"""
    orders.undo(actor, order, why=body.why, now=now)


@routes.get("/requests", "operator.organisations.read", answers=Some[partners.Request], seat=False)
def requests(actor: Actor, now: datetime) -> Some[partners.Request]:
    """Partners that ask to be enabled: those that wait first, then the last 100 answered"""
    with tenancy.listing_all():
        return Some(rows=[partners.request(row) for row in enabling.queue(actor.tenant)])


@routes.post("/requests/{uuid:asked}/answer", "operator.requests.decide", answers=partners.Request, seat=False)
def answer(actor: Actor, now: datetime, asked: UUID, body: out.Decide) -> partners.Request:
    """Approve or refuse, with the reason that the partner reads"""
    return partners.request(enabling.answer(actor, asked, approve=body.approve, why=body.why, now=now))


@routes.get("/regions", "operator.organisations.read", answers=out.Regions, seat=False)
def regions(actor: Actor, now: datetime) -> out.Regions:
    """Where data-processing agreements are required"""
    return out.Regions(regions=agreements.regions(actor.tenant))


@routes.put("/regions", "operator.agreements.require", answers=out.Regions, seat=False)
def require(actor: Actor, now: datetime, body: out.Require) -> out.Regions:
    """Require data-processing agreements in a country, or no longer"""
    with tenancy.acting_in(actor.tenant):
        agreements.require(actor, body.region, on=body.required, now=now)
    return out.Regions(regions=agreements.regions(actor.tenant))


@routes.get("/break-glass", "operator.organisations.read", answers=Some[out.Look], seat=False)
def looks(actor: Actor, now: datetime) -> Some[out.Look]:
    """Emergency looks that wait for a colleague, and those that hold"""
    return Some(rows=[out.look(row) for row in break_glass.standing(actor.tenant, now)])


@routes.post("/organisations/{uuid:organisation}/break-glass", "break_glass.ask", answers=out.Look, seat=False)
def ask(actor: Actor, now: datetime, organisation: UUID, body: out.Emergency) -> out.Look:
    """Ask colleagues for leave to look into an organisation: to read, for at most an hour"""
    return out.look(break_glass.ask(actor, organisation, reason=body.reason, now=now))


@routes.post("/organisations/{uuid:organisation}/break-glass/approve", "break_glass.approve", answers=out.Look, seat=False)
def approve(actor: Actor, now: datetime, organisation: UUID) -> out.Look:
    """Let the colleague who asked look in; the organisation is told by mail

    A sensitive call: only within five minutes after the password was entered, so not with a token.
    """
    return out.look(break_glass.approve(actor, organisation, now=now))


@routes.post("/organisations/{uuid:organisation}/break-glass/end", "break_glass.ask", answers=out.Look, seat=False)
def end(actor: Actor, now: datetime, organisation: UUID) -> out.Look:
    """End a look before its time"""
    return out.look(break_glass.end(actor, organisation, now=now))
