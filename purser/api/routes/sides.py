"""What is bought at the marketplace and what bills it at the PSA, of a pair, as last read."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from ninja import Query
from pydantic import Field

from purser.access.actors import Actor
from purser.api.doors import Routes
from purser.api.listings import Listed
from purser.api.schemas import sides as out
from purser.api.schemas.common import Page, Paging
from purser.links.queries import pairs, sides

routes = Routes("Both sides")
Search = Annotated[str, Field(max_length=300, description="Part of the name, or the whole id at the vendor.")]


@routes.get("/pairs/{uuid:pair}/customers", "links.read", answers=Page[out.Customer], csv=True)
def customers(
    actor: Actor, now: datetime, pair: UUID, paging: Query[Paging], search: Search = "", gone: bool = False
) -> Listed[out.Customer]:
    """Companies at the marketplace, by name"""
    return Listed(sides.customers(pairs.find(pair), search=search, gone=gone), out.customer, paging)


@routes.get("/pairs/{uuid:pair}/subscriptions", "links.read", answers=Page[out.Subscription], csv=True)
def subscriptions(
    actor: Actor, now: datetime, pair: UUID, paging: Query[Paging], customer: UUID | None = None, gone: bool = False
) -> Listed[out.Subscription]:
    """Subscriptions, by name"""
    rows = sides.subscriptions(pairs.find(pair), customer=customer, gone=gone)
    return Listed(rows, out.subscription, paging)


@routes.get("/pairs/{uuid:pair}/resources", "links.read", answers=Page[out.Resource], csv=True)
def resources(
    actor: Actor,
    now: datetime,
    pair: UUID,
    paging: Query[Paging],
    customer: UUID | None = None,
    subscription: UUID | None = None,
    gone: bool = False,
) -> Listed[out.Resource]:
    """Resources, by name"""
    rows = sides.resources(pairs.find(pair), customer=customer, subscription=subscription, gone=gone)
    return Listed(rows, out.resource, paging)


@routes.get("/pairs/{uuid:pair}/accounts", "links.read", answers=Page[out.Account], csv=True)
def accounts(
    actor: Actor, now: datetime, pair: UUID, paging: Query[Paging], search: Search = "", gone: bool = False
) -> Listed[out.Account]:
    """Companies at the PSA, by name"""
    return Listed(sides.accounts(pairs.find(pair), search=search, gone=gone), out.account, paging)


@routes.get("/pairs/{uuid:pair}/agreements", "links.read", answers=Page[out.Agreement], csv=True)
def agreements(
    actor: Actor, now: datetime, pair: UUID, paging: Query[Paging], account: UUID | None = None, gone: bool = False
) -> Listed[out.Agreement]:
    """Contracts at the PSA, by name"""
    rows = sides.agreements(pairs.find(pair), account=account, gone=gone)
    return Listed(rows, out.agreement, paging)


@routes.get("/pairs/{uuid:pair}/services", "links.read", answers=Page[out.Service], csv=True)
def services(
    actor: Actor, now: datetime, pair: UUID, paging: Query[Paging], agreement: UUID | None = None, gone: bool = False
) -> Listed[out.Service]:
    """Services, bundles and products on contracts, by name"""
    rows = sides.services(pairs.find(pair), agreement=agreement, gone=gone)
    return Listed(rows, out.service, paging)
