"""What a person keeps at hand, in the organisation they belong to: favourites, recent tenants, searches, bookmarks.

It moves with the person's work, not with a customer: a customer's tenant never learns what else they look at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from purser.access.actors import Actor
from purser.kernel.errors import Missing, Refused
from purser.portal import preferences
from purser.postgres import tenancy

SCREEN = "finding"
RECENT, STARS, SEARCHES, BOOKMARKS = 8, 50, 6, 60


def read(home: Actor) -> dict[str, Any]:
    """All of it. Takes the home's seat."""
    with tenancy.acting_in(home.tenant):
        return preferences.read(home, SCREEN)


def ids(home: Actor, name: str) -> list[UUID]:
    """`stars` or `recent`, as ids."""
    return [UUID(id) for id in read(home).get(name, [])]


def opened(home: Actor, place: UUID) -> None:
    """The tenant is the one most recently gone to."""
    _change(home, "recent", lambda rows: [str(place), *_but(rows, str(place))][:RECENT])


def star(home: Actor, place: UUID, *, on: bool) -> None:
    """Pin a tenant, or no longer. Raises Refused for too many."""

    def starred(rows: list[Any]) -> list[Any]:
        others = _but(rows, str(place))
        return _room([*others, str(place)], STARS, "favourites") if on else others

    _change(home, "stars", starred)


def searched(home: Actor, text: str) -> None:
    """Keep what was searched for."""
    _change(home, "searches", lambda rows: [text[:80], *_but(rows, text[:80])][:SEARCHES])


def bookmark(home: Actor, *, path: str, title: str) -> None:
    """Keep a page, at the end; once."""
    row = {"path": path[:500], "title": " ".join(title.split())[:120] or path[:120]}
    _change(
        home, "bookmarks", lambda rows: _room([*(one for one in rows if one["path"] != path), row], BOOKMARKS, "bookmarks")
    )


def unbookmark(home: Actor, *, path: str) -> None:
    _change(home, "bookmarks", lambda rows: [one for one in rows if one["path"] != path])


def move(home: Actor, *, path: str, by: int) -> None:
    """One place up (-1) or down (1); at either end it stays. Raises Missing for a page that is not kept."""

    def moved(rows: list[Any]) -> list[Any]:
        at = next((n for n, one in enumerate(rows) if one["path"] == path), None)
        if at is None:
            raise Missing("There is no such bookmark.")
        to = min(max(at + by, 0), len(rows) - 1)
        rows.insert(to, rows.pop(at))
        return rows

    _change(home, "bookmarks", moved)


def _change(home: Actor, name: str, how: Callable[[list[Any]], list[Any]]) -> None:
    with tenancy.acting_in(home.tenant):
        all_ = preferences.read(home, SCREEN)
        preferences.write(home, SCREEN, all_ | {name: how(list(all_.get(name, [])))})


def _but(rows: Iterable[Any], one: Any) -> list[Any]:
    return [row for row in rows if row != one]


def _room(rows: list[Any], most: int, what: str) -> list[Any]:
    if len(rows) > most:
        raise Refused(f"You have {most} {what}, and that is the most.", code="many", hint="Remove one first.")
    return rows
