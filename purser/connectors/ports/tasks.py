"""The other half of a vendor that has no interface: what a person is asked to do there, and what they confirmed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal, Protocol

State = Literal["open", "done", "declined"]


@dataclass(frozen=True)
class Ask:
    """One change that a person is to make. `key` names it: 1 to 200 characters, the same for as long as it is the same change.

    `words` say what, field by field; "do" is the change's own word (create, rename, ...). `answers` are what the person tells
    in return, by name.
    """

    key: str
    title: str
    words: Mapping[str, str]
    answers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Told:
    """How an ask stands. `answer` and `at` count once it is done; `note` is the person's, above all where it was declined."""

    key: str
    state: State
    due_on: date
    words: Mapping[str, str] = field(default_factory=dict)
    answer: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    at: datetime | None = None


class Tasks(Protocol):
    """Commits each call for itself: open no transaction around it."""

    def ask(self, ask: Ask) -> Told:
        """Have it done. Of each key there is one: asked again it is that one, in the words of now while it is open."""
        ...

    def done(self) -> Sequence[Told]:
        """What was confirmed, the oldest first."""
        ...
