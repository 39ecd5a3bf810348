"""A person's own pages, outside any organisation: where to go, name, second factor."""

from __future__ import annotations

from uuid import UUID

from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse

from purser.access import actors, people, second_factor, signals
from purser.access.models import Person
from purser.portal.failures import own_path

_NEXT = "after_second_factor"


class NameForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    class Meta:
        model = Person
        fields = ["name"]
        labels = {"name": "Your name"}
        widgets = {"name": forms.TextInput(attrs={"autocomplete": "name"})}


def home_of(tenant: UUID) -> str:
    """An organisation's first page."""
    try:
        return reverse("home", kwargs={"tenant": tenant})
    except NoReverseMatch:
        return reverse("people", kwargs={"tenant": tenant})


def _person(request: HttpRequest) -> Person:
    assert isinstance(request.user, Person)
    return request.user


@login_required
def choose(request: HttpRequest) -> HttpResponse:
    """After sign-in without a deep link: the one organisation, a choice of several, or a page that says
    there is none.
    """
    via = actors.via(request)  # a session of one organisation's provider opens that one
    places = [place for place in people.places(_person(request).pk) if via in (None, place.tenant)]
    if len(places) == 1 and "choose" not in request.GET:
        return HttpResponseRedirect(home_of(places[0].tenant))
    return render(request, "account/choose.html", {"places": [(place, home_of(place.tenant)) for place in places]})


@login_required
def account(request: HttpRequest) -> HttpResponse:
    person = _person(request)
    form = NameForm(request.POST or None, instance=person)
    if request.method == "POST" and form.is_valid():
        form.save()
        signals.note(person, request, "account.name", f"Changed their name to {person.name}")
        messages.success(request, "Your name is saved.")
        return HttpResponseRedirect(reverse("account"))
    kinds = set(Authenticator.objects.filter(user_id=person.pk).values_list("type", flat=True))
    context = {
        "form": form,
        "errors_shown": bool(form.errors),
        "places": people.places(person.pk),
        "has_app": Authenticator.Type.TOTP in kinds,
        "has_passkey": Authenticator.Type.WEBAUTHN in kinds,
        "has_codes": Authenticator.Type.RECOVERY_CODES in kinds,
    }
    return render(request, "account/index.html", context, status=422 if form.errors else 200)


@login_required
def need_second_factor(request: HttpRequest) -> HttpResponse:
    """Leads to setting up a second factor, and then on to where the person was going."""
    wanted = own_path(request, request.GET.get("next", "/"))
    if second_factor.has_one(_person(request)):
        return HttpResponseRedirect(wanted)
    request.session[_NEXT] = wanted
    return render(request, "account/second_factor.html", {"next": wanted})
