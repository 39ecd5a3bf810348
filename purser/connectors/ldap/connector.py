"""The directory port at an LDAP server."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from purser.connectors.ldap import wire
from purser.connectors.ldap.connecting import opened
from purser.connectors.ldap.session import Entry, Found, LdapSecrets, LdapSettings, Limits, Session
from purser.connectors.ports.directory import Group, Mailbox, Members, OrgContact, Purpose, User
from purser.connectors.ports.tested import Tested
from purser.connectors.shared.addresses import HostRule, Resolver, system
from purser.kernel.errors import Failure
from purser.reconcile.model import Reading

USERS = "(|(objectClass=inetOrgPerson)(objectClass=organizationalPerson)(objectClass=posixAccount))"
GROUPS = "(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=groupOfMembers)(objectClass=posixGroup))"
AD_USERS, AD_GROUPS = "(&(objectCategory=person)(objectClass=user))", "(objectClass=group)"
CONTACTS = "(objectClass=contact)"  # Active Directory's
FAULTS_SHOWN = 5
COUNTED = 1_000  # a test counts no further

BRIEF = 10  # seconds for an answer to a test

T = TypeVar("T")


class LdapConnector:
    """A directory server, read as one user of it. It reads; nothing here changes anything.

    Groups within groups are walked here, from one reading of every group's own members: Active Directory's own rule
    (1.2.840.113556.1.4.1941) would be a search for each group, and other servers have none. A user's primary group in
    Active Directory (Domain Users, as a rule) is no member list and is not read.
    """

    def __init__(
        self,
        *,
        settings: LdapSettings,
        secrets: LdapSecrets,
        hosts: HostRule,
        clock: Callable[[], datetime],
        resolver: Resolver = system,
        limits: Limits | None = None,
    ) -> None:
        self._settings = settings
        self._secrets = secrets
        self._hosts = hosts
        self._resolver = resolver
        self._clock = clock
        self._limits = limits or Limits()
        self._boxes: dict[str, Purpose] = {}

    def test(self) -> Tested:
        """Sign-in, the base, and how many users and groups the filters find."""
        try:
            with self._opened(brief=True) as session:
                session.base()
                users = session.count(self._users(session), COUNTED)
                groups = session.count(self._groups(session), COUNTED)
        except Failure as e:
            return Tested(False, f"{e.text} {e.hint}".strip(), e.code)
        if not users:
            return Tested(False, "Signed in, but the filter for users finds nobody under the base.", "filter")
        kind = "Active Directory" if session.is_active_directory else "LDAP"
        return Tested(True, f"{kind}: {_counted(users)} users, {_counted(groups)} groups.")

    def users(self) -> Reading[User]:
        with self._opened() as session:
            found = session.find(self._users(session), wire.PERSON)
        reading = self._reading(found, wire.user, "user")
        self._boxes = {}
        for entry in found.entries:
            try:
                if (purpose := wire.box(entry)) is not None:
                    self._boxes[wire.key_of(entry)] = purpose
            except wire.Malformed:
                continue  # named already among the users
        return reading

    def mailboxes(self, users: Collection[User]) -> Reading[Mailbox]:
        """From the users' own entries, as they were read last."""
        if not self._boxes:
            self.users()
        items = {u.id: Mailbox(u.id, u.mail, self._boxes[u.id]) for u in users if u.id in self._boxes}
        return Reading(items=items, at=self._clock())

    def groups(self) -> Reading[Group]:
        with self._opened() as session:
            return self._reading(session.find(self._groups(session), wire.GROUP), wire.group, "group")

    def contacts(self) -> Reading[OrgContact]:
        with self._opened() as session:
            return self._reading(session.find(CONTACTS, wire.PERSON), wire.contact, "contact")

    def members(self, groups: Collection[Group]) -> Reading[Members]:
        """Where users or groups were not read to the end no group is known to the end, and all are left out."""
        if not groups:
            return Reading(items={}, at=self._clock())
        with self._opened() as session:
            people = session.find(self._users(session), wire.MEMBER)
            sets = session.find(self._groups(session), wire.MEMBERS)
            contacts = session.find(CONTACTS, wire.KEY)
        cut = people.cut or sets.cut or contacts.cut
        if cut:
            return Reading(items={}, at=self._clock(), whole=False, cut=cut)
        kinds = {"user": _ids(people.entries), "group": _ids(sets.entries), "contact": _ids(contacts.entries)}
        direct = _direct(people.entries, sets.entries)
        by_key = {id: name for name, id in kinds["group"].items()}
        items = {g.id: _members(g.id, by_key[g.id], direct, kinds) for g in groups if g.id in by_key}
        gone = [g.id for g in groups if g.id not in by_key]
        why = f"{len(gone)} groups are no longer there" if gone else ""
        return Reading(items=items, at=self._clock(), whole=not gone, cut=why)

    # How

    def _opened(self, *, brief: bool = False) -> AbstractContextManager[Session]:
        """`brief`: somebody waits for it in front of a page."""
        most = self._limits
        limits = replace(most, answer=min(BRIEF, most.answer), total=min(3 * BRIEF, most.total)) if brief else most
        return opened(self._settings, self._secrets, hosts=self._hosts, resolver=self._resolver, limits=limits)

    def _users(self, session: Session) -> str:
        return self._settings.users or (AD_USERS if session.is_active_directory else USERS)

    def _groups(self, session: Session) -> str:
        return self._settings.groups or (AD_GROUPS if session.is_active_directory else GROUPS)

    def _reading(self, found: Found, parse: Callable[[Entry], T], kind: str) -> Reading[T]:
        items: dict[str, T] = {}
        faults: list[str] = []
        for entry in found.entries:
            try:
                items[wire.key_of(entry)] = parse(entry)
            except wire.Malformed as e:
                faults.append(f"{kind} {_shown(entry)} {e}")
        shown = [found.cut] if found.cut else []
        shown += faults[:FAULTS_SHOWN]
        if len(faults) > FAULTS_SHOWN:
            shown.append(f"and {len(faults) - FAULTS_SHOWN} more")
        return Reading(items=items, at=self._clock(), whole=not shown, cut="; ".join(shown))


def _shown(entry: Entry) -> str:
    """Its key, which names no person, or that there is none."""
    try:
        return wire.key_of(entry)
    except wire.Malformed:
        return "without a key"


def _counted(number: int) -> str:
    return f"{COUNTED:,} or more" if number >= COUNTED else str(number)


def _ids(entries: Sequence[Entry]) -> dict[str, str]:
    """Keys by distinguished name."""
    found: dict[str, str] = {}
    for entry in entries:
        try:
            found[wire.dn(entry.dn)] = wire.key_of(entry)
        except wire.Malformed:
            continue
    return found


def _direct(people: Sequence[Entry], sets: Sequence[Entry]) -> dict[str, set[str]]:
    """Which names stand directly in which group, by name: as the group says, and as the user does."""
    by_uid = {uid: wire.dn(entry.dn) for entry in people for uid in wire.uids(entry, "uid")}
    direct: dict[str, set[str]] = {}
    for entry in sets:
        held = set(wire.names(entry, "member", "uniquemember"))
        held |= {by_uid[uid] for uid in wire.uids(entry, "memberuid") if uid in by_uid}
        direct.setdefault(wire.dn(entry.dn), set()).update(held)
    for entry in people:
        for group in wire.names(entry, "memberof"):
            if group in direct:
                direct[group].add(wire.dn(entry.dn))
    return direct


def _members(id: str, name: str, direct: dict[str, set[str]], kinds: Mapping[str, Mapping[str, str]]) -> Members:
    reached = wire.closed(direct, name)

    def among(kind: str) -> frozenset[str]:
        return frozenset(kinds[kind][one] for one in reached if one in kinds[kind])

    others = sum(all(one not in known for known in kinds.values()) for one in reached)
    return Members(id, users=among("user"), contacts=among("contact"), groups=among("group"), others=others)
