"""The directory port over a file that somebody gave us."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar
from uuid import uuid5

from purser.connectors.ports.directory import Group, Mailbox, Members, OrgContact, User
from purser.connectors.ports.rows import check_size
from purser.connectors.ports.tested import Tested
from purser.connectors.table import columns as columns_of
from purser.connectors.table.people import OURS, Fault, Person, kept_apart, person
from purser.connectors.table.sheet import MOST_CHARACTERS, Sheet, csv_sheet, refused
from purser.connectors.table.workbook import xlsx_sheet
from purser.reconcile.model import Reading

FAULTS_SHOWN = 5

T = TypeVar("T")


@dataclass(frozen=True)
class Table:
    """A file that was read, as the port `Directory` says.

    `faults` are all rows that were left out, with the reason for each; one makes every reading not whole. `ignored` are
    columns (and further sheets) that mean nothing to us. Groups are those named in the column Groups, by their names; a
    group has no address and no groups in it.
    """

    at: datetime
    people: Mapping[str, Person] = field(repr=False)
    faults: tuple[Fault, ...]
    ignored: tuple[str, ...]

    def test(self) -> Tested:
        counted = f"{len(self.people)} rows can be read"
        if self.faults:
            return Tested(False, f"{counted}, {len({f.row for f in self.faults})} cannot: {self._cut()}", "table")
        return Tested(True, f"{counted}.")

    def users(self) -> Reading[User]:
        return self._reading({id: p.value for id, p in self.people.items() if isinstance(p.value, User)})

    def contacts(self) -> Reading[OrgContact]:
        return self._reading({id: p.value for id, p in self.people.items() if isinstance(p.value, OrgContact)})

    def mailboxes(self, users: Collection[User]) -> Reading[Mailbox]:
        asked = {u.id for u in users}
        found = {id: Mailbox(id, p.value.mail, p.box) for id, p in self.people.items() if p.box and id in asked}
        return self._reading(found)

    def groups(self) -> Reading[Group]:
        names: dict[str, str] = {}
        for p in self.people.values():
            for name in p.groups:
                names.setdefault(group_id(name), name)
        return self._reading({id: Group(id, name, "security") for id, name in names.items()})

    def members(self, groups: Collection[Group]) -> Reading[Members]:
        users: dict[str, set[str]] = {g.id: set() for g in groups}
        contacts: dict[str, set[str]] = {g.id: set() for g in groups}
        for id, p in self.people.items():
            into = users if isinstance(p.value, User) else contacts
            for name in p.groups:
                into.get(group_id(name), set()).add(id)
        return self._reading({g: Members(g, frozenset(users[g]), frozenset(contacts[g])) for g in users})

    def _reading(self, items: Mapping[str, T]) -> Reading[T]:
        return Reading(items=items, at=self.at, whole=not self.faults, cut=self._cut())

    def _cut(self) -> str:
        shown = [str(f) for f in self.faults[:FAULTS_SHOWN]]
        if len(self.faults) > FAULTS_SHOWN:
            shown.append(f"and {len(self.faults) - FAULTS_SHOWN} more")
        return "; ".join(shown)


def read(content: bytes, *, at: datetime) -> Table:
    """Read a CSV or XLSX file; which of the two is seen from its content. `at` is when it was given to us.

    Every row that is not empty is either a person or in `faults`. Raises Refused(code="table") for a file that cannot be
    read as a whole: too large, of another kind, without a header that says who is who.
    """
    sheet = _sheet(content)
    columns = columns_of.found(sheet.heads)
    people: list[Person] = []
    faults: list[Fault] = []
    for row in sheet.rows:
        long = [n for n, c in enumerate(row.cells) if len(c.text) > MOST_CHARACTERS]
        if long:
            head = sheet.heads[long[0]] if long[0] < len(sheet.heads) else ""
            faults.append(Fault(row.number, head[:60], f"has more than {MOST_CHARACTERS:,} characters"))
            continue
        got = person(row, columns)
        if isinstance(got, Person):
            people.append(got)
        else:
            faults += got
    kept, doubled = kept_apart(people)
    ordered = tuple(sorted([*faults, *doubled], key=lambda f: (f.row, f.column)))
    return Table(at, {p.value.id: p for p in kept}, ordered, (*columns.ignored, *sheet.unread))


def group_id(name: str) -> str:
    """The id of a group that has only a name, in capitals or not."""
    return str(uuid5(OURS, f"group:{name.casefold()}"))


def _sheet(content: bytes) -> Sheet:
    check_size(len(content))
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise refused("The file is an old or a protected workbook.", "Save it as XLSX without a password, or as CSV.")
    if content.startswith(b"PK"):
        return xlsx_sheet(content)
    return csv_sheet(content)
