"""Search over pages, records and organisations: the command palette, and its page. It finds what the person may open.

Source: ux 8, 9.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from purser.access import lookup, permit
from purser.access.actors import Actor
from purser.finding import places
from purser.links.queries import find as links
from purser.portal import navigation
from purser.portal.doors import page
from purser.portal.pages.find import kept
from purser.portal.pages.find.switcher import homes_of
from purser.postgres import tenancy
from purser.tenants import search as typed

MOST = 6


@dataclass(frozen=True)
class Hit:
    words: str
    href: str
    icon: str
    note: str = ""


@page("organisation.read", seat=False)
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    """All that fits `q`, by kind; with `part` only the list, for the palette. The page keeps what was searched for."""
    text = " ".join(request.GET.get("q", "").split())[:80]
    homes = homes_of(request)
    home = next((one.actor for one in homes if one.actor.tenant in (actor.tenant, actor.home)), None)
    mine = kept.read(home) if home is not None else {}
    groups = [("Bookmarks", _bookmarks(mine, text)), ("Pages", _pages(actor, text))]
    if text:
        with tenancy.acting_in(actor.tenant):
            groups += list(_records(actor, text))
        groups.append(("Organisations", [_place(one) for one in places.found(homes, text, timezone.now())[:MOST]]))
    context = {"groups": [group for group in groups if group[1]], "text": text, "searches": mine.get("searches", [])}
    if "part" in request.GET:
        return render(request, "find/hits.html", context)
    if text and home is not None:
        kept.searched(home, text)
    return render(request, "find/search.html", context)


def _pages(actor: Actor, text: str) -> list[Hit]:
    """Those of the sidebar, where each word typed begins a word of the page's name."""
    items = [(group, item) for group in navigation.sidebar(actor, path="") for item in group.items]
    return [Hit(item.label, item.href, item.icon, group.label) for group, item in items if _fits(item.label, text)]


def _bookmarks(mine: dict[str, list[dict[str, str]]], text: str) -> list[Hit]:
    return [Hit(row["title"], row["path"], "bookmark") for row in mine.get("bookmarks", []) if _fits(row["title"], text)]


def _fits(words: str, text: str) -> bool:
    return all(any(word.startswith(one) for word in typed.words(words)) for one in typed.words(text))


def _records(actor: Actor, text: str) -> Iterator[tuple[str, list[Hit]]]:
    """In the actor's seat."""
    if permit.allows(actor, "people.read"):
        yield (
            "People",
            [Hit(str(row.person), _person(actor, row.pk), "user", row.person.email) for row in lookup.members(text)],
        )
    if permit.allows(actor, "links.read"):
        yield "Companies", [Hit(row.name, _company(actor, row.pk), "building") for row in links.companies(text)]
        rows = links.subscriptions(text)
        yield "Subscriptions", [Hit(row.name, _company(actor, row.customer_id), "receipt", row.customer.name) for row in rows]


def _person(actor: Actor, id: object) -> str:
    return reverse("person", kwargs={"tenant": actor.tenant, "membership": id})


def _company(actor: Actor, id: object) -> str:
    return reverse("mapping_company", kwargs={"tenant": actor.tenant, "customer": id})


def _place(place: places.Place) -> Hit:
    note = place.note or f"Tenant ID {place.number}"
    return Hit(place.name, reverse("go", kwargs={"key": str(place.id)}), "building-store", note)
