"""Addresses of the built front end, each with a mark of its content, so that a browser never mixes two builds."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from django.templatetags.static import static

BUILT = Path(__file__).parent / "static" / "portal"


def address(name: str) -> str:
    """The address of a built file, for example portal.js; without a mark while nothing is built."""
    mark = _mark(name)
    return static(f"portal/{name}") + (f"?v={mark}" if mark else "")


@cache
def _mark(name: str) -> str:
    file = Path(f"{BUILT}/{name}")  # a template passes its own kind of string, which paths refuse
    return hashlib.sha256(file.read_bytes()).hexdigest()[:12] if file.exists() else ""


def icon(name: str) -> str:
    """Where the icon of this name is drawn; names are in assets/icons.txt."""
    return f"{address('icons.svg')}#{name}"
