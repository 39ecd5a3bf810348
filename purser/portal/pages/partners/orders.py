"""Operations takes an order: the chain follows from the Partner IDs that it bears; what was cut off is completed or undone.

Source: acceptance UC-3, UC-4; reliability P19.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_POST

from purser.access.actors import Actor
from purser.kernel import zones
from purser.kernel.errors import Missing, Refused
from purser.partners import orders
from purser.portal.doors import page
from purser.portal.pages.partners.shown import form_page, refuse, sent, to
from purser.postgres import tenancy
from purser.tenants import organisations, packages

MOST = 1_000_000  # licences of a package in one order


class OrderForm(forms.Form):
    """One number field for each package there is."""

    number = forms.CharField(
        label="Order number", max_length=80, help_text="As on the order. An order that comes twice takes effect once."
    )
    reseller = forms.CharField(
        label="Partner ID of the reseller", max_length=9, help_text="Of whoever sells; a distributor that sells itself."
    )
    distributor = forms.CharField(
        label="Partner ID of the distributor", max_length=9, required=False, help_text="Empty where there is none."
    )
    customer = forms.CharField(
        label="Tenant ID", max_length=12, required=False, help_text="Of a tenant that exists. Empty: the order founds one."
    )
    name = forms.CharField(label="Company", max_length=200, required=False, help_text="Of a new customer.")
    domain = forms.CharField(label="Domain", max_length=253, required=False)
    region = forms.CharField(label="Country", max_length=2, required=False, help_text="Two letters, like DE.")
    zone = forms.ChoiceField(
        label="Time zone", initial="UTC", choices=[(zone, zone) for zone in zones.names()], required=False
    )
    contact_name = forms.CharField(label="Main contact", max_length=200, required=False)
    contact_email = forms.EmailField(label="Contact's e-mail", max_length=254, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for package in packages.PACKAGES:
            self.fields[f"package-{package}"] = forms.IntegerField(
                label=f"Licences of {package}", min_value=0, max_value=MOST, required=False
            )

    def order(self) -> orders.Order:
        values = self.cleaned_data
        plain = {name: values[name] for name in values if not name.startswith("package-")}
        bought = {name: count for name in packages.PACKAGES if (count := values.get(f"package-{name}"))}
        return orders.Order(**{**plain, "zone": plain["zone"] or "UTC"}, packages=bought)


@page("operator.customers.order", seat=False)
def take(request: HttpRequest, actor: Actor) -> HttpResponse:
    form = OrderForm(request.POST or None)
    back = to("organisations", actor)
    if request.method == "POST" and form.is_valid():
        try:
            made = orders.take(actor, form.order(), now=timezone.now())
        except (Refused, Missing) as refusal:
            refuse(form, Refused(refusal.text, code=refusal.code, hint=refusal.hint))
        else:
            messages.success(request, f"The order is taken; the Tenant ID of {made.name} is {made.number}.")
            return HttpResponseRedirect(to("organisation", actor, organisation=made.pk))
    return form_page(
        request, actor, form, title="Take an order", submit="Take the order", back=back,
        crumbs=[("Organisations", back)],
        lead="As the e-store or the paper has it. The chain of distributor, reseller and customer follows from it.",
    )  # fmt: skip


@page("operator.organisations.read", seat=False)
def half_done(request: HttpRequest, actor: Actor) -> HttpResponse:
    with tenancy.acting_in(actor.tenant):
        zone = organisations.zone()
    context = {
        "rows": orders.half_done(actor.tenant, now=timezone.now()),
        "zone": zone,
        "minutes": int(orders.UNDER_WAY.total_seconds() // 60),
        "crumbs": [("Organisations", to("organisations", actor)), ("Half-done orders", "")],
    }
    return TemplateResponse(request, "partners/half_done.html", context)


@require_POST
@page("operator.customers.order", seat=False)
def complete(request: HttpRequest, actor: Actor, order: UUID) -> HttpResponse:
    made = orders.complete(actor, order, now=timezone.now())
    messages.success(request, f"The order is completed; the Tenant ID of {made.name} is {made.number}.")
    return HttpResponseRedirect(to("orders_half_done", actor))


@require_POST
@page("operator.customers.order", seat=False)
def undo(request: HttpRequest, actor: Actor, order: UUID) -> HttpResponse:
    row = orders.undo(actor, order, why=sent(request, "why"), now=timezone.now())
    messages.success(request, f"The order {row.number} is undone; nothing of it was taken over.")
    return HttpResponseRedirect(to("orders_half_done", actor))
