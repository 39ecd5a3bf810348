"""Management of tenants: a partner's customers, and the invitations of tenants. Source: acceptance UC-14, CS-7, CS-10."""

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
from purser.partners import customers, joining, record, told
from purser.partners import lists as plain
from purser.portal import exports, lists, navigation
from purser.portal.doors import page
from purser.portal.pages.partners.shown import form_page, refuse, to
from purser.portal.tables.model import Empty, Table, dressed
from purser.postgres import tenancy
from purser.tenants import organisations

PANE = 10  # tenants on the dashboard; the list has them all


class InviteForm(forms.Form):
    email = forms.CharField(
        label="E-mail address",
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        help_text="Of somebody who administers the tenant; nobody else can accept.",
    )


def overview(row: Any) -> str:
    """Where a customer's tenant opens; nothing where it did not agree. Source: acceptance UC-14."""
    return navigation.page_of("overview", row.pk) if row.open else ""


def _details(row: Any) -> str:
    return reverse("tenant", kwargs={"tenant": row.parent_id, "organisation": row.pk})


TENANTS = dressed(
    plain.TENANTS,
    empty=Empty("No customers yet", "Customers come with their orders; operations takes those."),
    export="tenants_export",
    href={"name": overview, "number": _details, "consent": _details},
)
BELOW = dressed(
    plain.BELOW,
    empty=Empty("No customers of resellers", "Your resellers' customers come with their orders."),
    export="tenants_below_export",
)


def _listed(request: HttpRequest, actor: Actor, table: Table) -> HttpResponse:
    now = timezone.now()
    with tenancy.acting_in(actor.tenant):
        own = organisations.own()
        more = {
            "invitations": [(row, row.expires_at <= now) for row in joining.pending()],
            "enabled": own.administers,
            "zone": own.zone,
        }
    return lists.show(request, actor, table, "partners/tenants.html", more, zone=own.zone)


@page("tenants.read", seat=False)
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    return _listed(request, actor, TENANTS)


@page("tenants.read", seat=False)
def below(request: HttpRequest, actor: Actor) -> HttpResponse:
    return lists.show(request, actor, BELOW, zone=organisations.zone_of(actor.tenant))


export = exports.door(TENANTS, "tenants.read")
below_export = exports.door(BELOW, "tenants.read")


@page("tenants.read", seat=False)
def pane(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The dashboard's part: some tenants, those that open first, and who is invited. Source: acceptance CS-7, CS-11."""
    now = timezone.now()
    with tenancy.acting_in(actor.tenant):
        own = organisations.own()
        invitations = [(row, row.expires_at <= now) for row in joining.pending()]
    with tenancy.listing_customers_of(actor.tenant):
        rows = list(customers.listed(actor.tenant, now).order_by("-open", "name", "id")[: PANE + 1])
    context = {
        "rows": [(row, overview(row), record.STANDINGS[row.consent]) for row in rows[:PANE]],
        "more": len(rows) > PANE,
        "invitations": invitations,
        "enabled": own.administers,
        "zone": own.zone,
    }
    return TemplateResponse(request, "partners/pane.html", context)


@page("tenants.invite", seat=False)
def invite(request: HttpRequest, actor: Actor) -> HttpResponse:
    form = InviteForm(request.POST or None)
    back = to("tenants", actor)
    if request.method == "POST" and form.is_valid():
        try:
            with tenancy.acting_in(actor.tenant):
                issued = joining.invite(actor, email=form.cleaned_data["email"], now=timezone.now())
        except Refused as refusal:
            refuse(form, refusal, "email")
        else:
            told.invited(issued, partner=actor.tenant)
            messages.success(request, f"The invitation is on its way to {issued.invitation.email}.")
            return HttpResponseRedirect(back)
    return form_page(
        request, actor, form, title="Invite a tenant", submit="Send", back=back, crumbs=[("Tenants", back)],
        lead="The link in the mail works once, for 72 hours. Once it is accepted, you administer the tenant.",
    )  # fmt: skip


@require_POST
@page("tenants.invite", seat=False)
def again(request: HttpRequest, actor: Actor, invited: UUID) -> HttpResponse:
    with tenancy.acting_in(actor.tenant):
        issued = joining.send_again(actor, invited, now=timezone.now())
    told.invited(issued, partner=actor.tenant)
    messages.success(request, f"A new link is on its way to {issued.invitation.email}; the former one no longer works.")
    return HttpResponseRedirect(to("tenants", actor))


@require_POST
@page("tenants.invite")
def withdraw(request: HttpRequest, actor: Actor, invited: UUID) -> HttpResponse:
    joining.revoke(actor, invited, now=timezone.now())
    messages.success(request, "The invitation is withdrawn; its link no longer works.")
    return HttpResponseRedirect(to("tenants", actor))
