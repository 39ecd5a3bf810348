"""One customer, as its partner sees it: how it stands to the administration, asking it, the agreement between both.

Source: acceptance UC-12, UC-14, UC-20; decision F-14.
"""

from __future__ import annotations

from io import BytesIO
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.text import get_valid_filename
from django.views.decorators.http import require_POST

from purser.access.actors import Actor
from purser.kernel.errors import Refused
from purser.partners import agreements, consent, customers, record
from purser.partners.models import Side
from purser.portal.doors import page
from purser.portal.pages.partners.shown import form_page, refuse, to
from purser.portal.pages.partners.tenants import overview
from purser.postgres import tenancy
from purser.tenants import grants, organisations


class AskForm(forms.Form):
    scopes = forms.MultipleChoiceField(
        label="For which parts of its administration",
        choices=list(grants.AREAS.items()),
        initial=list(grants.AREAS),
        widget=forms.CheckboxSelectMultiple,
    )
    days = forms.IntegerField(
        label="For how many days",
        min_value=1,
        max_value=grants.LONGEST.days,
        initial=grants.LONGEST.days,
        help_text=f"From now, at most {grants.LONGEST.days}. The customer may choose fewer.",
    )
    reason = forms.CharField(
        label="Reason", max_length=400, help_text="The customer reads it, for example: Managed service contract 2214."
    )
    ticket = forms.CharField(label="Ticket", max_length=80, required=False)


class AgreementForm(forms.Form):
    paper = forms.FileField(
        label="The agreement as PDF",
        required=False,
        help_text=f"At most {agreements.LARGEST // 1_000_000} MB. You can also confirm without it.",
        widget=forms.ClearableFileInput(attrs={"accept": "application/pdf"}),
    )


@page("tenants.read", seat=False)
def one(request: HttpRequest, actor: Actor, organisation: UUID) -> HttpResponse:
    now = timezone.now()
    customer = customers.own(actor.tenant, organisation, now)
    with tenancy.acting_in(actor.tenant):
        own = organisations.own()
    sides = agreements.seen_by_partner(actor.tenant, organisation)
    context = {
        "customer": customer,
        "opens": overview(customer),
        "standing": record.STANDINGS[customer.consent],
        "grants": [
            (row, record.sign(row, now), ", ".join(grants.AREAS.get(name, name) for name in row.scopes))
            for row in customers.history(actor.tenant, organisation)
        ],
        "sides": [(side, sides.get(side.value)) for side in Side],
        "paper_form": AgreementForm(),
        "enabled": own.administers,
        "zone": own.zone,
        "facts": [
            ("Tenant ID", customer.number),
            ("Domain", customer.domain),
            ("Country", customer.region),
            ("Main contact", customer.contact_name),
            ("Contact's e-mail", customer.contact_email),
            ("Partner ID", own.partner_number),
        ],
        "crumbs": [("Tenants", to("tenants", actor)), (customer.name, "")],
    }
    return TemplateResponse(request, "partners/tenant.html", context)


@page("consent.ask", seat=False)
def ask(request: HttpRequest, actor: Actor, organisation: UUID) -> HttpResponse:
    customer = customers.own(actor.tenant, organisation)
    form = AskForm(request.POST or None)
    back = to("tenant", actor, organisation=organisation)
    if request.method == "POST" and form.is_valid():
        try:
            consent.ask(actor, organisation, now=timezone.now(), **form.cleaned_data)
        except Refused as refusal:
            refuse(form, refusal)
        else:
            messages.success(request, f"{customer.name} has your request; its administrators answer it.")
            return HttpResponseRedirect(back)
    crumbs = [("Tenants", to("tenants", actor)), (customer.name, back)]
    return form_page(
        request, actor, form, title="Ask for consent", submit="Ask", back=back, crumbs=crumbs,
        lead=f"{customer.name} decides, and may end what it gave at any moment. Unanswered, a request lapses after 90 days.",
    )  # fmt: skip


@require_POST
@page("consent.ask", seat=False)
def take_back(request: HttpRequest, actor: Actor, organisation: UUID) -> HttpResponse:
    consent.withdraw(actor, organisation, now=timezone.now())
    messages.success(request, "The request is withdrawn.")
    return HttpResponseRedirect(to("tenant", actor, organisation=organisation))


@require_POST
@page("agreements.confirm", seat=False)
def confirm(request: HttpRequest, actor: Actor, organisation: UUID) -> HttpResponse:
    """Record the partner's word, with the paper or without. Raises Refused for a paper that is none."""
    sent = request.FILES.get("paper")
    name, paper = (sent.name or "", sent.read(agreements.LARGEST + 1)) if sent is not None else ("", b"")
    agreements.confirm_as_partner(actor, organisation, name=name, paper=paper, now=timezone.now())
    messages.success(request, "Your confirmation is recorded; the customer sees it.")
    return HttpResponseRedirect(to("tenant", actor, organisation=organisation))


@page("tenants.read", seat=False)
def paper(request: HttpRequest, actor: Actor, organisation: UUID, side: str) -> FileResponse:
    row = agreements.paper_for_partner(actor.tenant, organisation, side)
    name = get_valid_filename(row.paper_name or "agreement.pdf")
    return FileResponse(BytesIO(bytes(row.paper or b"")), as_attachment=True, filename=name, content_type="application/pdf")
