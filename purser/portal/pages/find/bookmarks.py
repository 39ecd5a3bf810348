"""Bookmarks of any page, put in order by buttons. Source: ux 10."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import Resolver404, resolve, reverse
from django.views.decorators.http import require_POST

from purser.access.actors import Actor
from purser.kernel.errors import Missing, Refused
from purser.portal import failures
from purser.portal.pages.find import kept
from purser.portal.pages.find.switcher import homes_of


def home_of(request: HttpRequest) -> Actor:
    """The organisation that keeps the person's bookmarks: the one they have belonged to the longest. Raises Missing."""
    homes = homes_of(request)
    if not homes:
        raise Missing("Bookmarks are kept in an organisation, and you belong to none.")
    return min((home.actor for home in homes), key=lambda actor: actor.tenant.hex)


@login_required
def index(request: HttpRequest) -> HttpResponse:
    """The bookmarks, and an offer to keep the page one came from."""
    rows = kept.read(home_of(request)).get("bookmarks", [])
    came = failures.own_path(request, request.headers.get("Referer", ""))
    offered = came if came != "/" and not came.startswith("/go/") and came not in [row["path"] for row in rows] else ""
    return render(
        request, "find/bookmarks.html", {"rows": rows, "offered": offered, "title": request.GET.get("title", "")[:120]}
    )


@login_required
@require_POST
def keep(request: HttpRequest) -> HttpResponse:
    """Keep a page. Raises Refused for an address that is no page here."""
    path = failures.own_path(request, request.POST.get("path", ""))
    try:
        resolve(path.partition("?")[0])
    except Resolver404:
        path = "/"
    if path == "/":
        raise Refused("This address is no page of the portal.", code="path")
    kept.bookmark(home_of(request), path=path, title=request.POST.get("title", ""))
    messages.success(request, "Kept. It is among your bookmarks, and the search finds it.")
    return HttpResponseRedirect(reverse("bookmarks"))


@login_required
@require_POST
def change(request: HttpRequest) -> HttpResponse:
    """One place up or down, or away."""
    home, path, do = home_of(request), request.POST.get("path", ""), request.POST.get("do", "")
    if do == "remove":
        kept.unbookmark(home, path=path)
    else:
        kept.move(home, path=path, by=-1 if do == "up" else 1)
    return HttpResponseRedirect(reverse("bookmarks"))
