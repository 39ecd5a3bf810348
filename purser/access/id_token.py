"""What an ID token says of somebody who signed in, once all of it is right: signature, issuer, audience, times and nonce.

Pure. Whom the claims mean here is decided in sign_on.py; whether they let somebody bring a tenant, in partners/joining.py.
Source: OpenID Connect Core 1.0 section 3.1.3.7; RFC 8725; reliability P21.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import jwt

from purser.kernel.errors import Refused

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
# Stands in the issuer of an application of many directories, as Microsoft Entra publishes it, for the token's own directory.
MANY = "{tenantid}"
_PERSONAL = "9188040d-6c67-4c5b-b112-36a304b66dad"  # where Entra keeps personal accounts: no company's directory


class NotSignedOn(Refused):
    """The provider's answer does not let anybody in; the message says why and what to do."""


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
    """What a valid token says. `email` only where the provider vouches for it. `oid`: the object id of Microsoft Entra;
    `directory` its tenant id, and `roles` what the person is there: ids of directory roles and names of application roles.

    `proven_at` is when the person last proved who they are at the provider; None where it does not say.
    """

    issuer: str
    subject: str
    oid: str
    email: str
    stated_email: str
    mfa: bool
    proven_at: datetime | None
    name: str = ""
    directory: str = ""
    roles: frozenset[str] = frozenset()


def read(
    token: str, published: Mapping[str, Any], *, issuer: str, client_id: str, question: Question, now: datetime
) -> Claims:
    """What the token says, once signature, issuer, audience, times and nonce are right. Raises NotSignedOn.

    An `issuer` with MANY in it is that of every directory: the token must be of the one it names, signed with a key that the
    provider publishes for it.
    """
    said, key_of = _opened(token, published)
    directory = _directory(said)
    if MANY in issuer and not directory:
        raise _wrong("directory", "It names no organisation's directory; a personal account has none.")
    issuer = issuer.replace(MANY, directory)
    audience = said.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if said.get("iss") != issuer:
        raise _wrong("issuer", "It was issued by somebody else.")
    if key_of and key_of.replace(MANY, directory) != issuer:
        raise _wrong("signature", "It is signed with a key of another directory.")
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
        name=str(said.get("name", ""))[:200],
        directory=directory,
        roles=_roles(said),
    )


def _opened(token: str, published: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """The token's content, its signature checked with the provider's key of that name; and whose key it is published to be,
    "" for any of the provider's. Source: Microsoft identity platform, claims validation (the signing key's issuer).
    """
    try:
        head = jwt.get_unverified_header(token)
        if head.get("alg") not in SIGNED_WITH:
            raise _wrong("signature", f"It is signed with {str(head.get('alg'))[:20]!r}.")
        found = [key for key in jwt.PyJWKSet.from_dict(dict(published)).keys if head.get("kid") in (None, key.key_id)]
        if len(found) != 1:
            raise _wrong("signature", "It is signed with a key that the provider does not publish.")
        # what it says is checked by the caller, against our clock
        said = jwt.PyJWS().decode_complete(token, found[0], algorithms=list(SIGNED_WITH))["payload"]
        named = (key.get("issuer", "") for key in published["keys"] if key.get("kid") == found[0].key_id)
        return _content(said), str(next(named, ""))
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


def _directory(said: Mapping[str, Any]) -> str:
    """The `tid` of Microsoft Entra as it writes it itself, or ""."""
    tid = said.get("tid")
    try:
        return tid if isinstance(tid, str) and str(UUID(tid)) == tid and tid != _PERSONAL else ""
    except ValueError:
        return ""


def _roles(said: Mapping[str, Any]) -> frozenset[str]:
    """`wids` are the directory's roles, `roles` those of the application, or of the directory where it is set up so."""
    lists = [said.get(name) for name in ("wids", "roles")]
    return frozenset(role for one in lists if isinstance(one, list) for role in one if isinstance(role, str))


def _time(value: Any) -> datetime | None:
    try:
        return None if value is None or isinstance(value, bool) else datetime.fromtimestamp(int(value), tz=UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _wrong(code: str, why: str) -> NotSignedOn:
    return NotSignedOn(
        f"The provider's token was not accepted. {why}",
        code=code,
        hint="Sign in again. If it happens again, show this to whoever set up the sign-on.",
    )
