"""The way to an OpenID Connect provider and back, for whoever sends a browser there: the question kept in its session, the
answer taken once.

Source: reliability P21; RFC 9207.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from allauth.core.internal import ratelimit
from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from purser.access import id_token, oidc
from purser.access.id_token import MANY, Claims, NotSignedOn, Question
from purser.access.sign_on import Ready
from purser.kernel.errors import Busy

PER_ADDRESS = "30/m/ip"
GOOD_FOR = 600  # seconds from going there to coming back
_UNDER_WAY = "sso_under_way"
_MOST = 5  # sign-ins under way in one browser


def limit(request: HttpRequest) -> None:
    """Raises Busy."""
    if not ratelimit.consume(request, app="purser", action="sso", config={"sso": PER_ADDRESS}):
        raise Busy("There were too many sign-ins from your network.", code="limit", hint="Try again in a minute.")


def ask(request: HttpRequest, ready: Ready, question: Question, *, back_to: str, hint: str, kept: Mapping[str, str]) -> str:
    """Where to send the browser. `kept` comes back with the answer. Raises NotSignedOn, Refused or Busy."""
    rule = oidc.hosts(settings.SANDBOX_HOSTS)
    provider = oidc.discover(oidc.door(rule), rule, ready.issuer)
    under_way = dict(list(request.session.get(_UNDER_WAY, {}).items())[-(_MOST - 1) :])
    under_way[question.state] = {"asked": asdict(question), "kept": dict(kept), "at": time.time()}
    request.session[_UNDER_WAY] = under_way
    return oidc.address(provider, question, client_id=ready.client_id, back_to=back_to, login_hint=hint)


def answered(request: HttpRequest, **same: str) -> tuple[Question, dict[str, str]]:
    """The question that this answer belongs to, and what was kept with it, which has these values; it is then forgotten: an
    answer works once. Raises NotSignedOn.
    """
    every = request.session.get(_UNDER_WAY, {})
    found: dict[str, Any] | None = every.pop(request.GET.get("state", ""), None)
    if found is not None:
        request.session[_UNDER_WAY] = every
        request.session.save()  # now: of two answers at once one finds it
    if found is None or not same.items() <= found["kept"].items() or time.time() - found["at"] > GOOD_FOR:
        raise NotSignedOn(
            "This answer belongs to no sign-in of this browser, or to one that is over.",
            code="state",
            hint="Start again from the sign-in page, in one window.",
        )
    return Question(**found["asked"]), found["kept"]


def claims(request: HttpRequest, ready: Ready, question: Question, *, back_to: str) -> Claims:
    """What the provider says of whoever came back. Raises NotSignedOn, Refused or Busy."""
    if "error" in request.GET or "code" not in request.GET:
        raise NotSignedOn(
            f"Your provider did not sign you in ({request.GET.get('error', 'no code')[:60]}).",
            code="provider",
            hint=request.GET.get("error_description", "")[:200] or "Try again, or ask whoever runs it.",
        )
    known = re.escape(ready.issuer).replace(re.escape(MANY), "[0-9a-f-]{36}")
    if "iss" in request.GET and not re.fullmatch(known, request.GET["iss"]):
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
        back_to=back_to,
    )
    return id_token.read(
        token,
        oidc.keys(http, provider),
        issuer=ready.issuer,
        client_id=ready.client_id,
        question=question,
        now=timezone.now(),
    )
