"""Ending a process at any instant: before each statement, before and after each commit, around each call and each step.

`kernel.points` is reached in the engine and under every vendor call; what the database does is watched from here. Source:
reliability section 3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, connections

from purser.kernel import points

Reach = Callable[[str], None]


class Crash(BaseException):
    """The process is gone. No code of ours may catch it."""


@contextmanager
def watched(reach: Reach) -> Iterator[None]:
    """Call `reach` with the name of every instant that passes until the block ends."""

    def statement(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        reach(f"statement:{' '.join(sql.split()[:3])}")
        return execute(sql, params, many, context)

    wrapper: Any = connections["default"]
    committing = wrapper._commit

    def commit() -> Any:
        reach("commit:before")
        done = committing()
        reach("commit:after")
        return done

    points.watch(reach)
    wrapper._commit = commit
    try:
        with connection.execute_wrapper(statement):
            yield
    finally:
        points.watch(None)
        del wrapper._commit


class At:
    """Ends the process at the n-th instant, counted from 1; `ended` says where, empty when it was survived."""

    def __init__(self, n: int) -> None:
        self.left = n
        self.ended = ""

    def __call__(self, name: str) -> None:
        self.left -= 1
        if self.left == 0:
            self.ended = name
            # what was not committed is lost, and nothing can be added on the way out
            connection.connection.close()
            raise Crash(name)


def run_until(n: int, act: Callable[[], object]) -> At:
    """Act, and end at the n-th instant; the next process has a new connection."""
    at = At(n)
    try:
        with watched(at):
            act()
    except BaseException:
        # a Crash may come out as the failure of code that tidies up over the closed connection
        if not at.ended:
            raise
    finally:
        if at.ended:
            connection.close()
    return at
