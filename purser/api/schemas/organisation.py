"""The organisation, its people, and what was done."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from purser.access.models import Act, Membership
from purser.api.schemas.common import Out
from purser.tenants.models import Organisation as Row


class Organisation(Out):
    """`number` is the Tenant ID. `zone` is the billing time zone: a day is a date there. `role` is yours."""

    id: UUID
    number: str
    name: str
    kind: str
    zone: str
    role: str


class Member(Out):
    """`role` is one of the kind's, or "custom"; `own_role` is then the organisation's own one. `partner_administrator`: acts
    for customers who agreed, while the package is a paid one.
    """

    id: UUID
    person: UUID
    name: str
    email: str
    role: str
    own_role: UUID | None
    package: str
    partner_administrator: bool
    suspended_at: datetime | None
    last_sign_in: datetime | None
    since: datetime


class Deed(Out):
    """One thing somebody did, or was refused. `before` and `after` hold listed fields, never a secret. `home_name` and
    `grant`: where the actor came from and the consent they acted by, where it was on behalf of the organisation.
    """

    id: UUID
    at: datetime
    actor: str
    home_name: str
    grant: UUID | None
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
    return Organisation(id=row.pk, number=row.number, name=row.name, kind=row.kind, zone=row.zone, role=role)


def member(row: Membership) -> Member:
    return Member(
        id=row.pk,
        person=row.person_id,
        name=row.person.name,
        email=row.person.email,
        role=row.role,
        own_role=row.own_role_id,
        package=row.package,
        partner_administrator=row.partner_administrator,
        suspended_at=row.suspended_at,
        last_sign_in=row.person.last_login,
        since=row.created_at,
    )


def deed(row: Act) -> Deed:
    return Deed(
        id=row.pk,
        at=row.at,
        actor=row.actor,
        home_name=row.home_name,
        grant=row.grant_id,
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
