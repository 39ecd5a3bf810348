"""The simulator: two policies or two price lists over the partner's own past, side by side. Changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils import timezone

from purser.access.actors import Actor
from purser.billing.usage import comparing, rated
from purser.billing.usage.comparing import Choice, Comparison
from purser.kernel.errors import Refused
from purser.portal import files_of
from purser.portal.doors import page
from purser.portal.lines import Lines, Series
from purser.portal.pages.usage.shown import to
from purser.postgres import tenancy
from purser.rating.policy import Scope, Terms

SCOPES = [(Scope.PARTNER.value, "All tenants together"), (Scope.TENANT.value, "Each tenant alone")]


class SideForm(forms.Form):
    """One side: its terms and its package."""

    billable_days = forms.IntegerField(label="Billable days of a month", min_value=1, max_value=31)
    ratchet = forms.BooleanField(label="A day costs the peak so far (else its own count)", required=False)
    true_up = forms.BooleanField(label="Behind the billable days the peak follows the count", required=False)
    carry_over = forms.BooleanField(label="The peak is carried into the next month", required=False)
    scope = forms.ChoiceField(label="Counted together", choices=SCOPES)
    package = forms.ChoiceField(label="Package that pays", required=False)
    units = forms.IntegerField(label="Own package: units", min_value=1, max_value=1_000_000_000, required=False)
    unit_price = forms.DecimalField(
        label="Own package: price of one unit", min_value=0, max_digits=12, decimal_places=6, required=False
    )

    def __init__(self, data: Any, *, prefix: str, packages: list[tuple[str, str]]) -> None:
        super().__init__(data, prefix=prefix)
        package = self.fields["package"]
        assert isinstance(package, forms.ChoiceField)
        package.choices = [("", "Your default package"), *packages, ("own", "A package of your own, below")]

    def choice(self) -> Choice:
        """Of a valid form."""
        said = self.cleaned_data
        if said["package"] == "own" and not (said["units"] and said["unit_price"]):
            raise Refused("A package of your own needs its units and the price of one.", code="package")
        terms = comparing.terms_of(**{name: said[name] for name in TERMS})
        return Choice(terms, said["package"], said["units"] or 0, said["unit_price"] or Decimal(0))


TERMS = ("billable_days", "ratchet", "true_up", "carry_over", "scope")


@page("usage.simulate", seat=False)
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    sides, empty = _forms(request, actor)
    context: dict[str, Any] = {
        "title": "Simulator",
        "lead": "Two policies or two price lists over your own closed days. Nothing is changed by it.",
        "empty_title": "No day is closed yet",
        "empty_text": "The simulator compares over days that were counted.",
    }
    if empty:
        return TemplateResponse(request, "usage/outside.html", context)
    wrong, found = "", None
    if all(form.is_valid() for form in sides):
        try:
            found = _compared(actor, sides)
        except Refused as refusal:
            wrong = refusal.text
    else:
        wrong = "A value does not fit."
    context |= {
        "sides": list(zip("AB", sides, strict=True)),
        "wrong": wrong,
        "errors_shown": bool(wrong),
        "found": found,
        "chart": _chart(found) if found else None,
        "export": f"{to('usage_simulator_export', actor)}?{request.GET.urlencode()}",
    }
    return TemplateResponse(request, "usage/simulator.html", context, status=422 if wrong else 200)


@page("usage.simulate", seat=False)
def export(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    sides, empty = _forms(request, actor)
    if empty or not all(form.is_valid() for form in sides):
        raise Refused("There is nothing to compare, or a value does not fit.", code="simulation")
    heads, rows = comparing.sheet(_compared(actor, sides))
    return files_of.answer(request, actor, heads, rows, title="Simulation", name="simulation")


def _forms(request: HttpRequest, actor: Actor) -> tuple[list[SideForm], bool]:
    """Both sides as asked for; at first the terms that hold, with the default package. And whether there is no day yet."""
    with tenancy.acting_in(actor.tenant):
        last = rated.last_closed()
        if last is None:
            return [], True
        packages = [(one.key, one.label) for one in comparing.offered()]
        held = comparing.terms_now(on=last)
    asked = any(name in request.GET for name in ("a-billable_days", "b-billable_days"))
    return [
        SideForm(request.GET if asked else _said(held, prefix), prefix=prefix, packages=packages) for prefix in ("a", "b")
    ], False


def _said(terms: Terms, prefix: str) -> Mapping[str, Any]:
    return {f"{prefix}-{name}": getattr(terms, name) for name in TERMS}


def _compared(actor: Actor, sides: list[SideForm]) -> Comparison:
    return comparing.compare(actor.tenant, (sides[0].choice(), sides[1].choice()), now=timezone.now())


def _chart(found: Comparison) -> Lines:
    months = [month.first.strftime("%Y-%m") for month, _ in found.rows]
    return Lines(
        id="simulation",
        title="Units and balance by month",
        at="Month",
        labels=months,
        series=[
            *(Series(f"Units {side.name}", [month.units for month in side.months]) for side in found.sides),
            *(Series(f"Balance {side.name}", [month.balance for month in side.months], panel=1) for side in found.sides),
        ],
    )
