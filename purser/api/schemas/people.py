"""Invitations and API tokens. Neither ever shows the token itself."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from purser.access.models import ApiToken
from purser.access.models import Invitation as Row
from purser.api.schemas.common import Out


class Invitation(Out):
    """An invitation that nobody accepted yet; `expired`: its link works no more, and it can be sent again in the portal."""

    id: UUID
    email: str
    role: str
    created_at: datetime
    expires_at: datetime
    expired: bool


class Token(Out):
    """An API token. `hint` is its last four letters, `state` is in_use, expired or revoked; it acts as `person`."""

    id: UUID
    name: str
    hint: str
    person: UUID
    person_name: str
    state: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


def invitation(row: Row, now: datetime) -> Invitation:
    return Invitation(
        id=row.pk,
        email=row.email,
        role=row.role,
        created_at=row.created_at,
        expires_at=row.expires_at,
        expired=row.expires_at <= now,
    )


def token(row: ApiToken, now: datetime) -> Token:
    ended = "expired" if row.expires_at <= now else "in_use"
    return Token(
        id=row.pk,
        name=row.name,
        hint=row.hint,
        person=row.person_id,
        person_name=str(row.person),
        state="revoked" if row.revoked_at else ended,
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
    )
