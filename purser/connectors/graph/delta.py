"""What changed since last time: delta lists, followed to the token for the next time, begun afresh when it has expired.

Source: vendors/microsoft.md B4.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, TypeVar

from purser.connectors.graph import wire
from purser.connectors.graph.client import Client
from purser.connectors.graph.refusals import Expired
from purser.connectors.ports.directory import Changes
from purser.connectors.shared import rows as listed
from purser.connectors.shared.answer import malformed
from purser.connectors.shared.pages import Pages, collect

T = TypeVar("T")

REMOVED = "@removed"  # soft-deleted (reason "changed") or for good ("deleted"): gone either way
MEMBERS = "members@delta"


@dataclass
class _Round:
    """One walk from a link to its delta link. `expired` says that a page on the way no longer knew the link."""

    pages: Pages[Any]
    token: str = ""
    expired: bool = False


def read(
    client: Client,
    path: str,
    select: str,
    token: str,
    parse: Callable[[dict[str, Any]], T],
    *,
    kind: str,
    permission: str,
    at: datetime,
) -> Changes[T]:
    """The changes since `token` ("" or one of another list or Graph: everything).

    The token is one of Graph's links, followed as it is, behind a mark of what was selected: the link would for ever give
    the fields that it was made with, and none that a later version of ours reads. Expired, at whatever page, it is dropped
    and everything is read once. Raises what the first page raises.
    """
    mark = f"{sha256(select.encode()).hexdigest()[:8]} "
    kept = token.removeprefix(mark) if token.startswith(mark) else ""
    kept = kept if client.knows(kept, path) else ""
    full = not kept
    walked = _walk(client, path, select, kept, permission=permission)
    if walked.expired and kept:
        full = True
        walked = _walk(client, path, select, "", permission=permission)
    latest = _latest(walked.pages.rows)
    present = [row for row in latest.rows.values() if REMOVED not in row]
    rows = listed.read([*present, *latest.odd], parse, kind)
    why = listed.reasons(walked.pages.cut, rows.faults)
    return Changes(
        items=rows.items,
        gone=frozenset(id for id, row in latest.rows.items() if REMOVED in row),
        token=token if why else mark + walked.token,
        full=full,
        at=at,
        whole=not why,
        cut=why,
        regrouped=frozenset(latest.regrouped),
    )


def _walk(client: Client, path: str, select: str, token: str, *, permission: str) -> _Round:
    found = _Round(Pages(()))

    def page(link: str) -> tuple[list[Any], str | None]:
        try:
            body = client.get(link or path, None if link else {"$select": select}, permission=permission)
        except Expired:
            found.expired = True
            raise
        following = client.next_of(body)
        if following is None:
            last = client.next_of(body, "@odata.deltaLink")
            if last is None or not client.knows(last, path):
                raise malformed(f"GET {path}", "its last page names no delta link of this list", effect=False)
            found.token = last
        return client.rows(body, path), following

    try:
        found.pages = collect(token, page)
    except Expired:
        if not token:
            raise
    return found


@dataclass
class _Latest:
    """The latest row of each id; `odd` are rows that have none."""

    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    odd: list[Any] = field(default_factory=list)
    regrouped: set[str] = field(default_factory=set)


def _latest(rows: tuple[Any, ...]) -> _Latest:
    """Changes may come again, and a group's members may be split over rows and pages, the later ones without the rest."""
    found = _Latest()
    for row in rows:
        try:
            id = wire.id_of(row) if isinstance(row, dict) else ""
        except listed.Malformed:
            id = ""
        if not id:
            found.odd.append(row)
            continue
        before = found.rows.pop(id, {})
        if REMOVED in row or REMOVED in before:
            before = {}
        found.rows[id] = {**before, **row}
        if row.get(MEMBERS):
            found.regrouped.add(id)
    return found
