"""Success log, failure log, movements; trying failed postings again. Source: acceptance ID-28 to ID-43; titles too."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from purser.access import acts
from purser.access.actors import Actor
from purser.kernel.errors import Refused
from purser.links.desk import receipts
from purser.links.lists import logs as declared
from purser.links.queries import logs, reports
from purser.links.receipts import asks
from purser.lists import asked
from purser.portal import charts, exports
from purser.portal.doors import page
from purser.portal.pages.reports import charts_of, parts, report
from purser.portal.tables import listing
from purser.portal.tables.model import Bulk, Empty, Table, dressed
from purser.tenants import organisations

RECEIPT_SIGNS = declared.RECEIPT_SIGNS


def why_receipt(row: Any) -> str:
    return reverse("why_receipt", kwargs={"tenant": row.tenant_id, "receipt": row.pk})


def _failure(row: Any) -> str:
    return reverse("failure", kwargs={"tenant": row.tenant_id, "receipt": row.pk})


SUCCESS = dressed(
    declared.SUCCESS,
    href={"amount": why_receipt},
    empty=Empty(
        "Nothing was posted yet",
        "Each change that Purser makes in the PSA becomes a line here.",
        step="linked",
        step_words="See what is kept in step",
    ),
    export="success_log_export",
)
FAILURES = dressed(
    declared.FAILURES,
    href={"amount": why_receipt, "error": _failure},
    bulk=(Bulk("Try again", "failure_log_retry", "receipts.retry"),),
    qualifies=logs.tryable,
    empty=Empty(
        "No posting is failing",
        "A failed posting stays here until it succeeds; then it moves to the success log with both times.",
        step="success_log",
        step_words="See the success log",
    ),
    export="failure_log_export",
)
MOVEMENTS = dressed(
    declared.MOVEMENTS,
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


success_log = report(SUCCESS)
success_log_charts = charts_of(SUCCESS, log_charts)
success_log_export = exports.door(SUCCESS, "reports.export")
failure_log = report(FAILURES)
failure_log_charts = charts_of(FAILURES, log_charts)
failure_log_export = exports.door(FAILURES, "reports.export")
movements = report(MOVEMENTS)
movements_charts = charts_of(MOVEMENTS, movement_charts)
movements_export = exports.door(MOVEMENTS, "reports.export")


@page("reports.read")
def failure(request: HttpRequest, actor: Actor, receipt: UUID) -> HttpResponse:
    """One posting: the vendor's own words, what to do, and the buttons. Stays readable when it has succeeded since."""
    found = logs.receipt(receipt)
    index = reverse("failure_log", kwargs={"tenant": actor.tenant})
    shown = {
        "receipt": found,
        "sign": RECEIPT_SIGNS[found.state],
        "dates": declared.contract_dates(found),
        "tryable": logs.tryable(found),
        "asks": asks(found, timezone.now()),
        "acts": acts.of_object("receipt", found.pk),
        "zone": organisations.zone(),
        "crumbs": [("Failure log", index), (found.resource, "")],
    }
    return TemplateResponse(request, "reports/failure.html", shown)


@require_POST
@page("receipts.retry")
def failure_log_retry(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Try the chosen postings again. Those with an unknown outcome are left out, with words why."""
    now = timezone.now()
    chosen = listing.chosen(FAILURES, actor, request.POST, now=now, zone=organisations.zone())
    answers = receipts.retry(actor, receipt_ids=list(chosen.values_list("pk", flat=True)), now=now)
    tell(request, answers, done="tried again with the next pass")
    return HttpResponseRedirect(back(request, actor, FAILURES))


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


def back(request: HttpRequest, actor: Actor, table: Table) -> str:
    """The list as it was when its bulk form was sent, with filters and context; its URL name is the table's. Source: ux 16."""
    state = asked.parse(table, QueryDict(request.POST.get("matching", ""))).query()
    return reverse(table.name, kwargs={"tenant": actor.tenant}) + ("" if state == "?" else state)


def tell(request: HttpRequest, answers: list[Any], *, done: str) -> None:
    """Say what became of each of many: how many were done, and the words of those that were not."""
    well = sum(1 for answer in answers if answer.ok)
    if well:
        messages.success(request, f"{well} of {len(answers)}: {done}.")
    for text in sorted({answer.text for answer in answers if not answer.ok})[:5]:
        messages.warning(request, text)
