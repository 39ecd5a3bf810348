"""People, invitations and roles."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from purser.access import verbs
from purser.access.models import CustomRole
from purser.access.single_use import Invitation as InvitationRow
from purser.api.schemas.common import Out, Sent

VerbName = Annotated[str, Field(pattern=r"^[a-z_]{1,30}(\.[a-z_]{1,30}){1,2}$", examples=["acts.read"])]


class Invitation(Out):
    """An invitation that nobody accepted yet; `expired`: its link works no more, and it can be sent again. `role` is one of
    the kind's, or "custom"; `own_role` is then the organisation's own one, which may be deleted since, and `role_name` what it
    was called.
    """

    id: UUID
    email: str
    role: str
    own_role: UUID | None
    role_name: str
    created_at: datetime
    expires_at: datetime
    expired: bool


class Invite(Sent):
    """`role` is one of the kind's by name, or one of the organisation's own by id."""

    email: Annotated[str, Field(min_length=3, max_length=254)]
    role: Annotated[str, Field(min_length=1, max_length=40, examples=["reader"])]


class RoleChoice(Sent):
    """One of the kind's roles by name, or one of the organisation's own by id."""

    role: Annotated[str, Field(min_length=1, max_length=40, examples=["reader"])]


class PackageChoice(Sent):
    """A package by name; empty for none."""

    package: Annotated[str, Field(max_length=40)]


class Suspension(Sent):
    suspended: bool


class PartnerAdministration(Sent):
    on: bool


class Role(Out):
    """`id` is null for a role that every organisation of the kind has; `verbs` are what it allows."""

    id: UUID | None
    name: str
    sentence: str
    verbs: list[str]
    version: int


class Permission(Out):
    """A verb: `sentence` completes "may ...". `area` must be within a consent before a partner may; `group` is the tenant
    permission that the tenant's own administrators need.
    """

    name: str
    sentence: str
    roles: list[str]
    sensitive: bool
    area: str
    group: str


class Roles(Out):
    """The organisation's roles, and every permission there is in an organisation of its kind."""

    roles: list[Role]
    permissions: list[Permission]


class MakeRole(Sent):
    name: Annotated[str, Field(min_length=1, max_length=60)]
    sentence: Annotated[str, Field(max_length=200)] = ""
    verbs: Annotated[list[VerbName], Field(min_length=1, max_length=200)]


class ChangeRole(MakeRole):
    """`version` is that of the role that was read."""

    version: Annotated[int, Field(ge=1, le=2_000_000_000)]


def invitation(row: InvitationRow, now: datetime) -> Invitation:
    return Invitation(
        id=row.pk,
        email=row.email,
        role=verbs.CUSTOM if row.own_role else row.role,
        own_role=row.own_role,
        role_name=row.role_words,
        created_at=row.created_at,
        expires_at=row.expires_at,
        expired=row.expires_at <= now,
    )


def own_role(row: CustomRole) -> Role:
    return Role(id=row.pk, name=row.name, sentence=row.sentence, verbs=list(row.verbs), version=row.version)


def built_in(kind: str) -> list[Role]:
    return [
        Role(id=None, name=name, sentence=words, verbs=[verb.name for verb in verbs.allowed(kind, name)], version=1)
        for name, words in verbs.ROLES[kind].items()
    ]


def permissions(kind: str) -> list[Permission]:
    return [
        Permission(
            name=verb.name,
            sentence=verb.sentence,
            roles=sorted(verb.roles(kind)),
            sensitive=verb.sensitive,
            area=verb.area,
            group=verb.group,
        )
        for verb in verbs.of_kind(kind)
    ]
