"""The page behind the invitation of a tenant. Opening it changes nothing; only sending a form founds or accepts (bringing.py
has the way of a tenant that is not here yet).

Whatever is wrong with a link, the page says the same. Source: acceptance CS-8, CS-10; decision S-5; reliability P23.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache

from purser.access import actors, once, people, permit, second_factor, verbs
from purser.access.models import Person
from purser.kernel.errors import Refused
from purser.partners import joining
from purser.partners.models import TenantInvitation
from purser.portal.pages.partners import bringing
from purser.portal.pages.partners.shown import refuse
from purser.portal.quiet import quiet
from purser.postgres import tenancy
from purser.tenants import grants, organisations
from purser.tenants.models import Organisation


class AcceptForm(forms.Form):
    tenant = forms.ChoiceField(label="Your company's tenant", widget=forms.RadioSelect)

    def __init__(self, places: list[people.Place], *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        field = self.fields["tenant"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(str(place.tenant), f"{place.organisation} (you are {place.role})") for place in places]
        field.initial = str(places[0].tenant) if len(places) == 1 else None


@never_cache
def accept(request: HttpRequest, partner: UUID, token: str) -> HttpResponse:
    """Show the invitation (GET), or accept it for a tenant that the signed-in person administers (POST)."""
    try:
        with tenancy.acting_in(partner):
            invitation = joining.look(token, now=timezone.now())
            own = organisations.own()
        if not own.administers:
            raise once.Spent
        answer = _shown(request, own, token, invitation)
    except once.Spent as spent:
        answer = render(request, "people/link_spent.html", {"refusal": spent}, status=404)
    return quiet(answer)


def _shown(request: HttpRequest, partner: Organisation, token: str, invitation: TenantInvitation) -> HttpResponse:
    context: dict[str, Any] = {
        "partner": partner.name,
        "email": invitation.email,
        "inviter": invitation.invited_by_name,
        "areas": list(grants.AREAS.values()),
        "years": grants.LONGEST.days // 365,
        "here": request.user.is_authenticated and request.user.email == invitation.email,
    }
    if bringing.ready() is not None:
        context["bring_from"] = reverse("tenants_bring", kwargs={"partner": partner.pk, "token": token})
    brought = _brought(request, partner, token, context)
    if brought is not None:
        return brought
    if not context["here"]:
        return render(request, "partners/accept.html", context)
    assert isinstance(request.user, Person)
    via = actors.via(request)
    places = [place for place in people.places(request.user.pk) if via in (None, place.tenant)]
    if places and invitation.customer_id is not None:  # it brought its tenant already
        context.pop("bring_from", None)
    form = AcceptForm(places, request.POST or None)
    if request.method == "POST" and form.is_valid():
        chosen = UUID(form.cleaned_data["tenant"])
        if second_factor.missing(request, chosen):  # no door of the tenant is passed here that would ask for it
            return HttpResponseRedirect(f"{reverse('second_factor')}?{urlencode({'next': request.path})}")
        try:
            _accept(request, request.user, partner.pk, token, chosen)
        except (permit.StepUp, once.Spent):  # other pages say these
            raise
        except Refused as refusal:
            refuse(form, refusal)
        else:
            messages.success(request, f"{partner.name} may now manage your tenant. You end it here at any moment.")
            return HttpResponseRedirect(reverse("home", kwargs={"tenant": chosen}))
    context |= {"form": form, "places": places, "errors_shown": bool(form.errors)}
    return render(request, "partners/accept.html", context, status=422 if form.errors else 200)


def _brought(request: HttpRequest, partner: Organisation, token: str, context: dict[str, Any]) -> HttpResponse | None:
    """The page after a sign-in at Microsoft Entra; None where there was none, or it is not about that any more."""
    proof = bringing.proof_of(request, token)
    if proof is None or (request.user.is_authenticated and not context["here"]) or "tenant" in request.POST:
        return None
    try:
        found = bringing.shown(request, partner, token, proof)
    except once.Spent:
        raise
    except Refused as refusal:
        if context["here"] and refusal.code == "tenant_exists":
            return None  # what it says to do is done: they are signed in here
        return render(request, "partners/accept.html", {**context, "refusal": refusal}, status=422)
    if isinstance(found, HttpResponse):
        return found
    more = {"directory": proof.directory, **found}
    return render(request, "partners/accept.html", {**context, **more}, status=422 if more.get("errors_shown") else 200)


def _accept(request: HttpRequest, person: Person, partner: UUID, token: str, tenant: UUID) -> None:
    """Raises Missing for a tenant where the person is nobody, StepUp, Refused and once.Spent."""
    with tenancy.acting_in(tenant):
        actor = actors.load(person, tenant=tenant, request=request)
    if actor.role == verbs.ADMINISTRATOR:  # anybody else is told in `joining` why not
        permit.check(actor, "consent.decide")
    joining.accept(partner, token, actor=actor, now=timezone.now())
