"""Bring one account's tenant to what is wanted: look, plan, and each step with its receipt; a later run goes on from there.

Every step commits for itself; a run may be killed at any instruction, and the next one makes it good. Source: acceptance AC-8,
AC-19, AC-28 to AC-35; reliability P9.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

from purser.connectors.ports.accounts import Accounts
from purser.flows.accounts_to_vendor import facts as reading
from purser.flows.accounts_to_vendor import planning, removal, states
from purser.flows.accounts_to_vendor.facts import Facts
from purser.flows.accounts_to_vendor.journal import Clock, Journal
from purser.flows.accounts_to_vendor.target import Vendor
from purser.flows.accounts_to_vendor.values import DISABLED, Value
from purser.flows.accounts_to_vendor.wanted import Asked, agreed
from purser.kernel.errors import Busy, Failure
from purser.postgres import tenancy
from purser.postgres.locks import hold
from purser.provisioning import steps, tasks
from purser.provisioning.models import AccountState, Step, StepState
from purser.reconcile.drive import Step as Driven
from purser.reconcile.drive import drive, outcome_of
from purser.reconcile.model import Change, Delay, Done, Plan, Refusal

AGAIN = timedelta(seconds=10)
ROUNDS = 3  # of reading again, where somebody was faster or the parent lost something
NOT_SHOWN = Delay(
    "It was done, and the vendor shows it otherwise; or somebody changes it at the same time.", "not_shown",
    timedelta(minutes=15), "It is looked at again by itself.",
)  # fmt: skip
# After these what was read is no longer so: it is read again and gone on.
READ_AGAIN = frozenset({"changed", "unavailable"})


@dataclass(frozen=True)
class Result:
    """`state` is the account's; `retry_at` when the next run may get further, None where nothing waits for time."""

    state: str
    done: int = 0
    text: str = ""
    retry_at: datetime | None = None


def run(*, tenant: UUID, account_id: UUID, clock: Clock, heal: bool = False) -> Result:
    """Do what is wanted, or go on with it. With `heal` all is read anew and what was changed at the vendor is put right.

    Raises Missing, and Busy while another run of the account is at work.
    """
    with alone(account_id):
        return _run(tenant, account_id, clock, heal)


@contextmanager
def alone(account_id: UUID) -> Iterator[None]:
    """Hold the account for one run, over all its transactions. Source: acceptance AC-29."""
    with hold(connection, f"account:{account_id}") as mine:
        if not mine:
            raise Busy("Another run of this account is at work.", code="running", retry_after=AGAIN)
        yield


def _run(tenant: UUID, account_id: UUID, clock: Clock, heal: bool) -> Result:
    facts = reading.read(tenant, account_id, healing=heal)
    if facts.account.state == AccountState.REMOVED:
        return Result(facts.account.state)
    if facts.waits:
        states.wait(tenant, facts, facts.waits, now=clock())
        return Result(facts.account.state, text=facts.waits)
    if not reading.subscriptions(facts) and facts.kind == "customer" and not facts.account.remote and not facts.open:
        return Result(facts.account.state)
    port = reading.port_of(facts)
    later = not_before(facts, port.traits.lag, clock())
    if later is not None:
        return Result(facts.account.state, text="It is tried again by itself.", retry_at=later)
    if facts.account.state == AccountState.REMOVING:
        return _removing(tenant, facts, port, clock)
    asked, others = agreed(reading.subscriptions(facts), one_mode=facts.kind in port.traits.one_mode)
    turn = planning.turned(facts, port, asked)
    done = _rounds(tenant, facts, port, asked, clock, heal, turn) if turn else []
    if turn:
        facts = reading.read(tenant, account_id, healing=heal)
    if turn == DISABLED or planning.turned(facts, port, asked):
        asked = []  # the rest is seen to once it is in use again
    else:
        states.begin(tenant, facts, asked, others, now=clock())
        done += _rounds(tenant, facts, port, asked, clock, heal)
    state, text, retry_at = states.finish(tenant, facts, asked, done, now=clock())
    if heal and state == AccountState.PROVISIONED:
        states.healed(tenant, account_id, now=clock())
    if state == AccountState.PROVISIONED and facts.kind == "partner":
        states.wake_below(tenant, facts.account.instance)
    return Result(state, len(done), text, retry_at)


def _rounds(
    tenant: UUID, facts: Facts, port: Accounts, asked: Sequence[Asked], clock: Clock, heal: bool, turn: str = ""
) -> list[str]:
    """What was done, in as many rounds as it takes until nothing is to be read again. With `turn` nothing but that."""
    done: list[str] = []
    again: Change[Value] | None = None
    for n in range(ROUNDS):
        if n:
            facts = reading.read(tenant, facts.account.pk, healing=heal)
        made, again = _round(tenant, planning.narrowed(facts, turn), port, asked, clock, heal)
        done += made
        if again is None:
            break
    if again is not None:
        _not_shown(tenant, facts, again, port.traits.lag, clock)
    return done


def not_before(facts: Facts, lag: timedelta, now: datetime) -> datetime | None:
    """When the vendor may be called: a lost call may take effect until its lag is over, and the vendor may ask for time."""
    times = [_rest(row, lag) for row in facts.open.values() if row.code != steps.TASK]
    later = max((at for at in times if at is not None), default=None)
    return later if later is not None and later > now else None


def _rest(row: Step, lag: timedelta) -> datetime | None:
    if row.state == StepState.INTENDED and row.what != steps.MAIL:
        return row.intended_at + lag
    return row.retry_at


def _round(
    tenant: UUID, facts: Facts, port: Accounts, asked: Sequence[Asked], clock: Clock, heal: bool
) -> tuple[list[str], Change[Value] | None]:
    """Look, plan and drive once: what was done, and the change for which all is to be read again."""
    journal = Journal(facts.account, open=facts.open, lag=port.traits.lag, clock=clock)
    try:
        looked = planning.look(facts, port, asked, heal=heal, at=clock())
    except planning.Unread as unread:
        _unread(facts, journal, unread.stage, unread.failure, clock)
        return [], None
    changes = _left_over(tenant, facts, looked.plan, looked.wanted, looked.target, clock)
    _keep_user(tenant, facts, looked.target)
    return _drive(facts, changes, looked.target, journal, clock)


def _keep_user(tenant: UUID, facts: Facts, target: Vendor) -> None:
    """One that an adopted tenant has already: no receipt of ours tells of it."""
    id = target.reference("user")
    if id and not facts.account.remote_user and "user" not in facts.open:
        with tenancy.committing_in(tenant):
            steps.keep_user(facts.account.pk, id)


def _unread(facts: Facts, journal: Journal, stage: str, failure: Failure, clock: Clock) -> None:
    outcome = outcome_of(failure, sent=False)
    journal.unread(Change(stage, None, None), outcome)
    states.met(facts, outcome, now=clock())


def _left_over(
    tenant: UUID, facts: Facts, planned: Plan[Value], wanted: Mapping[str, Value], target: Vendor, clock: Clock
) -> list[Change[Value]]:
    """Settle what earlier runs left open by what the vendor shows now; the changes that remain."""
    changes = {change.key: change for change in planned.changes}
    if not facts.open:
        return list(changes.values())
    with tenancy.committing_in(tenant):
        for what, row in facts.open.items():
            row = steps.locked(row.pk)
            if what == steps.MAIL and row.state in steps.UNKNOWN:
                steps.ask(row, now=clock())
                changes.pop(what, None)
                if facts.account.state == AccountState.REMOVING:  # its user goes: nobody is asked any more
                    steps.drop([row], now=clock())
            elif what in changes:
                if row.state in steps.UNKNOWN:
                    steps.not_made(row, now=clock())
            elif what in wanted:
                steps.found(row, target.reference(what), now=clock())
            elif row.state != StepState.ASKED or facts.account.state == AccountState.REMOVING:
                if row.state == StepState.INTENDED:
                    steps.not_made(row, now=clock())
                steps.drop([row], now=clock())
    return list(changes.values())


def _drive(
    facts: Facts, changes: list[Change[Value]], target: Vendor, journal: Journal, clock: Clock
) -> tuple[list[str], Change[Value] | None]:
    done: list[str] = []
    again: Change[Value] | None = None
    for step in drive(changes, target=target, journal=journal, lane=lambda stage: "account", halts=steps.HALTING):
        done += [step.change.key] if isinstance(step.outcome, Done) else []
        again = step.change if _read_again(step) else again
        if step.outcome is not None:
            states.met(facts, step.outcome, now=clock())
    return done, again


def _read_again(step: Driven[Value]) -> bool:
    if isinstance(step.outcome, Done):
        return not step.confirmed
    return step.outcome is None or (isinstance(step.outcome, Delay | Refusal) and step.outcome.code in READ_AGAIN)


def _not_shown(tenant: UUID, facts: Facts, change: Change[Value], lag: timedelta, clock: Clock) -> None:
    """What was read again in vain stays open, so that nobody takes it for done."""
    with tenancy.committing_in(tenant):
        left = steps.open_of(facts.account.pk)
    if change.key not in left:
        Journal(facts.account, open=left, lag=lag, clock=clock).unread(change, NOT_SHOWN)


def _removing(tenant: UUID, facts: Facts, port: Accounts, clock: Clock) -> Result:
    """Suspend, then delete; both only because a person said so. Source: acceptance AC-33."""
    tasks.withdraw(facts.account, now=clock())
    journal = Journal(facts.account, open=facts.open, lag=port.traits.lag, clock=clock)
    try:
        want = reading.wanting(facts, port, (), parent=facts.parent or port.root())
        target = Vendor(port, want, reading.held(facts, want), afresh=True)
        planned = removal.planned(target, port)
    except Failure as failure:
        _unread(facts, journal, "removal", failure, clock)
    else:
        wanted = {stage: Value(("",)) for stage in ("enabled", "removal")}
        changes = _left_over(tenant, facts, planned, wanted, target, clock)
        _, again = _drive(facts, changes, target, journal, clock)
        if again is not None:
            _not_shown(tenant, facts, again, port.traits.lag, clock)
    state, text, retry_at = states.finish_removal(tenant, facts.account.pk, now=clock())
    return Result(state, text=text, retry_at=retry_at)
