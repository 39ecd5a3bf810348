"""The operator's pages of daily units: a partner in the programme, correcting a closed day, publishing terms.

Each takes its seats: the partner's, where the rows are, and the operator's own.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone

from purser.access.actors import Actor
from purser.billing.usage import correcting, desk, programme
from purser.billing.usage import terms as offers
from purser.kernel import zones
from purser.kernel.errors import Missing, Refused
from purser.kernel.period import month_of
from purser.portal.doors import page
from purser.portal.pages.partners.shown import form_page, refuse, to
from purser.postgres import tenancy
from purser.rating.policy import DSU, Scope, Terms
from purser.tenants import organisations

_DATE = forms.DateInput(attrs={"type": "date"})


class AdmitForm(forms.Form):
    on = forms.DateField(label="First day", widget=_DATE, help_text="Licensed users are counted from its close on.")


class EndForm(forms.Form):
    on = forms.DateField(label="First day not counted", widget=_DATE, help_text="Units that are left stay, and do not expire.")


class ZoneForm(forms.Form):
    zone = forms.ChoiceField(
        label="Time zone",
        choices=[(zone, zone) for zone in zones.names()],
        help_text="The day that is open now closes there already. No day is left out or comes twice.",
    )


class CorrectForm(forms.Form):
    """A field for each tenant, and why."""

    reason = forms.CharField(label="Reason", max_length=correcting.REASON, help_text="The partner reads it beside the day.")

    def __init__(self, counts: list[desk.Count], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for one in counts:
            self.fields[str(one.tenant)] = forms.IntegerField(
                label=one.name, min_value=0, max_value=correcting.MOST, initial=one.users
            )
        self.order_fields([*map(str, (one.tenant for one in counts)), "reason"])

    def changed(self, counts: list[desk.Count]) -> dict[UUID, int]:
        sent = {one.tenant: self.cleaned_data[str(one.tenant)] for one in counts}
        return {one.tenant: sent[one.tenant] for one in counts if sent[one.tenant] != one.users}


class TermsForm(forms.Form):
    from_on = forms.DateField(label="From", widget=_DATE, help_text="The first of a month that has begun nowhere.")
    billable_days = forms.IntegerField(label="Billable days", min_value=1, max_value=31, help_text="Later days cost nothing.")
    ratchet = forms.BooleanField(label="A day costs the peak of the month so far", required=False)
    true_up = forms.BooleanField(label="Behind the billable days the peak follows the count", required=False)
    carry_over = forms.BooleanField(label="A month opens with the last peak of the month before", required=False)
    scope = forms.ChoiceField(
        label="Counted together",
        choices=[(Scope.PARTNER.value, "All tenants of a partner"), (Scope.TENANT.value, "Each tenant alone")],
    )

    def terms(self) -> Terms:
        sent = self.cleaned_data
        return Terms(sent["billable_days"], sent["ratchet"], sent["true_up"], sent["carry_over"], Scope(sent["scope"]))


@page("operator.prices.read", seat=False)
def one(request: HttpRequest, actor: Actor, organisation: UUID) -> HttpResponse:
    """A partner's part in the programme, and its last days."""
    found = desk.standing(actor.tenant, organisation, now=timezone.now())
    if not found.partner.sells:
        raise Missing("There is no such partner.")
    stint = found.stint
    context = {
        "found": found,
        "stint": stint,
        "facts": [
            ("Daily units", f"since {stint.from_on}" if stint else "not counted"),
            ("Days close in", stint.zone if stint else ""),
            ("Day that is open", str(found.today or "")),
            ("Balance", f"{found.balance:,} units"),
        ],
        "crumbs": [*_crumbs(actor, found.partner.name, organisation), ("Daily units", "")],
    }
    return TemplateResponse(request, "usage_operator/one.html", context)


@page("operator.programme.admit", seat=False)
def admit(request: HttpRequest, actor: Actor, organisation: UUID) -> HttpResponse:
    today = timezone.now().date()

    def act(form: AdmitForm) -> str:
        row = programme.admit(actor, organisation, on=form.cleaned_data["on"], now=timezone.now())
        return f"Days are counted from {row.from_on} on, and close in {row.zone}."

    return _form(request, actor, organisation, AdmitForm(request.POST or None, initial={"on": today}), act, "Admit", "Admit")


@page("operator.programme.admit", seat=False)
def end(request: HttpRequest, actor: Actor, organisation: UUID) -> HttpResponse:
    def act(form: EndForm) -> str:
        row = programme.end(actor, organisation, on=form.cleaned_data["on"], now=timezone.now())
        return f"Days are counted up to {(row.until_on or row.from_on) - timedelta(days=1)}."

    return _form(request, actor, organisation, EndForm(request.POST or None), act, "End daily units", "End")


@page("operator.programme.admit", seat=False)
def move(request: HttpRequest, actor: Actor, organisation: UUID) -> HttpResponse:
    def act(form: ZoneForm) -> str:
        row = programme.move(actor, organisation, zone=form.cleaned_data["zone"], now=timezone.now())
        return f"From {row.from_on} on days close in {row.zone}."

    return _form(request, actor, organisation, ZoneForm(request.POST or None), act, "Change the time zone", "Change")


@page("operator.usage.correct", seat=False)
def correct(request: HttpRequest, actor: Actor, organisation: UUID, on: str) -> HttpResponse:
    """The counts of a closed day, as they should have been."""
    try:
        day = date.fromisoformat(on)
    except ValueError:
        raise Missing("There is no such day.") from None
    counts = desk.counts(actor.tenant, organisation, day)

    def act(form: CorrectForm) -> str:
        done = correcting.amend(
            actor, organisation, on=day, counts=form.changed(counts), reason=form.cleaned_data["reason"], now=timezone.now()
        )
        return f"{day} is corrected: {done.reversed} entries reversed, {done.posted} posted; the balance is {done.balance:,}."

    form = CorrectForm(counts, request.POST or None)
    return _form(request, actor, organisation, form, act, f"Correct {day}", "Correct")


@page("operator.prices.read", seat=False)
def terms(request: HttpRequest, actor: Actor) -> HttpResponse:
    context = {"versions": list(reversed(offers.offered(actor.tenant)))}
    return TemplateResponse(request, "usage_operator/terms.html", context)


@page("operator.prices.publish", seat=False)
def publish(request: HttpRequest, actor: Actor) -> HttpResponse:
    now = timezone.now()
    held = offers.offered(actor.tenant)
    last = held[-1].terms if held else DSU.versions[0].terms
    after = month_of((now + offers.FARTHEST).date()).end
    form = TermsForm(request.POST or None, initial={**offers.columns(last), "from_on": after})
    back = to("operator_terms", actor)
    if request.method == "POST" and form.is_valid():
        try:
            with tenancy.acting_in(actor.tenant):
                offers.publish(actor, form.terms(), from_on=form.cleaned_data["from_on"], now=now)
        except Refused as refusal:
            refuse(form, refusal)
        else:
            messages.success(request, f"The terms hold from {form.cleaned_data['from_on']} on, for every partner.")
            return HttpResponseRedirect(back)
    return form_page(
        request, actor, form, title="Publish terms", submit="Publish", back=back,
        crumbs=[("Terms of daily units", back)], lead="Months that have begun stay as they were rated.",
    )  # fmt: skip


def _form(
    request: HttpRequest, actor: Actor, organisation: UUID, form: Any, act: Callable[[Any], str], title: str, submit: str
) -> HttpResponse:
    """A form about a partner: `act` does it, and says what was done."""
    row = organisations.below(actor.tenant, organisation)
    back = to("operator_units", actor, organisation=organisation)
    if request.method == "POST" and form.is_valid():
        try:
            words = act(form)
        except Refused as refusal:
            refuse(form, refusal)
        else:
            messages.success(request, f"{row.name}: {words}")
            return HttpResponseRedirect(back)
    crumbs = [*_crumbs(actor, row.name, organisation), ("Daily units", back)]
    return form_page(request, actor, form, title=f"{title}: {row.name}", submit=submit, back=back, crumbs=crumbs)


def _crumbs(actor: Actor, name: str, organisation: UUID) -> list[tuple[str, str]]:
    return [("Organisations", to("organisations", actor)), (name, to("organisation", actor, organisation=organisation))]
