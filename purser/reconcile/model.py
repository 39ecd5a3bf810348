"""The values of reconciliation: readings, changes, plans, outcomes. All frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, Literal, TypeAlias, TypeVar

V = TypeVar("V")

Key: TypeAlias = str


@dataclass(frozen=True)
class Reading(Generic[V]):
    """What one side looked like at a moment.

    `whole` says whether the reading is complete; a reading cut short (a page that failed, a
    permission that hides rows) is not whole and `cut` says why. Law 2 rests on it: from a source
    that is not whole nothing is removed, against a target that is not whole nothing is created.
    """

    items: Mapping[Key, V]
    at: datetime
    whole: bool = True
    cut: str = ""


@dataclass(frozen=True)
class Done:
    """The target accepted the change. `reference` is the target's own id for it, if it gave one."""

    reference: str = ""
    note: str = ""


@dataclass(frozen=True)
class Refusal:
    """The target said no; nothing changed. `code` as in kernel.errors, `text` is the target's own."""

    text: str
    code: str = "validation"
    hint: str = ""


@dataclass(frozen=True)
class Delay:
    """Nothing happened; try again, not before `retry_after` where known."""

    text: str
    code: str = "network"
    retry_after: timedelta | None = None
    hint: str = ""


@dataclass(frozen=True)
class Doubtful:
    """The answer was lost: the change may stand or not. Look before trying again."""

    text: str
    code: str = "unsure"
    hint: str = ""


Outcome: TypeAlias = Done | Refusal | Delay | Doubtful

Kind: TypeAlias = Literal["create", "update", "remove"]


@dataclass(frozen=True)
class Change(Generic[V]):
    """One difference to make on the target: `before` is what it held when we looked, None for nothing."""

    key: Key
    before: V | None
    after: V | None

    @property
    def kind(self) -> Kind:
        if self.before is None:
            return "create"
        return "remove" if self.after is None else "update"


@dataclass(frozen=True)
class Aside:
    """A key left out of a plan, and why (an unsettled receipt, a reading that is not whole, a rule)."""

    key: Key
    reason: str
    code: str = "unsettled"


@dataclass(frozen=True)
class Plan(Generic[V]):
    """What would be done, in order. Equal inputs give equal plans; `digest` binds an approval to it."""

    changes: tuple[Change[V], ...]
    asides: tuple[Aside, ...]
    compared: int
    digest: str

    def __bool__(self) -> bool:
        return bool(self.changes)
