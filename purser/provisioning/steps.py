"""Receipts of what is changed for an account at its vendor, in the seat of the account's organisation.

Each is committed before its call and settled after it (law 3); of one stage an account has one open receipt. Source:
acceptance AC-30; reliability P9.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from purser.kernel.errors import Refused
from purser.postgres import ids
from purser.provisioning.models import OPEN_STEPS, STEP_STEPS, Account, Step, StepState
from purser.reconcile.drive import HALTS
from purser.reconcile.model import Delay, Done, Doubtful, Outcome

MAIL = "mail"
# How stages read; the order is that in which a new account passes them. "name" and
# "unsold" (what somebody switched on there) are put right after a comparison.
STAGES = {
    "tenant": "Tenant",
    "production": "Production",
    "offerings": "Offerings",
    "unsold": "Services not sold",
    "user": "User",
    "roles": "Roles",
    "enabled": "Enabled",
    "name": "Name",
    "mail": "Activation mail",
    "removal": "Removal",
}
UNKNOWN = ("intended", "unsure")  # the vendor may have done it
HALTING = HALTS | {"address_forbidden"}  # our own way in: no account's fault, and nothing else can succeed either
TASK = "task"  # the code of what a person does at a vendor without an interface: looking again costs nobody anything
AGAIN = timedelta(minutes=1)
MOST_AGAIN = timedelta(hours=1)
MAIL_UNKNOWN = "Nobody can tell whether the activation mail went out."
MAIL_HINT = "Ask the person, or look at the vendor; then say whether it was sent."


def step(row: Step, to: str, *, now: datetime, **more: Any) -> Step:
    """Move a receipt to another state. Raises Refused for a step that STEP_STEPS does not name."""
    if to not in STEP_STEPS[row.state]:
        raise Refused(
            f"{STAGES.get(row.what, row.what)} is “{StepState(row.state).label}” and cannot become “{StepState(to).label}”.",
            code="state",
            hint="Read it again.",
        )
    row.state = to
    for name, value in more.items():
        setattr(row, name, value)
    row.save(update_fields=["state", *more])
    return row


def locked(id: UUID) -> Step:
    found: Step = Step.objects.select_for_update().get(pk=id)
    return found


def open_of(account: UUID) -> dict[str, Step]:
    """By stage."""
    return {row.what: row for row in Step.objects.filter(account_id=account, state__in=OPEN_STEPS)}


@dataclass(frozen=True)
class Steps:
    """By stage, what is open and what was done last. `tried`: a tenant was tried to be made, whatever became of it."""

    open: dict[str, Step]
    done: dict[str, Step]
    tried: bool


def of(account: UUID) -> Steps:
    rows = list(Step.objects.filter(account_id=account).order_by("intended_at", "id"))
    return Steps(
        {row.what: row for row in rows if row.state in OPEN_STEPS},
        {row.what: row for row in rows if row.state == StepState.DONE},
        any(row.what == "tenant" for row in rows),
    )


@dataclass(frozen=True)
class Receipt:
    """A step that was sent: `after` as it is kept, `attempts` with this one."""

    id: UUID
    account: UUID
    what: str
    after: str
    attempts: int = 1


def intend(account: Account, what: str, *, before: str, after: str, again: bool = True, now: datetime) -> Receipt:
    """Note what is about to be done: a new receipt, or the open one of this stage once more. `again` False: nobody has an open
    one, which saves looking; the database refuses a second."""
    words = {"before": before[:500], "after": after[:500]}
    held = Step.objects.select_for_update().filter(account=account, what=what, state__in=OPEN_STEPS) if again else None
    row = held.first() if held is not None else None
    if row is not None:
        step(
            row, StepState.INTENDED, now=now, **words, code="", text="", hint="", attempts=row.attempts + 1,
            intended_at=now, answered_at=None, retry_at=None,
        )  # fmt: skip
        return Receipt(row.pk, account.pk, what, words["after"], row.attempts)
    made = Step(
        id=ids.new(), account=account, partner_id=account.partner_id, distributor_id=account.distributor_id, what=what,
        first_at=now, intended_at=now, **words,
    )  # fmt: skip
    made.save(force_insert=True)
    return Receipt(made.pk, account.pk, what, words["after"])


def settle(receipt: Receipt, outcome: Outcome, *, lag: timedelta, now: datetime) -> None:
    """What the vendor answered; what was made is kept at the account in the same transaction. `lag` as in the port's traits:
    for so long a lost call may still take effect. Raises Refused for a receipt that was settled already."""
    if isinstance(outcome, Done):
        said = {"reference": outcome.reference[:120], "text": outcome.note[:1000], "code": "", "hint": ""}
        _settle(receipt, StepState.DONE, answered_at=now, **said)
        _keep(receipt.account, receipt.what, receipt.after, outcome.reference, now)
        return
    told = {"code": outcome.code[:30], "text": outcome.text[:1000], "hint": outcome.hint[:500], "answered_at": now}
    if isinstance(outcome, Doubtful) and receipt.what == MAIL:
        _settle(receipt, StepState.ASKED, **told | {"text": f"{MAIL_UNKNOWN} {outcome.text}"[:1000], "hint": MAIL_HINT})
    elif isinstance(outcome, Doubtful):
        _settle(receipt, StepState.UNSURE, **told, retry_at=now + lag)
    elif isinstance(outcome, Delay) or outcome.code in HALTING:
        wait = outcome.retry_after if isinstance(outcome, Delay) else None
        _settle(receipt, StepState.BUSY, **told, retry_at=now + (wait or _wait(receipt.attempts)))
    else:
        _settle(receipt, StepState.REFUSED, **told)


def _settle(receipt: Receipt, to: str, **more: Any) -> None:
    """From "intended", and from nowhere else, in one statement."""
    if not Step.objects.filter(pk=receipt.id, state=StepState.INTENDED).update(state=to, **more):
        raise Refused(f"{STAGES.get(receipt.what, receipt.what)} was settled already.", code="state", hint="Read it again.")


def found(row: Step, reference: str, *, now: datetime) -> None:
    """The vendor has it, whoever did it: the answer that was lost, or a person in the vendor's portal."""
    text = "Found at the vendor" + (" after the answer was lost." if row.state in UNKNOWN else ".")
    step(row, StepState.DONE, now=now, reference=reference[:120], text=text, looked_at=now, code="", hint="", retry_at=None)
    _keep(row.account_id, row.what, row.after, reference, now)


def not_made(row: Step, *, now: datetime) -> None:
    """The vendor was looked at after its lag, and does not have it: the lost call had no effect."""
    said = {"code": "not_made", "text": "The vendor does not have it.", "hint": ""}
    step(row, StepState.BUSY, now=now, **said, looked_at=now, retry_at=now)


def ask(row: Step, *, now: datetime) -> None:
    """Leave the outcome of a mail to a person."""
    step(row, StepState.ASKED, now=now, code="unsure", text=MAIL_UNKNOWN, hint=MAIL_HINT, looked_at=now, retry_at=None)


def drop(rows: Collection[Step], *, now: datetime) -> None:
    """Nothing asks for these any more; what may still take effect is left open."""
    for row in rows:
        if "dropped" in STEP_STEPS[row.state]:
            step(row, StepState.DROPPED, now=now, retry_at=None)


def keep_user(account: UUID, reference: str) -> None:
    """The vendor has our user, and none of our receipts says so."""
    Account.objects.filter(pk=account).update(remote_user=reference)


def _wait(attempts: int) -> timedelta:
    return min(AGAIN * (1 << max(0, min(attempts - 1, 10))), MOST_AGAIN)


def _keep(account: UUID, what: str, after: str, reference: str, now: datetime) -> None:
    """What the account knows of the vendor from now on."""
    kept: dict[str, Any] = {}
    match what:
        case "tenant":
            kept = {"remote": reference}
        case "user":
            kept = {"remote_user": reference}
        case "mail":
            kept = {"mailed_at": now}
        case "enabled":
            kept = {"suspended": after == "disabled"}
    if kept:
        Account.objects.filter(pk=account).update(**kept)
