"""Partner administration: whether operations enabled it, and asking for it. Source: acceptance UC-5 to UC-8."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone

from purser.access import people
from purser.access.actors import Actor
from purser.access.models import Person
from purser.kernel.errors import Refused
from purser.partners import enabling
from purser.portal.doors import page
from purser.portal.pages.partners.shown import form_page, refuse, to
from purser.postgres import tenancy
from purser.tenants import organisations


class RequestForm(forms.Form):
    signature = forms.CharField(label="Signature", max_length=200, help_text="Stands under the message.")


@page("tenants.read")
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    own = organisations.own()
    subject, body = enabling.message(own, actor.name)
    agents = [row for row in people.members() if row.partner_administrator]
    context = {
        "own": own,
        "latest": enabling.latest(),
        "subject": subject,
        "body": body,
        "agents": agents,
        "facts": [("Tenant ID", own.number), ("Partner ID", own.partner_number), ("Partner Admin ID", own.partner_admin_id)],
        "zone": own.zone,
    }
    return TemplateResponse(request, "partners/administration.html", context)


@page("administration.request", seat=False)
def ask(request: HttpRequest, actor: Actor) -> HttpResponse:
    form = RequestForm(request.POST or None, initial={"signature": actor.name})
    back = to("administration", actor)
    assert isinstance(request.user, Person)
    with tenancy.acting_in(actor.tenant):
        subject, body = enabling.message(organisations.own(), actor.name)
    if request.method == "POST" and form.is_valid():
        try:
            with tenancy.acting_in(actor.tenant):
                enabling.request(actor, signature=form.cleaned_data["signature"], email=request.user.email, now=timezone.now())
        except Refused as refusal:
            refuse(form, refusal)
        else:
            messages.success(request, "Operations has your request; a copy is on its way to you.")
            return HttpResponseRedirect(back)
    return form_page(
        request, actor, form, title="Request enabling", submit="Send to operations", back=back,
        crumbs=[("Partner administration", back)], template="partners/request.html", more={"subject": subject, "body": body},
    )  # fmt: skip
