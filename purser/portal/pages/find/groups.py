"""Groups of tenants: keeping them, and asking everybody in one for consent. Source: ux 6."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_POST

from purser.access.actors import Actor
from purser.finding import places
from purser.kernel.errors import Missing, Refused
from purser.partners import groups, record
from purser.portal.doors import page
from purser.portal.pages.find.switcher import homes_of
from purser.portal.pages.partners.shown import form_page, refuse, to
from purser.portal.pages.partners.tenant import AskForm
from purser.portal.pages.partners.tenants import overview
from purser.postgres import tenancy


class NameForm(forms.Form):
    name = forms.CharField(label="Name of the group", max_length=80)


@page("tenants.read")
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    rows = list(groups.listed())
    return TemplateResponse(request, "find/tenant_groups.html", {"rows": rows, "title": "Groups of tenants"})


@page("tenants.group")
def make(request: HttpRequest, actor: Actor) -> HttpResponse:
    form, back = NameForm(request.POST or None), to("tenant_groups", actor)
    if request.method == "POST" and form.is_valid():
        try:
            row = groups.make(actor, name=form.cleaned_data["name"], now=timezone.now())
        except Refused as refusal:
            refuse(form, refusal, "name")
        else:
            return HttpResponseRedirect(to("tenant_group", actor, tenant_group=row.pk))
    crumbs = [("Groups of tenants", back)]
    return form_page(request, actor, form, title="New group", submit="Make", back=back, crumbs=crumbs)


@page("tenants.read", seat=False)
def one(request: HttpRequest, actor: Actor, tenant_group: UUID) -> HttpResponse:
    """The tenants in it; with `q`, customers to put in."""
    now, text = timezone.now(), request.GET.get("q", "")[:80]
    with tenancy.acting_in(actor.tenant):
        row = groups.one(tenant_group)
    inside = groups.members(actor, tenant_group, now)
    there = {customer.pk for customer in inside}
    homes = [home for home in homes_of(request) if home.actor.tenant == actor.tenant] if text else []
    offered = [place for place in places.found(homes, text, now) if place.id not in {place.home, *there} and not place.seller]
    context = {
        "group": row,
        "rows": [(customer, overview(customer), record.STANDINGS[customer.consent]) for customer in inside],
        "offered": offered,
        "text": text,
        "title": row.name,
        "crumbs": [("Groups of tenants", to("tenant_groups", actor)), (row.name, "")],
    }
    return TemplateResponse(request, "find/tenant_group.html", context)


@require_POST
@page("tenants.group", seat=False)
def put(request: HttpRequest, actor: Actor, tenant_group: UUID) -> HttpResponse:
    try:
        chosen = [UUID(id) for id in request.POST.getlist("place")]
    except ValueError:
        raise Missing("There is no such customer.") from None
    count = groups.put(actor, tenant_group, chosen, now=timezone.now())
    messages.success(request, f"{count} put in the group.")
    return HttpResponseRedirect(to("tenant_group", actor, tenant_group=tenant_group))


@require_POST
@page("tenants.group")
def change(request: HttpRequest, actor: Actor, tenant_group: UUID) -> HttpResponse:
    """Rename it, take one out, or drop it."""
    do, now = request.POST.get("do", ""), timezone.now()
    if do == "drop":
        groups.drop(actor, tenant_group, now=now)
        messages.success(request, "The group is dropped; its tenants stay as they are.")
        return HttpResponseRedirect(to("tenant_groups", actor))
    if do == "rename":
        groups.rename(actor, tenant_group, name=request.POST.get("name", ""), now=now)
    else:
        try:
            groups.take_out(actor, tenant_group, UUID(request.POST.get("place", "")), now=now)
        except ValueError:
            raise Missing("There is no such tenant in the group.") from None
    return HttpResponseRedirect(to("tenant_group", actor, tenant_group=tenant_group))


@page("consent.ask", seat=False)
def ask(request: HttpRequest, actor: Actor, tenant_group: UUID) -> HttpResponse:
    """Ask everybody in the group who neither agreed nor was asked, and say what came of each."""
    now = timezone.now()
    rows = groups.members(actor, tenant_group, now)
    with tenancy.acting_in(actor.tenant):
        row = groups.one(tenant_group)
    form, back = AskForm(request.POST or None), to("tenant_group", actor, tenant_group=tenant_group)
    crumbs = [("Groups of tenants", to("tenant_groups", actor)), (row.name, back)]
    if request.method == "POST" and form.is_valid():
        results = groups.ask_all(actor, tenant_group, now=now, **form.cleaned_data)
        context = {"results": results, "asked": sum(one.asked for one in results), "title": f"Asked: {row.name}"}
        context |= {"back": back, "crumbs": [*crumbs, ("Asked", "")]}
        return TemplateResponse(request, "find/asked.html", context)
    left = [customer.name for customer in rows if not customer.open and not customer.asked]
    lead = f"{len(left)} of {len(rows)} will be asked: {', '.join(left[:20])}{' and more' if len(left) > 20 else ''}."
    title = f"Ask {row.name} for consent"
    return form_page(request, actor, form, title=title, submit="Ask all", back=back, crumbs=crumbs, lead=lead)
