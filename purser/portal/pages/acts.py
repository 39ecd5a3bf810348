"""What was done, by whom: a list, and one act with everything that happened in the same request."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse

from purser.access import acts
from purser.access.actors import Actor
from purser.access.models import Act
from purser.kernel.errors import Missing
from purser.portal import exports, lists
from purser.portal.doors import page
from purser.portal.tables.model import Column, Empty, Preset, Sign, Table
from purser.tenants import organisations

OUTCOME_SIGNS = {"done": Sign("Done", "good"), "refused": Sign("Refused", "warn"), "denied": Sign("Denied", "bad")}


def _rows(actor: Actor, params: QueryDict) -> QuerySet[Act, Any]:
    return Act.objects.all()


TABLE = Table(
    name="acts",
    title="Acts",
    rows=_rows,
    order=("-at",),
    columns=(
        Column("at", "When", "datetime"),
        Column("actor", "Who"),
        Column(
            "summary",
            "What",
            href=lambda row: reverse("act", kwargs={"tenant": row.tenant_id, "act": row.pk}),
        ),
        Column("verb", "Verb", "badge"),
        Column("of_kind", "Kind of thing", "badge"),
        Column("of_id", "Thing", shown=False),
        Column(
            "outcome",
            "Outcome",
            "badge",
            signs=OUTCOME_SIGNS,
        ),
        Column("address", "From address", shown=False),
        Column("request_id", "Request", shown=False),
    ),
    empty=Empty("Nothing was done yet", "Every change, sign-in and refusal here is kept, and nobody can edit it."),
    presets=(Preset("Last 7 days", "at.last=7"), Preset("Denied", "outcome.is=denied")),
    export="acts_export",
)


@page("acts.read")
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    return lists.show(request, actor, TABLE, zone=organisations.own().zone)


export = exports.door(TABLE, "acts.read", zone_of=lambda: organisations.own().zone)


@page("acts.read")
def one(request: HttpRequest, actor: Actor, act: UUID) -> HttpResponse:
    found = Act.objects.filter(pk=act).first()
    if found is None:
        raise Missing("There is no such act.")
    context = {
        "act": found,
        "sign": OUTCOME_SIGNS[found.outcome],
        "changes": acts.differences(found.before, found.after),
        "together": acts.together(found),
        "rows": [(row, acts.differences(row.before, row.after)) for row in acts.rows_changed(found)],
        "zone": organisations.own().zone,
        "crumbs": [("Acts", reverse("acts", kwargs={"tenant": actor.tenant})), (found.summary, "")],
    }
    return TemplateResponse(request, "acts/one.html", context)
