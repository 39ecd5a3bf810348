"""What was done, by whom: a list, and one act with everything that happened in the same request."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from purser.access import acts
from purser.access.actors import Actor
from purser.access.models import Act
from purser.kernel.errors import Missing
from purser.lists.acts import ACTS, OUTCOME_SIGNS
from purser.portal import exports, lists
from purser.portal.doors import page
from purser.portal.tables.model import Empty, dressed
from purser.tenants import organisations

TABLE = dressed(
    ACTS,
    empty=Empty("Nothing was done yet", "Every change, sign-in and refusal here is kept, and nobody can edit it."),
    export="acts_export",
    href={"summary": lambda row: reverse("act", kwargs={"tenant": row.tenant_id, "act": row.pk})},
)


@page("acts.read")
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    return lists.show(request, actor, TABLE, zone=organisations.zone())


export = exports.door(TABLE, "acts.read")


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
        "zone": organisations.zone(),
        "crumbs": [("Acts", reverse("acts", kwargs={"tenant": actor.tenant})), (found.summary, "")],
    }
    return TemplateResponse(request, "acts/one.html", context)
