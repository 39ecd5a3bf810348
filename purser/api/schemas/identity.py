"""How people sign in, and what a directory may."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from purser.access import identity as rows
from purser.access import policy
from purser.access.models import ApiToken
from purser.api.schemas.common import Out, Sent

Name = Annotated[str, Field(min_length=1, max_length=60)]


class SignOn(Out):
    """The organisation's own provider; `secret_kept` tells whether a client secret is sealed here."""

    name: str
    issuer: str
    client_id: str
    secret_kept: bool
    require_mfa: bool
    on: bool
    version: int


class SignOnChange(Sent):
    """`version` is the one last read, 0 at first. An empty `secret` keeps the one there is."""

    name: Name
    issuer: Annotated[str, Field(min_length=1, max_length=500)]
    client_id: Annotated[str, Field(min_length=1, max_length=200)]
    secret: Annotated[str, Field(max_length=500)] = ""
    require_mfa: bool = True
    on: bool = False
    version: Annotated[int, Field(ge=0, le=2**31 - 1)]


class Policy(Out):
    """`second_factor`: required of everyone who works here, or only of partners who act here. `decides`: whether this
    organisation may choose.
    """

    second_factor: Literal["required", "partners"]
    idle_minutes: int
    decides: bool
    version: int


class PolicyChange(Sent):
    second_factor: Literal["required", "partners"]
    idle_minutes: Annotated[int, Field(ge=5, le=180)]
    version: Annotated[int, Field(ge=0, le=2**31 - 1)]


class MailDomain(Out):
    """It counts from `proven_at`."""

    id: UUID
    name: str
    asked_at: datetime
    expires_at: datetime
    proven_at: datetime | None


class DomainName(Sent):
    name: Annotated[str, Field(min_length=1, max_length=253)]


class DirectoryKey(Out):
    id: UUID
    name: str
    hint: str
    made_by: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


class Group(Out):
    """`role` is what its members are here, "" for nothing: a role of the kind, or the id of one of your own."""

    id: UUID
    name: str
    role: str


class GroupRole(Sent):
    role: Annotated[str, Field(max_length=40)]


class Token(Out):
    """An API token. `hint` is its last four letters, `state` is in_use, expired or revoked; it acts as `person`. `verbs` are
    the rights that it is cut to; none: all of its person's.
    """

    id: UUID
    name: str
    hint: str
    person: UUID
    person_name: str
    state: str
    verbs: list[str]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


def sign_on(row: rows.SignOn, *, secret_kept: bool) -> SignOn:
    return SignOn(
        name=row.name,
        issuer=row.issuer,
        client_id=row.client_id,
        secret_kept=secret_kept,
        require_mfa=row.require_mfa,
        on=row.on,
        version=row.version,
    )


def rule(found: policy.Rule) -> Policy:
    return Policy(
        second_factor="required" if found.second_factor == rows.SecondFactor.REQUIRED else "partners",
        idle_minutes=found.minutes,
        decides=found.decides,
        version=found.version,
    )


def domain(row: rows.Domain) -> MailDomain:
    return MailDomain(id=row.pk, name=row.name, asked_at=row.asked_at, expires_at=row.expires_at, proven_at=row.proven_at)


def key(row: rows.DirectoryToken) -> DirectoryKey:
    return DirectoryKey(
        id=row.pk,
        name=row.name,
        hint=row.hint,
        made_by=row.made_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
    )


def group(row: rows.DirectoryGroup) -> Group:
    return Group(id=row.pk, name=row.name, role=row.role)


def token(row: ApiToken, now: datetime) -> Token:
    ended = "expired" if row.expires_at <= now else "in_use"
    return Token(
        id=row.pk,
        name=row.name,
        hint=row.hint,
        person=row.person_id,
        person_name=str(row.person),
        state="revoked" if row.revoked_at else ended,
        verbs=list(row.verbs),
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
    )
