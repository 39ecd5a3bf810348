"""Why this number? From a posting or a relation to everything behind it, and the same as JSON."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from purser.access.actors import Actor
from purser.links.queries import why
from purser.portal.doors import page
from purser.portal.pages.logs import RECEIPT_SIGNS
from purser.portal.pages.reports import LINK_SIGNS
from purser.tenants import organisations


@page("receipts.read")
def receipt(request: HttpRequest, actor: Actor, receipt: UUID) -> HttpResponse:
    return _show(request, actor, why.of_receipt(receipt))


@page("receipts.read")
def link(request: HttpRequest, actor: Actor, link: UUID) -> HttpResponse:
    return _show(request, actor, why.of_link(link))


def _show(request: HttpRequest, actor: Actor, chain: why.Chain) -> HttpResponse:
    if request.GET.get("format") == "json":
        name = f"why-{chain.about or chain.relation.id}.json"
        return JsonResponse(chain.plain(), headers={"Content-Disposition": f'attachment; filename="{name}"'})
    asked = chain.asked
    shown = {
        "chain": chain,
        "asked": asked,
        "asked_sign": RECEIPT_SIGNS[asked.state] if asked else None,
        "seen_at": _seen_at(asked),
        "link_sign": LINK_SIGNS[chain.relation.state],
        "postings": [(posting, RECEIPT_SIGNS[posting.state]) for posting in chain.postings],
        "zone": organisations.zone(),
        "crumbs": [
            ("Linked", reverse("linked", kwargs={"tenant": actor.tenant})),
            (chain.marketplace.resource, ""),
        ],
    }
    return TemplateResponse(request, "why/chain.html", shown)


def _seen_at(asked: why.Posting | None) -> datetime | None:
    """When the marketplace was read that the posting followed; None where it was not kept."""
    kept = asked.seen.get("marketplace", {}).get("read_at") if asked else None
    return datetime.fromisoformat(kept) if kept else None
