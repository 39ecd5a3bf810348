"""The operator's side of daily units: partners in the programme, their days, and the terms."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from purser.api.schemas.common import Line, Out, Sent
from purser.billing import models
from purser.billing.usage import charging, correcting, desk
from purser.rating.policy import Scope, Terms, Version


class Stint(Out):
    """Days are counted from `from_on` up to before `until_on` (null: still are); they close in `zone`."""

    from_on: date
    until_on: date | None
    zone: str


class ProgrammeDay(Out):
    """A closed day as it is known now. `version` above 1: it was corrected, and `reason` says why."""

    on: date
    users: int
    peak: int
    units: int
    version: int
    reason: str


class Programme(Out):
    """A partner's part in daily units. `today` is the day that is open; `days` are the last 31 that closed, newest first."""

    partner: UUID
    name: str
    balance: int
    today: date | None
    stints: list[Stint]
    days: list[ProgrammeDay]


class Admit(Sent):
    on: date = Field(description="The first day that counts, a date in the partner's time zone.")
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = "USD"


class ProgrammeEnd(Sent):
    on: date = Field(description="The first day that no longer counts.")


class ProgrammeMove(Sent):
    zone: Annotated[str, Field(max_length=60, examples=["Europe/Berlin"])]


class TenantCount(Sent):
    """`organisation` is the customer."""

    organisation: UUID
    users: Annotated[int, Field(ge=0, le=correcting.MOST)]


class Correct(Sent):
    """`counts` are the tenants that were otherwise; all others stay as they are."""

    counts: Annotated[list[TenantCount], Field(min_length=1, max_length=1_000)]
    reason: Annotated[Line, Field(max_length=correcting.REASON)]


class Corrected(Out):
    """Entries posted and reversed by it, and the balance then."""

    posted: int
    reversed: int
    balance: int


class Counted(Out):
    organisation: UUID
    name: str
    users: int


class TermsSent(Sent):
    """How a month of counts becomes units. `from_on` is a first of a month that has begun nowhere."""

    from_on: date
    billable_days: Annotated[int, Field(ge=1, le=31)]
    ratchet: bool
    true_up: bool
    carry_over: bool
    scope: Literal["partner", "tenant"]


class TermsOut(Out):
    from_on: date
    billable_days: int
    ratchet: bool
    true_up: bool
    carry_over: bool
    scope: str


def programme(found: desk.Standing) -> Programme:
    return Programme(
        partner=found.partner.pk,
        name=found.partner.name,
        balance=found.balance,
        today=found.today,
        stints=[stint(row) for row in found.stints],
        days=[
            ProgrammeDay(on=one.on, users=one.users, peak=one.peak, units=one.units, version=one.version, reason=one.text)
            for one in found.days
        ],
    )


def stint(row: models.Stint) -> Stint:
    return Stint(from_on=row.from_on, until_on=row.until_on, zone=row.zone)


def corrected(outcome: charging.Outcome) -> Corrected:
    return Corrected(posted=outcome.posted, reversed=outcome.reversed, balance=int(outcome.balance))


def terms(version: Version) -> TermsOut:
    held = version.terms
    return TermsOut(
        from_on=version.from_on,
        billable_days=held.billable_days,
        ratchet=held.ratchet,
        true_up=held.true_up,
        carry_over=held.carry_over,
        scope=held.scope.value,
    )


def sent(body: TermsSent) -> Terms:
    return Terms(body.billable_days, body.ratchet, body.true_up, body.carry_over, Scope(body.scope))
