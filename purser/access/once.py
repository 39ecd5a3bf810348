"""Links that work once: 256 random bits of which only a hash is kept, spent by one conditional update.

Invitations use the same token; other purposes (a licence to activate) keep a sealed payload here.
Source: reliability P23; decision S-3.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from purser.access import vault
from purser.access.actors import Actor
from purser.access.single_use import OneTimeLink
from purser.kernel.errors import Refused

LIFETIME = timedelta(hours=72)
TABLE = "access_onetimelink"


class Spent(Refused):
    """Wrong, expired, used, revoked or another organisation's: the holder of a link is told the same of all
    five.
    """

    def __init__(self) -> None:
        super().__init__(
            "This link does not work (any more).",
            code="link",
            hint="Links work once, for a limited time. Ask whoever sent it to you for a new one.",
        )


def token() -> str:
    """A new token of 256 bits, fit for an address: 43 characters."""
    return secrets.token_urlsafe(32)


def hashed(token: str) -> str:
    """What is kept of a token. A plain hash does: nobody guesses 256 bits."""
    return hashlib.sha256(token.encode()).hexdigest()


@dataclass(frozen=True)
class Issued:
    """The only moment the token is known; `link` is what is kept."""

    link: OneTimeLink
    token: str

    def __repr__(self) -> str:
        return f"Issued(link={self.link.pk})"


def issue(purpose: str, payload: Mapping[str, str], *, made_by: Actor, now: datetime) -> Issued:
    """Make a link of the organisation acted in, good for 72 hours; earlier open ones of the purpose end."""
    OneTimeLink.objects.filter(purpose=purpose, taken_at=None, revoked_at=None).update(revoked_at=now)
    value = token()
    link = OneTimeLink.objects.create(
        purpose=purpose,
        token_hash=hashed(value),
        made_by=made_by.name,
        created_at=now,
        expires_at=now + LIFETIME,
    )
    vault.keep(TABLE, link.pk, "payload", json.dumps(dict(payload)), now)
    return Issued(link, value)


def look(purpose: str, token: str, *, now: datetime) -> OneTimeLink:
    """The link, unspent. Changes nothing: a mail scanner may follow it. Raises Spent."""
    link = _open(purpose, token, now).first()
    if link is None:
        raise Spent
    return cast(OneTimeLink, link)


def take(purpose: str, token: str, *, now: datetime) -> dict[str, str]:
    """Spend the link; what it carried, which is then forgotten here. Of two at once one wins. Raises Spent."""
    if _open(purpose, token, now).update(taken_at=now) != 1:
        raise Spent
    link = OneTimeLink.objects.get(token_hash=hashed(token))
    payload: dict[str, str] = json.loads(vault.reveal(TABLE, link.pk, "payload"))
    vault.wipe(TABLE, link.pk)
    return payload


def _open(purpose: str, token: str, now: datetime) -> Any:
    return OneTimeLink.objects.filter(
        purpose=purpose, token_hash=hashed(token), taken_at=None, revoked_at=None, expires_at__gt=now
    )
