"""Mapping: what a company can be mapped to, and setting and clearing relations on three levels, one or many."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from django.utils import timezone
from ninja import Query
from pydantic import Field

from purser.access.actors import Actor
from purser.api.doors import Routes
from purser.api.routes.sides import Search
from purser.api.schemas import cards
from purser.api.schemas import relations as out
from purser.api.schemas.common import Answer, Page, Paging, Some
from purser.api.schemas.runs import Ids
from purser.flows import ports
from purser.flows.marketplace_to_contracts import reading
from purser.kernel.errors import Missing
from purser.links.desk import mapping as desk
from purser.links.desk import renewals
from purser.links.models import Link
from purser.links.queries import mapping, pairs, proposals
from purser.links.relations import Wish
from purser.tenants import organisations

routes = Routes("Relations")
Letters = Annotated[str, Field(max_length=300, description="Part of the name of company, subscription or resource.")]


@routes.get("/pairs/{uuid:pair}/companies", "links.read", answers=Page[cards.Company])
def companies(
    actor: Actor,
    now: datetime,
    pair: UUID,
    switches: Query[out.Switches],
    search: Search = "",
    page: Annotated[int, Field(ge=1, le=999_999)] = 1,
) -> Page[cards.Company]:
    """Companies by name, 25 a page, with how far each is mapped and which accounts it may be"""
    filters = mapping.Filters(**switches.model_dump())
    found = mapping.companies(pairs.find(pair), filters, search=search, number=page)
    rows = [cards.company(line) for line in found.rows]
    return Page(rows=rows, page=found.number, size=mapping.SIZE, more=found.more)


@routes.get("/pairs/{uuid:pair}/companies/{uuid:customer}", "links.read", answers=cards.Card)
def card(actor: Actor, now: datetime, pair: UUID, customer: UUID, switches: Query[out.Switches]) -> cards.Card:
    """One company with its subscriptions and resources, and what each may be linked to"""
    today = organisations.today(organisation=organisations.own(), now=now)
    filters = mapping.Filters(**switches.model_dump())
    return cards.card(mapping.card(pairs.find(pair), filters, customer, today=today))


@routes.get("/pairs/{uuid:pair}/coverage", "links.read", answers=cards.Coverage)
def coverage(actor: Actor, now: datetime, pair: UUID) -> cards.Coverage:
    """How much of what is bought is mapped, and what the rest costs"""
    return cards.coverage(mapping.coverage(pairs.find(pair)))


@routes.get("/pairs/{uuid:pair}/proposals", "links.read", answers=Page[cards.Proposal])
def proposed(actor: Actor, now: datetime, pair: UUID, paging: Query[Paging], search: Letters = "") -> Page[cards.Proposal]:
    """Resources without a relation, each with the service that it is sure to be, and what else is free

    In the order of Manage Relations in the portal. Send those that have a `service` to `relations/bulk`.
    """
    today = organisations.today(organisation=organisations.own(), now=now)
    first = (paging.page - 1) * paging.size
    sync = pairs.find(pair)
    some = list(proposals.unlinked(sync, search=search)[first : first + paging.size + 1])
    rows = [cards.proposal(one) for one in proposals.propose(sync, some[: paging.size], today=today)]
    return Page(rows=rows, page=paging.page, size=paging.size, more=len(some) > paging.size)


@routes.post("/pairs/{uuid:pair}/agreements/{uuid:agreement}/readings", "links.write", answers=out.Read, seat=False)
def read_agreement(actor: Actor, now: datetime, pair: UUID, agreement: UUID) -> out.Read:
    """Read the services of one contract from the PSA now

    For a contract that was just made or changed there, or was never read. Where the PSA does not answer it is refused, with
    the PSA's words. It takes no Idempotency-Key: reading twice does no harm.
    """
    held = ports.current()
    count = reading.contract(tenant=actor.tenant, sync_id=pair, agreement_id=agreement, ports=held, clock=timezone.now)
    return out.Read(services=count)


@routes.post("/pairs/{uuid:pair}/company-relations", "links.write", answers=out.Upper)
def set_company(actor: Actor, now: datetime, pair: UUID, body: out.SetCompany) -> out.Upper:
    """Say which account a company is"""
    row = desk.set_company(actor, sync=pairs.find(pair), customer_id=body.customer, account_id=body.account, now=now)
    return out.company(row)


@routes.get("/pairs/{uuid:pair}/exact-companies", "links.read", answers=Some[out.Match])
def exact_companies(actor: Actor, now: datetime, pair: UUID) -> Some[out.Match]:
    """Companies that are not mapped and whose name is that of one account only, by name"""
    found = mapping.exact_companies(pairs.find(pair))
    return Some(rows=[out.match(ours, theirs) for ours, theirs in found])


@routes.post("/pairs/{uuid:pair}/exact-companies", "links.write", answers=Some[Answer])
def accept_exact_companies(actor: Actor, now: datetime, pair: UUID, body: out.SetCompanies) -> Some[Answer]:
    """Map up to 500 of them, as they were read, each alone

    Always 200: read in `rows` what became of each, by the company's id. What is no exact match any more is left out.
    """
    sync = pairs.find(pair)
    exact = {(ours.pk, theirs.pk) for ours, theirs in mapping.exact_companies(sync)}
    wanted = [(one.customer, one.account) for one in body.relations]
    some = [one for one in dict.fromkeys(wanted) if one in exact]
    refused = dict(desk.map_companies(actor, sync=sync, pairs=some, now=now)) if some else {}
    gone = "It is no exact match of names (any more)."
    said = [(customer, refused.get(customer, "") if (customer, account) in exact else gone) for customer, account in wanted]
    return Some(rows=[Answer(id=customer, ok=not text, text=text or "Mapped.") for customer, text in said])


@routes.delete("/company-relations/{uuid:relation}", "links.write")
def unset_company(actor: Actor, now: datetime, relation: UUID) -> None:
    """Unmap a company; refused while subscriptions under it are mapped"""
    desk.unset_company(actor, relation_id=relation, now=now)


@routes.post("/pairs/{uuid:pair}/subscription-relations", "links.write", answers=out.Upper)
def set_subscription(actor: Actor, now: datetime, pair: UUID, body: out.SetSubscription) -> out.Upper:
    """Say which contract bills a subscription"""
    row = desk.set_subscription(
        actor, sync=pairs.find(pair), subscription_id=body.subscription, agreement_id=body.agreement, now=now
    )
    return out.subscription(row)


@routes.delete("/subscription-relations/{uuid:relation}", "links.write")
def unset_subscription(actor: Actor, now: datetime, relation: UUID) -> None:
    """Unmap a subscription; refused while resources under it are linked"""
    desk.unset_subscription(actor, relation_id=relation, now=now)


@routes.get("/relations/{uuid:link}", "links.read", answers=out.Link)
def one(actor: Actor, now: datetime, link: UUID) -> out.Link:
    """A resource's relation, also after it was cleared"""
    row = Link.objects.filter(pk=link).first()
    if row is None:
        raise Missing("There is no such relation.")
    return out.link(row)


@routes.post("/pairs/{uuid:pair}/relations", "links.write", answers=out.Link)
def set_resource(actor: Actor, now: datetime, pair: UUID, body: out.SetLink) -> out.Link:
    """Link a resource to a service; the next pass posts the difference once"""
    row = desk.set_resource(
        actor,
        sync=pairs.find(pair),
        resource_id=body.resource,
        service_id=body.service,
        usage_divisor=body.usage_divisor,
        now=now,
    )
    return out.link(row)


@routes.delete("/relations/{uuid:link}", "links.write")
def unset_resource(actor: Actor, now: datetime, link: UUID) -> None:
    """Unlink a resource; the PSA keeps its quantity"""
    desk.unset_resource(actor, link_id=link, now=now)


@routes.patch("/relations/{uuid:link}/terms", "links.write", answers=out.Link)
def set_terms(actor: Actor, now: datetime, link: UUID, body: out.Terms) -> out.Link:
    """Change a link's own rules"""
    return out.link(desk.set_terms(actor, link_id=link, now=now, **body.model_dump()))


@routes.post("/pairs/{uuid:pair}/relations/bulk", "links.write", answers=out.Answers)
def set_many(actor: Actor, now: datetime, pair: UUID, body: out.SetMany) -> out.Answers:
    """Set up to 100 relations, each alone

    Always 200: read in `rows` what became of each.
    """
    wishes = [Wish(one.resource, one.service, one.usage_divisor) for one in body.relations]
    return out.answers(desk.set_many(actor, sync=pairs.find(pair), wishes=wishes, now=now))


@routes.post("/relations/clear", "links.write", answers=out.Answers)
def clear_many(actor: Actor, now: datetime, body: Ids) -> out.Answers:
    """Clear up to 100 relations, each alone

    Always 200: read in `rows` what became of each.
    """
    return out.answers(desk.clear_many(actor, link_ids=body.ids, now=now))


@routes.get("/pairs/{uuid:pair}/renewals", "links.read", answers=Some[out.Renewal])
def renewed(actor: Actor, now: datetime, pair: UUID) -> Some[out.Renewal]:
    """Mapped contracts that ended or were renewed, with what follows them"""
    return Some(rows=[out.renewal(one) for one in proposals.renewals(pairs.find(pair))])


@routes.post("/pairs/{uuid:pair}/renewals", "links.write", answers=Some[out.Link])
def accept_renewal(actor: Actor, now: datetime, pair: UUID, body: out.Accept) -> Some[out.Link]:
    """Move all links of a subscription to the successor"""
    moved = renewals.accept(actor, sync=pairs.find(pair), relation_id=body.relation, successor_id=body.successor, now=now)
    return Some(rows=[out.link(row) for row in moved])
