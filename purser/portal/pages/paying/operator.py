"""The operator's side of payments: the purchases of all partners, and giving money back. Source: acceptance CS-62."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from purser.access.actors import Actor
from purser.billing.paying import lists as plain
from purser.billing.paying import overview, refunds, states
from purser.kernel.errors import Refused
from purser.portal import exports, lists
from purser.portal.doors import page
from purser.portal.pages.partners.shown import form_page, refuse, to
from purser.portal.tables.model import Empty, dressed
from purser.postgres import ids
from purser.tenants import organisations


def _href(row: Any) -> str:
    return reverse("payment", kwargs={"tenant": row.operator, "partner": row.tenant_id, "purchase": row.pk})


PAYMENTS = dressed(
    plain.PARTNERS_PURCHASES,
    empty=Empty("No payments yet", "They come when a partner buys packages."),
    export="payments_export",
    href={"number": _href},
)


@page("operator.prices.read", seat=False)
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    return lists.show(request, actor, PAYMENTS, zone=organisations.zone_of(actor.tenant))


export = exports.door(PAYMENTS, "operator.prices.read")


@page("operator.prices.read", seat=False)
def one(request: HttpRequest, actor: Actor, partner: UUID, purchase: UUID) -> HttpResponse:
    found = overview.of_partner(actor.tenant, partner, purchase)
    context = {
        "found": found,
        "row": found.row,
        "sign": states.SIGNS[found.row.state],
        "refunds": [(one, states.REFUND_SIGNS[one.state]) for one in found.refunds],
        "lines": [(line, line.count * line.price) for line in found.lines],
        "zone": organisations.zone_of(actor.tenant),
        "crumbs": [("Payments", to("payments", actor)), (found.row.number, "")],
    }
    return TemplateResponse(request, "paying/payment.html", context)


class RefundForm(forms.Form):
    units = forms.IntegerField(label="Units to take back", min_value=1)
    reason = forms.CharField(label="Reason", max_length=refunds.MOST_REASON, help_text="The partner reads it.")
    key = forms.UUIDField(widget=forms.HiddenInput)


@page("operator.payments.refund", seat=False)
def refund(request: HttpRequest, actor: Actor, partner: UUID, purchase: UUID) -> HttpResponse:
    found = overview.of_partner(actor.tenant, partner, purchase)
    back = to("payment", actor, partner=partner, purchase=purchase)
    form = RefundForm(request.POST or None, initial={"units": found.units_left, "key": ids.new()})
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            made = refunds.ask(
                actor, partner, purchase, units=values["units"], reason=values["reason"], key=values["key"],
                now=timezone.now(),
            )  # fmt: skip
        except Refused as refusal:
            refuse(form, refusal, "units" if refusal.code == "units" else "reason" if "text" in refusal.code else None)
        else:
            messages.success(request, f"Refund {made.number} of {made.money:f} {found.row.currency} is on its way.")
            return HttpResponseRedirect(back)
    lead = f"{found.units_left:,} of {found.row.units:,} units can be given back, as far as they are still in the balance."
    return form_page(
        request, actor, form, title=f"Refund {found.row.number}", submit="Give the money back", back=back,
        crumbs=[("Payments", to("payments", actor)), (found.row.number, back)], lead=lead,
    )  # fmt: skip
