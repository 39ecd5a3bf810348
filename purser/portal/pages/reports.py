"""The reports on what is bought: subscriptions, linked, unlinked. Source, also of the titles: ID-45 to ID-52."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from purser.access.actors import Actor
from purser.links.models import Link
from purser.links.models.relations import LinkState
from purser.links.queries import logs, reports
from purser.portal import charts, exports, lists, requests
from purser.portal.context import CONTEXTS
from purser.portal.doors import page
from purser.portal.tables import asked, compiled, listing
from purser.portal.tables.model import Column, Empty, Preset, Sign, Table
from purser.tenants import organisations

LINK_SIGNS: Mapping[str, Sign] = {
    LinkState.PENDING: Sign("Pending", "note"),
    LinkState.IN_STEP: Sign("In step", "good"),
    LinkState.BEHIND: Sign("Behind", "warn"),
    LinkState.FAILED: Sign("Failed", "bad"),
    LinkState.UNSURE: Sign("Unsure", "bad", "help"),
    LinkState.WAITING: Sign("Waits for a person", "warn", "hourglass"),
    LinkState.ENDED: Sign("Ended", "plain"),
}


def context_of(params: QueryDict) -> str:
    """The PSA that the address names, "" for both."""
    asked_for = params.get("context", "")
    return asked_for if asked_for in CONTEXTS else ""


def why_link(row: Any) -> str:
    return reverse("why_link", kwargs={"tenant": row.tenant_id, "link": row.pk})


BOUGHT = (
    Column("status", "Status", "badge", field="subscription__status", shown=False),
    Column("unit", "Unit", shown=False),
    Column("price", "Price", "money", expression=reports.two_decimals("unit_price"), currency="currency", shown=False),
    Column("cost", "Cost", "money", expression=reports.two_decimals("unit_cost"), currency="currency", shown=False),
    Column("renewal", "Renews", "date", field="subscription__renewal_on", shown=False),
    Column("seen", "Read", "datetime", field="seen_at", shown=False),
)

SUBSCRIPTIONS = Table(
    name="subscriptions",
    title="Subscription report",
    rows=lambda actor, params: reports.subscriptions(context_of(params)),
    order=("resource",),
    columns=(
        Column("account_id", "ODIN Account ID", field="customer__external_id"),
        Column("company", "Company Name", field="customer__name"),
        Column("subscription_id", "Subscription ID", field="subscription__external_id"),
        Column("subscription", "Subscription Name", field="subscription__name"),
        Column("resource_id", "Resource ID"),
        Column("resource", "Resource Name", field="name"),
        Column("count", "Count", "number", expression=reports.count()),
        *BOUGHT,
    ),
    presets=(Preset("Not terminated", "status.in=active&status.in=hold&status.in=pending"),),
    empty=Empty(
        "No subscriptions yet",
        "They appear when the marketplace was read for the first time.",
        step="marketplace",
        step_words="See the connection",
    ),
    export="subscriptions_export",
)

UNLINKED = Table(
    name="unlinked",
    title="Unlinked",
    rows=lambda actor, params: reports.unlinked(context_of(params)),
    order=("resource",),
    columns=(
        Column("account_id", "ODIN Account ID", field="customer__external_id"),
        Column("company", "Company", field="customer__name"),
        Column("subscription_id", "Subscription ID", field="subscription__external_id"),
        Column("subscription", "Subscription", field="subscription__name"),
        Column("resource_id", "Resource ID"),
        Column("resource", "Resource", field="name"),
        Column("count", "Resource Count", "number", expression=reports.count()),
        *BOUGHT,
    ),
    presets=(Preset("With a count", "count.not=0"),),
    empty=Empty(
        "Nothing is unlinked",
        "Every resource that the marketplace shows has its place in the PSA.",
        step="linked",
        step_words="See what is linked",
    ),
    export="unlinked_export",
)

LINKED = Table(
    name="linked",
    title="Linked",
    rows=lambda actor, params: reports.linked(context_of(params)),
    order=("-linked",),
    columns=(
        Column("customer", "PSA Customer Name", field="service__agreement__account__name"),
        Column("agreement", "Agreement Name", field="service__agreement__name"),
        Column("product_id", "Product ID", field="service__product_id"),
        Column("product", "Product Description", field="service__name"),
        Column("company", "ODIN Company", field="resource__customer__name"),
        Column("subscription", "Subscription", field="resource__subscription__name"),
        Column("resource", "Resource", field="resource__name"),
        Column("count", "Count", "number", expression=reports.count("resource__"), href=why_link),
        Column("state", "State", "badge", signs=LINK_SIGNS),
        Column("ours", "Posted by us", "number", expression=reports.trimmed("expected_units"), shown=False),
        Column("psa", "In the PSA", "number", expression=reports.trimmed("service__final_units"), shown=False),
        Column("confirmed", "Confirmed", "datetime", field="confirmed_at", shown=False),
        Column("linked", "Linked", "datetime", field="made_at", shown=False),
        Column("ends_on", "Agreement Ends", "date", field="service__agreement__ends_on", shown=False),
    ),
    presets=(
        Preset(
            "Not in step",
            "state.in=pending&state.in=behind&state.in=failed&state.in=unsure&state.in=waiting",
        ),
    ),
    empty=Empty(
        "Nothing is linked yet",
        "Link a resource of the marketplace to a service of the PSA; from then on it is kept in step.",
        step="mapping",
        step_words="Open mapping",
    ),
    export="linked_export",
)

LEADS = {
    "subscriptions": "All that the marketplace shows for your customers, a row per resource.",
    "linked": "All of this is kept in step automatically, and nothing else is.",
    "unlinked": "Bought, and not billed by Purser: link it, or it may go uninvoiced.",
}

Charts = Callable[[Any, str], list[charts.Chart]]
Door = Callable[..., HttpResponseBase]


def zone() -> str:
    return organisations.own().zone


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


def report(table: Table, lead: str) -> Door:
    """The page of a list with charts under it that follow its filters."""

    @page("reports.read")
    def view(request: HttpRequest, actor: Actor) -> HttpResponse:
        canonical = listing.from_form(table, request.GET)
        if canonical is not None:
            return HttpResponseRedirect(request.path + canonical)
        found, shown = lists.read(request, actor, table, zone=zone())
        href = reverse(f"{table.name}_charts", kwargs={"tenant": actor.tenant})
        shown |= {"charts_href": f"{href}?{found.state}", "lead": lead}
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
            rows = compiled.rows(table, actor, wanted, request.GET, now=timezone.now(), zone=zone())
            made = make(rows, reverse(table.name, kwargs={"tenant": actor.tenant}) + wanted.query())
        return TemplateResponse(request, "reports/charts.html", {"charts": made})

    return view


subscriptions = report(SUBSCRIPTIONS, LEADS["subscriptions"])
subscriptions_charts = charts_of(SUBSCRIPTIONS, bought_charts)
subscriptions_export = exports.door(SUBSCRIPTIONS, "reports.export", zone_of=zone)
linked = report(LINKED, LEADS["linked"])
linked_charts = charts_of(LINKED, bought_charts)
linked_export = exports.door(LINKED, "reports.export", zone_of=zone)
unlinked = report(UNLINKED, LEADS["unlinked"])
unlinked_charts = charts_of(UNLINKED, bought_charts)
unlinked_export = exports.door(UNLINKED, "reports.export", zone_of=zone)
