"""What the engine asks of the two worlds it works between: a target to change, and a journal that remembers."""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar

from purser.reconcile.model import Change, Key, Outcome, V

R = TypeVar("R")


class Target(Protocol, Generic[V]):
    """The side that is changed. `look` reads one key afresh; `apply` makes one change and never raises for what the
    other side answered. Only `reconcile.drive` calls `apply` (law 1)."""

    def look(self, key: Key) -> V | None: ...

    def apply(self, change: Change[V], *, once: str) -> Outcome: ...


class Journal(Protocol, Generic[V, R]):
    """Receipts. Each method commits in a transaction of its own (law 3); R is the journal's own handle of a receipt."""

    def intend(self, change: Change[V]) -> R:
        """Note what is about to be done, before it is."""
        ...

    def once(self, receipt: R) -> str:
        """The id under which the target shall know this step, the same for every try of it."""
        ...

    def settle(self, receipt: R, outcome: Outcome) -> None:
        """Note what the target answered."""
        ...

    def confirm(self, receipt: R) -> None:
        """Note that a reading shows it."""
        ...

    def moved(self, change: Change[V], seen: V | None) -> None:
        """Note that the target was not as planned, so nothing was sent."""
        ...

    def unread(self, change: Change[V], outcome: Outcome) -> None:
        """Note that the target could not be read before the step, so nothing was sent."""
        ...
