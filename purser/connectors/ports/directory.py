"""The port to a directory: who works at a customer, which mailboxes and groups there are, and which contacts of others.

People are private. A value of this port shows nothing but its id wherever it is printed (a log, an error, a traceback), and
ids name no person. Faults of rows name the row's id and the field, never what the field holds.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, Literal, Protocol, TypeVar

from purser.connectors.ports.tested import Tested
from purser.reconcile.model import Reading

Purpose = Literal["user", "linked", "shared", "room", "equipment", "other"]
GroupKind = Literal["security", "mail_security", "distribution", "microsoft365"]


class Private:
    """Printed, it is its kind and its id."""

    id: str

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.id})"


@dataclass(frozen=True)
class Address:
    street: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""
    country: str = ""

    def __repr__(self) -> str:
        return "Address(...)"


@dataclass(frozen=True, repr=False)
class User(Private):
    """An account of the directory, which is a person's, a room's or a shared mailbox's.

    `id` never changes and is never given to another; `principal_name` (the sign-in) and the addresses may. `mail` is the
    main address and `aliases` are the others, as the directory writes them. `listed` is false for a user hidden from the
    address list and None where the directory does not say. `attributes` are the organisation's own ("extensionAttribute1"
    and so on), only those that are set.
    """

    id: str
    principal_name: str
    display_name: str
    enabled: bool
    guest: bool = False
    mail: str = ""
    aliases: tuple[str, ...] = ()
    given_name: str = ""
    surname: str = ""
    job_title: str = ""
    department: str = ""
    company: str = ""
    office: str = ""
    address: Address = Address()
    business_phones: tuple[str, ...] = ()
    mobile_phone: str = ""
    fax: str = ""
    employee_id: str = ""
    employee_type: str = ""
    language: str = ""
    usage_location: str = ""
    listed: bool | None = None
    attributes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, repr=False)
class Mailbox(Private):
    """The mailbox of the user `id`. `purpose` is what kind of mailbox it is; "other" for kinds we have no word for."""

    id: str
    address: str
    purpose: Purpose


@dataclass(frozen=True, repr=False)
class Group(Private):
    """`rule` is the membership rule of a dynamic group, "" for one whose members are named.

    `hides_members`: only who may read hidden membership sees the members; others see an empty group.
    """

    id: str
    name: str
    kind: GroupKind
    mail: str = ""
    description: str = ""
    rule: str = ""
    hides_members: bool = False


@dataclass(frozen=True, repr=False)
class Members(Private):
    """Everything in the group `id`, directly or through groups in it, by id. `groups` are the groups in it.

    `others` counts what is neither (devices, applications).
    """

    id: str
    users: frozenset[str] = frozenset()
    contacts: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    others: int = 0


@dataclass(frozen=True, repr=False)
class OrgContact(Private):
    """Somebody outside whom the organisation keeps in its address list."""

    id: str
    display_name: str
    mail: str = ""
    aliases: tuple[str, ...] = ()
    given_name: str = ""
    surname: str = ""
    job_title: str = ""
    department: str = ""
    company: str = ""
    office: str = ""
    address: Address = Address()
    business_phones: tuple[str, ...] = ()
    mobile_phone: str = ""
    fax: str = ""


V = TypeVar("V")


@dataclass(frozen=True)
class Changes(Generic[V]):
    """What changed since a token was given.

    `items` are the changed ones as they now are, `gone` the ids of those removed. With `full` the items are all there are
    (there was no token, or it had expired): what is not among them is gone. `token` is what to ask with next time; it is
    the old one where the changes are not `whole`, so that nothing is skipped, and asking with it repeats some of them.
    `regrouped` are groups whose own members changed: they and the groups they are in have to be expanded again.
    """

    items: Mapping[str, V]
    gone: frozenset[str]
    token: str = field(repr=False)
    full: bool
    at: datetime
    whole: bool = True
    cut: str = ""
    regrouped: frozenset[str] = frozenset()


class Directory(Protocol):
    """Reads page to the end and say whether they are whole; they raise kernel.errors when nothing could be read.

    Readings are keyed by id. A malformed row is left out, and makes the reading not whole; its id and fault are in `cut`.
    Failures have code "credentials" (the application's own secret), "consent" (the customer has not admitted the
    application), "permission" (admitted, but not to this), "tenant" (no such directory), "throttled".
    """

    def test(self) -> Tested: ...

    def users(self) -> Reading[User]: ...

    def mailboxes(self, users: Collection[User]) -> Reading[Mailbox]:
        """The mailboxes among these users. One whose mailbox may not be looked at leaves the reading not whole."""
        ...

    def groups(self) -> Reading[Group]: ...

    def members(self, groups: Collection[Group]) -> Reading[Members]:
        """Transitive members. A group that could not be expanded to the end is left out: its count would be wrong."""
        ...

    def contacts(self) -> Reading[OrgContact]: ...


class Followed(Directory, Protocol):
    """A directory that can say what changed. `token` is "" at first, later the one of the latest `Changes`."""

    def user_changes(self, token: str) -> Changes[User]: ...

    def group_changes(self, token: str) -> Changes[Group]: ...

    def contact_changes(self, token: str) -> Changes[OrgContact]: ...


class RowFault(Protocol):
    """Why a row of a file was left out. `column` is its head as the file has it, "" for the row as a whole."""

    @property
    def row(self) -> int: ...

    @property
    def column(self) -> str: ...

    @property
    def reason(self) -> str: ...


class Loaded(Directory, Protocol):
    """A directory that came as a file. `faults` are all rows that were left out, `ignored` the columns that mean nothing."""

    @property
    def faults(self) -> Sequence[RowFault]: ...

    @property
    def ignored(self) -> Sequence[str]: ...
