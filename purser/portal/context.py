"""What the frame of every page needs. No query: all of it is on the request already."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from purser.access import verbs
from purser.access.actors import Actor
from purser.notices import reading
from purser.portal import navigation, requests

# The two systems a reseller may bill through; pages that differ by it read `?context=`. Source: acceptance ID-5.
CONTEXTS = {"autotask": "Autotask", "connectwise": "ConnectWise"}
THEMES = {"auto": ("Follow the system", "device-desktop"), "light": ("Light", "sun"), "dark": ("Dark", "moon")}
THEME_COOKIE = "purser_theme"
LAYOUTS = ("cards", "table")  # of a list on a small screen
LAYOUT_COOKIE = "purser_layout"


def chosen(request: HttpRequest) -> str:
    """The billing context of this page: "autotask", "connectwise", or "" where none is named."""
    asked = request.GET.get("context", "")
    return asked if asked in CONTEXTS else ""


def theme(request: HttpRequest) -> str:
    """The person's choice, "auto" by default; kept in a cookie, so that the sign-in page has it too."""
    kept = request.COOKIES.get(THEME_COOKIE, "auto")
    return kept if kept in THEMES else "auto"


def layout(request: HttpRequest) -> str:
    kept = request.COOKIES.get(LAYOUT_COOKIE, "cards")
    return kept if kept in LAYOUTS else "cards"


def shell(request: HttpRequest) -> dict[str, Any]:
    """`actor`, `sidebar`, `context`, `contexts`, `layout`, `theme`, `themes`, `unread` (notices) and `request_id` for every
    template; and what the bar of acting on behalf and the user menu need.
    """
    actor: Actor | None = getattr(request, "actor", None)
    context = chosen(request)
    return {
        "actor": actor,
        "sidebar": list(navigation.sidebar(actor, path=request.path, context=context)) if actor else [],
        "home": navigation.address("home", actor) if actor else "/",
        "unread": reading.unread(actor) if actor else 0,
        **_on_behalf(actor),
        "context": context,
        "contexts": _contexts(request, context),
        "layout": layout(request),
        "theme": theme(request),
        "themes": [(value, words, icon) for value, (words, icon) in THEMES.items()],
        "request_id": requests.id_of(request),
    }


def _on_behalf(actor: Actor | None) -> dict[str, Any]:
    """`leave_href` and `choose_href` lead back to where the actor came from, `partner_href` to the tenants that somebody may
    administer; `emergency` is true for break-glass. Source: ux 34; acceptance UC-11, UC-16.
    """
    if actor is None:
        return {}
    emergency = actor.on_behalf and actor.role == verbs.SUPPORT
    home = actor.home or actor.tenant
    tenants = "" if emergency else navigation.page_of("tenants", home)
    return {
        "emergency": emergency,
        "leave_href": tenants or navigation.page_of("home", home),
        "choose_href": tenants,
        "partner_href": tenants if actor.partner_administrator or actor.on_behalf else "",
    }


def _contexts(request: HttpRequest, context: str) -> list[dict[str, Any]]:
    """Both, or one of the two; a page that can show one only gives its own, as `pages.billing.frame` does."""
    links = []
    for value, label in (("", "Both"), *CONTEXTS.items()):
        query = request.GET.copy()
        query.pop("page", None)
        query.pop("context", None)
        if value:
            query["context"] = value
        links.append({"label": label, "href": f"?{query.urlencode()}", "here": value == context})
    return links
