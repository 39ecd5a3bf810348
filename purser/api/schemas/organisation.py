"""The organisation, its people, and what was done."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from purser.access.models import Act, Membership
from purser.api.schemas.common import Out
from purser.tenants.models import Organisation as Row


class Organisation(Out):
    """`zone` is the billing time zone: a day is a date there. `role` is yours."""

    id: UUID
    name: str
    kind: str
    zone: str
    role: str


class Member(Out):
    id: UUID
    person: UUID
    name: str
    email: str
    role: str
    since: datetime


class Deed(Out):
    """One thing somebody did, or was refused. `before` and `after` hold listed fields, never a secret."""

    id: UUID
    at: datetime
    actor: str
    verb: str
    summary: str
    outcome: str
    of_kind: str
    of_id: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    request_id: str
    address: str


def organisation(row: Row, role: str) -> Organisation:
    return Organisation(id=row.pk, name=row.name, kind=row.kind, zone=row.zone, role=role)


def member(row: Membership) -> Member:
    return Member(
        id=row.pk,
        person=row.person_id,
        name=row.person.name,
        email=row.person.email,
        role=row.role,
        since=row.created_at,
    )


def deed(row: Act) -> Deed:
    return Deed(
        id=row.pk,
        at=row.at,
        actor=row.actor,
        verb=row.verb,
        summary=row.summary,
        outcome=row.outcome,
        of_kind=row.of_kind,
        of_id=row.of_id,
        before=row.before,
        after=row.after,
        request_id=row.request_id,
        address=row.address,
    )
