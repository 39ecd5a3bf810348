"""The answer of a connection test."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Tested:
    """`text` is what a person reads: the vendor's own error where it gave one. Never holds a secret."""

    ok: bool
    text: str
    code: str = ""
