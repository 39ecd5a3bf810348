"""Who is licensed: everybody with or without a licence, giving and taking by hand, one user, and the history.

Source: acceptance CS-13, CS-29.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from purser.access import acts
from purser.access.actors import Actor
from purser.directory import licences, lists_licensing
from purser.portal import exports, failures, lists
from purser.portal.doors import page
from purser.portal.pages.logs import back, tell
from purser.portal.tables import listing
from purser.portal.tables.model import Bulk, Empty, dressed
from purser.tenants import organisations


def _of_user(row: Any) -> str:
    return reverse("licences_of", kwargs={"tenant": row.tenant_id, "user": getattr(row, "user_id", row.pk)})


TABLE = dressed(
    lists_licensing.LICENSED_USERS,
    href={"name": _of_user},
    bulk=(
        Bulk("Give a licence", "licences_give", "licences.write"),
        Bulk("Take the licence", "licences_take", "licences.write", danger=True),
    ),
    empty=Empty("No users yet", "Users are read from the tenant's directory; then they can be licensed here."),
    export="licences_export",
)
HISTORY = dressed(
    lists_licensing.LICENCES,
    href={"user": _of_user},
    empty=Empty("Nobody was ever licensed", "Each licence will be here from when it is given until it is taken."),
    export="licences_history_export",
)


@page("licences.read")
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    return lists.show(request, actor, TABLE, "licensing/licences.html", zone=organisations.zone())


@page("licences.read")
def history(request: HttpRequest, actor: Actor) -> HttpResponse:
    return lists.show(request, actor, HISTORY, zone=organisations.zone())


export = exports.door(TABLE, "licences.read")
history_export = exports.door(HISTORY, "licences.read")


@page("licences.read")
def of_user(request: HttpRequest, actor: Actor, user: UUID) -> HttpResponse:
    """One user: licensed or not, and since when; one button to change it."""
    row, held = licences.of_user(user)
    context = {
        "person": row,
        "held": [(one, lists_licensing.CAUSES[one.cause]) for one in held],
        "open": next((one for one in held if one.until is None), None),
        "acts": acts.of_object("user", row.pk),
        "title": row.display_name,
        "crumbs": [("Licences", reverse("licensed_users", kwargs={"tenant": actor.tenant})), (row.display_name, "")],
        "zone": organisations.zone(),
    }
    return TemplateResponse(request, "licensing/of_user.html", context)


@require_POST
@page("licences.write")
def give(request: HttpRequest, actor: Actor) -> HttpResponse:
    tell(request, licences.give(actor, _chosen(request, actor), now=timezone.now()), done="licensed")
    return _back(request, actor)


@require_POST
@page("licences.write")
def take(request: HttpRequest, actor: Actor) -> HttpResponse:
    tell(request, licences.take(actor, _chosen(request, actor), now=timezone.now()), done="licence taken")
    return _back(request, actor)


def _chosen(request: HttpRequest, actor: Actor) -> list[UUID]:
    rows = listing.chosen(TABLE, actor, request.POST, now=timezone.now(), zone=organisations.zone())
    return list(rows.values_list("pk", flat=True))


def _back(request: HttpRequest, actor: Actor) -> HttpResponse:
    """To the page of the user, or to the list as it was."""
    if "next" in request.POST:
        return HttpResponseRedirect(failures.own_path(request, request.POST["next"]))
    return HttpResponseRedirect(back(request, actor, TABLE))
