"""The portal's own small pages: colours, layout, a person's columns, saved views, and how CSV files are written."""

from __future__ import annotations

from collections.abc import Container

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from purser.access.actors import Actor
from purser.lists import files, saved
from purser.portal import context, exports, failures, preferences
from purser.portal.doors import page

YEAR = 365 * 86_400


def _back(request: HttpRequest, query: str = "") -> HttpResponse:
    return HttpResponseRedirect(failures.own_path(request, request.POST.get("next", "/")) + query)


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Keep the choice of colours in a cookie, for a year."""
    return _kept(request, context.THEME_COOKIE, request.POST.get("theme", ""), context.THEMES)


@require_POST
def layout(request: HttpRequest) -> HttpResponse:
    """Cards or table on a small screen, in a cookie: it belongs to the device, not to the person. Source: ux 22."""
    return _kept(request, context.LAYOUT_COOKIE, request.POST.get("layout", ""), context.LAYOUTS)


def _kept(request: HttpRequest, cookie: str, wanted: str, known: Container[str]) -> HttpResponse:
    response = _back(request)
    if wanted in known:
        response.set_cookie(cookie, wanted, max_age=YEAR, httponly=True, samesite="Lax", secure=request.is_secure())
    return response


@require_POST
@page("organisation.read")
def columns(request: HttpRequest, actor: Actor, *, screen: str) -> HttpResponse:
    """Keep the ticked columns in their order, the page size and the order of rows, for this person and screen."""
    kept: dict[str, object] = {"columns": [name[:60] for name in request.POST.getlist("c")][:100]}
    if sort := request.POST.get("sort"):
        kept["sort"] = sort[:200].split(",")
    if (size := request.POST.get("size", "")).isdecimal():
        kept["size"] = int(size[:4])
    preferences.write(actor, screen, preferences.read(actor, screen) | kept)
    messages.success(request, "Kept: this list opens like this for you from now on.")
    return _back(request)


@require_POST
@page("organisation.read")
def forget(request: HttpRequest, actor: Actor, *, screen: str) -> HttpResponse:
    """Back to the list's own columns, size and order; other choices on the screen stay."""
    kept = preferences.read(actor, screen)
    preferences.write(actor, screen, {name: value for name, value in kept.items() if name not in {"columns", "sort", "size"}})
    messages.success(request, "Reset: the list shows its usual columns.")
    return _back(request)


@require_POST
@page("views.write")
def save_view(request: HttpRequest, actor: Actor, *, screen: str) -> HttpResponse:
    view = saved.keep(
        actor,
        screen,
        name=request.POST.get("name", ""),
        query=request.POST.get("query", ""),
        shared=request.POST.get("shared") == "1",
        now=timezone.now(),
    )
    messages.success(request, f"Saved the view {view.name}.")
    return _back(request, f"?view={view.slug}")


@require_POST
@page("views.write")
def drop_view(request: HttpRequest, actor: Actor, *, screen: str) -> HttpResponse:
    saved.drop(actor, screen, request.POST.get("slug", ""), now=timezone.now())
    messages.success(request, "The view is deleted.")
    return _back(request)


@require_POST
@page("organisation.read")
def csv_format(request: HttpRequest, actor: Actor) -> HttpResponse:
    """How CSV files are written for this person here. Source: ux 18."""
    style = request.POST.get("style", "")
    if style in files.STYLES:
        preferences.write(actor, exports.SCREEN, {"style": style})
        messages.success(request, "Kept: CSV files are written like this for you from now on.")
    return _back(request)
