"""Licences as the engine's target, and the receipts of a run as its journal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from django.db import connection

from purser.directory import licences, licensing_steps
from purser.directory.models import Licence, User
from purser.postgres import tenancy
from purser.reconcile.model import Change, Done, Key, Outcome, Refusal

Clock = Callable[[], datetime]


class Licences:
    """The licences of a tenant, by user. `act` is the act under which they change, `by` who is named with them."""

    def __init__(self, tenant: UUID, *, act: UUID, by: str, clock: Clock) -> None:
        self._tenant, self._act, self._by, self._clock = tenant, act, by, clock

    def look(self, key: Key) -> bool | None:
        with tenancy.committing_in(self._tenant):
            return Licence.objects.filter(user_id=key, until=None).exists() or None

    def apply(self, change: Change[bool], *, once: str) -> Outcome:
        """The same change made twice is made once: a user has one open licence, and one that is ended stays so."""
        user = UUID(change.key)
        with tenancy.committing_in(self._tenant):
            self._under_act()
            if change.after is None:
                if licences.end_one(user, by=self._by, now=self._clock()):
                    return Done()
                return Refusal("The licence was given by hand meanwhile, so it stays.", "by_hand")
            row = User.objects.select_for_update().get(pk=user)
            if row.gone_at is not None or not row.enabled:
                return Refusal("The user has left the directory, or was switched off, since the plan was made.", "left")
            licences.open_one(row, by=self._by, now=self._clock())
            return Done()

    def _under_act(self) -> None:
        """The history of what changes now names the act of the run, of which there is one for all its changes."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('purser.act', %s, true)", [str(self._act)])


class Journal:
    """The receipts of one run, each in a transaction of its own."""

    def __init__(self, tenant: UUID, run: UUID, *, clock: Clock) -> None:
        self._tenant, self._run, self._clock = tenant, run, clock

    def intend(self, change: Change[bool]) -> UUID:
        with tenancy.committing_in(self._tenant):
            return licensing_steps.intend(self._run, change, now=self._clock())

    def once(self, receipt: UUID) -> str:
        return receipt.hex

    def settle(self, receipt: UUID, outcome: Outcome) -> None:
        with tenancy.committing_in(self._tenant):
            licensing_steps.settle(receipt, outcome, now=self._clock())

    def confirm(self, receipt: UUID) -> None:
        """A licence that was given is there: settling said so already."""

    def moved(self, change: Change[bool], seen: bool | None) -> None:
        """Somebody gave or took this licence by hand since the plan: it is as it was to be, or a person wants it so."""

    def unread(self, change: Change[bool], outcome: Outcome) -> None:
        self.settle(self.intend(change), outcome)
