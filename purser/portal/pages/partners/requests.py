"""Operations' desk: partners' requests to be enabled, and where agreements are required. Source: acceptance UC-6, UC-20."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_POST

from purser.access.actors import Actor
from purser.kernel.errors import Missing, Refused
from purser.partners import agreements, enabling
from purser.partners.models import EnablingRequest
from purser.portal.doors import page
from purser.portal.pages.partners.shown import form_page, refuse, sent, to
from purser.postgres import tenancy
from purser.tenants import organisations


class AnswerForm(forms.Form):
    approve = forms.ChoiceField(label="The answer", choices=[("yes", "Approve"), ("no", "Refuse")], widget=forms.RadioSelect)
    why = forms.CharField(label="Reason", max_length=500, help_text="The partner reads it.")


class RegionForm(forms.Form):
    region = forms.CharField(label="Country", min_length=2, max_length=2, help_text="Two letters, like DE.")


@page("operator.organisations.read", seat=False)
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    with tenancy.listing_all():
        rows = enabling.queue(actor.tenant)
    with tenancy.acting_in(actor.tenant):
        zone = organisations.zone()
    context = {
        "waiting": [row for row in rows if row.answered_at is None],
        "answered": [row for row in rows if row.answered_at is not None],
        "zone": zone,
    }
    return TemplateResponse(request, "partners/requests.html", context)


@page("operator.requests.decide", seat=False)
def answer(request: HttpRequest, actor: Actor, asked: UUID) -> HttpResponse:
    row = _one(actor, asked)
    form = AnswerForm(request.POST or None)
    back = to("requests", actor)
    if request.method == "POST" and form.is_valid():
        approve = form.cleaned_data["approve"] == "yes"
        try:
            enabling.answer(actor, asked, approve=approve, why=form.cleaned_data["why"], now=timezone.now())
        except Refused as refusal:
            refuse(form, refusal)
        else:
            words = "enabled to administer its customers" if approve else "refused"
            messages.success(request, f"{row.partner_name} is {words}; both sides are told by mail.")
            return HttpResponseRedirect(back)
    return form_page(
        request, actor, form, title=f"Request of {row.partner_name}", submit="Answer", back=back,
        crumbs=[("Requests", back)], template="partners/request.html", more={"subject": row.subject, "body": row.body},
    )  # fmt: skip


def _one(actor: Actor, asked: UUID) -> EnablingRequest:
    """An open request of this operator's queue. Raises Missing."""
    with tenancy.listing_all():
        row = next((one for one in enabling.queue(actor.tenant) if one.pk == asked and one.answered_at is None), None)
    if row is None:
        raise Missing("There is no such open request.")
    return row


@page("operator.organisations.read", seat=False)
def regions(request: HttpRequest, actor: Actor) -> HttpResponse:
    context = {"regions": agreements.regions(actor.tenant), "form": RegionForm()}
    return TemplateResponse(request, "partners/regions.html", context)


@require_POST
@page("operator.agreements.require")
def require(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Require agreements in a country (`on` is yes), or no longer. Raises Refused for none."""
    region, on = sent(request, "region", most=2), request.POST.get("on", "") == "yes"
    agreements.require(actor, region, on=on, now=timezone.now())
    words = "are required" if on else "are no longer required"
    messages.success(request, f"Data-processing agreements {words} in {region.upper()}.")
    return HttpResponseRedirect(to("regions", actor))
