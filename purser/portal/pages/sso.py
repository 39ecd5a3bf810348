"""Signing in through an organisation's own provider: find the organisation, go there, come back.

The way there is a link and not the answer to a form: the content policy lets no form lead to a foreign host.
Source: reliability P21; acceptance ID-6.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import asdict
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY, perform_login, record_authentication
from allauth.account.internal.flows.logout import logout
from allauth.account.models import Login
from allauth.core.internal import ratelimit
from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache

from purser.access import actors, domains, oidc, second_factor, sign_on
from purser.access.models import Person
from purser.access.oidc import Claims, NotSignedOn, Question
from purser.kernel.errors import Busy, Failure, Missing, Refused
from purser.portal.failures import own_path
from purser.portal.pages.account import home_of
from purser.postgres import tenancy

PER_ADDRESS = "30/m/ip"
_UNDER_WAY = "sso_under_way"
_MOST = 5  # sign-ins under way in one browser
_GOOD_FOR = 600  # seconds from going there to coming back


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
        _limit(request)
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
    _limit(request)
    question = Question.new(again="again" in request.GET)
    try:
        ready, rule = _ready(tenant), oidc.hosts(settings.SANDBOX_HOSTS)
        provider = oidc.discover(oidc.door(rule), rule, ready.issuer)
    except (Missing, Refused, Busy) as failure:
        return _refused(request, tenant, failure, status=404 if isinstance(failure, Missing) else 422)
    kept = dict(list(request.session.get(_UNDER_WAY, {}).items())[-(_MOST - 1) :])
    wanted = own_path(request, request.GET.get("next", "/"))
    kept[question.state] = {**asdict(question), "tenant": str(tenant), "next": wanted, "at": time.time()}
    request.session[_UNDER_WAY] = kept
    where = oidc.address(
        provider,
        question,
        client_id=ready.client_id,
        back_to=back_to(tenant),
        login_hint=request.GET.get("hint", "")[:254],
    )
    return HttpResponseRedirect(where)


@never_cache
def back(request: HttpRequest, tenant: UUID) -> HttpResponse:
    """The browser comes back from the provider, with a code or an error."""
    try:
        kept = _taken(request, tenant)
        question = Question(**{name: kept[name] for name in ("state", "nonce", "verifier", "again")})
        ready = _ready(tenant)
        claims = _claims(request, tenant, ready, question)
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


def _taken(request: HttpRequest, tenant: UUID) -> dict[str, Any]:
    """The question this answer belongs to, which is then forgotten: an answer works once. Raises NotSignedOn."""
    every = request.session.get(_UNDER_WAY, {})
    kept: dict[str, Any] | None = every.pop(request.GET.get("state", ""), None)
    if kept is not None:
        request.session[_UNDER_WAY] = every
        request.session.save()  # now: of two answers at once one finds it
    if kept is None or kept["tenant"] != str(tenant) or time.time() - kept["at"] > _GOOD_FOR:
        raise NotSignedOn(
            "This answer belongs to no sign-in of this browser, or to one that is over.",
            code="state",
            hint="Start again from the sign-in page, in one window.",
        )
    return kept


def _claims(request: HttpRequest, tenant: UUID, ready: sign_on.Ready, question: Question) -> Claims:
    if "error" in request.GET or "code" not in request.GET:
        raise NotSignedOn(
            f"Your provider did not sign you in ({request.GET.get('error', 'no code')[:60]}).",
            code="provider",
            hint=request.GET.get("error_description", "")[:200] or "Try again, or ask whoever runs it.",
        )
    if not secrets.compare_digest(request.GET.get("iss", ready.issuer).encode(), ready.issuer.encode()):
        raise NotSignedOn("Another provider answered than was asked.", code="issuer", hint="Start again.")
    rule = oidc.hosts(settings.SANDBOX_HOSTS)
    http = oidc.door(rule)
    provider = oidc.discover(http, rule, ready.issuer)
    token = oidc.exchange(
        http,
        provider,
        code=request.GET["code"],
        question=question,
        client_id=ready.client_id,
        secret=ready.secret,
        back_to=back_to(tenant),
    )
    return oidc.claims(
        token,
        oidc.keys(http, provider),
        issuer=ready.issuer,
        client_id=ready.client_id,
        question=question,
        now=timezone.now(),
    )


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


def _limit(request: HttpRequest) -> None:
    """Raises Busy."""
    if not ratelimit.consume(request, app="purser", action="sso", config={"sso": PER_ADDRESS}):
        raise Busy("There were too many sign-ins from your network.", code="limit", hint="Try again in a minute.")


def _refused(request: HttpRequest, tenant: UUID, failure: Failure, *, status: int) -> HttpResponse:
    return render(request, "sso/refused.html", {"refusal": failure, "tenant": tenant}, status=status)
