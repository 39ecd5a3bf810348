"""The domain: facts and Partner IDs, available packages, settings, and the switch that lets the partner administer it.

Source: acceptance UC-4, UC-12, UC-17.
"""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from purser.access import permit
from purser.access.actors import Actor
from purser.kernel import zones
from purser.kernel.errors import Missing, Refused
from purser.partners import consent, domain
from purser.portal.doors import page
from purser.portal.pages.customer.consent import GiveForm
from purser.postgres import tenancy
from purser.tenants import organisations
from purser.tenants.models import Kind, Organisation


class SettingsForm(forms.Form):
    contact_name = forms.CharField(label="Main contact", max_length=200, required=False)
    contact_email = forms.CharField(
        label="E-mail of the main contact",
        max_length=254,
        required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    zone = forms.ChoiceField(label="Time zone", choices=[(zone, zone) for zone in zones.names()])


@page("domain.read", seat=False)
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Outside of any seat: who sells to the customer is read where they are."""
    now = timezone.now()
    with tenancy.acting_in(actor.tenant):
        own = organisations.own()
        stocks = domain.stocks()
    if own.kind != Kind.CUSTOMER:
        raise Missing("Only a customer's tenant has a domain.")
    found = consent.standing(actor.tenant, now=now)
    context = {
        "own": own,
        "facts": _facts(own, domain.chain(own)),
        "stocks": stocks,
        "standing": found,
        "form": GiveForm(initial=GiveForm.wanted(found)) if found.partner and permit.allows(actor, "consent.decide") else None,
        "zone": own.zone,
    }
    return TemplateResponse(request, "customer/domain.html", context)


def _facts(own: Organisation, chain: domain.Chain) -> list[tuple[str, str]]:
    partner, distributor = chain.partner, chain.distributor
    above = [("Distributor", distributor.name)] if distributor else []
    above += [("Partner ID of the distributor", distributor.partner_number)] if distributor else []
    contact = " ".join(filter(None, [own.contact_name, f"<{own.contact_email}>" if own.contact_email else ""]))
    return [
        ("Name", own.name),
        ("Tenant ID", own.number),
        ("Domain", own.domain),
        ("Country", own.region),
        ("Time zone", own.zone),
        ("Main contact", contact),
        ("Partner", partner.name if partner else ""),
        ("Partner ID of the partner", partner.partner_number if partner else ""),
        *above,
    ]


@page("domain.write")
def edit(request: HttpRequest, actor: Actor) -> HttpResponse:
    own = organisations.own()
    initial = {"contact_name": own.contact_name, "contact_email": own.contact_email, "zone": own.zone}
    form = SettingsForm(request.POST or None, initial=initial)
    back = reverse("domain", kwargs={"tenant": actor.tenant})
    if request.method == "POST" and form.is_valid():
        try:
            domain.change(actor, **form.cleaned_data, now=timezone.now())
        except Refused as refusal:
            form.add_error("contact_email" if refusal.code == "email" else None, refusal.text)
        else:
            messages.success(request, "Saved.")
            return HttpResponseRedirect(back)
    context = {
        "form": form,
        "errors_shown": form.errors,
        "back": back,
        "crumbs": [("Domain", back), ("Settings", "")],
    }
    return TemplateResponse(request, "customer/domain_edit.html", context, status=422 if form.errors else 200)
