"""OpenID Connect as a relying party: the authorisation code flow with PKCE and a nonce. What the token says is read in
id_token.py.

Pure but for the guarded HTTP it is given. The sign-in library's own client is not used for it, as that neither sends a nonce
nor checks the signature of what the token address answers.
Source: OpenID Connect Core 1.0 section 3.1; RFC 7636; RFC 9207; reliability P21.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from purser.access.id_token import MANY, NotSignedOn, Question
from purser.connectors.shared.addresses import HostRule
from purser.connectors.shared.answer import Answer
from purser.connectors.shared.http import Http, Timeouts
from purser.kernel.errors import Busy, Failure, Unsure


@dataclass(frozen=True)
class Provider:
    """Where a provider is asked, as it published it itself."""

    issuer: str
    authorize: str
    token: str
    keys: str


def hosts(sandbox: frozenset[str]) -> HostRule:
    """A provider is anywhere on the public network, over https; a sandbox as settings.SANDBOX_HOSTS lists it. Source: P27."""
    return HostRule(patterns=("**",), sandbox=sandbox)


def door(rule: HostRule) -> Http:
    """A person waits for these calls."""
    return Http(hosts=rule, timeouts=Timeouts(connect=4.0, read=8.0, total=15.0))


def discover(http: Http, rule: HostRule, issuer: str) -> Provider:
    """Read what the provider publishes about itself; one of many directories does so at the address for any organisation.

    Raises NotSignedOn, Refused(code="address") or Busy. Source: Microsoft identity platform, OpenID Connect.
    """
    found = _json(http.send("GET", f"{issuer.replace(MANY, 'organizations').rstrip('/')}/.well-known/openid-configuration"))
    if found.get("issuer") != issuer:
        raise NotSignedOn(
            f"The provider calls itself {str(found.get('issuer'))[:200]!r}, not {issuer!r}.",
            code="issuer",
            hint="Correct the issuer in the set-up: it is compared letter by letter.",
        )
    names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    addresses = [found.get(name) for name in names]
    for name, address in zip(names, addresses, strict=True):
        if not isinstance(address, str):
            raise NotSignedOn(f"The provider publishes no {name}.", code="provider", hint="Check the issuer's address.")
        rule.admit(address)  # the browser is sent to the first, we call the others
    return Provider(issuer, *map(str, addresses))


def address(provider: Provider, question: Question, *, client_id: str, back_to: str, login_hint: str = "") -> str:
    """Where to send the browser."""
    digest = hashlib.sha256(question.verifier.encode()).digest()
    asked = {
        "response_type": "code",
        "scope": "openid email profile",
        "client_id": client_id,
        "redirect_uri": back_to,
        "state": question.state,
        "nonce": question.nonce,
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    if question.again:
        asked |= {"prompt": "login", "max_age": "0"}
    if login_hint:
        asked["login_hint"] = login_hint
    return f"{provider.authorize}{'&' if '?' in provider.authorize else '?'}{urlencode(asked, quote_via=quote)}"


def exchange(
    http: Http, provider: Provider, *, code: str, question: Question, client_id: str, secret: str, back_to: str
) -> str:
    """Trade the code for the token that says who it is, unread. A code works once, so it is asked once. Raises NotSignedOn."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": back_to,
        "client_id": client_id,
        "client_secret": secret,
        "code_verifier": question.verifier,
    }
    try:
        answer = http.send("POST", provider.token, form=form, effect=True)
    except Unsure as lost:
        raise Busy(lost.text, code=lost.code, hint="Sign in again.") from lost
    token = _json(answer).get("id_token")
    if not isinstance(token, str):
        raise NotSignedOn(
            "The provider answered without an ID token.",
            code="token",
            hint="Let the application at the provider ask for openid.",
        )
    return token


def keys(http: Http, provider: Provider) -> Mapping[str, Any]:
    """The provider's public keys, read anew: it may have changed them since."""
    return _json(http.send("GET", provider.keys))


def _json(answer: Answer) -> dict[str, Any]:
    try:
        found = answer.json() if answer.ok else {}
    except Failure as broken:
        raise NotSignedOn(broken.text, code="provider", hint="Ask whoever runs the provider.") from None
    if not answer.ok or not isinstance(found, dict):
        raise NotSignedOn(
            f"{answer.what}: the provider answered {answer.status}.",
            code="provider",
            hint="Check issuer, client ID and client secret in the set-up, and that the sign-in was not left open for long.",
        )
    return found
