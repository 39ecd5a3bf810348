"""The operator's side of daily units: admitting partners and ending it, their zones, corrections, and the terms."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from purser.access.actors import Actor
from purser.api.doors import Routes
from purser.api.schemas import programme as out
from purser.api.schemas.common import Some
from purser.billing.usage import correcting, desk, programme, terms
from purser.kernel.errors import Refused
from purser.postgres import tenancy

routes = Routes("Operations")
PARTNER = "/organisations/{uuid:organisation}/units"


@routes.get(PARTNER, "operator.prices.read", answers=out.Programme, seat=False)
def one(actor: Actor, now: datetime, organisation: UUID) -> out.Programme:
    """A partner's part in daily units: since when, in which zone, its last days and its balance"""
    return out.programme(desk.standing(actor.tenant, organisation, now=now))


@routes.post(f"{PARTNER}/admit", "operator.programme.admit", answers=out.Stint, status=201, seat=False)
def admit(actor: Actor, now: datetime, organisation: UUID, body: out.Admit) -> out.Stint:
    """Count a partner's days from a date on; the first time it gets its free units"""
    return out.stint(programme.admit(actor, organisation, on=body.on, currency=body.currency, now=now))


@routes.post(f"{PARTNER}/end", "operator.programme.admit", answers=out.Stint, seat=False)
def end(actor: Actor, now: datetime, organisation: UUID, body: out.ProgrammeEnd) -> out.Stint:
    """Count a partner's days no longer, from a date on that is not over; units that are left stay"""
    return out.stint(programme.end(actor, organisation, on=body.on, now=now))


@routes.post(f"{PARTNER}/zone", "operator.programme.admit", answers=out.Stint, seat=False)
def move(actor: Actor, now: datetime, organisation: UUID, body: out.ProgrammeMove) -> out.Stint:
    """Close a partner's days in another time zone, from the day on that is open"""
    return out.stint(programme.move(actor, organisation, zone=body.zone, now=now))


@routes.get(f"{PARTNER}/days/{{slug:on}}", "operator.prices.read", answers=Some[out.Counted], seat=False)
def day(actor: Actor, now: datetime, organisation: UUID, on: str) -> Some[out.Counted]:
    """Which tenant had how many licensed users at the close of a day, as it is known now; customers of today with 0, too"""
    found = desk.counts(actor.tenant, organisation, _date(on))
    return Some(rows=[out.Counted(organisation=row.tenant, name=row.name, users=row.users) for row in found])


@routes.post(f"{PARTNER}/days/{{slug:on}}/correct", "operator.usage.correct", answers=out.Corrected, seat=False)
def correct(actor: Actor, now: datetime, organisation: UUID, on: str, body: out.Correct) -> out.Corrected:
    """Correct the count of a closed day; what follows from it is rated and posted anew

    What was known stays beside it. A day of a month that is closed is corrected on the first open day. A sensitive call: only
    within five minutes after the password was entered, so not with a token.
    """
    counts = {row.organisation: row.users for row in body.counts}
    if len(counts) < len(body.counts):
        raise Refused(f"{len(body.counts)} counts are of {len(counts)} tenants: each comes once.", code="twice")
    done = correcting.amend(actor, organisation, on=_date(on), counts=counts, reason=body.reason, now=now)
    return out.corrected(done)


@routes.get("/terms", "operator.prices.read", answers=Some[out.TermsOut], seat=False)
def published(actor: Actor, now: datetime) -> Some[out.TermsOut]:
    """The terms you have published, oldest first; none means the daily unit as it is"""
    return Some(rows=[out.terms(version) for version in terms.offered(actor.tenant)])


@routes.put("/terms", "operator.prices.publish", answers=out.TermsOut, seat=False)
def publish(actor: Actor, now: datetime, body: out.TermsSent) -> out.TermsOut:
    """Publish terms from a first of a month on, for all your partners

    A sensitive call: only within five minutes after the password was entered, so not with a token.
    """
    with tenancy.acting_in(actor.tenant):
        terms.publish(actor, out.sent(body), from_on=body.from_on, now=now)
    return next(out.terms(version) for version in terms.offered(actor.tenant) if version.from_on == body.from_on)


def _date(text: str) -> date:
    """Raises Refused."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused(f"{text[:20]!r} is no date.", code="date", hint="Write it like 2026-07-31.") from None
