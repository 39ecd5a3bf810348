"""Manage Historic Sales Price: the price of one subscription from a day on. Source: acceptance CM-20, CM-64."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone

from purser.access.actors import Actor
from purser.kernel.errors import Refused
from purser.portal.doors import page
from purser.portal.pages.partners.shown import form_page, refuse
from purser.portal.pages.subscriptions.shown import to
from purser.subscriptions import desk, keeping

DATE = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class PriceForm(forms.Form):
    price = forms.DecimalField(label="Sales price", min_value=0, max_digits=16, decimal_places=6)
    from_on = forms.DateField(label="From", widget=DATE)
    confirmed = forms.BooleanField(label="Sell below the floor of the margin", required=False)


@page("subscriptions.price", seat=False)
def edit(request: HttpRequest, actor: Actor, held: UUID) -> HttpResponse:
    """The form, then what it would do, then it is done."""
    now = timezone.now()
    row = desk.own(actor, held)
    start = {"price": f"{row.price.normalize():f}", "from_on": keeping.day_of(row.tenant_id, now)}
    form = PriceForm(request.POST or None, initial=start)
    back, preview = to("held", actor, held=held), None
    if request.method == "POST" and form.is_valid():
        wanted = {"price": form.cleaned_data["price"], "from_on": form.cleaned_data["from_on"]}
        try:
            if "preview" in request.POST:
                preview = desk.preview_price(actor, held, **wanted, now=now)
            else:
                desk.set_price(actor, held, **wanted, confirmed=form.cleaned_data["confirmed"], now=now)
                messages.success(request, f"The price is {wanted['price']:f} {row.currency} from {wanted['from_on']}.")
                return HttpResponseRedirect(back)
        except Refused as refusal:
            refuse(form, refusal)
    return form_page(
        request, actor, form, title="Manage historic sales price", submit="Save", back=back,
        template="subscriptions/price.html",
        crumbs=[("Subscriptions", to("held_list", actor)), (row.offer_name, back)],
        lead=f"{row.offer_name} for {row.customer_name}: what it is asked for one {row.unit}, {row.cycle}, in {row.currency}.",
        more={"preview": preview},
    )  # fmt: skip
