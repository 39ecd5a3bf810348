"""The switch of automatic purchase, with its daily cap. Source: acceptance CS-57, CS-64; decision F-7."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone

from purser.access.actors import Actor
from purser.billing.paying import automatic, purchases
from purser.kernel.errors import Refused
from purser.portal.doors import page
from purser.portal.pages.partners.shown import form_page, refuse, to


class SwitchForm(forms.Form):
    on = forms.BooleanField(label="Buy packages automatically when the balance is below 0", required=False)
    cap = forms.DecimalField(
        label="Most that may be charged on one day",
        required=False,
        max_digits=11,
        min_value=0,
        help_text="Above it nothing is charged, and you are told. The service goes on.",
    )
    version = forms.IntegerField(widget=forms.HiddenInput)


@page("billing.automate")
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    row = automatic.programme()
    initial = {"on": row.auto_on, "cap": row.cap, "version": row.version}
    form = SwitchForm(request.POST or None, initial=initial)
    form.fields["cap"].label = f"Most that may be charged on one day ({row.currency})"
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            made = automatic.switch(
                actor, on=values["on"], cap=values["cap"], version=values["version"], now=timezone.now()
            )  # fmt: skip
        except Refused as refusal:
            refuse(form, refusal, "cap" if refusal.code == "cap" else None)
        else:
            messages.success(request, f"Automatic purchase is {'on' if made.auto_on else 'off'}.")
            return HttpResponseRedirect(to("card", actor))
    lead = "As few default packages as bring the balance back to 0, as one payment by the card on file."
    if purchases.card_on_file() is None:
        lead += " It needs a card on file first."
    back = to("card", actor)
    return form_page(
        request, actor, form, title="Automatic purchase", submit="Save", back=back, crumbs=[("Payment", back)], lead=lead
    )  # fmt: skip
