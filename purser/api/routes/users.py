"""Users and groups of a customer's directory, where they are read from, and dynamic groups of ours."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from ninja import File, UploadedFile

from purser.access.actors import Actor
from purser.api.doors import Routes
from purser.api.schemas import users as out
from purser.api.schemas.common import Asked, Some
from purser.connectors.ports.rows import check_size
from purser.directory import groups, setting, sources, users
from purser.flows import ports
from purser.flows.vendor_to_mirror import testing, upload

routes = Routes("Users")
GROUP = "/user-groups/{uuid:user_group}"
SOURCE = "/user-source"


@routes.get("/users/{uuid:user}", "users.read", answers=out.User)
def one(actor: Actor, now: datetime, user: UUID) -> out.User:
    """One user of the directory, with the card and the groups"""
    return out.user(users.find(user))


@routes.get(GROUP, "users.read", answers=out.UserGroup)
def group(actor: Actor, now: datetime, user_group: UUID) -> out.UserGroup:
    """One group with its members, those of groups in it included"""
    return out.group(groups.find(user_group))


@routes.post("/user-groups", "users.group", answers=out.UserGroup, status=201)
def make(actor: Actor, now: datetime, body: out.Make) -> out.UserGroup:
    """Make a dynamic group

    `expression` is over users' attributes: `department = "Sales" and not (city in ("Bonn", "Bremen") or guest = true)`. One
    that cannot be read is refused with the column and what was expected there.
    """
    return out.group(groups.make(actor, name=body.name, expression=body.expression, now=now))


@routes.put(GROUP, "users.group", answers=out.UserGroup)
def change(actor: Actor, now: datetime, user_group: UUID, body: out.UserChange) -> out.UserGroup:
    """Change a dynamic group"""
    row = groups.change(actor, user_group, name=body.name, expression=body.expression, version=body.version, now=now)
    return out.group(row)


@routes.delete(GROUP, "users.group")
def drop(actor: Actor, now: datetime, user_group: UUID) -> None:
    """Drop a dynamic group that no collection holds"""
    groups.drop(actor, user_group, now=now)


@routes.post("/user-groups/matches", "users.read", answers=out.Matches)
def matches(actor: Actor, now: datetime, body: out.Try) -> out.Matches:
    """Who an expression matches now; saves nothing"""
    return out.matches(groups.preview(body.expression))


@routes.get(SOURCE, "users.read", answers=out.Source)
def source(actor: Actor, now: datetime) -> out.Source:
    """Where users are read from (never a secret), how it stands, and how far a reading is"""
    return out.source(sources.own(), now)


@routes.put(SOURCE, "users.source", answers=out.SourceKept)
def save(actor: Actor, now: datetime, body: out.SourceValues) -> out.SourceKept:
    """Choose where users are read from, or change how

    A sensitive call: only within five minutes after the password was entered, so not with a token.
    """
    return out.kept(setting.save(actor, kind=body.kind, values=body.values, version=body.version, now=now), now)


@routes.post(f"{SOURCE}/test", "users.refresh", answers=out.SourceResult, seat=False)
def test(actor: Actor, now: datetime) -> out.SourceResult:
    """Ask the directory once whether it can be read

    What only a person can mend is an answer with `ok` false, and pauses the source; success lets it go on, and users are read.
    It takes no Idempotency-Key: testing twice does no harm. At most ten tests an hour.
    """
    return out.result(testing.test(actor, port_of=ports.directory, now=now))


@routes.post(f"{SOURCE}/readings", "users.refresh", answers=Asked)
def read_now(actor: Actor, now: datetime) -> Asked:
    """Ask for a reading of users and groups"""
    return Asked(added=setting.read_now(actor, now=now))


@routes.post(f"{SOURCE}/file", "users.refresh", answers=out.Preview, seat=False)
def bring(actor: Actor, now: datetime, file: File[UploadedFile]) -> out.Preview:
    """Look through a file of users (CSV or XLSX) and see what it would change; nothing is written yet

    Sent as `multipart/form-data`; at most 10 MB and 100,000 rows. Apply it with the `digest` of the answer. It takes no
    Idempotency-Key: a file that is sent again only takes the place of the one that waits.
    """
    check_size(file.size or 0)
    return out.preview(upload.bring(actor, name=file.name or "", content=file.read(), read=ports.table, now=now))


@routes.get(f"{SOURCE}/file", "users.refresh", answers=Some[out.Preview], seat=False)
def waiting(actor: Actor, now: datetime) -> Some[out.Preview]:
    """The file that waits to be applied, if any"""
    shown = upload.waiting(actor, read=ports.table)
    return Some(rows=[out.preview(shown)] if shown else [])


@routes.post(f"{SOURCE}/file/apply", "users.refresh", answers=out.Preview, seat=False)
def apply(actor: Actor, now: datetime, body: out.Apply) -> out.Preview:
    """Write what was shown: all of it, or nothing

    It takes no Idempotency-Key: once applied, the file is gone, and a second call finds nothing.
    """
    return out.preview(upload.apply(actor, digest=body.digest, read=ports.table, now=now))


@routes.delete(f"{SOURCE}/file", "users.refresh")
def forget(actor: Actor, now: datetime) -> None:
    """Forget the file that waits; nothing is changed by it"""
    upload.drop(actor, now=now)
