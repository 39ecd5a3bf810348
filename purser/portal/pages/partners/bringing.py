"""A tenant that is not here yet: to Microsoft Entra and back, and the form that founds it. The page itself is accept.py.

The token of the invitation stays in the browser, in a cookie for as long as the way there and back takes: the session, which
is kept in the database, knows its hash only. Source: acceptance CS-8; reliability P23.
"""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any
from uuid import UUID

from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from django import forms
from django.conf import settings
from django.core.signing import BadSignature
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache

from purser.access import actors, once
from purser.access.actors import Actor
from purser.access.id_token import NotSignedOn, Question
from purser.access.models import Person
from purser.access.sign_on import Ready
from purser.kernel import zones
from purser.kernel.errors import Busy, Refused
from purser.partners import founding, joining
from purser.partners.joining import Proof
from purser.portal.pages import provider
from purser.portal.pages.join import JoinForm
from purser.portal.quiet import quiet
from purser.postgres import tenancy
from purser.tenants.models import Organisation

WHERE = "Microsoft"
_COOKIE, _PROOF = "bringing", "bringing_proof"
_FOR = "an invitation of a tenant"


class TenantForm(forms.Form):
    company = forms.CharField(label="Your company's name", max_length=200)
    zone = forms.ChoiceField(
        label="Time zone",
        choices=[(zone, zone) for zone in zones.names()],
        help_text="A day of billing is a date there.",
    )


class NewcomerForm(TenantForm, JoinForm):
    """For somebody who has no account here."""

    field_order = ("company", "zone", "name", "password")


def ready() -> Ready | None:
    """The installation's own application at Microsoft Entra; None where there is none."""
    if not settings.ENTRA_CLIENT_ID:
        return None
    return Ready("", WHERE, settings.ENTRA_ISSUER, settings.ENTRA_CLIENT_ID, settings.ENTRA_CLIENT_SECRET, require_mfa=False)


def back_to() -> str:
    """The address that Microsoft Entra must know as the application's."""
    return f"{settings.SITE_URL}{reverse('tenants_brought')}"


@never_cache
def go(request: HttpRequest, partner: UUID, token: str) -> HttpResponse:
    """Send the browser to Microsoft Entra, to prove there anew who they are."""
    application, question = ready(), Question.new(again=True)
    try:
        provider.limit(request)
        with tenancy.acting_in(partner):
            email = joining.look(token, now=timezone.now()).email
        if application is None:
            raise once.Spent
        kept = {"for": _FOR, "of": once.hashed(token)}
        where = provider.ask(request, application, question, back_to=back_to(), hint=email, kept=kept)
    except once.Spent as spent:
        return quiet(render(request, "people/link_spent.html", {"refusal": spent}, status=404))
    except (Refused, Busy) as failure:
        return _refused(request, failure, _invitation(partner, token))
    answer = HttpResponseRedirect(where)
    answer.set_signed_cookie(
        _COOKIE, f"{partner}/{token}", max_age=provider.GOOD_FOR, path=reverse("tenants_brought"), httponly=True,
        secure=settings.SECURE, samesite="Lax",
    )  # fmt: skip
    return quiet(answer)


@never_cache
def back(request: HttpRequest) -> HttpResponse:
    """The browser comes back; what Microsoft Entra says of it is kept in its session, and the invitation's page goes on."""
    invitation = "/"
    try:
        partner, token = _cookie(request)
        invitation = _invitation(partner, token)
        application = ready()
        question, kept = provider.answered(request, **{"for": _FOR, "of": once.hashed(token)})
        if application is None:
            raise NotSignedOn("Nobody brings a tenant this way here.", code="provider")
        said = joining.proof(provider.claims(request, application, question, back_to=back_to()))
    except (Refused, Busy) as failure:
        return _refused(request, failure, invitation)
    request.session[_PROOF] = {"proof": asdict(said), "of": kept["of"], "at": time.time()}
    answer = HttpResponseRedirect(invitation)
    answer.delete_cookie(_COOKIE, path=reverse("tenants_brought"))
    return quiet(answer)


def proof_of(request: HttpRequest, token: str) -> Proof | None:
    """What Microsoft Entra said in this browser, for this invitation, within the last ten minutes."""
    kept = request.session.get(_PROOF)
    if not kept or kept["of"] != once.hashed(token) or time.time() - kept["at"] > provider.GOOD_FOR:
        return None
    return Proof(**kept["proof"])


def shown(request: HttpRequest, partner: Organisation, token: str, proof: Proof) -> HttpResponse | dict[str, Any]:
    """The invitation's page for somebody who signed in there: what it says, or where it leads once the tenant is founded.

    Raises once.Spent, and Refused where the tenant cannot be brought.
    """
    joining.check(partner.pk, token, proof, now=timezone.now())
    known = Person.objects.filter(email=proof.email).first()
    if known is not None and (request.user != known or actors.via(request) is not None):
        return {"account": known}
    given = request.POST if "company" in request.POST else None
    initial = {"zone": partner.zone, "name": proof.name}
    form = TenantForm(given, initial=initial) if known else NewcomerForm(proof.email, given, initial=initial)
    if form.is_valid():
        try:
            return _brought(request, partner, token, proof, known, form.cleaned_data)
        except once.Spent:
            raise
        except Refused as refusal:
            form.add_error("company", " ".join(filter(None, [refusal.text, refusal.hint])))
    return {"bring": form, "form": form, "errors_shown": bool(form.errors)}


def _brought(
    request: HttpRequest, partner: Organisation, token: str, proof: Proof, known: Person | None, given: dict[str, str]
) -> HttpResponse:
    person = known or Person(email=proof.email, name=given["name"].strip())
    wanted = founding.Tenant(given["company"], given["zone"], person, given.get("password"))
    actor = Actor(
        tenant=UUID(proof.directory),
        organisation=given["company"],
        person=person.pk,
        name=str(person),
        role="guest",
        request_id=str(getattr(request, "request_id", "")),
        address=actors.address(request),
        verified_at=None,
        kind="customer",
    )
    joining.bring(partner.pk, token, proof, wanted, actor=actor, now=timezone.now())
    request.session.pop(_PROOF, None)
    on = _invitation(partner.pk, token)
    if known is not None:
        return HttpResponseRedirect(on)
    record_authentication(request, person, method="password")
    answer = perform_login(request, Login(user=person, redirect_url=on))
    assert isinstance(answer, HttpResponse)
    return answer


def _cookie(request: HttpRequest) -> tuple[UUID, str]:
    try:
        partner, _, token = str(request.get_signed_cookie(_COOKIE, max_age=provider.GOOD_FOR)).partition("/")
        return UUID(partner), token
    except (KeyError, BadSignature, ValueError):
        raise NotSignedOn(
            "This browser did not go to Microsoft from an invitation, or too long ago.",
            code="state",
            hint="Open the link of the mail again, in one window.",
        ) from None


def _invitation(partner: UUID, token: str) -> str:
    return reverse("tenants_accept", kwargs={"partner": partner, "token": token})


def _refused(request: HttpRequest, failure: Refused | Busy, again: str) -> HttpResponse:
    return quiet(render(request, "sso/refused.html", {"refusal": failure, "again": again}, status=422))
