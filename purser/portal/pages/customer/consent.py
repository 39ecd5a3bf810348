"""The consent ledger: who may act here now, who asks, what was ever decided, what was done on behalf of the company, and the
whole record as a file. Source: acceptance UC-12, UC-13, UC-18, UC-20, UC-21; issue "Partners, customers and consent", 4.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from purser.access import permit
from purser.access.actors import Actor
from purser.audit import paper
from purser.kernel.errors import Missing, Refused
from purser.lists import acts as act_lists
from purser.partners import agreements, consent, record
from purser.partners.consent import Standing
from purser.partners.models import Side
from purser.portal import exports, lists
from purser.portal.doors import page
from purser.portal.tables.model import Empty, dressed
from purser.postgres import tenancy
from purser.tenants import grants, organisations
from purser.tenants.models import Grant, GrantKind, Kind

SHOWN = 200  # decisions on the page; the record has all


class GiveForm(forms.Form):
    scopes = forms.MultipleChoiceField(
        label="Scope",
        choices=list(grants.AREAS.items()),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one area."},
    )
    days = forms.IntegerField(
        label="Ends after (days)",
        min_value=1,
        max_value=grants.LONGEST.days,
        help_text=f"1 to {grants.LONGEST.days}; then it is over by itself.",
    )
    reason = forms.CharField(label="Reason", max_length=500, help_text="For example the contract or the ticket.")
    request = forms.UUIDField(required=False, widget=forms.HiddenInput)

    @staticmethod
    def wanted(found: Standing) -> dict[str, Any]:
        """What the form begins with: what is asked for, what holds, or everything for two years."""
        basis = found.request or found.live
        reason = basis.reason if basis else f"{found.partner.name} looks after our tenant" if found.partner else ""
        asked = found.request.ends_at - found.request.asked_at if found.request and found.request.ends_at else None
        return {
            "scopes": basis.scopes if basis else list(grants.AREAS),
            "days": max(1, asked.days) if asked else grants.LONGEST.days,
            "reason": reason,
            "request": found.request.pk if found.request else None,
        }


class AgreementForm(forms.Form):
    paper = forms.FileField(
        label="The agreement as PDF",
        required=False,
        help_text=f"At most {agreements.LARGEST // 1_000_000} MB. The other side can read it.",
    )


def _home(actor: Actor) -> str:
    return reverse("consent", kwargs={"tenant": actor.tenant})


@page("consent.read", seat=False)
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    return _shown(request, actor)


def _shown(request: HttpRequest, actor: Actor, form: GiveForm | None = None, status: int = 200) -> HttpResponse:
    now = timezone.now()
    found = consent.standing(actor.tenant, now=now)
    with tenancy.acting_in(actor.tenant):
        own = organisations.own()
        if own.kind != Kind.CUSTOMER:
            raise Missing("Only a customer's tenant has a consent ledger.")
        rows = list(record.decisions()[:SHOWN])
        emergencies = list(grants.live(now).filter(kind=GrantKind.BREAK_GLASS))
        sides = agreements.of_partner(own.parent_id) if own.parent_id else {}
    decides = permit.allows(actor, "consent.decide")
    if form is None and decides and found.partner is not None:
        form = GiveForm(initial=GiveForm.wanted(found))
    context = {
        "own": own,
        "standing": found,
        "areas": _areas(found.live),
        "asked_areas": _areas(found.request),
        "emergencies": emergencies,
        "form": form if decides else None,
        "errors_shown": form.errors if form is not None and form.is_bound else {},
        "decisions": [(row, record.sign(row, now), _areas(row)) for row in rows],
        "more": len(rows) == SHOWN,
        "sides": [(Side(side), sides.get(side)) for side in Side.values] if own.parent_id else [],
        "agreement_form": AgreementForm() if own.parent_id and permit.allows(actor, "agreements.confirm") else None,
        "zone": own.zone,
    }
    return TemplateResponse(request, "consent/index.html", context, status=status)


def _areas(grant: Grant | None) -> str:
    return ", ".join(grants.AREAS.get(name, name) for name in grant.scopes) if grant else ""


@require_POST
@page("consent.decide", seat=False)
def give(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The switch to On, the answer Yes to a request, and an extension: all give a consent."""
    form = GiveForm(request.POST)
    if form.is_valid():
        try:
            row = consent.give(actor, **form.cleaned_data, now=timezone.now())
        except Refused as refusal:
            form.add_error(None, " ".join(filter(None, [refusal.text, refusal.hint])))
        else:
            messages.success(request, f"{row.partner_name} can administer your domain on behalf of your company from now on.")
            return HttpResponseRedirect(_home(actor))
    return _shown(request, actor, form, 422)


@require_POST
@page("consent.decide")
def refuse(request: HttpRequest, actor: Actor, grant: UUID) -> HttpResponse:
    row = consent.refuse(actor, grant, why=request.POST.get("why", "").strip()[:500], now=timezone.now())
    messages.success(request, f"Refused: {row.partner_name} is told.")
    return HttpResponseRedirect(_home(actor))


@require_POST
@page("consent.decide")
def end(request: HttpRequest, actor: Actor) -> HttpResponse:
    row = consent.end(actor, why=request.POST.get("why", "").strip()[:500], now=timezone.now())
    messages.success(request, f"Ended: nobody of {row.partner_name} gets in from now on, and they are told.")
    return HttpResponseRedirect(_home(actor))


@require_POST
@page("agreements.confirm")
def confirm(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The customer's word on the data-processing agreement."""
    sent = request.FILES.get("paper")
    if sent is not None and (sent.size or 0) > agreements.LARGEST:
        raise Refused(f"The paper is larger than {agreements.LARGEST:,} bytes.", code="paper")
    content = sent.read() if sent is not None else b""
    name = (sent.name or "") if sent is not None else ""
    agreements.confirm(actor, partner=_partner(), side=Side.CUSTOMER, name=name, paper=content, now=timezone.now())
    messages.success(request, "Confirmed: your partner sees it.")
    return HttpResponseRedirect(_home(actor))


@page("consent.read")
def read_paper(request: HttpRequest, actor: Actor, side: str) -> HttpResponse:
    row = agreements.paper(side, _partner())
    name = f"agreement-{row.side}.pdf"  # never the sender's own name: it stands in a header
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(bytes(row.paper or b""), content_type="application/pdf", headers=headers)


def _partner() -> UUID:
    own = organisations.own()
    if own.kind != Kind.CUSTOMER or own.parent_id is None:
        raise Missing("This organisation has no partner.")
    found: UUID = own.parent_id
    return found


@page("consent.export")
def whole(request: HttpRequest, actor: Actor) -> FileResponse:
    """Every act of this tenant, sealed, as a file that the customer can check alone."""
    file = paper.file(organisations.own().name, now=timezone.now())
    return FileResponse(file, as_attachment=True, filename=f"purser-acts-{actor.number}.jsonl", content_type=paper.TYPE)


ACTS = dressed(
    act_lists.ON_BEHALF,
    empty=Empty("Nobody acted on behalf of the company yet", "Every act of your partner in this tenant will be here."),
    export="on_behalf_export",
    href={"summary": lambda row: reverse("act", kwargs={"tenant": row.tenant_id, "act": row.pk})},
)


@page("consent.read")
def acts(request: HttpRequest, actor: Actor) -> HttpResponse:
    return lists.show(request, actor, ACTS, zone=organisations.zone())


acts_export = exports.door(ACTS, "consent.export")
