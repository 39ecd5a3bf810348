"""Settings of a partner: who owns its portal and who administers which tenant. Billing is in pages/buying.

Source: acceptance CS-3 to CS-6, CS-18.
"""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from purser.access import permit
from purser.access.actors import Actor
from purser.kernel.errors import Refused
from purser.partners import customers, heads
from purser.portal.doors import page
from purser.portal.pages.partners.shown import to
from purser.postgres import tenancy

# The left navigation: URL name, words. Source: acceptance CS-3.
ENTRIES = (("settings", "Manage Roles"), ("settings_billing", "Billing Info"), ("settings_package", "Default Package"))


def sections(actor: Actor, here: str) -> list[tuple[str, str, bool]]:
    """The left navigation, with the page it is shown on marked."""
    return [(words, to(name, actor), name == here) for name, words in ENTRIES]


@page("tenants.read", seat=False)
def roles(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Two panes: the owners of this portal, and the administrators of each tenant that agreed."""
    with tenancy.acting_in(actor.tenant):
        owners = [one.membership for one in heads.accounts(actor.kind) if one.heads]
    with tenancy.listing_customers_of(actor.tenant):
        rows = customers.listed(actor.tenant, timezone.now()).filter(open=True)
        tenants = list(rows.order_by("name", "id")[:500])
    context = {"title": "Manage Roles", "owners": owners, "tenants": tenants, "navigation": sections(actor, "settings")}
    return TemplateResponse(request, "partners/roles.html", context)


@page("tenants.read", seat=False)
def pick(request: HttpRequest, actor: Actor) -> HttpResponse:
    """EDIT of the tenant picked: its administrators are chosen in that tenant, on its behalf."""
    try:
        picked = UUID(request.GET.get("tenant", ""))
    except ValueError:
        messages.error(request, "Pick a tenant first.")
        return HttpResponseRedirect(to("settings", actor))
    customer = customers.own(actor.tenant, picked, timezone.now())
    if not customer.open:
        messages.error(request, f"{customer.name} has not agreed to your administration.")
        return HttpResponseRedirect(to("settings", actor))
    return HttpResponseRedirect(reverse("heads", kwargs={"tenant": customer.pk}))


@page("people.change_role", seat=False)
def choose(request: HttpRequest, actor: Actor) -> HttpResponse:
    """CHANGE and Select Admins: the accounts here, several chosen at once. For a partner, and in a customer's tenant."""
    with tenancy.acting_in(actor.tenant):
        accounts, wrong = heads.accounts(actor.kind), ""
    back = to("people" if actor.kind in ("customer", "operator") else "settings", actor)
    chosen = {str(one.membership.pk) for one in accounts if one.heads}
    if request.method == "POST":
        chosen = set(request.POST.getlist("member"))
        try:
            came, went = heads.choose(actor, _ids(chosen), now=timezone.now())
        except Refused as refusal:
            if isinstance(refusal, permit.Denied | permit.StepUp):
                raise
            wrong = " ".join(filter(None, [refusal.text, refusal.hint]))
        else:
            messages.success(request, _said(came, went))
            return HttpResponseRedirect(back)
    context = {
        "accounts": [(one, str(one.membership.pk) in chosen) for one in accounts],
        "hidden": sum(not one.choosable for one in accounts),
        "wrong": wrong,
        "errors_shown": bool(wrong),
        "title": "Select Admins" if actor.kind == "customer" else "Owners of this portal",
        "back": back,
    }
    return TemplateResponse(request, "partners/choose.html", context, status=422 if wrong else 200)


def _ids(texts: set[str]) -> set[UUID]:
    try:
        return {UUID(text) for text in texts}
    except ValueError:
        raise Refused("One of the chosen is no account.", code="selection", hint="Reload the page.") from None


def _said(came: list[str], went: list[str]) -> str:
    if not came and not went:
        return "Nothing was changed."
    parts = [f"Added: {', '.join(came)}." if came else "", f"Made readers: {', '.join(went)}." if went else ""]
    return " ".join(filter(None, [*parts, "It counts from their next click."]))
