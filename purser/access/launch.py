"""Launch from the marketplace's control panel: a signed token, good once, for 60 seconds.

The token is `base64url(JSON).base64url(HMAC-SHA256 of the first part)`, unpadded; its key is the launch
secret of the tenant's marketplace connection. Claims: iss, jti, iat, exp (seconds since 1970), account,
email. Source: acceptance ID-8, decision F-15.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import IntegrityError, transaction

from purser.access import vault
from purser.access.models import Membership, Person
from purser.access.single_use import Launch
from purser.kernel.errors import Refused

LIFETIME = timedelta(seconds=60)
SKEW = timedelta(seconds=30)  # how far the marketplace's clock may be ahead of ours
SECRET_OF, SECRET_FIELD = "links_connection", "launch_secret"
_LONGEST = 4096


class NotLaunched(Refused):
    """The token does not open anything; the message says why and what to do."""


@dataclass(frozen=True)
class Claims:
    issuer: str
    jti: str
    expires_at: datetime
    account: str
    email: str


def opened(token: str, *, secrets: Iterable[str], now: datetime) -> Claims:
    """The claims of a token that one of the secrets signed and that is in time. Raises NotLaunched."""
    head, _, tail = token.partition(".")
    if len(token) > _LONGEST or not _signed(head, tail, secrets):
        raise NotLaunched(
            "The launch was not signed by your marketplace.",
            code="signature",
            hint="Launch again from the control panel. If it fails again, the launch secret has changed: "
            "ask your marketplace for a new licence link.",
        )
    claims = _claims(head)
    if not now <= claims.expires_at <= now + LIFETIME + SKEW:
        raise NotLaunched(
            f"The launch ended at {claims.expires_at:%H:%M:%S} UTC; a launch is good for 60 seconds.",
            code="expired",
            hint="Launch again from the control panel.",
        )
    return claims


def take(claims: Claims, *, now: datetime) -> Person:
    """Use the launch up, in the seat of its tenant; the member it names. Raises NotLaunched, also for a
    second use.
    """
    Launch.objects.filter(expires_at__lt=now).delete()
    try:
        with transaction.atomic():
            Launch.objects.create(jti=claims.jti, used_at=now, expires_at=claims.expires_at)
    except IntegrityError:
        raise NotLaunched("This launch was used already.", code="used", hint="Launch again from the control panel.") from None
    member = (
        Membership.objects.select_related("person")
        .filter(person__email=claims.email.strip().lower(), person__is_active=True, tenant__suspended_at=None)
        .first()
    )
    if member is None:
        raise NotLaunched(
            f"{claims.email} does not belong to this organisation.",
            code="member",
            hint="Ask an owner of the organisation to invite this address.",
        )
    person: Person = member.person
    return person


def secrets_of_tenant() -> list[str]:
    """The launch secrets of the connections of the tenant acted in."""
    return list(vault.reveal_each(SECRET_OF, SECRET_FIELD).values())


def _signed(head: str, tail: str, secrets: Iterable[str]) -> bool:
    given = _decoded(tail)
    expected = [hmac.digest(secret.encode(), head.encode(), hashlib.sha256) for secret in secrets if secret]
    return any([hmac.compare_digest(given, one) for one in expected])  # noqa: C419  (no early end: no timing)


def _claims(head: str) -> Claims:
    try:
        raw = json.loads(_decoded(head))
        return Claims(
            issuer=str(raw["iss"]),
            jti=str(raw["jti"])[:100],
            expires_at=datetime.fromtimestamp(int(raw["exp"]), tz=UTC),
            account=str(raw["account"]),
            email=str(raw["email"]),
        )
    except (KeyError, TypeError, ValueError, OverflowError):
        raise NotLaunched(
            "The launch says too little.", code="claims", hint="Tell your marketplace: claims are missing."
        ) from None


def _decoded(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return b""
