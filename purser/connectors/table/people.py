"""One row as a person: strict, each fault named by its column and never by what the cell holds. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

from purser.connectors.ports.directory import Address, OrgContact, Purpose, User
from purser.connectors.table.columns import ATTRIBUTES, Columns
from purser.connectors.table.sheet import Cell, Row

OURS = UUID("5f0c9a52-6d0e-5b0b-9a53-7a1d1f2f6c11")  # of ids made for rows that bring none; never changes
MOST_TEXT = 1_000

_MAIL = re.compile(r"[^\s@<>,;\"']{1,64}@[^\s@<>,;\"']{1,190}\.[^\s@<>,;\"'.]{2,63}")
_PHONE = re.compile(r"[+(]?[0-9][0-9 ()./-]{1,38}(?:(?:x|ext\.?) ?[0-9]{1,8})?")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,99}")
_WORDS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
_KINDS = {
    "": "user", "user": "user", "member": "user", "usermailbox": "user", "guest": "guest", "guestmailuser": "guest",
    "contact": "contact", "mailcontact": "contact",
}  # fmt: skip
_BOXES: dict[str, Purpose | None] = {
    "": None, "none": None, "no": None, "mailuser": None, "mailcontact": None, "guestmailuser": None,
    "yes": "user", "user": "user", "usermailbox": "user", "linked": "linked", "linkedmailbox": "linked",
    "shared": "shared", "sharedmailbox": "shared", "room": "room", "roommailbox": "room",
    "equipment": "equipment", "equipmentmailbox": "equipment",
}  # fmt: skip
_AS_TYPED = ("id", "business_phones", "mobile_phone", "fax", "postal_code", "employee_id")  # a number lost its zeros there


@dataclass(frozen=True)
class Fault:
    """Why a row was left out. `column` is its head as the file has it, "" for the row as a whole."""

    row: int
    column: str
    reason: str

    def __str__(self) -> str:
        return f"row {self.row}{f', {self.column}' if self.column else ''}: {self.reason}"


@dataclass(frozen=True)
class Person:
    """A row that could be read: the user or contact, the kind of his mailbox, and the groups he is named in."""

    row: int
    value: User | OrgContact
    box: Purpose | None
    groups: tuple[str, ...]


_EMPTY = Cell()


class _Reader:
    """The fields of one row, and what is wrong with them."""

    def __init__(self, row: Row, columns: Columns) -> None:
        self._row = row
        self._columns = columns
        self.faults: list[Fault] = []

    def fault(self, field: str, reason: str) -> None:
        self.faults.append(Fault(self._row.number, self._columns.head(field), reason))

    def text(self, field: str) -> str:
        place = self._columns.places.get(field)
        cell = self._row.cells[place] if place is not None and place < len(self._row.cells) else None
        if cell is None or cell == _EMPTY:
            return ""
        reason = _fault_of(field, cell)
        if reason:
            self.fault(field, reason)
            return ""
        return " ".join(cell.text.split()) if field not in ("aliases", "groups", "business_phones") else cell.text

    def each(self, field: str) -> tuple[str, ...]:
        parts = (" ".join(p.split()) for p in re.split(r"[;\n]", self.text(field)))
        return tuple(dict.fromkeys(p for p in parts if p))

    def mail(self, field: str, text: str) -> str:
        if text and not _MAIL.fullmatch(text):
            self.fault(field, "is no mail address")
            return ""
        return text

    def phone(self, field: str, text: str) -> str:
        if text and not _PHONE.fullmatch(text):
            self.fault(field, "is no phone number")
            return ""
        return text

    def flag(self, field: str) -> bool | None:
        text = self.text(field).lower()
        if text and text not in _WORDS:
            self.fault(field, "is neither yes nor no")
        return _WORDS.get(text)


def person(row: Row, columns: Columns) -> Person | list[Fault]:
    """The row's person, or everything that is wrong with it."""
    r = _Reader(row, columns)
    wide = len(columns.heads)
    if len(row.cells) < wide or any(c.text or c.kind != "text" for c in row.cells[wide:]):
        r.faults.append(Fault(row.number, "", f"has {len(row.cells)} cells, the header {wide}"))
    for place, head in enumerate(columns.heads):
        if place < len(row.cells) and head in columns.ignored and row.cells[place].kind == "formula":
            r.faults.append(Fault(row.number, head, _FORMULA))
    kind = _KINDS.get(r.text("kind").lower().replace(" ", ""))
    if kind is None:
        r.fault("kind", "is none of member, guest and contact")
    mail = r.mail("mail", r.text("mail"))
    principal = r.text("principal_name") or mail
    given, surname = r.text("given_name"), r.text("surname")
    name = r.text("display_name") or f"{given} {surname}".strip()
    if not principal and not r.faults:
        r.fault("principal_name" if "principal_name" in columns.places else "mail", "says nothing: who is it?")
    if not name and not r.faults:
        r.fault("display_name", "is empty")
    common = _common(r, "contact" if kind == "contact" else "user", principal) | {"display_name": name, "mail": mail}
    common |= {"aliases": _aliases(r, mail), "given_name": given, "surname": surname}
    of_user = {} if kind == "contact" else _of_user(r, columns, principal, guest=kind == "guest")
    value: User | OrgContact = (OrgContact if kind == "contact" else User)(**common, **of_user)
    box = _box(r, columns, value)
    groups = r.each("groups")
    return r.faults or Person(row.number, value, box, groups)


_FORMULA = "holds a formula; put in the value that it comes to"


def _fault_of(field: str, cell: Cell) -> str:
    if cell.kind == "formula":
        return _FORMULA
    if cell.kind == "error":
        return "holds an error of the spreadsheet"
    if cell.kind == "date":
        return "holds a date"
    if cell.kind == "number" and (field in _AS_TYPED or not cell.text.lstrip("-").isdigit()):
        return "is a number, which keeps no leading zero and no plus; format the column as text and type it again"
    if len(cell.text) > MOST_TEXT and field not in ("aliases", "groups"):
        return f"has {len(cell.text)} characters; at most {MOST_TEXT} are kept"
    if not cell.text.isprintable() and not all(c.isprintable() or c in "\r\n\t" for c in cell.text):
        return "holds a control character"
    return ""


def _aliases(r: _Reader, mail: str) -> tuple[str, ...]:
    """Addresses other than the main one; a prefix as Exchange writes it is taken off, other kinds of address are left."""
    found = []
    for text in r.each("aliases"):
        prefix, colon, rest = text.rpartition(":")
        if colon and prefix.lower() != "smtp":
            continue
        address = r.mail("aliases", rest)
        if address and address.lower() != mail.lower():
            found.append(address)
    return tuple(sorted(set(found)))


def _common(r: _Reader, kind: str, principal: str) -> dict[str, Any]:
    own = r.text("id")
    if own and not _ID.fullmatch(own):
        r.fault("id", "is no id")
    return {
        "id": own or str(uuid5(OURS, f"{kind}:{principal.casefold()}")),
        "address": Address(*(r.text(n) for n in ("street", "city", "state", "postal_code", "country"))),
        "business_phones": tuple(p for p in (r.phone("business_phones", p) for p in r.each("business_phones")) if p),
        **{n: r.phone(n, r.text(n)) for n in ("mobile_phone", "fax")},
        **{n: r.text(n) for n in ("job_title", "department", "company", "office")},
    }


def _of_user(r: _Reader, columns: Columns, principal: str, *, guest: bool) -> dict[str, Any]:
    enabled, blocked = r.flag("enabled"), r.flag("blocked")
    if enabled is None and "enabled" in columns.places and not r.text("enabled"):
        r.fault("enabled", "is empty; is the account enabled?")  # a leaver must not come in as somebody who works here
    listed, hidden = r.flag("listed"), r.flag("hidden")
    attributes = ((name, r.text(name)) for name in ATTRIBUTES if name in columns.places)
    return {
        "principal_name": principal,
        "enabled": enabled if enabled is not None else not blocked,
        "guest": guest,
        "listed": listed if listed is not None or hidden is None else not hidden,
        "attributes": tuple((name, value) for name, value in attributes if value),
        **{n: r.text(n) for n in ("employee_id", "employee_type", "language", "usage_location")},
    }


def _box(r: _Reader, columns: Columns, value: User | OrgContact) -> Purpose | None:
    """Without a column that says so, a member with an address has a mailbox."""
    if isinstance(value, OrgContact):
        return None
    if "mailbox" not in columns.places:
        return "user" if value.mail and not value.guest else None
    text = r.text("mailbox").lower().replace(" ", "")
    if text not in _BOXES:
        r.fault("mailbox", "is none of user, shared, room, equipment, linked and none")
        return None
    box = _BOXES[text]
    if box is not None and not value.mail:
        r.fault("mailbox", "names a mailbox, and the row has no mail address")
    return box


def kept_apart(people: Sequence[Person]) -> tuple[list[Person], list[Fault]]:
    """People without those who are in the file twice and differ: nobody knows which row is true."""
    seen: dict[tuple[str, str], list[Person]] = {}
    for p in people:
        for key in _keys(p):
            seen.setdefault(key, []).append(p)
    faults: dict[int, Fault] = {}
    twins: set[int] = set()
    for same in seen.values():
        first = same[0]
        for other in same[1:]:
            if (other.value, other.box, other.groups) == (first.value, first.box, first.groups):
                twins.add(other.row)
                continue
            for one, two in ((first, other), (other, first)):
                faults.setdefault(one.row, Fault(one.row, "", f"is the same as row {two.row}, with other content"))
    kept = [p for p in people if p.row not in faults and p.row not in twins]
    return kept, [faults[row] for row in sorted(faults)]


def _keys(p: Person) -> list[tuple[str, str]]:
    keys = [("id", p.value.id)]
    if isinstance(p.value, User):
        keys.append(("sign-in", p.value.principal_name.casefold()))
    return keys
