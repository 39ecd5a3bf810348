"""Who calls: the owner of an API token, or the person of the portal's session."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from ninja.security import HttpBearer
from ninja.security.base import AuthBase
from ninja.utils import check_csrf

from purser.access import actors, once, permit, second_factor, tokens
from purser.access.models import Person
from purser.kernel.errors import Missing, Refused


class Forged(Refused):
    """A changing call of a session without the CSRF token: another site may have sent it."""


@dataclass(frozen=True)
class Caller:
    """`tenant` is where a token was made, or whose provider signed a session on: it is good there, and on behalf of
    that organisation's customers; None for any other session. `limited_as` names the caller to the limits. `verbs` are
    what a token is cut to; None where it is not.
    """

    person: Person
    tenant: UUID | None
    limited_as: str
    verbs: frozenset[str] | None = None


class Token(HttpBearer):
    """`Authorization: Bearer prs_...`"""

    def authenticate(self, request: HttpRequest, token: str) -> Caller | None:
        try:
            held = tokens.authenticate(token, timezone.now())
        except Missing:
            return None
        return Caller(held.person, held.tenant_id, once.hashed(token), frozenset(held.verbs) or None)


class Session(AuthBase):
    """The portal's cookie; calls that change something also send the header `X-CSRFToken`."""

    openapi_type = "apiKey"
    openapi_in = "cookie"
    openapi_name = settings.SESSION_COOKIE_NAME

    def __call__(self, request: HttpRequest) -> Caller | None:
        person = request.user
        if not isinstance(person, Person):
            return None
        if check_csrf(request) is not None:
            raise Forged("The CSRF token is missing or wrong.", code="csrf", hint="Send it as X-CSRFToken.")
        tenant = request.resolver_match.kwargs.get("tenant") if request.resolver_match else None
        if tenant is not None and second_factor.missing(request, tenant):
            raise permit.StepUp(
                "Nobody works in an organisation with a password alone.",
                code="second_factor",
                hint="Set up a second factor in the portal, under your account.",
            )
        return Caller(person, actors.via(request), str(person.pk))
