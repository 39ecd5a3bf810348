"""Something that must not be: what `purser verify` finds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """`code` names the promise that is broken, `of` the row or table, `text` the numbers."""

    code: str
    of: str
    text: str
