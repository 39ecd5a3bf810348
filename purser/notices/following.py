"""Following a thing: its notices come to you although they would not concern you.

What can be followed is said by the rooms above that own the things (`use`). To follow asks for the right to read the thing;
that right is asked again with every notice (recipients.py), so nothing need be taken back when it is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from purser.access import permit
from purser.access.actors import Actor
from purser.kernel.errors import Missing, Refused
from purser.lists.saved import person_of
from purser.notices.models import Follow
from purser.postgres import tenancy

MOST = 200  # things that one person follows in one organisation


@dataclass(frozen=True)
class Followable:
    """`verbs`: what one must be allowed to follow it, by the kind of organisation. `name` gives what the thing is called,
    outside of any seat, and raises Missing where the actor's organisation has none such.
    """

    what: str
    words: str
    verbs: Mapping[str, str]
    name: Callable[[Actor, UUID], str]


_known: dict[str, Followable] = {}


def use(things: Iterable[Followable]) -> None:
    """Make them known; config does, once."""
    _known.update({one.what: one for one in things})


def follow(actor: Actor, what: str, id: UUID, *, now: datetime) -> Follow:
    """Follow a thing; following it twice is the same as once. Takes its seats itself. Raises Refused for what cannot be
    followed, Denied without the right to read it, Missing where there is none.
    """
    name = named(actor, what, id)
    with tenancy.acting_in(actor.tenant):
        held = Follow.objects.filter(person_id=person_of(actor))
        if not held.filter(what=what, about=id).exists():
            if held.count() >= MOST:
                raise Refused(f"You follow {MOST} things here, which is all one can.", code="many", hint="Let go of some.")
            try:
                with transaction.atomic():
                    Follow.objects.create(person_id=person_of(actor), what=what, about=id, name=name[:200], created_at=now)
            except IntegrityError:
                pass  # a second click was faster
        row: Follow = held.get(what=what, about=id)
        return row


def named(actor: Actor, what: str, id: UUID) -> str:
    """What a thing is called that the actor could follow. Takes its seats itself; raises as `follow` does."""
    found = _known.get(what)
    if found is None or actor.kind not in found.verbs:
        raise Refused(f"Nothing of the kind {what!r} can be followed here.", code="what")
    permit.check(actor, found.verbs[actor.kind])
    return found.name(actor, id)


def unfollow(actor: Actor, id: UUID) -> Follow:
    """Let go of what one follows, by the id of the following, in the seat taken. Raises Missing, also for anybody else's."""
    row: Follow | None = Follow.objects.filter(pk=id, person_id=person_of(actor)).first()
    if row is None:
        raise Missing("You do not follow this.")
    row.delete()
    return row


def of(actor: Actor) -> list[Follow]:
    """What the actor follows here, by name."""
    return list(Follow.objects.filter(person_id=person_of(actor)).order_by("what", "name", "id"))


def found(actor: Actor, what: str, id: UUID) -> Follow | None:
    """The actor's following of a thing, in the seat taken."""
    row: Follow | None = Follow.objects.filter(person_id=person_of(actor), what=what, about=id).first()
    return row


def words(what: str) -> str:
    """What a kind of thing is called."""
    return _known[what].words if what in _known else what
