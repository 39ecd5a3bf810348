"""Signing in through an organisation's own provider: find the organisation, go there, come back.

The way there is a link and not the answer to a form: the content policy lets no form lead to a foreign host.
Source: reliability P21; acceptance ID-6.
"""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit
from uuid import UUID

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY, perform_login, record_authentication
from allauth.account.internal.flows.logout import logout
from allauth.account.models import Login
from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache

from purser.access import actors, domains, second_factor, sign_on
from purser.access.id_token import Claims, Question
from purser.access.models import Person
from purser.kernel.errors import Busy, Failure, Missing, Refused
from purser.portal.failures import own_path
from purser.portal.pages import provider
from purser.portal.pages.account import home_of
from purser.postgres import tenancy


class FindForm(forms.Form):
    email = forms.CharField(
        label="Your e-mail address at your organisation",
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "username"}),
    )


@never_cache
def find(request: HttpRequest) -> HttpResponse:
    """From an address to the organisation whose provider serves its domain. It knows of domains only, not of people."""
    form = FindForm(request.POST or None)
    wanted = own_path(request, request.POST.get("next") or request.GET.get("next") or "/")
    if request.method == "POST" and form.is_valid():
        provider.limit(request)
        tenant = domains.signing_on(form.cleaned_data["email"])
        if tenant is not None:
            asked = {"next": wanted, "hint": form.cleaned_data["email"]}
            return HttpResponseRedirect(f"{reverse('sso', kwargs={'tenant': tenant})}?{urlencode(asked)}")
        form.add_error("email", "No organisation signs in this way with this domain. Sign in with your passkey or password.")
    context = {"form": form, "errors_shown": bool(form.errors), "next": wanted}
    return render(request, "sso/find.html", context, status=422 if form.errors else 200)


@never_cache
def start(request: HttpRequest, tenant: UUID) -> HttpResponse:
    """Says where the person is about to be sent."""
    try:
        ready = _ready(tenant)
    except Missing as missing:
        return _refused(request, tenant, missing, status=404)
    asked = {name: request.GET[name] for name in ("next", "hint", "again") if name in request.GET}
    where = f"{reverse('sso_go', kwargs={'tenant': tenant})}?{urlencode(asked)}"
    return render(request, "sso/start.html", {"ready": ready, "host": urlsplit(ready.issuer).hostname, "go": where})


@never_cache
def go(request: HttpRequest, tenant: UUID) -> HttpResponse:
    """Send the browser to the provider, with the question kept in its session."""
    provider.limit(request)
    question = Question.new(again="again" in request.GET)
    kept = {"tenant": str(tenant), "next": own_path(request, request.GET.get("next", "/"))}
    hint = request.GET.get("hint", "")[:254]
    try:
        where = provider.ask(request, _ready(tenant), question, back_to=back_to(tenant), hint=hint, kept=kept)
    except (Missing, Refused, Busy) as failure:
        return _refused(request, tenant, failure, status=404 if isinstance(failure, Missing) else 422)
    return HttpResponseRedirect(where)


@never_cache
def back(request: HttpRequest, tenant: UUID) -> HttpResponse:
    """The browser comes back from the provider, with a code or an error."""
    try:
        question, kept = provider.answered(request, tenant=str(tenant))
        ready = _ready(tenant)
        claims = provider.claims(request, ready, question, back_to=back_to(tenant))
        with tenancy.acting_in(tenant):
            person = sign_on.recognise(claims, require_mfa=ready.require_mfa, now=timezone.now())
    except (Missing, Refused, Busy) as failure:
        return _refused(request, tenant, failure, status=404 if isinstance(failure, Missing) else 422)
    wanted = kept["next"] if kept["next"] != "/" else home_of(tenant)
    return _let_in(request, tenant, person, claims, wanted)


for _view in (start, go, back):
    _view.before_second_factor = True  # type: ignore[attr-defined]


def back_to(tenant: UUID) -> str:
    """The address that the provider must know as this application's."""
    return f"{settings.SITE_URL}{reverse('sso_back', kwargs={'tenant': tenant})}"


def _ready(tenant: UUID) -> sign_on.Ready:
    with tenancy.acting_in(tenant):
        return sign_on.ready()


def _let_in(request: HttpRequest, tenant: UUID, person: Person, claims: Claims, wanted: str) -> HttpResponse:
    """A session that names the provider's organisation; with a second factor of one's own where it vouched for none."""
    same = request.user.is_authenticated and request.user.pk == person.pk
    if request.user.is_authenticated and not same:
        logout(request)
    record_authentication(request, person, actors.SIGN_ON, tenant=str(tenant), mfa=claims.mfa)
    records = request.session[AUTHENTICATION_METHODS_SESSION_KEY]
    # what counts is when they proved it there, not when they came here
    records[-1]["at"] = claims.proven_at.timestamp() if claims.proven_at is not None else 0.0
    request.session[AUTHENTICATION_METHODS_SESSION_KEY] = records
    if same:
        request.session.cycle_key()
    elif claims.mfa:
        get_adapter().login(request, person)
    else:
        answer = perform_login(request, Login(user=person, redirect_url=wanted))
        assert isinstance(answer, HttpResponse)
        return answer
    if claims.mfa:
        second_factor.seen(request)
    return HttpResponseRedirect(wanted)


def _refused(request: HttpRequest, tenant: UUID, failure: Failure, *, status: int) -> HttpResponse:
    again = reverse("sso", kwargs={"tenant": tenant})
    return render(request, "sso/refused.html", {"refusal": failure, "again": again}, status=status)
