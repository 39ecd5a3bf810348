"""The directory port at Microsoft Graph."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote

from purser.connectors.graph import batch, delta, wire
from purser.connectors.graph.client import EVENTUAL, Client, GraphSecrets, GraphSettings
from purser.connectors.ports.directory import Changes, Group, Mailbox, Members, OrgContact, User
from purser.connectors.ports.tested import Tested
from purser.connectors.shared import rows as listed
from purser.connectors.shared.answer import malformed
from purser.connectors.shared.http import Http
from purser.kernel.errors import Failure, Missing, Refused
from purser.reconcile.model import Reading

USERS, GROUPS, CONTACTS = "User.Read.All", "Group.Read.All", "OrgContact.Read.All"
MEMBERS, MAILBOXES, HIDDEN = "GroupMember.Read.All", "MailboxSettings.Read", "Member.Read.Hidden"

T = TypeVar("T")


class GraphConnector:
    """One customer's directory at Microsoft, as the port `Followed` says. It reads; nothing here changes anything.

    Graph lists no mailboxes: each user with an address is asked for, twenty in a call. Distribution groups whose members
    Exchange computes are not in Graph at all. `pause` waits so many seconds; it is called between envelopes only.
    """

    def __init__(
        self,
        *,
        http: Http,
        settings: GraphSettings,
        secrets: GraphSecrets,
        clock: Callable[[], datetime],
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = Client(http=http, settings=settings, secrets=secrets, clock=clock)
        self._page = {"$top": str(settings.page_size)}
        self._clock = clock
        self._pause = pause

    def test(self) -> Tested:
        """Sign-in, and whether the application was given each permission that reading needs."""
        lacking: list[str] = []
        counted: list[str] = []
        for path, permission in (("/users", USERS), ("/groups", GROUPS), ("/contacts", CONTACTS)):
            try:
                number, sample = self._count(path, permission)
                counted.append(f"{number} {path[1:]}")
                if path == "/users" and self._shut(sample):
                    lacking.append(MAILBOXES)
            except Failure as e:
                if e.code != "permission":
                    return Tested(False, f"{e.text} {e.hint}".strip(), e.code)
                lacking.append(permission)
        if lacking:
            text = f"The application may not read all: it lacks {', '.join(lacking)}. Consent: {self._client.consent}"
            return Tested(False, text, "permission")
        return Tested(True, f"Microsoft Graph: {', '.join(counted)}.")

    def users(self) -> Reading[User]:
        return self._list("/users", wire.USER, wire.user, "user", USERS)

    def groups(self) -> Reading[Group]:
        return self._list("/groups", wire.GROUP, wire.group, "group", GROUPS)

    def contacts(self) -> Reading[OrgContact]:
        return self._list("/contacts", wire.CONTACT, wire.contact, "contact", CONTACTS)

    def mailboxes(self, users: Collection[User]) -> Reading[Mailbox]:
        """Guests and users without an address have none, and are not asked for.

        A 404 says that there is no mailbox, or one that is not in the cloud. Raises Refused(code="permission") when all
        are refused: then the permission itself is lacking, not the policy that keeps some from us.
        """
        asked = {u.id: u for u in users if u.mail and not u.guest}
        wanted = {id: _purpose_path(id) for id in sorted(asked)}
        found = batch.read(self._client, wanted, permission=MAILBOXES, pause=self._pause)
        refused = {id: e for id, e in found.failed.items() if isinstance(e, Refused)}
        if refused and len(refused) == len(asked):
            raise next(iter(refused.values()))
        items: dict[str, Mailbox] = {}
        faults = [f"{len(refused)} mailboxes may not be looked at: {_first(refused).text}"] if refused else []
        faults += [f"mailbox {id}: {e.text}" for id, e in found.failed.items() if id not in refused and not _none(e)]
        for id, bodies in found.bodies.items():
            try:
                items[id] = Mailbox(id, asked[id].mail, wire.purpose(bodies[0].get("value")))
            except listed.Malformed as e:
                faults.append(f"mailbox {id} {e}")
        return self._reading(items, faults)

    def members(self, groups: Collection[Group]) -> Reading[Members]:
        """An empty group that hides its members is left out: it cannot be told from one we may not look into."""
        asked = {g.id: g for g in groups}
        query = {"$select": "id", **self._page}
        wanted = {id: self._client.path(f"/groups/{quote(id, safe='')}/transitiveMembers", query) for id in sorted(asked)}
        found = batch.read(self._client, wanted, permission=MEMBERS, pause=self._pause)
        items: dict[str, Members] = {}
        faults = [f"group {id}: {e.text}" for id, e in found.failed.items()]
        for id, bodies in found.bodies.items():
            if id in found.failed:
                continue
            try:
                rows = [row for body in bodies for row in self._client.rows(body, "transitiveMembers")]
                read = wire.members(id, rows)
            except listed.Malformed as e:
                faults.append(f"group {id} {e}")
                continue
            except Failure as e:
                faults.append(f"group {id}: {e.text}")
                continue
            if asked[id].hides_members and not rows:
                faults.append(f"group {id} hides its members; {HIDDEN} shows them")
                continue
            items[id] = read
        if asked and len(found.failed) == len(asked) and not all(_none(e) for e in found.failed.values()):
            raise _first(found.failed)
        return self._reading(items, faults)

    def user_changes(self, token: str) -> Changes[User]:
        return self._changes("/users/delta", wire.USER, token, wire.user, "user", USERS)

    def group_changes(self, token: str) -> Changes[Group]:
        return self._changes("/groups/delta", wire.GROUP + ",members", token, wire.group, "group", GROUPS)

    def contact_changes(self, token: str) -> Changes[OrgContact]:
        return self._changes("/contacts/delta", wire.CONTACT, token, wire.contact, "contact", CONTACTS)

    # How

    def _count(self, path: str, permission: str) -> tuple[int, list[Any]]:
        """How many there are, by Graph's index (which may lag a little), and the first rows."""
        params = {"$count": "true", "$top": "20", "$select": "id"}
        body = self._client.get(path, params, permission=permission, headers=EVENTUAL)
        count = body.get("@odata.count")
        if not isinstance(count, int) or isinstance(count, bool) or count < 0:
            raise malformed(f"GET {path}", "it holds no count", effect=False)
        return count, self._client.rows(body, path)

    def _shut(self, rows: Sequence[Any]) -> bool:
        """Whether no mailbox of these users may be looked at. A policy may keep some from us; all is a permission."""
        ids = [row["id"] for row in rows if isinstance(row, dict) and isinstance(row.get("id"), str)]
        found = batch.read(self._client, {id: _purpose_path(id) for id in ids}, permission=MAILBOXES, pause=self._pause)
        refused = [e for e in found.failed.values() if isinstance(e, Refused)]
        return bool(refused) and not found.bodies

    def _list(self, path: str, select: str, parse: Callable[[dict[str, Any]], T], kind: str, permission: str) -> Reading[T]:
        pages = self._client.pages(path, {"$select": select, **self._page}, permission=permission)
        found = listed.read(pages.rows, parse, kind)
        return self._reading(found.items, found.faults, cut=pages.cut)

    def _changes(
        self, path: str, select: str, token: str, parse: Callable[[dict[str, Any]], T], kind: str, permission: str
    ) -> Changes[T]:
        return delta.read(self._client, path, select, token, parse, kind=kind, permission=permission, at=self._clock())

    def _reading(self, items: Mapping[str, T], faults: Sequence[str], *, cut: str = "") -> Reading[T]:
        why = listed.reasons(cut, faults)
        return Reading(items=items, at=self._clock(), whole=not why, cut=why)


def _purpose_path(id: str) -> str:
    return f"/users/{quote(id, safe='')}/mailboxSettings/userPurpose"


def _none(failure: Failure) -> bool:
    """Whether what was asked for is not there: no mailbox, or no longer a user or group."""
    return isinstance(failure, Missing)


def _first(failed: Mapping[str, Failure]) -> Failure:
    return next(iter(failed.values()))
