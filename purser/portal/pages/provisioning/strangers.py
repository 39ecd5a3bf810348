"""Tenants at vendors that no account has: the list, one of them, adopted for an organisation or ignored.

Source: acceptance AC-30; issue of vendors' tenants, section 4.
"""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from purser.access import acts
from purser.access.actors import Actor
from purser.flows.accounts_to_vendor import handling
from purser.kernel.errors import Refused
from purser.portal import exports, lists
from purser.portal.doors import page
from purser.portal.pages.partners.shown import sent, to
from purser.portal.tables.model import Empty, dressed
from purser.postgres import tenancy
from purser.provisioning import lists as plain
from purser.provisioning import strangers
from purser.provisioning.models import Account
from purser.tenants import organisations

STRANGERS = dressed(
    plain.STRANGERS,
    empty=Empty(
        "Every tenant at your vendors is an account's",
        "Vendors are compared every hour; a tenant below you that nobody here knows stands here, to be adopted or ignored.",
    ),
    export="vendor_strangers_export",
    href={"name": lambda row: reverse("vendor_stranger", kwargs={"tenant": row.tenant_id, "stranger": row.pk})},
)


@page("accounts.read")
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    return lists.show(request, actor, STRANGERS, zone=organisations.zone())


export = exports.door(STRANGERS, "accounts.read")


class AdoptForm(forms.Form):
    """Whose it is, of the organisations that are synced and have no tenant yet."""

    organisation = forms.TypedChoiceField(label="Organisation", coerce=UUID)

    def __init__(self, free: list[Account], posted: QueryDict | None = None) -> None:
        super().__init__(posted)
        self.fields["organisation"].choices = [(str(row.tenant_id), row.name) for row in free]  # type: ignore[attr-defined]


@page("accounts.read", seat=False)
def one(request: HttpRequest, actor: Actor, stranger: UUID) -> HttpResponse:
    with tenancy.acting_in(actor.tenant):
        row = strangers.find(stranger)
        told, zone = acts.of_object("stranger", row.pk), organisations.zone()
    free = strangers.candidates(actor, row)
    context = {
        "stranger": row,
        "sign": plain.KNOWN[row.state],
        "form": AdoptForm(free) if free else None,
        "acts": told,
        "zone": zone,
        "crumbs": [("Unknown tenants", to("vendor_strangers", actor)), (row.name, "")],
    }
    return TemplateResponse(request, "provisioning/stranger.html", context)


@require_POST
@page("accounts.decide", seat=False)
def adopt(request: HttpRequest, actor: Actor, stranger: UUID) -> HttpResponse:
    """For one of the organisations that could have it; it is read at the vendor first."""
    with tenancy.acting_in(actor.tenant):
        row = strangers.find(stranger)
    form = AdoptForm(strangers.candidates(actor, row), request.POST)
    if not form.is_valid():
        raise Refused("Choose the organisation whose tenant it is.", code="organisation", hint="Sync it first.")
    whose, at = form.cleaned_data["organisation"], row.instance_id
    account = handling.adopt(actor, whose, at, row.remote, clock=timezone.now)
    messages.success(request, f"The tenant is {account.name}'s from now on; what is missing there is done now.")
    return HttpResponseRedirect(f"{to('vendor_account', actor, organisation=whose, instance=at)}?watch=1")


@require_POST
@page("accounts.decide")
def ignore(request: HttpRequest, actor: Actor, stranger: UUID) -> HttpResponse:
    row = strangers.ignore(actor, stranger, why=sent(request, "why"), now=timezone.now())
    messages.success(request, f"{row.name} is ignored: it is not told again as long as it is there.")
    return HttpResponseRedirect(to("vendor_strangers", actor))
