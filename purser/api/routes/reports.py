"""Reports, the same numbers as on the portal's pages. As JSON by pages, or whole as CSV with `Accept: text/csv`."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from ninja import Query

from purser.access.actors import Actor
from purser.api.doors import Routes
from purser.api.listings import Listed
from purser.api.schemas import reports as out
from purser.api.schemas import runs
from purser.api.schemas.common import Context, Page, Paging
from purser.links.queries import home, logs, reports, why

routes = Routes("Reports")


@routes.get("/figures", "reports.read", answers=out.Figures)
def figures(actor: Actor, now: datetime, context: Context = "") -> out.Figures:
    """The key figures of the home page"""
    return out.figures(home.figures(context))


@routes.get("/reports/subscriptions", "reports.read", answers=Page[out.Bought], csv=True)
def subscriptions(
    actor: Actor, now: datetime, paging: Query[Paging], context: Context = "", customer: UUID | None = None
) -> Listed[out.Bought]:
    """Every resource of every subscription, by name"""
    return _bought(reports.subscriptions(context), customer, paging)


@routes.get("/reports/unlinked", "reports.read", answers=Page[out.Bought], csv=True)
def unlinked(
    actor: Actor, now: datetime, paging: Query[Paging], context: Context = "", customer: UUID | None = None
) -> Listed[out.Bought]:
    """What is bought and not linked, by name"""
    return _bought(reports.unlinked(context), customer, paging)


@routes.get("/reports/linked", "reports.read", answers=Page[out.Linked], csv=True)
def linked(
    actor: Actor,
    now: datetime,
    paging: Query[Paging],
    context: Context = "",
    customer: UUID | None = None,
    state: str = "",
) -> Listed[out.Linked]:
    """What is kept in step, the latest relation first"""
    rows = reports.linked(context).annotate(sold=reports.count("resource__"))
    if customer is not None:
        rows = rows.filter(resource__customer_id=customer)
    if state:
        rows = rows.filter(state=state)
    return Listed(rows.order_by("-made_at", "id"), out.linked, paging)


@routes.get("/reports/success-log", "reports.read", answers=Page[runs.Posting], csv=True)
def success_log(
    actor: Actor, now: datetime, paging: Query[Paging], context: Context = "", since: datetime | None = None
) -> Listed[runs.Posting]:
    """What was posted, newest first"""
    return _log(logs.posted(context), since, paging)


@routes.get("/reports/failure-log", "reports.read", answers=Page[runs.Posting], csv=True)
def failure_log(
    actor: Actor, now: datetime, paging: Query[Paging], context: Context = "", since: datetime | None = None
) -> Listed[runs.Posting]:
    """Postings that are due and did not succeed, newest first"""
    return _log(logs.failed(context), since, paging)


@routes.get("/reports/movements", "reports.read", answers=Page[out.Movement], csv=True)
def movements(
    actor: Actor, now: datetime, paging: Query[Paging], context: Context = "", since: datetime | None = None
) -> Listed[out.Movement]:
    """Each change of a count that the marketplace showed, newest first"""
    rows = logs.movements(context)
    if since is not None:
        rows = rows.filter(seen_at__gte=since)
    return Listed(rows.order_by("-seen_at", "-id"), out.movement, paging)


@routes.get("/relations/{uuid:link}/why", "receipts.read", answers=dict[str, Any])
def why_link(actor: Actor, now: datetime, link: UUID) -> dict[str, Any]:
    """Why this number? Everything behind the units of a relation"""
    found: dict[str, Any] = why.of_link(link).plain()
    return found


@routes.get("/postings/{uuid:posting}/why", "receipts.read", answers=dict[str, Any])
def why_posting(actor: Actor, now: datetime, posting: UUID) -> dict[str, Any]:
    """Why this number? Everything behind one posting"""
    found: dict[str, Any] = why.of_receipt(posting).plain()
    return found


def _bought(rows: QuerySet[Any, Any], customer: UUID | None, paging: Paging) -> Listed[out.Bought]:
    if customer is not None:
        rows = rows.filter(customer_id=customer)
    return Listed(rows.annotate(sold=reports.count()).order_by("name", "id"), out.bought, paging)


def _log(rows: QuerySet[Any, Any], since: datetime | None, paging: Paging) -> Listed[runs.Posting]:
    if since is not None:
        rows = rows.filter(intended_at__gte=since)
    return Listed(rows.order_by("-intended_at", "-id"), runs.posting, paging)
