"""Failures, classed by what the caller does next.

Every module that can fail raises one of these four (or a subclass beside the function that
raises it). Anything else is a defect and rises. A message names the numbers and, where there is
one, the next step; it never holds a secret.
"""

from __future__ import annotations

from datetime import timedelta


class Failure(Exception):
    """Common shape of the four kinds.

    `code` is a short stable word that screens and rules use (`credentials`, `network`,
    `throttled`, `same_day`, ...); `text` is for a person; `hint` is the next step, may be empty.
    """

    def __init__(self, text: str, *, code: str = "", hint: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.code = code
        self.hint = hint


class Refused(Failure):
    """The other side (or a rule of ours) said no. Trying again unchanged will fail again: a person must act."""


class Missing(Failure):
    """Absent, or not yours: the two are the same answer."""


class Busy(Failure):
    """Nothing happened. The same call may be made again, not before `retry_after` where it is known."""

    def __init__(self, text: str, *, code: str = "", hint: str = "", retry_after: timedelta | None = None) -> None:
        super().__init__(text, code=code, hint=hint)
        self.retry_after = retry_after


class Unsure(Failure):
    """The call may or may not have taken effect. Look before trying again."""
