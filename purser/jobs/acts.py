"""Acts at home of what was done elsewhere, where the process that did it died."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from procrastinate import Blueprint

from purser.access import at_home

tasks = Blueprint()


@tasks.task(name=at_home.TASK)
def keep(
    origin: str, act: str, home: str, id: str, by: str = "", grant: str = "", also: Mapping[str, Any] | None = None
) -> None:
    """Nothing is left to do where that process lived."""
    at_home.keep(origin, act, home, id, by, grant, also)
