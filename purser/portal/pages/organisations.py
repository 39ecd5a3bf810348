"""The operator's pages: the resellers, founding one, issuing its licence.

These act in two organisations: the operator's own, where the permission is, and the reseller's, where the
rows are. Each has its own transaction and its own act, the operator's first.
"""

from __future__ import annotations

from uuid import UUID
from zoneinfo import available_timezones

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from purser.access import acts, invitations, letters, once, verbs
from purser.access.actors import Actor
from purser.kernel.errors import Missing, Refused
from purser.portal.doors import page
from purser.portal.pages import people as people_pages
from purser.portal.pages.launch import LICENCE
from purser.postgres import tenancy
from purser.tenants import organisations
from purser.tenants.models import Kind, Organisation


class FoundForm(forms.Form):
    name = forms.CharField(label="Name of the reseller", max_length=200)
    zone = forms.ChoiceField(
        label="Time zone",
        initial="Europe/Berlin",
        choices=[(zone, zone) for zone in sorted(available_timezones())],
        help_text="A day of billing is a date there.",
    )
    contact = forms.CharField(
        label="E-mail of the administrative contact",
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        help_text="Gets an invitation to become the first owner.",
    )


def _secret(label: str, *, required: bool = True, help_text: str = "") -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": "new-password"})
    return forms.CharField(label=label, max_length=500, widget=widget, required=required, help_text=help_text)


class LicenceForm(forms.Form):
    """What the reseller's marketplace page will show; named as the connection's settings are. Source:
    acceptance ID-1.
    """

    account_number = forms.CharField(label="Account Number", max_length=100)
    gateway_secret = _secret("Subscription + Gateway Secret")
    license_customer = forms.CharField(label="License Customer", max_length=200)
    license_key = _secret("License Key")
    gateway_url = forms.URLField(label="Gateway URL", max_length=500, assume_scheme="https")
    gateway_user = forms.CharField(label="Gateway User", max_length=200)
    gateway_password = _secret("Gateway Password")
    market = forms.CharField(label="Market", max_length=10, initial="us", required=False)
    version = forms.ChoiceField(label="Version", choices=[("1.1", "1.1"), ("21", "21")], initial="1.1")
    token_url = forms.URLField(
        label="Token URL", max_length=500, assume_scheme="https", required=False, help_text="Version 21 only."
    )
    client_id = forms.CharField(label="Client ID", max_length=200, required=False, help_text="Version 21 only.")
    client_secret = _secret("Client Secret", required=False, help_text="Version 21 only.")
    launch_secret = _secret("Launch Secret", required=False, help_text="Signs the launch button of the control panel.")
    contact = forms.CharField(
        label="Send the link to",
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        help_text="It works once, for 72 hours, and only for a signed-in member who may change connections.",
    )


def _list(actor: Actor) -> str:
    return reverse("organisations", kwargs={"tenant": actor.tenant})


@page("operator.organisations.read", seat=False)
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    with tenancy.listing_all():
        rows = organisations.under(actor.tenant)
    return TemplateResponse(request, "organisations/index.html", {"rows": rows})


@page("operator.organisations.found", seat=False)
def found(request: HttpRequest, actor: Actor) -> HttpResponse:
    form = FoundForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            reseller = _found(request, actor, **form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, " ".join(filter(None, [refusal.text, refusal.hint])))
        else:
            messages.success(request, f"{reseller.name} is founded; an invitation is on its way to its first owner.")
            return HttpResponseRedirect(_list(actor))
    context = {
        "form": form,
        "errors_shown": bool(form.errors),
        "crumbs": [("Organisations", _list(actor)), ("Found a reseller", "")],
    }
    return TemplateResponse(request, "organisations/found.html", context, status=422 if form.errors else 200)


def _found(request: HttpRequest, actor: Actor, *, name: str, zone: str, contact: str) -> Organisation:
    now = timezone.now()
    email = invitations.address(contact)
    people_pages.limit(request, email)
    with tenancy.acting_in(actor.tenant):
        operator = organisations.own()
        after = {"name": name, "zone": zone, "contact": email}
        acts.record(actor, "operator.organisations.found", summary=f"Founded the reseller {name}", after=after, now=now)
    reseller = organisations.found(kind=Kind.RESELLER, name=name, parent=operator, zone=zone, now=now)
    with tenancy.acting_in(reseller.pk):
        issued = invitations.invite(actor, email=email, role=verbs.OWNER, kind=reseller.kind, now=now)
    people_pages.send(issued, tenant=reseller.pk, inviter=operator.name)
    return reseller


@page("operator.licences.issue", seat=False)
def issue_licence(request: HttpRequest, actor: Actor, reseller: UUID) -> HttpResponse:
    """Make a single-use link that fills the reseller's marketplace page, and mail it. Source: acceptance
    ID-2, F-15.
    """
    with tenancy.listing_all():
        target = next((row for row in organisations.under(actor.tenant) if row.pk == reseller), None)
    if target is None:
        raise Missing("There is no such reseller.")
    form = LicenceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            _issue(actor, target, form.cleaned_data)
        except Refused as refusal:
            form.add_error("contact", " ".join(filter(None, [refusal.text, refusal.hint])))
        else:
            messages.success(request, f"The licence link of {target.name} is on its way to {form.cleaned_data['contact']}.")
            return HttpResponseRedirect(_list(actor))
    context = {
        "form": form,
        "reseller": target,
        "errors_shown": bool(form.errors),
        "crumbs": [("Organisations", _list(actor)), (f"Licence of {target.name}", "")],
    }
    return TemplateResponse(request, "organisations/licence.html", context, status=422 if form.errors else 200)


def _issue(actor: Actor, reseller: Organisation, values: dict[str, str]) -> None:
    now = timezone.now()
    email = invitations.address(values["contact"])
    payload = {name: value for name, value in values.items() if name != "contact" and value}
    told = {"contact": email, "account_number": values["account_number"], "gateway_url": values["gateway_url"]}
    summary, of = f"Issued a marketplace licence to {reseller.name}", ("organisation", reseller.pk)
    with tenancy.acting_in(actor.tenant):
        acts.record(actor, "operator.licences.issue", summary=summary, of=of, after=told, now=now)
    with tenancy.acting_in(reseller.pk):
        acts.record(actor, "operator.licences.issue", summary=summary, of=of, after=told, now=now)
        issued = once.issue(LICENCE, payload, made_by=actor, now=now)
    letters.licence(
        email=email,
        organisation=reseller.name,
        path=reverse("activate", kwargs={"tenant": reseller.pk, "token": issued.token}),
        expires_at=issued.link.expires_at,
        zone=reseller.zone,
    )
