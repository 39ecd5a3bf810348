"""A list as a page: one call that reads the address, the person's columns and views, and answers page or partial."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import resolve
from django.utils import timezone

from purser.access import permit
from purser.access.actors import Actor
from purser.lists import compiled, saved
from purser.portal import navigation, preferences, requests
from purser.portal.tables import listing
from purser.portal.tables.listing import Listing
from purser.portal.tables.model import Table

Follow = Callable[["QuerySet[Any, Any]"], Mapping[str, Any]]


def _step(name: str, actor: Actor) -> str:
    """Where an empty list leads; nowhere for those whom the door there would send away."""
    address = navigation.address(name, actor)
    verb = getattr(resolve(address).func, "verb", "") if address else ""
    return address if verb and permit.allows(actor, verb) else ""


def show(
    request: HttpRequest,
    actor: Actor,
    table: Table,
    template: str = "frame/list.html",
    more: Mapping[str, Any] | None = None,
    *,
    follow: Follow | None = None,
    below: str = "",
    zone: str = "UTC",
) -> HttpResponse:
    """The page of a list, or only its list part when htmx asks for that. Call it inside the actor's seat.

    A list with a seat of its own is called outside of any seat.

    The template gets `listing` and what `more` holds. What must follow the filter, such as a chart, is made by `follow`
    from all rows that match and shown under the list by the template `below`; htmx refreshes it with the list.
    """
    canonical = listing.from_form(table, request.GET)
    if canonical is not None:
        return HttpResponseRedirect(request.path + canonical)
    page, context = read(request, actor, table, follow=follow, below=below, zone=zone)
    if requests.is_partial(request, page.id):
        return TemplateResponse(request, "parts/list.html", context)
    return TemplateResponse(request, template, {**context, **(more or {})})


def read(
    request: HttpRequest,
    actor: Actor,
    table: Table,
    *,
    follow: Follow | None = None,
    below: str = "",
    zone: str = "UTC",
) -> tuple[Listing, dict[str, Any]]:
    """The listing this request asks for, and the context that parts/list.html needs: for pages with more than one
    list.
    """
    slug = request.GET.get("view", "")
    now = timezone.now()
    with table.keeping(actor):
        views = list(saved.visible(actor, table.name))
        kept = preferences.read(actor, table.name)
    with table.reading(actor):
        page = listing.run(
            table,
            actor,
            request.GET,
            now=now,
            zone=zone,
            kept=kept,
            saved=saved.named(views, slug) if slug else None,
        )
    bulk = [
        (one, address)
        for one in table.bulk
        if permit.allows(actor, one.verb) and (address := navigation.address(one.name, actor))
    ]
    followed: Mapping[str, Any] = {}
    if follow and not page.refused:
        followed = follow(compiled.rows(table, actor, page.asked, now=now, zone=zone))
    return page, {
        **followed,
        "below": below if not page.refused else "",
        "listing": page,
        "title": table.title,
        "lead": table.lead,
        "views": [(view, view.slug == page.asked.view, view.person_id == actor.person) for view in views],
        "view_gone": slug if slug and slug not in {view.slug for view in views} else "",
        "bulk": bulk,
        "export_href": navigation.address(table.export, actor) if table.export else "",
        "empty_step": _step(table.empty.step, actor) if table.empty.step else "",
    }
