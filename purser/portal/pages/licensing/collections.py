"""Collections: the list with its "+", and the dashboard of one, which is a draft until SAVE.

The draft travels in the form itself: every button but SAVE shows the dashboard again with what was typed, so that two tabs
never share one. Source: acceptance CS-21 to CS-24.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from purser.access import acts, permit
from purser.access.actors import Actor
from purser.directory import collections, lists_licensing
from purser.directory.collections import Draft
from purser.directory.models import Group, User
from purser.kernel.errors import Missing, Refused
from purser.portal import exports, lists
from purser.portal.doors import page
from purser.portal.tables.model import Empty, dressed
from purser.tenants import organisations

SHOWN = 200  # of those who are in it
USERS = 50  # on the tab of users
# The four lists of a draft, by the word that its fields and buttons have for each.
LISTS = {"user": "users", "group": "groups", "no-user": "no_users", "no-group": "no_groups"}
TABS = {"users": "Users", "search": "Search"}


def _href(row: Any) -> str:
    return reverse("collection", kwargs={"tenant": row.tenant_id, "collection": row.pk})


TABLE = dressed(
    lists_licensing.COLLECTIONS,
    href={"name": _href},
    empty=Empty(
        "No collection yet",
        "Put users and groups together under a name; licences and contacts can follow it.",
        step="collection_new",
        step_words="Make one",
    ),
    export="collections_export",
)


@page("collections.read")
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    new = reverse("collection_new", kwargs={"tenant": actor.tenant}) if permit.allows(actor, "collections.create") else ""
    return lists.show(request, actor, TABLE, "licensing/collections.html", {"new": new}, zone=organisations.zone())


export = exports.door(TABLE, "collections.read")


@page("collections.read")
def one(request: HttpRequest, actor: Actor, collection: UUID) -> HttpResponse:
    """What it names, and who is in it now."""
    row = collections.one(collection)
    found = collections.inside([row.pk])
    context = {
        "row": row,
        "items": collections.items(row.pk),
        "inside": found,
        "users": _people(found)[:SHOWN],
        "more": max(0, len(found.users) - SHOWN),
        "acts": acts.of_object("collection", row.pk),
        "title": row.name,
        "crumbs": [("Collections", _index(actor)), (row.name, "")],
        "zone": organisations.zone(),
    }
    return TemplateResponse(request, "licensing/collection.html", context)


@page("collections.create")
def new(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The "+": an empty dashboard."""
    desk = _desk(request, Draft(""))
    if request.method == "POST" and desk.saves:
        try:
            row = collections.make(actor, desk.draft, now=timezone.now())
        except Refused as refusal:
            return _dashboard(request, actor, desk, "New collection", wrong=refusal)
        messages.success(request, f"Saved: the collection {row.name}.")
        return HttpResponseRedirect(_href(row))
    return _dashboard(request, actor, desk, "New collection")


@page("collections.edit")
def edit(request: HttpRequest, actor: Actor, collection: UUID) -> HttpResponse:
    row = collections.one(collection)
    desk = _desk(request, collections.draft(row), version=row.version)
    if request.method == "POST" and desk.saves:
        try:
            collections.change(actor, row.pk, desk.draft, version=desk.version, now=timezone.now())
        except Refused as refusal:
            return _dashboard(request, actor, desk, row.name, row=row, wrong=refusal)
        messages.success(request, f"Saved: the collection {desk.draft.name}.")
        return HttpResponseRedirect(_href(row))
    return _dashboard(request, actor, desk, row.name, row=row)


@require_POST
@page("collections.delete")
def drop(request: HttpRequest, actor: Actor, collection: UUID) -> HttpResponse:
    collections.drop(actor, collection, version=_number(request.POST.get("version", "")), now=timezone.now())
    messages.success(request, "The collection is deleted. Licences stay as they are.")
    return HttpResponseRedirect(_index(actor))


@dataclass(frozen=True)
class Desk:
    """The dashboard as it was sent, or as it begins. `saves`: SAVE was pressed."""

    draft: Draft
    tab: str = "users"
    text: str = ""
    version: int = 0
    saves: bool = False


def _desk(request: HttpRequest, begin: Draft, *, version: int = 0) -> Desk:
    if request.method != "POST":
        tab = request.GET.get("tab", "users")
        return Desk(begin, tab if tab in TABS else "users", version=version)
    sent = request.POST
    draft = Draft(sent.get("name", "").strip(), "all_mailboxes" in sent, *(_ids(sent.getlist(word)) for word in LISTS))
    tab = sent.get("go", sent.get("tab", ""))
    desk = Desk(
        _pressed(draft, sent),
        tab=tab if tab in TABS else "users",
        text=sent.get("q", "").strip()[:80],
        version=_number(sent.get("version", "0")),
    )
    if not {"add", "remove", "go", "find"} & set(sent) or "save" in sent:
        # Enter in a field: a search where something is searched for, else SAVE
        enter = "enter" in sent and desk.tab == "search" and bool(desk.text)
        return replace(desk, saves=not enter)
    return desk


def _pressed(draft: Draft, sent: QueryDict) -> Draft:
    """The draft after the button that was pressed: `add` or `remove` with "user:<id>" and the like."""
    for do in ("add", "remove"):
        word, _, id = sent.get(do, "").partition(":")
        if word in LISTS:
            wanted = _ids([id])
            there = getattr(draft, LISTS[word])
            without = tuple(one for one in there if one not in wanted)
            changed: Any = {LISTS[word]: without + wanted if do == "add" else without}
            draft = replace(draft, **changed)
    return draft


def _ids(texts: list[str]) -> tuple[UUID, ...]:
    try:
        return tuple(dict.fromkeys(UUID(text) for text in texts))
    except ValueError:
        raise Missing("There is no such user or group.") from None


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def _dashboard(
    request: HttpRequest, actor: Actor, desk: Desk, title: str, *, row: Any = None, wrong: Refused | None = None
) -> HttpResponse:
    draft = desk.draft
    users, groups = collections.search(desk.text) if desk.tab == "search" else (_first(), [])
    found = collections.inside_draft(draft)
    context = {
        "desk": desk,
        "tabs": TABS.items(),
        "hidden": [(word, str(id)) for word, field in LISTS.items() for id in getattr(draft, field)],
        "named": _named(draft),
        "users": [(user, _where(draft, user.pk)) for user in users],
        "groups": [(group, _where(draft, group.pk)) for group in groups],
        "inside": found,
        "wrong": wrong,
        "errors_shown": wrong,
        "title": title,
        "back": _href(row) if row else _index(actor),
        "crumbs": [("Collections", _index(actor)), *([(row.name, _href(row)), ("Edit", "")] if row else [(title, "")])],
    }
    return TemplateResponse(request, "licensing/dashboard.html", context, status=422 if wrong else 200)


def _first() -> list[User]:
    return list(User.objects.filter(gone_at=None).order_by("display_name", "id")[:USERS])


def _where(draft: Draft, id: UUID) -> str:
    if id in (*draft.no_users, *draft.no_groups):
        return "left out"
    return "in it" if id in (*draft.users, *draft.groups) else ""


def _named(draft: Draft) -> list[tuple[str, str, User | Group]]:
    """What the draft names: the word of its list, its id, itself; in the order of the draft."""
    users = User.objects.in_bulk([*draft.users, *draft.no_users])
    groups = Group.objects.in_bulk([*draft.groups, *draft.no_groups])
    things: dict[UUID, User | Group] = {**users, **groups}
    return [(word, str(id), things[id]) for word, field in LISTS.items() for id in getattr(draft, field) if id in things]


def _people(found: collections.Inside) -> Any:
    return User.objects.filter(pk__in=found.users).order_by("display_name", "id")


def _index(actor: Actor) -> str:
    return reverse("collections", kwargs={"tenant": actor.tenant})
