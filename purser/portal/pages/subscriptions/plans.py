"""Changes of a subscription that are planned for a day to come."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from purser.access.actors import Actor
from purser.kernel.errors import Refused
from purser.portal.doors import page
from purser.portal.pages.partners.shown import form_page, refuse
from purser.portal.pages.subscriptions.prices import DATE
from purser.portal.pages.subscriptions.shown import to
from purser.subscriptions import desk, planned, reach

CHANGES = (
    ("quantity", "Change the quantity"),
    ("end", "End it"),
    ("renews-yes", "Have it renew"),
    ("renews-no", "Have it not renew"),
)


class PlanForm(forms.Form):
    change = forms.ChoiceField(label="What", choices=CHANGES)
    quantity = forms.IntegerField(label="Quantity", required=False, min_value=0, help_text="For a change of the quantity.")
    on = forms.DateField(label="From", widget=DATE)

    @property
    def what(self) -> tuple[str, str]:
        """What changes, and to which value."""
        word, _, value = str(self.cleaned_data["change"]).partition("-")
        quantity = self.cleaned_data["quantity"]
        return word, (str(quantity) if quantity is not None else "") if word == planned.QUANTITY else value


@page("orders.place", seat=False)
def plan(request: HttpRequest, actor: Actor, held: UUID) -> HttpResponse:
    row = reach.one(actor, held)
    form = PlanForm(request.POST or None)
    back = to("held", actor, held=held)
    if request.method == "POST" and form.is_valid():
        what, value = form.what
        try:
            made = desk.plan(actor, held, what=what, value=value, on=form.cleaned_data["on"], now=timezone.now())
        except Refused as refusal:
            refuse(form, refusal)
        else:
            messages.success(request, f"Planned: {planned.said(made)}.")
            return HttpResponseRedirect(back + "#planned")
    return form_page(
        request, actor, form, title="Plan a change", submit="Plan", back=back,
        crumbs=[("Subscriptions", to("held_list", actor)), (row.offer_name, back)],
        lead=f"{row.offer_name} for {row.customer_name}. It is carried out on its day, and can be taken back before.",
    )  # fmt: skip


@require_POST
@page("orders.place", seat=False)
def drop(request: HttpRequest, actor: Actor, held: UUID, planned: UUID) -> HttpResponse:
    desk.drop_plan(actor, held, planned, now=timezone.now())
    messages.success(request, "The plan is taken back.")
    return HttpResponseRedirect(to("held", actor, held=held) + "#planned")
