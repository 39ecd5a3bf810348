"""Manage relations: many at once, in one table; and the terms of one. Source: acceptance ID-56 to ID-58, ID-62, ID-63."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from purser.access.actors import Actor
from purser.kernel.errors import Refused
from purser.links.desk import mapping as desk
from purser.links.models import Sync
from purser.links.models.connections import Decrease, Policy
from purser.links.models.relations import PriceSource
from purser.links.queries import mapping, pairs, proposals
from purser.links.relations import Answer, Wish
from purser.portal import context
from purser.portal.doors import page
from purser.portal.pages import billing
from purser.portal.tables.model import SIZES
from purser.tenants import organisations


@page("links.read")
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    pair = pairs.main(context.chosen(request))
    if pair is None:
        return billing.start(request, actor, "Manage relations")
    mapped, search = request.GET.get("mapped") == "1", request.GET.get("q", "").strip()[:300]
    size = int(asked) if (asked := request.GET.get("size", "")) in map(str, SIZES) else 50
    number = int(asked) if (asked := request.GET.get("page", "1")[:6]).isdecimal() and asked != "0" else 1
    start = (number - 1) * size
    made: dict[str, Any] = {**billing.frame(pair), "mapped": mapped, "search": search, "most": desk.LARGEST}
    if mapped:
        some: Sequence[Any] = list(proposals.linked(pair, search=search)[start : start + size + 1])
        made["rows"] = some[:size]
    else:
        some = list(proposals.unlinked(pair, search=search)[start : start + size + 1])
        made["rows"] = proposals.propose(pair, some[:size], today=_today())
    made["previous_href"] = _href(pair, mapped, search, size, number - 1) if number > 1 else ""
    made["next_href"] = _href(pair, mapped, search, size, number + 1) if len(some) > size else ""
    made["sizes"] = [(one, _href(pair, mapped, search, one, 1), one == size) for one in SIZES]
    made["number"] = number
    made["first"], made["last"] = start + 1, start + len(made["rows"])
    return TemplateResponse(request, "relations/index.html", made)


def _today() -> Any:
    return timezone.now().astimezone(ZoneInfo(organisations.zone())).date()


def _href(pair: Sync, mapped: bool, search: str, size: int, number: int) -> str:
    query = {"context": pair.target.kind, "mapped": "1" if mapped else "", "q": search, "size": size, "page": number}
    return "?" + urlencode({name: value for name, value in query.items() if value})


@require_POST
@page("links.write")
def set_many(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Set Relations for the ticked rows, 100 in a step; the answer carries what is left and goes on by itself."""
    pair = billing.pair_of(request)
    wishes = _wishes(request, pair)
    if not wishes:
        raise Refused("Nothing was selected: tick resources and choose a service for each.", code="choice")
    if len(wishes) > desk.LARGEST:
        raise Refused(f"{len(wishes)} relations are selected; at most {desk.LARGEST} go at once.", code="many")
    now, rest = wishes[: desk.PART], wishes[desk.PART :]
    answers = desk.set_many(actor, sync=pair, wishes=now, now=timezone.now())
    left = [(f"{w.resource_id}", f"{w.service_id}") for w in rest]
    return _results(request, pair, answers, left, done=_done(request) + len(now), mapped=False)


def _wishes(request: HttpRequest, pair: Sync) -> list[Wish]:
    """From the form: the ticked rows with their services; or, with "all", every sure proposal that matches the search."""
    if request.POST.get("all") == "1":
        rows = list(proposals.unlinked(pair, search=request.POST.get("q", "").strip()[:300])[: desk.LARGEST])
        found = proposals.propose(pair, rows, today=_today())
        return [Wish(p.resource.pk, p.sure.pk) for p in found if p.sure is not None]
    made = []
    for ticked in request.POST.getlist("row"):
        service = request.POST.get(f"service-{ticked}", "")
        if service:
            made.append(Wish(_id(ticked), _id(service)))
    return made


@require_POST
@page("links.write")
def clear_many(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Clear Relations for the ticked rows, 100 in a step."""
    pair = billing.pair_of(request)
    if request.POST.get("all") == "1":
        every = proposals.linked(pair, search=request.POST.get("q", "").strip()[:300])
        ids = list(every.values_list("pk", flat=True)[: desk.LARGEST])
    else:
        ids = [_id(ticked) for ticked in request.POST.getlist("row")]
    if not ids:
        raise Refused("Nothing was selected: tick the relations to clear.", code="choice")
    if len(ids) > desk.LARGEST:
        raise Refused(f"{len(ids)} relations are selected; at most {desk.LARGEST} go at once.", code="many")
    now, rest = ids[: desk.PART], ids[desk.PART :]
    answers = desk.clear_many(actor, link_ids=now, now=timezone.now())
    return _results(request, pair, answers, [(str(id), "") for id in rest], done=_done(request) + len(now), mapped=True)


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Refused(f"{text[:40]!r} is no id.", code="choice") from None


def _done(request: HttpRequest) -> int:
    """How many earlier steps of this bulk were done, for the progress display only."""
    asked = request.POST.get("done", "")[:4]
    return int(asked) if asked.isdecimal() else 0


def _results(
    request: HttpRequest,
    pair: Sync,
    answers: Sequence[Answer],
    left: list[tuple[str, str]],
    *,
    done: int,
    mapped: bool,
) -> HttpResponse:
    """A line for each row, and what is left: htmx sends the next step by itself, a button does without it."""
    resources = mapping.names_of(a.resource_id for a in answers)
    made = {
        **billing.frame(pair),
        "answers": [(resources.get(a.resource_id), a) for a in answers],
        "good": sum(a.ok for a in answers),
        "bad": sum(not a.ok for a in answers),
        "left": left,
        "done": done,
        "total": done + len(left),
        "mapped": mapped,
    }
    going_on = request.POST.get("part") == "1" and request.headers.get("HX-Request") == "true"
    return TemplateResponse(request, "relations/step.html" if going_on else "relations/results.html", made)


class TermsForm(forms.Form):
    """The rules of one link; a blank choice follows the pair."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    decrease = forms.ChoiceField(label="Decreases take effect", required=False)
    drift_policy = forms.ChoiceField(label="When somebody edits the units in the PSA", required=False)
    price_source = forms.ChoiceField(
        label="Price source",
        choices=PriceSource.choices,
        help_text="Catalog: the PSA's list price. Agreement: what the contract's first addition has. Custom: yours.",
    )
    custom_price = forms.DecimalField(
        label="Custom price per unit", required=False, min_value=0, max_digits=18, decimal_places=6
    )
    usage_divisor = forms.DecimalField(
        label="How much use makes one unit",
        required=False,
        max_digits=18,
        decimal_places=6,
        help_text="Only for resources that are billed by use: 1000 turns 2,500 into 3 units: 2.5, rounded up.",
    )

    def __init__(self, pair: Sync, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, choices, standing in (
            ("decrease", Decrease.choices, Decrease(pair.decrease).label),
            ("drift_policy", Policy.choices, Policy(pair.drift_policy).label),
        ):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = [("", f"As the pair says: {standing}"), *choices]


@page("links.write")
def terms(request: HttpRequest, actor: Actor, link: UUID) -> HttpResponse:
    """Decrease rule, drift policy, price source and usage rule of one link."""
    found = mapping.find_link(link)
    there = reverse("mapping_company", kwargs={"tenant": actor.tenant, "customer": found.resource.customer_id})
    there += f"?context={found.sync.target.kind}"
    held = {name: getattr(found, name) for name in TermsForm.base_fields}
    held |= {name: mapping.trimmed(value) for name, value in held.items() if isinstance(value, Decimal)}
    form = TermsForm(found.sync, request.POST or None, initial=held)
    if request.method == "POST" and form.is_valid():
        try:
            desk.set_terms(actor, link_id=link, now=timezone.now(), **form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, f"{refusal.text} {refusal.hint}".strip())
        else:
            messages.success(request, f"The terms of {found.resource.name} are kept.")
            return HttpResponseRedirect(there)
    made = {
        **billing.frame(found.sync),
        "link": found,
        "count": mapping.trimmed(found.resource.count),
        "units": mapping.trimmed(found.service.units),
        "form": form,
        "errors_shown": bool(form.errors),
        "back": there,
        "crumbs": [("Mapping", there), (f"Terms of {found.resource.name}", "")],
    }
    return TemplateResponse(request, "relations/terms.html", made, status=422 if form.errors else 200)
