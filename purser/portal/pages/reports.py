"""The reports on what is bought: subscriptions, linked, unlinked. Source, also of the titles: ID-45 to ID-52."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from purser.access.actors import Actor
from purser.links.lists import bought, context
from purser.links.models import Link
from purser.links.queries import logs, reports
from purser.lists import asked, compiled
from purser.portal import charts, exports, lists, requests
from purser.portal.doors import page
from purser.portal.tables import listing
from purser.portal.tables.model import Empty, Table, dressed
from purser.tenants import organisations

LINK_SIGNS = bought.LINK_SIGNS
context_of = context.context_of


def why_link(row: Any) -> str:
    return reverse("why_link", kwargs={"tenant": row.tenant_id, "link": row.pk})


SUBSCRIPTIONS = dressed(
    bought.SUBSCRIPTIONS,
    empty=Empty(
        "No subscriptions yet",
        "They appear when the marketplace was read for the first time.",
        step="marketplace",
        step_words="See the connection",
    ),
    export="subscriptions_export",
)
UNLINKED = dressed(
    bought.UNLINKED,
    empty=Empty(
        "Nothing is unlinked",
        "Every resource that the marketplace shows has its place in the PSA.",
        step="linked",
        step_words="See what is linked",
    ),
    export="unlinked_export",
)
LINKED = dressed(
    bought.LINKED,
    href={"count": why_link},
    empty=Empty(
        "Nothing is linked yet",
        "Link a resource of the marketplace to a service of the PSA; from then on it is kept in step.",
        step="mapping",
        step_words="Open mapping",
    ),
    export="linked_export",
)

Charts = Callable[[Any, str], list[charts.Chart]]
Door = Callable[..., HttpResponseBase]


def bought_charts(rows: Any, here: str) -> list[charts.Chart]:
    """Licences per product over all companies, and per customer; a slice's link filters the list."""
    to = "resource__" if rows.model is Link else ""
    return [
        charts.chart(
            "all-companies",
            "All Companies",
            parts(reports.per(rows, f"{to}name"), here, "resource"),
            unit="licenses",
        ),
        charts.chart(
            "per-customer",
            "Licenses per Customer",
            parts(reports.per(rows, f"{to}customer__name"), here, "company"),
            unit="licenses",
        ),
    ]


def parts(sums: list[tuple[str, Decimal]], here: str, column: str) -> list[tuple[str, Decimal, str]]:
    """Slices with the address that shows only theirs, made from `here`, the address of the list as it is."""
    path, _, query = here.partition("?")
    tail = QueryDict(query, mutable=True)
    found = []
    for label, value in sums:
        if value:
            tail[f"{column}.is"] = label
            found.append((label, value, f"{path}?{tail.urlencode()}"))
    return found


def report(table: Table) -> Door:
    """The page of a list with charts under it that follow its filters."""

    @page("reports.read")
    def view(request: HttpRequest, actor: Actor) -> HttpResponse:
        canonical = listing.from_form(table, request.GET)
        if canonical is not None:
            return HttpResponseRedirect(request.path + canonical)
        found, shown = lists.read(request, actor, table, zone=organisations.zone())
        href = reverse(f"{table.name}_charts", kwargs={"tenant": actor.tenant})
        shown["charts_href"] = f"{href}?{found.state}"
        if requests.is_partial(request, found.id):
            return TemplateResponse(request, "reports/part.html", shown)
        shown["failures"] = logs.open_failures(context_of(request.GET))
        return TemplateResponse(request, "reports/list.html", shown)

    return view


def charts_of(table: Table, make: Charts) -> Door:
    """The charts of a list, of exactly the rows that its filters leave: asked for once the list stands."""

    @page("reports.read")
    def view(request: HttpRequest, actor: Actor) -> HttpResponse:
        wanted = asked.parse(table, request.GET)
        made: list[charts.Chart] = []
        if not wanted.problems:
            rows = compiled.rows(table, actor, wanted, now=timezone.now(), zone=organisations.zone())
            made = make(rows, reverse(table.name, kwargs={"tenant": actor.tenant}) + wanted.query())
        return TemplateResponse(request, "reports/charts.html", {"charts": made})

    return view


subscriptions = report(SUBSCRIPTIONS)
subscriptions_charts = charts_of(SUBSCRIPTIONS, bought_charts)
subscriptions_export = exports.door(SUBSCRIPTIONS, "reports.export")
linked = report(LINKED)
linked_charts = charts_of(LINKED, bought_charts)
linked_export = exports.door(LINKED, "reports.export")
unlinked = report(UNLINKED)
unlinked_charts = charts_of(UNLINKED, bought_charts)
unlinked_export = exports.door(UNLINKED, "reports.export")
