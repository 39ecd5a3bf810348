"""One's own notices. The list itself is in shared.py, as the portal has it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from purser.access.actors import Actor
from purser.api.doors import Routes
from purser.api.schemas import notices as out
from purser.api.schemas.common import Some
from purser.notices import choices, following, reading

routes = Routes("Notices")


@routes.get("/notices/unread", "notices.read", answers=out.UnreadNotices)
def unread(actor: Actor, now: datetime) -> out.UnreadNotices:
    """How many of your notices are unread: the number at the bell"""
    return out.UnreadNotices(count=reading.unread(actor))


@routes.post("/notices/read", "notices.read", answers=out.MarkedNotices)
def read(actor: Actor, now: datetime, body: out.ReadNotices) -> out.MarkedNotices:
    """Mark some of your notices as read

    Those that are not yours, or were read before, are passed over.
    """
    return out.MarkedNotices(marked=reading.read(actor, body.notices, now=now))


@routes.post("/notices/read-all", "notices.read", answers=out.MarkedNotices)
def read_all(actor: Actor, now: datetime, body: out.ReadAllNotices) -> out.MarkedNotices:
    """Mark all of your notices as read, up to a moment"""
    return out.MarkedNotices(marked=reading.read_all(actor, until=body.until or now, now=now))


@routes.get("/notices/choices", "notices.read", answers=Some[out.NoticeChoice])
def chosen(actor: Actor, now: datetime) -> Some[out.NoticeChoice]:
    """The kinds of notices that can reach you here, and how they do"""
    return Some(rows=[out.choice(one) for one in choices.of(actor, now=now)])


@routes.put("/notices/choices", "notices.choose", answers=out.NoticeChoice)
def choose(actor: Actor, now: datetime, body: out.ChooseNotice) -> out.NoticeChoice:
    """Choose how a kind of notice reaches you

    With `silent_until` it is neither mailed nor counted before that day, in the organisation's zone.
    """
    return out.choice(choices.choose(actor, body.kind, mail=body.mail, silent_until=body.silent_until, now=now))


@routes.get("/notices/followed", "notices.read", answers=Some[out.Followed])
def followed(actor: Actor, now: datetime) -> Some[out.Followed]:
    """What you follow here, by name"""
    return Some(rows=[out.followed(row) for row in following.of(actor)])


@routes.post("/notices/followed", "notices.choose", answers=out.Followed, seat=False)
def follow(actor: Actor, now: datetime, body: out.FollowThing) -> out.Followed:
    """Follow a tenant, a connection or a pair: its notices come to you, as long as you may read it

    To follow it again is the same as once.
    """
    return out.followed(following.follow(actor, body.what, body.about, now=now))


@routes.delete("/notices/followed/{uuid:follow}", "notices.choose")
def unfollow(actor: Actor, now: datetime, follow: UUID) -> None:
    """No longer follow a thing"""
    following.unfollow(actor, follow)
