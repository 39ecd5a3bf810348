"""Named instants between two steps that must not be torn apart: where a test ends the process.

A no-op outside of such tests. Reached before and after each commit, statement and vendor call.
"""

from __future__ import annotations

from collections.abc import Callable

_hook: Callable[[str], None] | None = None


def reach(name: str) -> None:
    if _hook is not None:
        _hook(name)


def watch(hook: Callable[[str], None] | None) -> None:
    """Call `hook` with the name of every point reached from now on; None stops it."""
    global _hook
    _hook = hook
