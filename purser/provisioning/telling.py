"""What the provider's people hear of by themselves: each fault once, however often it is met."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from purser.notices import outbox
from purser.postgres import tenancy
from purser.provisioning import steps
from purser.provisioning.models import Account, AccountState, Instance, Step


def stuck(account: Account, rows: Sequence[Step], *, now: datetime) -> None:
    """These steps wait for a person; in the transaction in which they stand still, in the seat of the account's organisation.
    The same fault of a step that was tried again is not told again."""
    new = [row for row in rows if row.told != _fault(row)]
    if not new:
        return
    removing = account.state == AccountState.REMOVING
    what = "is not removed yet" if removing else "is half done"
    outbox.post(
        "account_half_done",
        audience=account.provider,
        subject=f"{account.name} {what} at {account.instance_name}",
        lines=[f"{steps.STAGES[row.what]}: {row.text} {row.hint}".strip() for row in new],
        page="vendor_account",
        args={"organisation": account.tenant_id, "instance": account.instance},
        about=[("account", account.pk)],
        by_job=True,
        now=now,
    )
    for row in new:
        Step.objects.filter(pk=row.pk).update(told=_fault(row))


def _fault(row: Step) -> str:
    return row.code or row.state


def paused(instance: Instance, *, now: datetime) -> None:
    """Nothing is called by it any more; in the transaction of the pause, in the provider's seat."""
    outbox.post(
        "instance_paused",
        audience=tenancy.tenant(),
        subject=f"{instance.name} is paused",
        lines=[instance.paused_text, "Nothing is called until a test succeeds; what waits goes on then."],
        page="instance",
        args={"instance": instance.pk},
        about=[("instance", instance.pk)],
        by_job=True,
        now=now,
    )
