"""The page behind an invitation's link. Opening it changes nothing; only sending the form accepts.

Whatever is wrong with a link, the page says the same. Source: reliability P23.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from django import forms
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache

from purser.access import actors, invitations, once
from purser.access.actors import Actor
from purser.access.giving import Role
from purser.access.models import Person
from purser.access.single_use import Invitation
from purser.kernel.errors import Refused
from purser.portal.pages.account import home_of
from purser.portal.quiet import quiet
from purser.postgres import tenancy
from purser.tenants import organisations
from purser.tenants.models import Organisation


class JoinForm(forms.Form):
    """For somebody new: a name and a password."""

    name = forms.CharField(label="Your name", max_length=200, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    password = forms.CharField(
        label="A password",
        strip=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="At least 12 characters. A sentence is good.",
    )

    def __init__(self, email: str, *args: Any, **kwargs: Any) -> None:
        self.email = email
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, object]:
        values = self.cleaned_data
        try:
            person = Person(email=self.email, name=values.get("name", ""))
            password_validation.validate_password(values.get("password", ""), person)
        except ValidationError as wrong:
            self.add_error("password", wrong)
        return values


@never_cache
def join(request: HttpRequest, tenant: UUID, token: str) -> HttpResponse:
    """Show the invitation (GET), or accept it (POST)."""
    try:
        with tenancy.acting_in(tenant):
            invitation = invitations.look(token, now=timezone.now())
            organisation = organisations.own()
        given = invitations.offer(invitation, tenant=tenant, now=timezone.now())
        known = Person.objects.filter(email=invitation.email).first()
        if known is None:
            return quiet(_as_new(request, invitation, organisation, token, given))
        return quiet(_as_known(request, invitation, organisation, token, given, known))
    except once.Spent as spent:
        return quiet(render(request, "people/link_spent.html", {"refusal": spent}, status=404))
    except Refused as refusal:
        context = {"invitation": invitation, "organisation": organisation, "refusal": refusal}
        return quiet(render(request, "people/join.html", context, status=422))


join.before_second_factor = True  # type: ignore[attr-defined]


def _as_new(request: HttpRequest, invitation: Invitation, organisation: Organisation, token: str, given: Role) -> HttpResponse:
    form = JoinForm(invitation.email, request.POST or None)
    if request.method == "POST" and form.is_valid():
        person = Person(email=invitation.email, name=form.cleaned_data["name"].strip())
        _accept(request, given, organisation, token, person, password=form.cleaned_data["password"])
        record_authentication(request, person, method="password")
        return _response(perform_login(request, Login(user=person, redirect_url=home_of(organisation.pk))))
    context = {**_context(invitation, organisation, given), "form": form, "errors_shown": bool(form.errors)}
    return render(request, "people/join.html", context, status=422 if form.errors else 200)


def _as_known(
    request: HttpRequest, invitation: Invitation, organisation: Organisation, token: str, given: Role, known: Person
) -> HttpResponse:
    here = request.user.is_authenticated and request.user.pk == known.pk
    if request.method == "POST" and here:
        _accept(request, given, organisation, token, known, password=None)
        return HttpResponseRedirect(home_of(organisation.pk))
    return render(request, "people/join.html", {**_context(invitation, organisation, given), "known": known, "here": here})


def _accept(
    request: HttpRequest,
    given: Role,
    organisation: Organisation,
    token: str,
    person: Person,
    *,
    password: str | None,
) -> None:
    actor = Actor(
        tenant=organisation.pk,
        organisation=organisation.name,
        person=person.pk,
        name=str(person),
        role=given.name,
        request_id=str(getattr(request, "request_id", "")),
        address=actors.address(request),
        verified_at=None,
        kind=organisation.kind,
    )
    invitations.accept(token, person=person, actor=actor, password=password, now=timezone.now())


def _context(invitation: Invitation, organisation: Organisation, given: Role) -> dict[str, object]:
    return {"invitation": invitation, "organisation": organisation, "given": given}


def _response(response: object) -> HttpResponse:
    assert isinstance(response, HttpResponse)
    return response
