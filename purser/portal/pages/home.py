"""Home: can the numbers be trusted, what are they, and where to go next. Source: acceptance ID-9; ux 26, 29."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone

from purser.access import permit
from purser.access.actors import Actor
from purser.links.queries import home, logs, pairs
from purser.portal import charts, navigation
from purser.portal.doors import page
from purser.portal.pages.reports import LINK_SIGNS, context_of
from purser.tenants import organisations

# The URL name, its words, its icon, and the verb that lets one use it.
SHORTCUTS = (
    ("mapping", "Map and link", "link", "links.read"),
    ("unlinked", "What is not linked", "unlink", "reports.read"),
    ("failure_log", "What is failing", "alert-triangle", "reports.read"),
    ("plans", "Plans", "git-compare", "plans.read"),
    ("checklist", "Check list before invoicing", "list-check", "reports.read"),
    ("movements", "What the marketplace changed", "history", "reports.read"),
    ("runs", "Passes", "refresh", "sync.read"),
)


@page("organisation.read")
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    if actor.kind == "customer":
        return HttpResponseRedirect(navigation.address("overview", actor))
    if actor.kind != "reseller":
        return TemplateResponse(request, "home/plain.html", {"shortcuts": _shortcuts(actor, EVERYBODY)})
    context = context_of(request.GET)
    now = timezone.now()
    steps = home.set_up()
    shown: dict[str, Any] = {
        "set_up": [(step, navigation.address(step.page, actor)) for step in steps],
        "done": sum(step.done for step in steps),
        "new": not all(step.done for step in steps),
        "sides": [(pair, home.health(pair, now=now)) for pair in pairs.of(context)],
        "shortcuts": _shortcuts(actor, SHORTCUTS),
        "zone": organisations.zone(),
    }
    if shown["sides"]:
        found = home.figures(context)
        shown |= {
            "found": found,
            "failures": logs.open_failures(context),
            "figures": _figures(actor, found, context),
            "charts": [_states(actor, found, context)],
            # the sums over all resources are asked for once the page stands
            "charts_href": navigation.address("subscriptions_charts", actor) + (f"?context={context}" if context else ""),
        }
    return TemplateResponse(request, "home/index.html", shown)


EVERYBODY = (
    ("organisations", "Organisations", "building", "operator.organisations.read"),
    ("people", "People", "users", "people.read"),
    ("acts", "What was done", "history", "acts.read"),
)


def _shortcuts(actor: Actor, wanted: tuple[tuple[str, str, str, str], ...]) -> list[tuple[str, str, str]]:
    return [
        (words, href, icon)
        for name, words, icon, verb in wanted
        if permit.allows(actor, verb) and (href := navigation.address(name, actor))
    ]


def _figures(actor: Actor, found: home.Figures, context: str) -> list[tuple[str, Any, str]]:
    """The key figures, each with the list that shows exactly what it counts."""

    def to(name: str, query: str = "") -> str:
        href = navigation.address(name, actor)
        parts = [p for p in (f"context={context}" if context else "", query) if p]
        return f"{href}?{'&'.join(parts)}" if href and parts else href

    return [
        ("in step", found.in_step, to("linked", "state.in=in_step&state.in=ended")),
        ("behind", found.behind, to("linked", "state.in=behind&state.in=pending")),
        ("failed", found.failed, to("linked", "state.in=failed&state.in=unsure")),
        ("unlinked", found.unlinked, to("unlinked")),
        ("plans to decide", found.plans, to("plans", "state.is=waiting")),
        ("hand edits to decide", found.drifts, to("drift", "waits.is=yes")),
    ]


def _states(actor: Actor, found: home.Figures, context: str) -> charts.Chart:
    tail = f"context={context}&" if context else ""
    linked = navigation.address("linked", actor)
    return charts.chart(
        "states",
        "Relations by state",
        [(LINK_SIGNS[s].words, n, f"{linked}?{tail}state.is={s}") for s, n in sorted(found.states.items())],
        unit="relations",
        kind="bar",
    )
