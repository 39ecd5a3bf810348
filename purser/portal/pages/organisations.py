"""The operator's pages: the tree of organisations, founding partners, moving and suspending, issuing licences.

These act in two organisations: the operator's own, where the permission is, and the other's, where the rows are. Each has
its own transaction and its own act.
"""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from purser.access import acts, invitations, letters, once
from purser.access.actors import Actor
from purser.kernel import zones
from purser.kernel.errors import Missing, Refused
from purser.partners import founding, orders, told
from purser.partners import lists as plain
from purser.portal import exports, lists
from purser.portal.doors import page
from purser.portal.pages.launch import LICENCE
from purser.portal.pages.partners.shown import sent
from purser.portal.tables.model import Empty, dressed
from purser.postgres import tenancy
from purser.tenants import organisations
from purser.tenants.models import Kind, Organisation


class FoundForm(forms.Form):
    kind = forms.ChoiceField(
        label="Kind",
        initial="reseller",
        widget=forms.RadioSelect,
        choices=[("distributor", "Distributor: sells through resellers"), ("reseller", "Reseller: sells to customers")],
    )
    name = forms.CharField(label="Name", max_length=200)
    distributor = forms.ChoiceField(label="Under", required=False, help_text="A reseller may stand under a distributor.")
    zone = forms.ChoiceField(
        label="Time zone",
        initial="Europe/Berlin",
        choices=[(zone, zone) for zone in zones.names()],
        help_text="A day of billing is a date there.",
    )
    domain = forms.CharField(label="Domain", max_length=253, required=False)
    region = forms.CharField(label="Country", max_length=2, required=False, help_text="Two letters, like DE.")
    contact = forms.CharField(
        label="E-mail of the administrative contact",
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        help_text="Gets an invitation to become the first owner.",
    )

    def __init__(self, distributors: list[Organisation], *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        field = self.fields["distributor"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "Directly under us"), *((row.partner_number, row.name) for row in distributors)]


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


SHOWN = 50  # organisations under one, on its page; the list has them all


def _list(actor: Actor) -> str:
    return reverse("organisations", kwargs={"tenant": actor.tenant})


def _page(actor: Actor, organisation: UUID) -> str:
    return reverse("organisation", kwargs={"tenant": actor.tenant, "organisation": organisation})


ORGANISATIONS = dressed(
    plain.ORGANISATIONS,
    empty=Empty(
        "No partner yet",
        "A distributor or reseller is founded with a name, a time zone and its first owner's address.",
        step="organisations_found",
        step_words="Found a partner",
    ),
    export="organisations_export",
    href={"name": lambda row: f"{row.pk}/"},
)


@page("operator.organisations.read", seat=False)
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    zone = organisations.zone_of(actor.tenant)
    return lists.show(request, actor, ORGANISATIONS, "organisations/index.html", zone=zone)


export = exports.door(ORGANISATIONS, "operator.organisations.read")


@page("operator.organisations.read", seat=False)
def one(request: HttpRequest, actor: Actor, organisation: UUID) -> HttpResponse:
    """An organisation and its place in the tree: who stands above it, and whom it serves."""
    row = organisations.below(actor.tenant, organisation)
    with tenancy.listing_all():
        above = organisations.of_operator(actor.tenant).filter(pk__in=[row.parent_id, row.distributor_id])
        chain = list(above.exclude(pk=row.pk).order_by("kind"))  # distributor before reseller
        under = organisations.under(row.pk)
    context = {
        "row": row,
        "chain": chain,
        "under": under[:SHOWN],
        "more": max(0, len(under) - SHOWN),
        "facts": [
            ("Kind", row.get_kind_display()),
            ("Tenant ID", row.number),
            ("Partner ID", row.partner_number),
            ("Partner Admin ID", row.partner_admin_id),
            ("Domain", row.domain),
            ("Country", row.region),
            ("Time zone", row.zone),
            ("Main contact", " ".join(filter(None, [row.contact_name, row.contact_email]))),
        ],
        "zone": row.zone,
        "crumbs": [("Organisations", _list(actor)), (row.name, "")],
    }
    return TemplateResponse(request, "organisations/one.html", context)


@require_POST
@page("operator.customers.move", seat=False)
def move(request: HttpRequest, actor: Actor, organisation: UUID) -> HttpResponse:
    """Put a customer under the partner whose Partner ID was sent. Raises Missing or Refused."""
    row = orders.move(actor, organisation, sent(request, "to", most=9).upper(), now=timezone.now())
    messages.success(request, f"{row.name} is moved. What it let its former partner do has ended.")
    return HttpResponseRedirect(_page(actor, organisation))


@require_POST
@page("operator.organisations.suspend", seat=False)
def suspend(request: HttpRequest, actor: Actor, organisation: UUID) -> HttpResponse:
    row = founding.suspend(actor, organisation, why=sent(request, "why"), now=timezone.now())
    messages.success(request, f"{row.name} is suspended: nobody gets in there, or acts from there, from the next click on.")
    return HttpResponseRedirect(_page(actor, organisation))


@require_POST
@page("operator.organisations.suspend", seat=False)
def resume(request: HttpRequest, actor: Actor, organisation: UUID) -> HttpResponse:
    row = founding.resume(actor, organisation, why=sent(request, "why"), now=timezone.now())
    messages.success(request, f"{row.name} works again.")
    return HttpResponseRedirect(_page(actor, organisation))


@page("operator.organisations.found", seat=False)
def found(request: HttpRequest, actor: Actor) -> HttpResponse:
    with tenancy.listing_all():
        rows = organisations.of_operator(actor.tenant).filter(kind=Kind.DISTRIBUTOR).order_by("name", "id")
        form = FoundForm(list(rows), request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = _found(actor, founding.Partner(**form.cleaned_data))
        except Refused as refusal:
            form.add_error(None, " ".join(filter(None, [refusal.text, refusal.hint])))
        else:
            messages.success(request, f"{made.name} is founded; an invitation is on its way to its first owner.")
            return HttpResponseRedirect(_list(actor))
    context = {
        "form": form,
        "errors_shown": bool(form.errors),
        "crumbs": [("Organisations", _list(actor)), ("Found a partner", "")],
    }
    return TemplateResponse(request, "organisations/found.html", context, status=422 if form.errors else 200)


def _found(actor: Actor, wanted: founding.Partner) -> Organisation:
    made = founding.found(actor, wanted, now=timezone.now())
    told.founded(made, operator=actor.organisation)
    return made.organisation


@page("operator.licences.issue", seat=False)
def issue_licence(request: HttpRequest, actor: Actor, reseller: UUID) -> HttpResponse:
    """Make a single-use link that fills the reseller's marketplace page, and mail it. Source: acceptance ID-2, F-15."""
    target = organisations.below(actor.tenant, reseller)
    if target.kind != Kind.RESELLER:
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
