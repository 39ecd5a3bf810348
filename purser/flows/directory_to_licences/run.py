"""One run of Auto-License: who is to be licensed, who is, the difference, doubts, and then each change with its receipt.

Every step commits for itself; a run may be killed at any instruction, and the same run called again goes on with it.
Source: acceptance CS-23, CS-26 to CS-28; reliability P9, P13.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import connection

from purser.access import actors, acts
from purser.directory import auto, collections, licences, licensing_runs, licensing_steps
from purser.directory.models import AutoLicensing, Cause, LicensingRun, RunState
from purser.flows.directory_to_licences.target import Clock, Journal, Licences
from purser.kernel.errors import Busy
from purser.postgres import tenancy
from purser.postgres.locks import hold
from purser.reconcile import guard
from purser.reconcile.drive import drive
from purser.reconcile.guard import Doubt
from purser.reconcile.model import Plan, Reading
from purser.reconcile.plan import plan as difference
from purser.tenants import organisations

AGAIN = timedelta(seconds=10)
NOTHING_CHOSEN = "No collection is chosen, so nothing is given and nothing is taken back."
SUSPENDED = "The organisation is suspended."


@dataclass(frozen=True)
class Sides:
    """What is wanted and held, by user; which members are `already` licensed; why somebody might be too many."""

    wanted: Reading[bool]
    held: Reading[bool]
    already: frozenset[UUID]
    loose: str


def run(*, tenant: UUID, run_id: UUID, clock: Clock) -> LicensingRun:
    """Do the run, or go on with it; one that is over, or waits, is left as it is.

    Raises Missing, and Busy while another run of the tenant is at work.
    """
    with _alone(tenant):
        with tenancy.acting_in(tenant):
            row = licensing_runs.one(run_id)
        if row.state != RunState.RUNNING:
            return row
        planned = _plan(tenant, row, clock)
        if planned is not None:
            _drive(tenant, row, planned, clock)
        return row


def failed(*, tenant: UUID, run_id: UUID, text: str, now: datetime) -> None:
    """End a run that cannot go on. Takes the seat itself."""
    with tenancy.acting_in(tenant):
        row = LicensingRun.objects.filter(pk=run_id).first()
        if row is not None and row.state == RunState.RUNNING:
            licensing_runs.finish(row, RunState.FAILED, text=text, now=now)


@contextmanager
def _alone(tenant: UUID) -> Iterator[None]:
    """Hold the tenant's licences for one run, over all its transactions."""
    with hold(connection, f"licensing:{tenant}") as mine:
        if not mine:
            raise Busy("Another run of Auto-License is at work.", code="running", retry_after=AGAIN)
        yield


def _plan(tenant: UUID, row: LicensingRun, clock: Clock) -> Plan[bool] | None:
    """Compare, and keep what is to be done with the run; the plan where it is to be done now."""
    now = clock()
    with tenancy.acting_in(tenant):
        licensing_steps.settle_left(row, now=now)
        rules, chosen = auto.settings(), auto.chosen()
        if not chosen or organisations.own().suspended_at is not None:
            text = SUSPENDED if chosen else NOTHING_CHOSEN
            licensing_runs.finish(row, RunState.DONE, text=text, now=now)
            return None
        sides = _sides([one.pk for one in chosen], rules, now)
        planned: Plan[bool] = difference(wanted=sides.wanted, held=sides.held)
        row.already = len(sides.already - licensing_steps.given(row))
        if licensing_runs.decide(row, planned.changes, _doubts(row, planned, sides, rules), now=now):
            return planned
        if row.state == RunState.RUNNING:
            licensing_runs.finish(row, RunState.DONE, text=_kept(planned), now=now)
        return None


def _sides(chosen: list[UUID], rules: AutoLicensing, now: datetime) -> Sides:
    """Wanted are the members, and whoever was licensed by hand; and whoever is, where nothing is to be taken back."""
    found = collections.inside(chosen)
    held = licences.open_of()
    stay = {user for user, licence in held.items() if licence.cause == Cause.HAND or not rules.take_back}
    return Sides(
        Reading({str(user): True for user in sorted(found.users | stay)}, now, not found.cut, found.cut),
        Reading({str(user): True for user in sorted(held)}, now),
        found.users & held.keys(),
        found.loose,
    )


def _doubts(row: LicensingRun, planned: Plan[bool], sides: Sides, rules: AutoLicensing) -> tuple[Doubt, ...]:
    """Who presses RUN asks for the licences of all members, so that giving them is no surprise; taking back may be one."""
    asked = frozenset(c.key for c in planned.changes if c.after) if row.cause == licensing_runs.HAND else frozenset()
    found = guard.doubts(
        planned,
        wanted=sides.wanted,
        held=sides.held,
        limits=guard.Limits(rules.limit_percent, rules.limit_least, Decimal("Infinity")),
        size=lambda licensed: Decimal(licensed),
        expected=asked,
    )
    if sides.loose and any(change.after for change in planned.changes):
        found = (*found, Doubt("left_out_cut", f"Some may have to be left out: {sides.loose}"))
    return found


def _kept(planned: Plan[bool]) -> str:
    """Why some keep a licence that nothing asks for."""
    cut = [aside for aside in planned.asides if aside.code == "source_cut"]
    if not cut:
        return ""
    return f"{len(cut)} keep{'s'[: len(cut) == 1]} the licence for now. {cut[0].reason}"


def _drive(tenant: UUID, row: LicensingRun, planned: Plan[bool], clock: Clock) -> None:
    with tenancy.acting_in(tenant):
        own = organisations.own()
        words = licensing_runs.words(row.changes)
        worker = actors.system("Auto-License", tenant=tenant, organisation=own.name)
        whom = "" if row.cause == licensing_runs.SCHEDULE else f", for {row.by_name}"
        summary, of = f"Auto-License{whom}: {words}", ("licensing_run", row.pk)
        act = acts.record(worker, "tasks.auto_licence", summary=summary, of=of, now=clock())
    target = Licences(tenant, act=act.pk, by=row.by_name, clock=clock)
    for _ in drive(planned.changes, target=target, journal=Journal(tenant, row.pk, clock=clock)):
        pass
    with tenancy.acting_in(tenant):
        licensing_runs.finish(row, RunState.DONE, text=_kept(planned), now=clock())
