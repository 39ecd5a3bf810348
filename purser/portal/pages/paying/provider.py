"""The operator's payment provider: its address, its keys, and what it says of them. Source: decision S-1; P25."""

from __future__ import annotations

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from purser.access.actors import Actor
from purser.billing.paying import provider
from purser.flows import ports
from purser.kernel.errors import Refused
from purser.portal.doors import page
from purser.portal.pages.partners.shown import form_page, refuse, to
from purser.tenants import organisations


class ProviderForm(forms.Form):
    url = forms.CharField(
        label="Address", max_length=300, initial=provider.URL,
        help_text="Where the provider's API is. Another address forgets the keys.",
    )  # fmt: skip
    key = forms.CharField(
        label="Secret key", max_length=500, required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="Sealed, and never shown again. Empty keeps the one there is.",
    )  # fmt: skip
    webhook_keys = forms.CharField(
        label="Signing keys of webhooks", max_length=3000, required=False,
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off", "spellcheck": "false"}),
        help_text="One a line; several hold while one replaces another. Sealed, and never shown again. Empty keeps them.",
    )  # fmt: skip
    cards_only = forms.BooleanField(
        label="Charges say that they take cards only", required=False, initial=True,
        help_text="Switch it off for a stand-in that knows an older API.",
    )  # fmt: skip
    version = forms.IntegerField(widget=forms.HiddenInput, initial=0)


@page("operator.payments.configure")
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    held = provider.own()
    row = held.row if held else None
    initial = {"url": row.url, "cards_only": row.cards_only, "version": row.version} if row else {}
    form = ProviderForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            provider.configure(actor, _settings(form), admit=ports.payments, now=timezone.now())
        except Refused as refusal:
            refuse(form, refusal, refusal.code if refusal.code in form.fields else None)
        else:
            messages.success(request, "The payment provider is kept. Test it now.")
            return HttpResponseRedirect(to("payment_provider", actor))
    hook = reverse("payment_webhook", kwargs={"operator": actor.tenant})
    more = {"held": held, "hook": f"{settings.SITE_URL}{hook}", "zone": organisations.zone()}
    return form_page(
        request, actor, form, title="Payment provider", submit="Save", back=to("home", actor), crumbs=[],
        lead="Your account at the provider that charges partners' cards. You are the merchant.",
        template="paying/provider.html", more=more,
    )  # fmt: skip


def _settings(form: ProviderForm) -> provider.Settings:
    values = form.cleaned_data
    hooks = values["webhook_keys"].split() or None
    return provider.Settings(values["url"], values["cards_only"], values["key"], hooks, values["version"])


@require_POST
@page("operator.payments.configure", seat=False)
def test(request: HttpRequest, actor: Actor) -> HttpResponse:
    told = provider.test(actor, ports.payments, now=timezone.now())
    (messages.success if told.ok else messages.error)(request, told.text)
    return HttpResponseRedirect(to("payment_provider", actor))
