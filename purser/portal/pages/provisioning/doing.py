"""What a person does with an account at its vendor: go on, mail again, decide, adopt, take back, remove
and give up removing.

Source: acceptance AC-10, AC-14, AC-30, AC-33.
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
from purser.flows.accounts_to_vendor import comparing, handling
from purser.kernel.errors import Missing, Refused
from purser.portal.doors import page
from purser.portal.pages.partners.shown import refuse, sent, to
from purser.postgres import tenancy
from purser.provisioning import desk, instances, steps
from purser.provisioning.models import Role, StepState


def _back(actor: Actor, organisation: UUID, instance: UUID) -> HttpResponse:
    """To the account, which then shows what the worker does."""
    there = to("vendor_account", actor, organisation=organisation, instance=instance)
    return HttpResponseRedirect(f"{there}?watch=1")


@require_POST
@page("accounts.decide", seat=False)
def retry(request: HttpRequest, actor: Actor, organisation: UUID, instance: UUID) -> HttpResponse:
    row = desk.retry(actor, organisation, instance, now=timezone.now())
    messages.success(request, f"{row.name}: it goes on now, from the step that failed.")
    return _back(actor, organisation, instance)


@require_POST
@page("accounts.decide", seat=False)
def decide(request: HttpRequest, actor: Actor, organisation: UUID, instance: UUID) -> HttpResponse:
    """A step of which nobody could tell: `happened` is yes or no."""
    stage, happened = sent(request, "stage", most=20), sent(request, "happened", most=3)
    if happened not in ("yes", "no"):
        raise Refused("Say whether it happened: yes or no.", code="decision")
    desk.decide(
        actor, organisation, instance, stage, happened=happened == "yes", note=sent(request, "note", most=400),
        now=timezone.now(),
    )  # fmt: skip
    done = "as done" if happened == "yes" else "as not done; it is done again"
    messages.success(request, f"{steps.STAGES.get(stage, stage)} is kept {done}.")
    return _back(actor, organisation, instance)


@require_POST
@page("accounts.decide", seat=False)
def adopt(request: HttpRequest, actor: Actor, organisation: UUID, instance: UUID) -> HttpResponse:
    row = handling.adopt(actor, organisation, instance, sent(request, "remote", most=100), clock=timezone.now)
    messages.success(request, f"The tenant is {row.name}'s from now on; what is missing there is done now.")
    return _back(actor, organisation, instance)


@require_POST
@page("accounts.decide", seat=False)
def take_back(request: HttpRequest, actor: Actor, organisation: UUID, instance: UUID) -> HttpResponse:
    row = handling.take_back(actor, organisation, instance, why=sent(request, "why", most=300), clock=timezone.now)
    messages.success(request, f"What was made for {row.name} is disabled and deleted now; its subscriptions there ended.")
    return _back(actor, organisation, instance)


@require_POST
@page("accounts.decide", seat=False)
def give_up(request: HttpRequest, actor: Actor, organisation: UUID, instance: UUID) -> HttpResponse:
    row = handling.give_up(actor, organisation, instance, why=sent(request, "why", most=300), clock=timezone.now)
    messages.success(request, f"{row} is not removed any more: the tenant stays as it is at the vendor.")
    return _back(actor, organisation, instance)


@require_POST
@page("accounts.sync", seat=False)
def mail(request: HttpRequest, actor: Actor, organisation: UUID, instance: UUID) -> HttpResponse:
    """The activation once more. Source: acceptance AC-10."""
    step = handling.resend(actor, organisation, instance, clock=timezone.now)
    if step.state == StepState.DONE:
        messages.success(request, "The vendor mailed the activation again.")
    else:
        messages.warning(
            request, f"The activation mail: {StepState(step.state).label.lower()}. {step.text} {step.hint}".strip()
        )
    return _back(actor, organisation, instance)


class RemoveForm(forms.Form):
    name = forms.CharField(label="Name", max_length=200, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    why = forms.CharField(label="Reason", max_length=handling.LONGEST, help_text="The organisation's record keeps it.")


@page("accounts.remove", seat=False)
def remove(request: HttpRequest, actor: Actor, organisation: UUID, instance: UUID) -> HttpResponse:
    """The separate, confirmed action: the vendor deletes the tenant with everything in it. Source: acceptance AC-33."""
    case = desk.case(actor, organisation, instance)
    if case.account.state == "removed":
        raise Missing("There is no tenant any more.")
    form = RemoveForm(request.POST or None)
    form.fields["name"].help_text = f"Type {case.account.name} to confirm."
    if request.method == "POST" and form.is_valid():
        try:
            row = handling.remove(actor, organisation, instance, clock=timezone.now, **form.cleaned_data)
        except Refused as refusal:
            refuse(form, refusal, "name" if refusal.code == "name" else None)
        else:
            gone = row.state == "removed"
            messages.success(request, f"{row} is {'removed' if gone else 'being removed: disabled first, and then deleted'}.")
            return _back(actor, organisation, instance)
    there = to("vendor_account", actor, organisation=organisation, instance=instance)
    context = {
        "account": case.account,
        "reseller": case.account.role == Role.RESELLER,
        "form": form,
        "errors_shown": bool(form.errors),
        "back": there,
        "crumbs": [
            (case.account.name, to("sync_status", actor, organisation=organisation)),
            (case.account.instance_name, there),
            ("Remove", ""),
        ],
    }
    return TemplateResponse(request, "provisioning/remove.html", context, status=422 if form.errors else 200)


@require_POST
@page("accounts.decide", seat=False)
def look(request: HttpRequest, actor: Actor, instance: UUID) -> HttpResponse:
    """Read what stands at the vendor, and show what differs and which tenants nobody has."""
    with tenancy.acting_in(actor.tenant):
        row = instances.find(instance)
        instances.usable(row)
    found = comparing.compare(provider=actor.tenant, instance_id=instance, clock=timezone.now)
    context = {
        "instance": row,
        "found": found,
        "crumbs": [
            ("Instances of vendors", to("instances", actor)),
            (row.name, to("instance", actor, instance=instance)),
            ("Compared", ""),
        ],
    }
    return TemplateResponse(request, "provisioning/compared.html", context)


@require_POST
@page("accounts.sync", seat=False)
def push(request: HttpRequest, actor: Actor, instance: UUID) -> HttpResponse:
    """What the provider may give by now, to all its resellers. Source: acceptance AC-14."""
    with tenancy.acting_in(actor.tenant):
        instances.find(instance)
    count = desk.push(actor, instance, now=timezone.now())
    messages.success(request, f"What you may give by now is pushed on to {count} resellers.")
    return HttpResponseRedirect(to("instance", actor, instance=instance))
