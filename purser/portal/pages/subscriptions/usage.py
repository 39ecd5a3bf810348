"""What a metered subscription used and is charged, cycle by cycle; and all charges as a list. Source: acceptance AC-37."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from purser.access import permit
from purser.access.actors import Actor
from purser.kernel import digest
from purser.kernel.errors import Refused
from purser.portal import exports, lists
from purser.portal.doors import page
from purser.portal.pages.partners.shown import form_page, refuse
from purser.portal.pages.subscriptions.prices import DATE
from purser.portal.pages.subscriptions.shown import to
from purser.portal.tables.model import Empty, dressed
from purser.subscriptions import metered, reach
from purser.subscriptions.cycles import WAIT, Cycle, how
from purser.subscriptions.lists_metered import CHARGES
from purser.tenants import organisations

NONE = Empty("Nothing was charged yet", f"A cycle of a metered subscription is charged {WAIT.days} days after its end.")
READINGS = 62  # shown: two months of days


def table(tenant: Any) -> Any:
    def href(row: Any) -> str:
        return reverse("held_usage", kwargs={"tenant": tenant, "held": row.subscription_id})

    return dressed(CHARGES, empty=NONE, export="cycle_charges_export", href={"name": href, "number": href})


@page("subscriptions.read", seat=False)
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    return lists.show(request, actor, table(actor.tenant), zone=organisations.zone_of(actor.tenant))


export = exports.door(dressed(CHARGES, empty=NONE), "subscriptions.export")


@page("subscriptions.read", seat=False)
def one(request: HttpRequest, actor: Actor, held: UUID) -> HttpResponse:
    found = metered.shown(actor, held, now=timezone.now())
    row = found.row
    readings = sorted((one for cycle in found.cycles for one in cycle.readings), key=lambda one: one.read_at, reverse=True)
    context = {
        "title": "Usage and charges",
        "lead": f"{row.offer_name} of {row.customer_name}, by the vendor's usage {row.meter}, in {row.unit}",
        "row": row,
        "cycles": [
            (cycle, *_said(cycle), found.parts.get(cycle.period.start), how(cycle, row.unit)) for cycle in found.cycles
        ],
        "parts": bool(found.parts),
        "above": not found.seller,
        "wait": WAIT.days,
        "waiting": [cycle for cycle in found.cycles if cycle.waits],
        "may_say": found.seller and permit.allows(actor, metered.SAY),
        "readings": [(one, digest.units(one.value), digest.units(one.before)) for one in readings[:READINGS]],
        "before": any(one.before for one in readings[:READINGS]),
        "zone": organisations.zone_of(actor.tenant),
        "crumbs": [
            ("Subscriptions", to("held_list", actor)),
            (row.offer_name, to("held", actor, held=held)),
            ("Usage and charges", ""),
        ],
    }
    return TemplateResponse(request, "subscriptions/usage.html", context)


STATES = {
    "charged": ("Charged", "good", ""), "no_reading": ("No reading", "warn", "hourglass"),
    "due": ("To be charged", "note", "hourglass"), "over": ("Over", "plain", ""), "open": ("Open, so far", "plain", ""),
}  # fmt: skip


def _said(cycle: Cycle) -> tuple[str, str, str, str]:
    """What was used in it, where it stands, with tone and icon."""
    used = digest.units(cycle.used) if cycle.used is not None else "0" if cycle.charges else ""
    return used, *STATES[cycle.state]


class NoughtForm(forms.Form):
    from_on = forms.DateField(label="Cycle from", widget=DATE)
    why = forms.CharField(label="Why", max_length=500)


@page("subscriptions.price", seat=False)
def nought(request: HttpRequest, actor: Actor, held: UUID) -> HttpResponse:
    row = reach.one(actor, held)
    form = NoughtForm(request.POST or None, initial={"from_on": _day(request.GET.get("from", ""))})
    back = to("held_usage", actor, held=held)
    if request.method == "POST" and form.is_valid():
        try:
            metered.say_nought(actor, held, **form.cleaned_data, now=timezone.now())
        except Refused as refusal:
            refuse(form, refusal)
        else:
            messages.success(request, f"Nothing is charged for the cycle from {form.cleaned_data['from_on']}.")
            return HttpResponseRedirect(back)
    return form_page(
        request, actor, form, title="Charge nothing for a cycle", submit="Charge nothing", back=back,
        crumbs=[("Subscriptions", to("held_list", actor)), (row.offer_name, to("held", actor, held=held))],
        lead=f"For a cycle of {row.offer_name} of {row.customer_name} whose usage the vendor did not tell. A reading "
        "that comes later is charged as a correction.",
    )  # fmt: skip


def _day(said: str) -> date | None:
    try:
        return date.fromisoformat(said)
    except ValueError:
        return None
