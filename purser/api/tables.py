"""A list that both doors show, as an answer: one page of rows in JSON, or all that match as the file the portal exports.

Nothing of what is asked is left out in silence: an unknown word, a doubled one, a view that is gone, a value that does not
fit are refused with sentences that say so. Source: acceptance ID-34, ID-46, ID-64; ux 14, 15.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.http import QueryDict

from purser.access.actors import Actor
from purser.api.schemas import rows
from purser.api.schemas.common import Out, Page
from purser.kernel.errors import Refused
from purser.lists import asked, compiled, files, saved
from purser.lists.asked import Asked
from purser.lists.model import Column, Table
from purser.tenants import organisations


@dataclass(frozen=True)
class Tabled:
    """What an address asks of a list, in the actor's seat or the list's own. `named`: it says which columns."""

    actor: Actor
    shape: type[Out]
    table: Table
    asked: Asked
    named: bool
    found: QuerySet[Any, Any]
    zone: ZoneInfo

    def page(self) -> Page[Any]:
        """JSON has all columns unless some are named. One row more than fits tells whether there is a next page."""
        size = self.asked.size
        first = (self.asked.page - 1) * size
        columns = self._shown() if self.named else list(self.table.columns)
        with self.table.reading(self.actor):
            some = [rows.row(self.shape, self.table, columns, record) for record in self.found[first : first + size + 1]]
        return Page(rows=some[:size], page=self.asked.page, size=size, more=len(some) > size)

    def heads(self) -> list[str]:
        return files.heads(self._shown())

    def cells(self) -> Iterator[list[files.Value]]:
        """All rows that match, with the columns named or else those that the portal shows."""
        columns = self._shown()
        with self.table.reading(self.actor):
            yield from (files.values(columns, record) for record in self.found.iterator(chunk_size=2000))

    def _shown(self) -> list[Column]:
        return files.columns(self.table, self.asked, every=False)


def read(shape: type[Out], table: Table, actor: Actor, params: QueryDict, *, now: datetime) -> Tabled:
    """The list as this address asks for it, days as in the organisation's zone. Takes the seats it needs. Raises Refused."""
    with table.keeping(actor):
        view = saved.asked_for(actor, table.name, params)
        zone = organisations.zone()
    wanted = understood(table, params, view=view)
    with table.reading(actor):
        found = compiled.rows(table, actor, wanted, now=now, zone=zone)
    return Tabled(actor, shape, table, wanted, "columns" in {*params, *(view or ())}, found, ZoneInfo(zone))


def understood(table: Table, params: QueryDict, *, view: QueryDict | None = None) -> Asked:
    """The address as the list reads it. Raises Refused with all that is wrong, up to five sentences."""
    known = (*asked.NAMES, *table.own)
    words = [name for name in params if "." not in name]
    unknown = [f"This list has no parameter {name[:40]!r}." for name in words if name not in known]
    doubled = [f"{name} stands {n} times." for name in words if name in known and (n := len(params.getlist(name))) > 1]
    wanted = asked.parse(table, params, saved=view)
    problems = [*unknown, *doubled, *wanted.problems]
    if problems:
        hint = f"It knows {', '.join(known)}, and filters like {table.columns[0].name}.is; the call's description has all."
        raise Refused(" ".join(problems[:5]), code="address", hint=hint)
    return wanted
