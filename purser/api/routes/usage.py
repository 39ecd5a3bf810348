"""A partner's daily units. Days, charges and entries as lists are those the portal shows (shared.py)."""

from __future__ import annotations

import tempfile
from datetime import date, datetime
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import FileResponse

from purser.access.actors import Actor
from purser.api.doors import Routes
from purser.api.schemas import advice as advised
from purser.api.schemas import simulation as simulated
from purser.api.schemas import usage as out
from purser.api.schemas.common import Some
from purser.billing.usage import advising, comparing, derivation, outlook, sharing, statement, taking
from purser.kernel.errors import Missing
from purser.kernel.period import month_of
from purser.lists import files
from purser.postgres import tenancy
from purser.rating.days import DAY

routes = Routes("Daily units")


@routes.get("/usage", "usage.read", answers=out.Usage, seat=False)
def standing(actor: Actor, now: datetime) -> out.Usage:
    """Where the partner stands now, and what comes if its users stay as they are"""
    found = outlook.of(actor.tenant, now=now)
    return out.standing(found, None if found.ended else outlook.ahead(found))


@routes.get("/usage/balance", "usage.read", answers=out.Balance)
def balance(actor: Actor, now: datetime, as_of: date | None = None) -> out.Balance:
    """The balance in the books, now or at the end of a day"""
    return out.Balance(balance=statement.balance(as_of=as_of), as_of=as_of)


@routes.get("/usage/statement", "usage.read", answers=out.Statement)
def of_month(actor: Actor, now: datetime, month: out.Month) -> out.Statement:
    """A month: what it opened with, what moved, what it closed with, and its days"""
    period = month_of(_first(month))
    rows = [out.day(row) for row in statement.of_month(period.start)]
    return out.of_month(statement.span(period.start, period.end - DAY), rows)


@routes.get("/usage/peaks", "usage.read", answers=Some[out.Peak])
def peaks(actor: Actor, now: datetime, month: out.Month) -> Some[out.Peak]:
    """The peak of each closed day of a month, and which rule made it"""
    period = month_of(_first(month))
    rows = derivation.peaks(period.start, period.end - DAY)
    return Some(
        rows=[
            out.Peak(on=day.on, users=day.charge.users, peak=day.charge.peak, set_on=day.set_on, rule=rule, why=why)
            for day, rule, why in rows
        ]
    )


@routes.get("/usage/days/{slug:on}", "usage.read", answers=out.UsageWhy, seat=False)
def why(actor: Actor, now: datetime, on: str) -> out.UsageWhy:
    """Why these numbers? Everything behind a closed day, `on` like 2026-10-05"""
    return out.why(derivation.of_day(actor.tenant, _day(on), now=now))


@routes.get("/usage/days/{slug:on}/people/{uuid:organisation}", "usage.read", answers=Some[out.Present], seat=False)
def people(actor: Actor, now: datetime, on: str, organisation: UUID) -> Some[out.Present]:
    """Who was licensed in a customer at the close of a day, by leave of its consent; up to 1,000"""
    _, _, present = derivation.people(actor, _day(on), organisation, now=now)
    return Some(rows=[out.present(one) for one in present])


@routes.get("/usage/shares", "usage.read", answers=out.Shares, seat=False)
def shares(actor: Actor, now: datetime, month: out.Month, per: Literal["month", "day"] = "month") -> out.Shares:
    """What each tenant has of the charges of a month; the shares sum to them"""
    return out.shares(sharing.of_month(actor.tenant, _first(month), now=now), per=per)


@routes.get("/usage/shares/file", "usage.export", answers=str, seat=False, file="text/csv")
def shares_file(actor: Actor, now: datetime, month: out.Month, per: Literal["month", "day"] = "month") -> FileResponse:
    """The same as CSV, for bills of the partner's own"""
    heads, rows = sharing.FILES[per](sharing.of_month(actor.tenant, _first(month), now=now))
    file = tempfile.SpooledTemporaryFile(max_size=files.IN_MEMORY)  # noqa: SIM115  # closed by the response
    files.write_csv(file, heads, rows, style=files.STYLES["comma"], zone=ZoneInfo("UTC"))
    file.seek(0)
    name = f"shares-{month}-per-{per}.csv"
    return FileResponse(file, as_attachment=True, filename=name, content_type="text/csv; charset=utf-8")


@routes.get("/usage/adviser", "usage.read", answers=advised.Adviser, seat=False)
def adviser(actor: Actor, now: datetime) -> advised.Adviser:
    """The outlook, whether there is advice, and the plans made so far, newest first, up to 100"""
    found = outlook.of(actor.tenant, now=now)
    with tenancy.acting_in(actor.tenant):
        plans = [advised.plan(row) for row in advising.plans()[:100]]
    shown = out.standing(found, None if found.ended else outlook.ahead(found))
    return advised.Adviser(open=found.advises and not found.ended, standing=shown, plans=plans)


@routes.post("/usage/adviser/plans", advising.VERB, answers=advised.Advice, seat=False)
def look(actor: Actor, now: datetime) -> advised.Advice:
    """Look through the customers for licences that seem not to be needed

    Nobody is unlicensed by it. Refused before the 20th.
    """
    return advised.advice(advising.one(actor, advising.look(actor, now=now).pk, now=now))


@routes.get("/usage/adviser/plans/{uuid:advice}", "usage.read", answers=advised.Advice, seat=False)
def plan(actor: Actor, now: datetime, advice: UUID) -> advised.Advice:
    """A plan, with names where the customer lets you look"""
    return advised.advice(advising.one(actor, advice, now=now))


@routes.post("/usage/adviser/plans/{uuid:advice}/take", advising.VERB, answers=advised.Done, seat=False)
def take(actor: Actor, now: datetime, advice: UUID, body: advised.Take) -> advised.Done:
    """Unlicense the people of a plan, customer by customer on its behalf

    May be called again: what is done stays done.
    """
    done = taking.take(actor, advice, body.steps, now=now)
    return advised.Done(done=done.done, refused=done.refused)


@routes.post("/usage/adviser/plans/{uuid:advice}/undo", advising.VERB, answers=advised.Done, seat=False)
def undo(actor: Actor, now: datetime, advice: UUID, body: advised.Take) -> advised.Done:
    """License again whom the plan took, as long as they are unlicensed"""
    done = taking.give_back(actor, advice, body.steps, now=now)
    return advised.Done(done=done.done, refused=done.refused)


@routes.post("/usage/simulations", "usage.simulate", answers=simulated.Simulation, seat=False)
def simulate(actor: Actor, now: datetime, body: simulated.Simulate) -> simulated.Simulation:
    """Two policies or two price lists over the partner's own closed days; changes nothing"""
    sides = (simulated.choice(body.a), simulated.choice(body.b))
    return simulated.simulation(comparing.compare(actor.tenant, sides, months=body.months, now=now))


def _first(month: str) -> date:
    return date.fromisoformat(f"{month}-01")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Missing(f"{text[:40]!r} is no day.") from None
