"""Looking into an organisation in an emergency: asking, a colleague's leave, ending it, and what holds.

Source: reliability P20.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from purser.access.actors import Actor
from purser.kernel.errors import Refused
from purser.partners import break_glass
from purser.partners.models import whose
from purser.portal.doors import page
from purser.portal.pages.partners.shown import form_page, refuse, to
from purser.postgres import tenancy
from purser.tenants import organisations
from purser.tenants.models import Grant


class AskForm(forms.Form):
    reason = forms.CharField(
        label="Reason",
        min_length=10,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="In a sentence. The organisation reads it.",
    )


@page("operator.organisations.read", seat=False)
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    found = break_glass.standing(actor.tenant, timezone.now())
    with tenancy.listing_all():
        rows = organisations.of_operator(actor.tenant).filter(pk__in=[grant.tenant_id for grant in found])
        names = dict(rows.values_list("pk", "name"))
    with tenancy.acting_in(actor.tenant):
        zone = organisations.zone()
    context = {"rows": [_row(actor, grant, names) for grant in found], "zone": zone}
    return TemplateResponse(request, "partners/break_glass.html", context)


def _row(actor: Actor, grant: Grant, names: dict[UUID, str]) -> dict[str, Any]:
    """`mine`: this person asked, so may open it once it holds, and may not approve it."""
    mine = grant.asked_by == actor.person
    opens = reverse("home", kwargs={"tenant": grant.tenant_id}) if mine and grant.approved_at else ""
    return {"grant": grant, "name": names.get(whose(grant), ""), "mine": mine, "opens": opens}


@page("break_glass.ask", seat=False)
def ask(request: HttpRequest, actor: Actor, organisation: UUID) -> HttpResponse:
    target = organisations.below(actor.tenant, organisation)
    form = AskForm(request.POST or None)
    back = to("organisation", actor, organisation=organisation)
    if request.method == "POST" and form.is_valid():
        try:
            break_glass.ask(actor, organisation, reason=form.cleaned_data["reason"], now=timezone.now())
        except Refused as refusal:
            refuse(form, refusal)
        else:
            messages.success(request, "A colleague must now approve it, within the hour.")
            return HttpResponseRedirect(to("break_glass", actor))
    return form_page(
        request, actor, form, title="Look in, in an emergency", submit="Ask a colleague", back=back,
        crumbs=[("Organisations", to("organisations", actor)), (target.name, back)],
        lead=f"To read, for at most an hour, once a colleague approves. The heads of {target.name} get a mail at once.",
    )  # fmt: skip


@require_POST
@page("break_glass.approve", seat=False)
def approve(request: HttpRequest, actor: Actor, organisation: UUID) -> HttpResponse:
    grant = break_glass.approve(actor, organisation, now=timezone.now())
    messages.success(request, f"{grant.asked_by_name} may look in for an hour; the organisation is told by mail.")
    return HttpResponseRedirect(to("break_glass", actor))


@require_POST
@page("break_glass.ask", seat=False)
def end(request: HttpRequest, actor: Actor, organisation: UUID) -> HttpResponse:
    break_glass.end(actor, organisation, now=timezone.now())
    messages.success(request, "The look is ended.")
    return HttpResponseRedirect(to("break_glass", actor))
