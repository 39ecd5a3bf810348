"""One's own notices: which were read, how each kind comes, and what is followed."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from purser.api.schemas.common import Moment, Out, Sent
from purser.notices import choices, following
from purser.notices.models import Follow

Kind = Annotated[str, Field(min_length=1, max_length=30, examples=["connection_paused"])]
Mail = Annotated[Literal["now", "digest", "none"], Field(description="At once, in one mail a day, or not by mail.")]
What = Annotated[Literal["tenant", "connection", "sync"], Field(description="What kind of thing; `sync` is a pair.")]


class UnreadNotices(Out):
    """`count`: the unread notices that are not silent, up to 100."""

    count: int


class ReadNotices(Sent):
    notices: Annotated[list[UUID], Field(min_length=1, max_length=250)]


class ReadAllNotices(Sent):
    """`until`: nothing that came after this moment; now, where it is left out."""

    until: Moment | None = None


class MarkedNotices(Out):
    """How many were not read before."""

    marked: int


class NoticeChoice(Out):
    """How a kind of notice reaches you. `always`: at once, and it cannot be chosen otherwise. `silent_until`: the day on which
    it is heard again.
    """

    kind: str
    words: str
    mail: str
    silent_until: date | None
    always: bool


class ChooseNotice(Sent):
    kind: Kind
    mail: Mail
    silent_until: date | None = None


class FollowThing(Sent):
    what: What
    about: UUID


class Followed(Out):
    """`id` is that of the following, `about` that of the thing, `name` what it was called then."""

    id: UUID
    what: str
    words: str
    about: UUID
    name: str
    since: datetime


def choice(one: choices.Chosen) -> NoticeChoice:
    kind = one.kind
    return NoticeChoice(kind=kind.name, words=kind.words, mail=one.mail, silent_until=one.silent_until, always=kind.always)


def followed(row: Follow) -> Followed:
    return Followed(
        id=row.pk, what=row.what, words=following.words(row.what), about=row.about, name=row.name, since=row.created_at
    )
