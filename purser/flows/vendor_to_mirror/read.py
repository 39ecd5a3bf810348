"""One reading of a tenant's directory, part by part: users with their mailboxes, then groups with their members.

A part is written in one transaction with its token, so a process that dies leaves the old or the new, and what was not
written is read again. Source: issue "Licences follow the directory", 1; architecture, Five laws, 2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

from purser.connectors.ports import directory as port
from purser.directory import mirror, sources
from purser.directory.models import Source, SourceState
from purser.directory.sources import find
from purser.kernel import points
from purser.kernel.errors import Failure
from purser.postgres import tenancy
from purser.tenants.models import Kind, Organisation

WHOLE_EVERY = timedelta(hours=24)  # mailboxes come and go without a change of the user that a delta would show
USERS, GROUPS, ALL_AT = "users", "groups", "all_at"  # what the source's tokens are named


@dataclass(frozen=True)
class Read:
    """What a reading changed. `cut` says why it is not whole."""

    new: int
    changed: int
    gone: int
    cut: str = ""


def customers() -> list[UUID]:
    """The customers whose users may be due to be read: a source is known in its tenant's seat alone."""
    with tenancy.listing_all():
        rows = Organisation.across.filter(kind=Kind.CUSTOMER, suspended_at=None).order_by("id")
        return list(rows.values_list("id", flat=True))


def run(
    *, tenant: UUID, port_of: Callable[[Source], port.Directory], clock: Callable[[], datetime], cause: str = "rhythm"
) -> Read | None:
    """Read the tenant's directory into the mirror; None for a paused source that no person asked for.

    Open no transaction around it: it calls the vendor. A failure is kept at the source (and pauses it where only a person can
    mend it) and raised. Only one at a time for a tenant: the job's lock sees to it. Raises Missing without a source.
    """
    with tenancy.acting_in(tenant):
        source = find()
        if source.state == SourceState.PAUSED and cause == "rhythm":
            return None
        # Before anything can go wrong: the rhythm goes on whatever becomes of this reading.
        sources.at("Signing in", now=clock(), next_at=clock() + sources.rhythm(source))
    try:
        return _read(tenant, source, port_of(source), clock)
    except sources.Changed:
        with tenancy.acting_in(tenant):
            sources.at("", now=clock())
        raise
    except Failure as failure:
        with tenancy.acting_in(tenant):
            sources.met(failure, now=clock())
        raise


def _read(tenant: UUID, source: Source, directory: port.Directory, clock: Callable[[], datetime]) -> Read:
    def at(stage: str) -> None:
        with tenancy.acting_in(tenant):
            sources.at(stage, now=clock())

    at("Users")
    users = _users(directory, source)
    with tenancy.acting_in(tenant):
        users = not_nobody(users)
        asked, every = _asked(source, users, clock())
    at(f"Mailboxes of {len(asked):,} users")
    boxes = directory.mailboxes(asked)
    tokens = {USERS: users.token}
    if not boxes.whole:
        tokens[ALL_AT] = ""  # nobody knows whose were not seen: all are asked for again
    elif every:
        tokens[ALL_AT] = clock().isoformat()
    with _part(tenant, source, tokens, "users"):
        changes = mirror.users(users)
        mirror.write_users(changes, now=clock())
        mirror.write_mailboxes(boxes, [one.id for one in asked])
    at("Groups")
    groups = _groups(directory, source)
    with tenancy.acting_in(tenant):
        expand = _to_expand(groups)
    at(f"Members of {len(expand):,} groups")
    members = directory.members(expand)
    with _part(tenant, source, {GROUPS: groups.token}, "groups"):
        mirror.write_groups(mirror.groups(groups), now=clock())
        mirror.write_members(members.items, asked=[one.id for one in expand], drop=users.whole)
    cut = "; ".join(part.cut for part in (users, boxes, groups, members) if not part.whole)
    with tenancy.acting_in(tenant):
        sources.held(source.version)
        sources.was_read(whole=not cut, cut=cut, now=clock())
    return Read(len(changes.new), len(changes.changed), len(changes.gone), cut)


@contextmanager
def _part(tenant: UUID, source: Source, tokens: Mapping[str, str], name: str) -> Iterator[None]:
    """Write a part with its tokens, all or nothing. Raises Changed when the source was changed while it was read."""
    points.reach(f"directory:before-{name}")
    with tenancy.acting_in(tenant):
        held = sources.held(source.version)
        yield
        points.reach(f"directory:written-{name}")
        held.tokens = {**held.tokens, **tokens}
        held.save(update_fields=["tokens"])
    points.reach(f"directory:kept-{name}")


def _users(directory: port.Directory, source: Source) -> port.Changes[port.User]:
    if hasattr(directory, "user_changes"):
        return cast(port.Followed, directory).user_changes(source.tokens.get(USERS, ""))
    return mirror.all_of(directory.users())


def _groups(directory: port.Directory, source: Source) -> port.Changes[port.Group]:
    if hasattr(directory, "group_changes"):
        return cast(port.Followed, directory).group_changes(source.tokens.get(GROUPS, ""))
    return mirror.all_of(directory.groups())


def not_nobody(users: port.Changes[port.User]) -> port.Changes[port.User]:
    """In the tenant's seat. A list of nobody at all, where there were people, is a filter or a right that went wrong and
    not a company that left: it is not whole."""
    if users.full and users.whole and not users.items and mirror.anybody():
        return replace(users, whole=False, cut="the directory names no user at all", token="")
    return users


def _asked(source: Source, users: port.Changes[port.User], now: datetime) -> tuple[list[port.User], bool]:
    """Whose mailboxes to ask for, and whether that is everybody's: those who changed, and once a day all."""
    last = source.tokens.get(ALL_AT, "")
    if users.full or (last and now - datetime.fromisoformat(last) < WHOLE_EVERY):
        return list(users.items.values()), users.full
    every = {one.id: one for one in mirror.present_users() if one.id not in users.gone}
    return list({**every, **users.items}.values()), True


def _to_expand(groups: port.Changes[port.Group]) -> list[port.Group]:
    """All groups once one has changed, for whoever is in it is in the groups around it; else those not known to the end."""
    if groups.full:
        return list(groups.items.values())
    moved = groups.items or groups.gone or groups.regrouped
    there = {one.id: one for one in mirror.present_groups(only_unknown=not moved) if one.id not in groups.gone}
    return list({**there, **groups.items}.values())
