"""The steps of an account as the engine's journal: each receipt in a transaction of its own."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from uuid import UUID

from purser.flows.accounts_to_vendor.values import Value
from purser.postgres import tenancy
from purser.provisioning import steps
from purser.provisioning.models import Account
from purser.provisioning.steps import Receipt
from purser.reconcile.model import Change, Outcome

Clock = Callable[[], datetime]


class Journal:
    """The receipts of one account, each in a transaction of its own."""

    def __init__(self, account: Account, *, open: Collection[str], lag: timedelta, clock: Clock) -> None:
        self._tenant, self._account, self._open = UUID(str(account.tenant_id)), account, open
        self._lag, self._clock = lag, clock

    def intend(self, change: Change[Value]) -> Receipt:
        before, after = (value.words if value else "" for value in (change.before, change.after))
        again = change.key in self._open
        with tenancy.committing_in(self._tenant):
            return steps.intend(self._account, change.key, before=before, after=after, again=again, now=self._clock())

    def once(self, receipt: Receipt) -> str:
        return receipt.id.hex

    def settle(self, receipt: Receipt, outcome: Outcome) -> None:
        with tenancy.committing_in(self._tenant):
            steps.settle(receipt, outcome, lag=self._lag, now=self._clock())

    def confirm(self, receipt: Receipt) -> None:
        """The vendor's answer was checked to be what was asked for: settling said so already."""

    def moved(self, change: Change[Value], seen: Value | None) -> None:
        """Somebody changed it since the plan: it is planned again."""

    def unread(self, change: Change[Value], outcome: Outcome) -> None:
        self.settle(self.intend(change), outcome)
