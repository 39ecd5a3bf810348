"""Users from a file: looked through first, with what it would change and every row it leaves out; applied on a person's word.

The file waits in the tenant's own rows between the two. What is applied is what was shown: both are bound by a digest of
the difference. Source: reliability section 4, Imports; P29.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from purser.access import actors, acts, permit
from purser.access.actors import Actor
from purser.connectors.ports import directory as port
from purser.directory import mirror, sources
from purser.directory.mirror import Difference
from purser.directory.models import SourceKind, Upload
from purser.flows.vendor_to_mirror.read import not_nobody
from purser.kernel import digest as digests
from purser.kernel.errors import Missing, Refused
from purser.postgres import tenancy
from purser.tenants import organisations

VERB = "users.refresh"
WAITS = timedelta(days=7)  # what nobody applied is of people that nobody needs here
SHOWN = 200  # rows of the file left out, and names of each kind of change

Read = Callable[[bytes, datetime], port.Loaded]


@dataclass(frozen=True)
class Preview:
    """What a file would change. `joins` and `parts` count memberships that begin and end, `boxes` users whose mailbox is
    another. `faults` are all rows left out; with one of them nobody is taken as gone (law 2), and `cut` says so."""

    name: str
    made_at: datetime
    rows: int
    users: Difference
    groups: Difference
    joins: int
    parts: int
    boxes: int
    faults: tuple[port.RowFault, ...]
    ignored: tuple[str, ...]
    cut: str
    digest: str


def bring(actor: Actor, *, name: str, content: bytes, read: Read, now: datetime) -> Preview:
    """Look through a file and keep it for `apply`, in place of one that waited. Open no transaction around it: a large file
    takes a while. Raises Refused: where users do not come from a file, and for a file that cannot be read as a whole.
    """
    with tenancy.acting_in(actor.tenant):
        _from_file(actor)
    table = read(content, now)
    with tenancy.acting_in(actor.tenant):
        _from_file(actor)
        Upload.objects.all().delete()
        row = Upload(name=_named(name), content=content, by_name=actor.name[:254], made_at=now)
        summary = f"Brought users from {row.name} to be looked through"
        acts.record(actor, VERB, summary=summary, of=("upload", row.pk), now=now)
        row.save(force_insert=True)
        return _preview(row, table)


def waiting(actor: Actor, *, read: Read) -> Preview | None:
    """The file that waits, looked through anew against the mirror as it is; None where none waits."""
    permit.check(actor, VERB)
    with tenancy.acting_in(actor.tenant):
        row = Upload.objects.first()
    if row is None:
        return None
    table = read(bytes(row.content), row.made_at)
    with tenancy.acting_in(actor.tenant):
        return _preview(row, table)


def apply(actor: Actor, *, digest: str, read: Read, now: datetime) -> Preview:
    """Write what was shown, in one transaction. Raises Missing where no file waits, and Refused where it would now change
    something else than what was shown: look through it again."""
    permit.check(actor, VERB)
    with tenancy.acting_in(actor.tenant):
        row = Upload.objects.first()
    if row is None:
        raise Missing("No file of users waits.")
    table = read(bytes(row.content), row.made_at)
    with tenancy.acting_in(actor.tenant):
        _from_file(actor, lock=True)
        held = Upload.objects.select_for_update().filter(pk=row.pk).first()
        if held is None:
            raise Missing("The file is no longer there: somebody applied it or brought another.")
        shown = _preview(row, table)
        if shown.digest != digest:
            raise Refused("The file would now change something else than was shown.", code="changed", hint="Look at it again.")
        counts = f"{len(shown.users.new)} new, {len(shown.users.changed)} changed, {len(shown.users.gone)} gone"
        acts.record(actor, VERB, summary=f"Loaded users from {row.name}: {counts}", of=("upload", row.pk), now=now)
        _write(table, shown, now)
        held.delete()
        return shown


@transaction.atomic
def drop(actor: Actor, *, now: datetime) -> None:
    """Forget the file that waits; nothing is changed by it. Raises Missing."""
    permit.check(actor, VERB)
    row = Upload.objects.select_for_update().first()
    if row is None:
        raise Missing("No file of users waits.")
    acts.record(actor, VERB, summary=f"Did not load users from {row.name}", of=("upload", row.pk), now=now)
    row.delete()


def forget_old(tenant: UUID, *, now: datetime) -> bool:
    """Forget a file, and the people in it, whose word nobody gave within `WAITS`; whether there was one. Takes the seat."""
    with tenancy.acting_in(tenant):
        row = Upload.objects.select_for_update().filter(made_at__lt=now - WAITS).first()
        if row is None:
            return False
        worker = actors.system("worker", tenant=tenant, organisation=organisations.own().name)
        summary = f"Forgot {row.name}: nobody loaded its users within {WAITS.days} days"
        acts.record(worker, VERB, summary=summary, of=("upload", row.pk), now=now)
        row.delete()
        return True


def _from_file(actor: Actor, *, lock: bool = False) -> None:
    permit.check(actor, VERB)
    source = sources.find()
    if source.kind != SourceKind.FILE:
        words = f"Users come from {SourceKind(source.kind).label} here, not from a file."
        raise Refused(words, code="kind", hint="Choose the file as the source first.")
    if lock:
        sources.held(source.version)


def _named(name: str) -> str:
    shown = "".join(c for c in name.replace("\\", "/").rpartition("/")[2] if c.isprintable()).strip()
    return shown[:200] or "file"


def _preview(row: Upload, table: port.Loaded) -> Preview:
    users = not_nobody(mirror.all_of(table.users()))
    groups = mirror.all_of(table.groups())
    of_users, of_groups = mirror.users(users), mirror.groups(replace(groups, whole=users.whole))
    joins, parts = mirror.moves(table.members(list(groups.items.values())).items, drop=users.whole)
    boxes = mirror.moved_mailboxes(table.mailboxes(list(users.items.values())), list(users.items))
    bound = [str(row.pk), of_users.bound(), of_groups.bound(), joins, parts, boxes]
    return Preview(
        name=row.name,
        made_at=row.made_at,
        rows=len(users.items),
        users=of_users,
        groups=of_groups,
        joins=joins,
        parts=parts,
        boxes=boxes,
        faults=tuple(table.faults),
        ignored=tuple(table.ignored),
        cut="" if users.whole else users.cut,
        digest=digests.of(bound),
    )


def _write(table: port.Loaded, shown: Preview, now: datetime) -> None:
    users = table.users().items
    members = table.members(list(table.groups().items.values())).items
    mirror.write_users(shown.users, now=now)
    mirror.write_mailboxes(table.mailboxes(list(users.values())), list(users))
    mirror.write_groups(shown.groups, now=now)
    mirror.write_members(members, asked=list(members), drop=not shown.cut)
    sources.was_read(whole=not shown.cut, cut=shown.cut, now=now)
