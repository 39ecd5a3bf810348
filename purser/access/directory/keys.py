"""Tokens with which a directory writes here: `prd_<tenant in hex>_<43 characters>`. Shown once; only a hash is kept."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from purser.access import acts, once
from purser.access.actors import Actor
from purser.access.identity import DirectoryToken
from purser.kernel.errors import Missing, Refused

LONGEST = timedelta(days=365)
NOTED_EVERY = timedelta(minutes=1)
_FORM = re.compile(r"prd_([0-9a-f]{32})_[A-Za-z0-9_-]{43}")


@dataclass(frozen=True)
class Made:
    """The only moment the value is known."""

    row: DirectoryToken
    value: str

    def __repr__(self) -> str:
        return f"Made(row={self.row.pk})"


def make(actor: Actor, *, name: str, expires_at: datetime, now: datetime) -> Made:
    """A token for the organisation's directory. Raises Refused for an empty name, or an end past or over a year away."""
    name = name.strip()[:100]
    if not name:
        raise Refused("A token needs a name.", code="name", hint="Name the directory that will use it.")
    if not now < expires_at <= now + LONGEST:
        raise Refused(f"A token ends within {LONGEST.days} days; {expires_at:%Y-%m-%d} is not.", code="expiry")
    value = f"prd_{actor.tenant.hex}_{once.token()}"
    row = DirectoryToken(
        name=name,
        hint=value[-4:],
        token_hash=once.hashed(value),
        made_by=actor.name,
        created_at=now,
        expires_at=expires_at,
    )
    acts.record(
        actor,
        "directory.configure",
        summary=f"Made the directory's token “{name}”",
        of=("directory key", row.pk),
        after={"name": name, "expires_at": expires_at},
        now=now,
    )
    row.save(force_insert=True)
    return Made(row, value)


def revoke(actor: Actor, id: UUID, *, now: datetime) -> None:
    """End a token at once. Raises Missing for one that is absent or has ended."""
    row = DirectoryToken.objects.select_for_update().filter(pk=id, revoked_at=None).first()
    if row is None:
        raise Missing("There is no such token, or it was revoked already.")
    words = f"Revoked the directory's token “{row.name}”"
    acts.record(actor, "directory.configure", summary=words, of=("directory key", row.pk), now=now)
    row.revoked_at = now
    row.save(update_fields=["revoked_at"])


def every() -> list[DirectoryToken]:
    """The organisation's tokens, newest first."""
    return list(DirectoryToken.objects.order_by("-created_at", "-id"))


def tenant_of(value: str) -> UUID | None:
    """Whose token a value says it is; None for what is no token. Proves nothing: `held` does, in that tenant's seat."""
    form = _FORM.fullmatch(value)
    return UUID(form.group(1)) if form else None


def held(value: str, *, now: datetime) -> DirectoryToken:
    """The working token of the organisation acted in. Raises Missing, the same for all that do not work."""
    rows = DirectoryToken.objects.select_related("tenant")
    row: DirectoryToken | None = rows.filter(
        token_hash=once.hashed(value), revoked_at=None, expires_at__gt=now, tenant__suspended_at=None
    ).first()
    if row is None:
        raise Missing("This token does not work.")
    if row.last_used_at is None or now - row.last_used_at >= NOTED_EVERY:
        DirectoryToken.objects.filter(pk=row.pk).update(last_used_at=now)
    return row
