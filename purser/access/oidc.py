"""OpenID Connect as a relying party: the authorisation code flow with PKCE, a nonce, and every claim checked.

Pure but for the guarded HTTP it is given: whom the claims mean here is decided in sign_on.py. The sign-in library's own
client is not used for it, as that neither sends a nonce nor checks the signature of what the token address answers.
Source: OpenID Connect Core 1.0 section 3.1.3.7; RFC 7636; RFC 9207; reliability P21.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

import jwt

from purser.connectors.shared.addresses import HostRule
from purser.connectors.shared.answer import Answer
from purser.connectors.shared.http import Http, Timeouts
from purser.kernel.errors import Busy, Failure, Refused, Unsure

SKEW = timedelta(seconds=60)  # how far the provider's clock may be from ours
OLDEST = timedelta(minutes=10)  # of a token when it arrives; it was made a moment ago
SIGNED_WITH = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
# What providers say when a second factor was used. Source: RFC 8176; OpenID EAP ACR Values; REFEDS MFA profile.
_MFA_AMR = "mfa"
_MFA_ACR = frozenset(
    {
        "mfa",
        "phr",
        "phrh",
        "https://refeds.org/profile/mfa",
        "http://schemas.openid.net/pape/policies/2007/06/multi-factor",
    }
)


class NotSignedOn(Refused):
    """The provider's answer does not let anybody in; the message says why and what to do."""


@dataclass(frozen=True)
class Provider:
    """Where a provider is asked, as it published it itself."""

    issuer: str
    authorize: str
    token: str
    keys: str


@dataclass(frozen=True)
class Question:
    """One sign-in under way, kept in the browser's session. `again`: the person is to prove it anew, for a sensitive act."""

    state: str
    nonce: str
    verifier: str
    again: bool

    @classmethod
    def new(cls, *, again: bool) -> Question:
        return cls(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48), again)


@dataclass(frozen=True)
class Claims:
    """What a valid token says. `email` only where the provider vouches for it. `oid`: the object id of Microsoft Entra.

    `proven_at` is when the person last proved who they are at the provider; None where it does not say.
    """

    issuer: str
    subject: str
    oid: str
    email: str
    stated_email: str
    mfa: bool
    proven_at: datetime | None


def hosts(sandbox: frozenset[str]) -> HostRule:
    """A provider is anywhere on the public network, over https; a sandbox as settings.SANDBOX_HOSTS lists it. Source: P27."""
    return HostRule(patterns=("**",), sandbox=sandbox)


def door(rule: HostRule) -> Http:
    """A person waits for these calls."""
    return Http(hosts=rule, timeouts=Timeouts(connect=4.0, read=8.0, total=15.0))


def discover(http: Http, rule: HostRule, issuer: str) -> Provider:
    """Read what the provider publishes about itself. Raises NotSignedOn, Refused(code="address") or Busy."""
    found = _json(http.send("GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration"))
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


def claims(
    token: str, published: Mapping[str, Any], *, issuer: str, client_id: str, question: Question, now: datetime
) -> Claims:
    """What the token says, once signature, issuer, audience, times and nonce are right. Raises NotSignedOn."""
    said = _opened(token, published)
    audience = said.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if said.get("iss") != issuer:
        raise _wrong("issuer", "It was issued by somebody else.")
    if client_id not in audiences or said.get("azp", client_id) != client_id:
        raise _wrong("audience", "It was issued for another application.")
    if len(audiences) > 1 and "azp" not in said:
        raise _wrong("audience", "It was issued for several applications and names none.")
    if not secrets.compare_digest(str(said.get("nonce", "")).encode(), question.nonce.encode()):
        raise _wrong("nonce", "It belongs to another sign-in.")
    _in_time(said, now)
    subject = said.get("sub")
    if not isinstance(subject, str) or not 1 <= len(subject) <= 255:
        raise _wrong("subject", "It names nobody.")
    email = said.get("email")
    email = email.strip().lower() if isinstance(email, str) else ""
    # Entra says with xms_edov that it verified the domain's owner; the others with email_verified.
    vouched = any(said.get(name) in (True, "true", "True", 1, "1") for name in ("email_verified", "xms_edov"))
    return Claims(
        issuer=issuer,
        subject=subject,
        oid=str(said.get("oid", ""))[:255],
        email=email if vouched else "",
        stated_email=email,
        mfa=_says_mfa(said),
        proven_at=_proven_at(said, question, now),
    )


def _opened(token: str, published: Mapping[str, Any]) -> dict[str, Any]:
    """The token's content, its signature checked with the provider's key of that name."""
    try:
        head = jwt.get_unverified_header(token)
        if head.get("alg") not in SIGNED_WITH:
            raise _wrong("signature", f"It is signed with {str(head.get('alg'))[:20]!r}.")
        found = [key for key in jwt.PyJWKSet.from_dict(dict(published)).keys if head.get("kid") in (None, key.key_id)]
        if len(found) != 1:
            raise _wrong("signature", "It is signed with a key that the provider does not publish.")
        # what it says is checked by the caller, against our clock
        said = jwt.PyJWS().decode_complete(token, found[0], algorithms=list(SIGNED_WITH))["payload"]
        return _content(said)
    except jwt.PyJWTError:
        raise _wrong("signature", "Its signature does not fit.") from None


def _content(payload: bytes) -> dict[str, Any]:
    try:
        said = json.loads(payload)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise _wrong("token", "It cannot be read.")
    return said


def _in_time(said: Mapping[str, Any], now: datetime) -> None:
    expires, issued, begins = (_time(said.get(name)) for name in ("exp", "iat", "nbf"))
    if expires is None or issued is None:
        raise _wrong("times", "It does not say from when until when it holds.")
    if now >= expires + SKEW:
        raise _wrong("expired", f"It ended at {expires:%H:%M:%S} UTC.")
    if issued > now + SKEW or (begins is not None and begins > now + SKEW):
        raise _wrong("times", f"It begins at {(begins or issued):%H:%M:%S} UTC, in the future: one of the clocks is wrong.")
    if issued < now - OLDEST:
        raise _wrong("expired", f"It was made at {issued:%H:%M:%S} UTC, too long ago.")


def _says_mfa(said: Mapping[str, Any]) -> bool:
    amr = said.get("amr")
    return (isinstance(amr, list) and _MFA_AMR in amr) or said.get("acr") in _MFA_ACR


def _proven_at(said: Mapping[str, Any], question: Question, now: datetime) -> datetime | None:
    """`auth_time`; without it the moment counts only where we asked the provider to have it proven anew."""
    at = _time(said.get("auth_time"))
    if at is None:
        return now if question.again else None
    return min(at, now)


def _time(value: Any) -> datetime | None:
    try:
        return None if value is None or isinstance(value, bool) else datetime.fromtimestamp(int(value), tz=UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None


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


def _wrong(code: str, why: str) -> NotSignedOn:
    return NotSignedOn(
        f"The provider's token was not accepted. {why}",
        code=code,
        hint="Sign in again. If it happens again, show this to whoever set up the sign-on.",
    )
