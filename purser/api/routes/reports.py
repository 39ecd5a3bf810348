"""The key figures, and why a number is what it is."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from purser.access.actors import Actor
from purser.api.doors import Routes
from purser.api.schemas import reports as out
from purser.api.schemas.common import Context
from purser.links.queries import home, why

routes = Routes("Figures")


@routes.get("/figures", "reports.read", answers=out.Figures)
def figures(actor: Actor, now: datetime, context: Context = "") -> out.Figures:
    """The key figures of the home page"""
    return out.figures(home.figures(context))


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
