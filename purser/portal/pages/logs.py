"""Success log, failure log, movements; trying failed postings again. Source: acceptance ID-28 to ID-43; titles too."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from purser.access import acts
from purser.access.actors import Actor
from purser.kernel.errors import Refused
from purser.links.desk import receipts
from purser.links.queries import logs, reports
from purser.portal import charts, exports
from purser.portal.doors import page
from purser.portal.pages.reports import charts_of, context_of, parts, report, zone
from purser.portal.tables import listing
from purser.portal.tables.model import Bulk, Column, Empty, Preset, Sign, Table

RECEIPT_SIGNS = {
    "intended": Sign("Sent, no answer yet", "note"),
    "accepted": Sign("Accepted, not yet confirmed", "note"),
    "done": Sign("Posted", "good"),
    "refused": Sign("Refused", "bad"),
    "busy": Sign("To be tried again", "warn"),
    "unsure": Sign("Unknown outcome", "bad", "help"),
    "settled": Sign("Settled by a later posting", "plain"),
    "dropped": Sign("No longer needed", "plain"),
}
# A marketplace change that is due looks like work, one that is not linked like a leak.
BECAME_TONES = {"posted": "good", "netted": "plain", "due": "note", "unlinked": "warn", "accepted": "plain"}


def why_receipt(row: Any) -> str:
    return reverse("why_receipt", kwargs={"tenant": row.tenant_id, "receipt": row.pk})


def _failure(row: Any) -> str:
    return reverse("failure", kwargs={"tenant": row.tenant_id, "receipt": row.pk})


def contract_dates(row: Any) -> str:
    """The dates of the agreement as last read, where the failure is about a date. Source: acceptance ID-40."""
    if "date" not in row.code:
        return ""
    agreement = row.link.service.agreement
    return f"{agreement.starts_on or 'open'} to {agreement.ends_on or 'open'}"


LOG = (
    Column("adjusted", "Adjustment Date", "datetime", field="intended_at"),
    Column("company", "ODIN Company Name"),
    Column("subscription", "ODIN Subscription Name"),
    Column("resource", "ODIN Resource Name"),
    Column("customer", "PSA Customer"),
    Column("agreement", "PSA Agreement"),
    Column("product", "PSA Product"),
    Column("amount", "Adjustment Amount", "number", expression=reports.two_decimals("amount"), href=why_receipt),
)
DETAILS = (
    Column("before", "Units Before", "number", expression=reports.trimmed("units_before"), shown=False),
    Column("after", "Units After", "number", expression=reports.trimmed("units_after"), shown=False),
    Column("price", "Price", "money", expression=reports.two_decimals("unit_price"), currency="currency", shown=False),
    Column("cost", "Cost", "money", expression=reports.two_decimals("unit_cost"), currency="currency", shown=False),
    Column("reference", "PSA Reference", shown=False),
    Column("attempts", "Attempts", "number", shown=False),
    Column("id", "Posting ID", shown=False),
)
LAST_30 = Preset("Show last 30 days", "adjusted.last=30")
RANGES = (LAST_30, Preset("Last 7 days", "adjusted.last=7"), Preset("Last 90 days", "adjusted.last=90"))

SUCCESS = Table(
    name="success_log",
    title="Success log",
    rows=lambda actor, params: logs.posted(context_of(params)),
    order=("-adjusted",),
    columns=(
        *LOG,
        Column("effective", "Effective", "date", field="effective_on"),
        Column("state", "State", "badge", signs=RECEIPT_SIGNS),
        Column("first_failed", "Failed First", "datetime", field="first_failed_at"),
        Column("confirmed", "Confirmed", "datetime", field="confirmed_at"),
        Column("note", "Note"),
        *DETAILS,
    ),
    presets=(*RANGES, Preset("Failed at first", "first_failed.empty=no")),
    empty=Empty(
        "Nothing was posted yet",
        "Each change that Purser makes in the PSA becomes a line here.",
        step="linked",
        step_words="See what is kept in step",
    ),
    export="success_log_export",
)

FAILURES = Table(
    name="failure_log",
    title="Failure log",
    rows=lambda actor, params: logs.failed(context_of(params)),
    order=("-adjusted",),
    columns=(
        *LOG,
        Column("error", "Error Message", field="text", href=_failure),
        Column("hint", "What to do"),
        Column("dates", "Contract Dates", read=contract_dates),
        Column("state", "State", "badge", signs=RECEIPT_SIGNS),
        Column("first_failed", "Failed First", "datetime", field="first_failed_at"),
        Column("retry", "Next Try", "datetime", field="retry_at"),
        Column("effective", "Effective", "date", field="effective_on", shown=False),
        Column("code", "Cause", "badge", shown=False),
        *DETAILS,
    ),
    presets=(LAST_30, Preset("Unknown outcome", "state.is=unsure")),
    bulk=(Bulk("Try again", "failure_log_retry", "receipts.retry"),),
    empty=Empty(
        "No posting is failing",
        "A failed posting stays here until it succeeds; then it moves to the success log with both times.",
        step="success_log",
        step_words="See the success log",
    ),
    export="failure_log_export",
)

MOVEMENTS = Table(
    name="movements",
    title="Movements",
    rows=lambda actor, params: logs.movements(context_of(params)),
    order=("-seen",),
    columns=(
        Column("seen", "Seen", "datetime", field="seen_at"),
        Column("company", "ODIN Company Name", field="resource__customer__name"),
        Column("subscription", "ODIN Subscription Name", field="resource__subscription__name"),
        Column("resource", "ODIN Resource Name", field="resource__name"),
        Column("before", "Before", "number", expression=reports.trimmed("before")),
        Column("after", "After", "number", expression=reports.trimmed("after")),
        Column("change", "Change", "number", expression=logs.change()),
        Column(
            "became",
            "What became of it",
            "badge",
            signs={key: Sign(words, BECAME_TONES[key]) for key, words in logs.BECAME.items()},
        ),
        Column("posted", "Posted", "datetime", field="receipt__intended_at"),
        Column("posting", "Posting ID", field="receipt__id", shown=False),
    ),
    presets=(Preset("Show last 30 days", "seen.last=30"), Preset("Not linked", "became.is=unlinked")),
    empty=Empty(
        "No count has changed yet",
        "Each change that the marketplace shows is kept here, with what became of it.",
        step="subscriptions",
        step_words="See all subscriptions",
    ),
    export="movements_export",
)


def log_charts(rows: Any, here: str) -> list[charts.Chart]:
    """What was adjusted per customer: a bar each, for a sum may be negative. Source: acceptance ID-35."""
    sums = reports.per(rows, "company", amount="amount")
    return [charts.chart("per-customer", "Licenses per Customer", parts(sums, here, "company"), unit="licenses", kind="bar")]


def movement_charts(rows: Any, here: str) -> list[charts.Chart]:
    sums = reports.per(rows, "resource__customer__name", amount="col_change")
    return [charts.chart("per-customer", "Licenses per Customer", parts(sums, here, "company"), unit="licenses", kind="bar")]


success_log = report(SUCCESS, "What Purser posted into the PSA, newest first.")
success_log_charts = charts_of(SUCCESS, log_charts)
success_log_export = exports.door(SUCCESS, "reports.export", zone_of=zone)
failure_log = report(FAILURES, "Postings that are due and did not succeed. Each is tried again by itself.")
failure_log_charts = charts_of(FAILURES, log_charts)
failure_log_export = exports.door(FAILURES, "reports.export", zone_of=zone)
movements = report(MOVEMENTS, "Each change of a count that the marketplace showed, and what became of it.")
movements_charts = charts_of(MOVEMENTS, movement_charts)
movements_export = exports.door(MOVEMENTS, "reports.export", zone_of=zone)


@page("reports.read")
def failure(request: HttpRequest, actor: Actor, receipt: UUID) -> HttpResponse:
    """One posting: the vendor's own words, what to do, and the buttons. Stays readable when it has succeeded since."""
    found = logs.receipt(receipt)
    index = reverse("failure_log", kwargs={"tenant": actor.tenant})
    shown = {
        "receipt": found,
        "sign": RECEIPT_SIGNS[found.state],
        "dates": contract_dates(found),
        "tryable": logs.tryable(found),
        "acts": acts.of_object("receipt", found.pk),
        "zone": zone(),
        "crumbs": [("Failure log", index), (found.resource, "")],
    }
    return TemplateResponse(request, "reports/failure.html", shown)


@require_POST
@page("receipts.retry")
def failure_log_retry(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Try the chosen postings again. Those with an unknown outcome are left out, with words why."""
    now = timezone.now()
    chosen = listing.chosen(FAILURES, actor, request.POST, now=now, zone=zone())
    answers = receipts.retry(actor, receipt_ids=list(chosen.values_list("pk", flat=True)), now=now)
    tell(request, answers, done="tried again with the next pass")
    return HttpResponseRedirect(reverse("failure_log", kwargs={"tenant": actor.tenant}))


@require_POST
@page("receipts.retry")
def failure_retry(request: HttpRequest, actor: Actor, receipt: UUID) -> HttpResponse:
    tell(request, receipts.retry(actor, receipt_ids=[receipt], now=timezone.now()), done="tried again at once")
    return HttpResponseRedirect(_to(actor, receipt))


@require_POST
@page("receipts.retry")
def failure_decide(request: HttpRequest, actor: Actor, receipt: UUID) -> HttpResponse:
    """A person has looked into the PSA: it was applied, or it was not."""
    answer = request.POST.get("applied", "")
    if answer not in {"yes", "no"}:
        raise Refused("Say whether it was applied.", code="applied", hint="Choose one of the two answers.")
    receipts.decide(actor, receipt_id=receipt, applied=answer == "yes", now=timezone.now())
    words = "kept as posted" if answer == "yes" else "to be sent again with the next pass"
    messages.success(request, f"Settled: it is {words}.")
    return HttpResponseRedirect(_to(actor, receipt))


def _to(actor: Actor, receipt: UUID) -> str:
    return reverse("failure", kwargs={"tenant": actor.tenant, "receipt": receipt})


def tell(request: HttpRequest, answers: list[Any], *, done: str) -> None:
    """Say what became of each of many: how many were done, and the words of those that were not."""
    well = sum(1 for answer in answers if answer.ok)
    if well:
        messages.success(request, f"{well} of {len(answers)}: {done}.")
    for text in sorted({answer.text for answer in answers if not answer.ok})[:5]:
        messages.warning(request, text)
