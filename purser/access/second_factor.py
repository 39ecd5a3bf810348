"""Nobody works in an organisation with a password alone, unless a customer lets its own people. Source: reliability P21."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from allauth.account.internal.flows.reauthentication import suspend_request
from allauth.core.exceptions import ImmediateHttpResponse, ReauthenticationRequired
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from purser.access import policy
from purser.access.models import Person

_SEEN = "second_factor"  # in the session: asked once, not on each page


def has_one(person: Person) -> bool:
    """Whether the person has a second factor. Recovery codes alone are none."""
    kinds = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
    return bool(Authenticator.objects.filter(user_id=person.pk, type__in=kinds).exists())


def missing(request: HttpRequest, tenant: UUID) -> bool:
    """Whether the signed-in person must set up a second factor before the tenant opens (settings.REQUIRE_SECOND_FACTOR,
    true if absent; the tenant's own policy).

    A session that began before the factor was set up has ended (access/signals.py), so one look per session
    is enough.
    """
    if not getattr(settings, "REQUIRE_SECOND_FACTOR", True) or not isinstance(request.user, Person):
        return False
    if not request.session.get(_SEEN):
        request.session[_SEEN] = has_one(request.user)
    return not request.session[_SEEN] and policy.takes_factor(request.user.pk, tenant=tenant)


def seen(request: HttpRequest) -> None:
    """The organisation's own provider vouched for a second factor at this sign-in."""
    request.session[_SEEN] = True


def look_again(request: HttpRequest) -> None:
    """The person's factors changed."""
    request.session.pop(_SEEN, None)


class Required:
    """Middleware, the last of all: leads a member without a second factor to set one up, before any page of
    a tenant.

    It also leads to confirming who one is where the sign-in library asks for that on its own pages. It does
    so by an exception; another middleware's page for failures would take it for a defect if it saw it
    first.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., HttpResponse],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> HttpResponse | None:
        if "tenant" not in kwargs or getattr(view, "before_second_factor", False) or not missing(request, kwargs["tenant"]):
            return None
        where = f"{reverse('second_factor')}?{urlencode({'next': request.get_full_path()})}"
        if request.headers.get("HX-Request"):
            return HttpResponse(headers={"HX-Redirect": where})
        return HttpResponseRedirect(where)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, ReauthenticationRequired):
            if not request.user.is_authenticated:
                where = urlencode({"next": request.get_full_path()})
                return HttpResponseRedirect(f"{reverse('account_login')}?{where}")
            response: HttpResponse = suspend_request(request, reverse("account_reauthenticate"))
            return response
        return error.response if isinstance(error, ImmediateHttpResponse) else None
