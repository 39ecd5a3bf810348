"""Whom to bill: Settings, Billing Info, and its EDIT; and the operator's own particulars, which stand on every paper.

Source: acceptance CS-57, CS-61, CS-63.
"""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_POST

from purser.access.actors import Actor
from purser.billing.buying import defaults, packages, profile
from purser.billing.paying import purchases
from purser.kernel.errors import Refused
from purser.portal import navigation
from purser.portal.doors import page
from purser.portal.pages.partners.settings import sections
from purser.portal.pages.partners.shown import form_page, refuse, to

COUNTRY = "Two letters, like DE."
AUTOCOMPLETE = {
    "company": "organization",
    "street": "street-address",
    "city": "address-level2",
    "state": "address-level1",
    "country": "country",
    "postal_code": "postal-code",
    "contact_name": "name",
    "contact_email": "email",
}


class BillingForm(forms.Form):
    """The fields of profile.FIELDS, as the topic checks them."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *given: object, **more: object) -> None:
        super().__init__(*given, **more)  # type: ignore[arg-type]  # as a form takes them
        for name, (words, longest) in profile.FIELDS.items():
            attrs = {"autocomplete": AUTOCOMPLETE.get(name, "off")}
            self.fields[name] = forms.CharField(
                label=words,
                max_length=longest,
                required=name not in profile.OPTIONAL,
                help_text=COUNTRY if name == "country" else "",
                widget=forms.EmailInput(attrs=attrs) if name == "contact_email" else forms.TextInput(attrs=attrs),
            )


@page("billing.read")
def info(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Settings, Billing Info: the card on file and the billing address, each with its EDIT."""
    bill = profile.own()
    context = {
        "title": "Billing Info",
        "navigation": sections(actor, "settings_billing"),
        "billed": [(words, getattr(bill, name)) for name, (words, _) in profile.FIELDS.items()] if bill else [],
        "card": purchases.card_on_file(),
        "card_href": navigation.address("card", actor),
        "automatic_href": navigation.address("automatic", actor),
    }
    return TemplateResponse(request, "buying/info.html", context)


def _edit(
    request: HttpRequest, actor: Actor, *, title: str, lead: str, back: str, crumbs: list[tuple[str, str]]
) -> HttpResponse:
    row = profile.own()
    held = {name: getattr(row, name) for name in profile.FIELDS} if row else {}
    form = BillingForm(request.POST or None, initial={**held, "version": row.version if row else 0})
    if request.method == "POST" and form.is_valid():
        values = {name: form.cleaned_data[name] for name in profile.FIELDS}
        try:
            profile.store(actor, values, version=form.cleaned_data["version"], now=timezone.now())
        except Refused as refusal:
            refuse(form, refusal, refusal.code if refusal.code in profile.FIELDS else None)
        else:
            messages.success(request, "The billing information is stored.")
            return HttpResponseRedirect(back)
    return form_page(request, actor, form, title=title, submit="OK", back=back, crumbs=crumbs, lead=lead)


@page("billing.configure")
def edit(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The Billing Information window."""
    back = _quoted(request, actor) or to("settings_billing", actor)
    crumbs = [("Settings", to("settings", actor)), ("Billing Info", to("settings_billing", actor))]
    lead = "All fields are needed but the tax number. The billing point of contact gets every receipt."
    return _edit(request, actor, title="Billing Information", lead=lead, back=back, crumbs=crumbs)


def _quoted(request: HttpRequest, actor: Actor) -> str:
    """Where somebody came from who is about to buy."""
    try:
        return to("quote_buy", actor, quote=UUID(request.GET.get("quote", "")))
    except ValueError:
        return ""


@page("operator.prices.publish")
def seller(request: HttpRequest, actor: Actor) -> HttpResponse:
    """As whom the operator sells: it stands on every quote, receipt, credit note and debit note."""
    back = to("prices", actor)
    lead = (
        "It stands on every quote, receipt, credit note and debit note from now on; those that were issued stay as they are."
    )
    return _edit(request, actor, title="Seller", lead=lead, back=back, crumbs=[("Price lists", back)])


@page("billing.read")
def package(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Settings, Default Package: the table with one selection."""
    held = packages.current(timezone.now())
    context = {
        "title": "Default Package",
        "navigation": sections(actor, "settings_package"),
        "currency": held.currency if held else "",
        "rows": packages.rows_of(held) if held else [],
        "chosen": defaults.code(),
    }
    return TemplateResponse(request, "buying/default.html", context)


@require_POST
@page("billing.configure")
def choose(request: HttpRequest, actor: Actor) -> HttpResponse:
    defaults.choose(actor, request.POST.get("package", ""), now=timezone.now())
    messages.success(request, f"{defaults.code()} is the default package.")
    return HttpResponseRedirect(to("settings_package", actor))
