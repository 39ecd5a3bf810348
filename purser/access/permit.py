"""May this actor do this? Answered from the table of verbs and the actor alone: no query."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.utils import timezone

from purser.access import verbs
from purser.access.actors import Actor
from purser.kernel.errors import Refused

FRESH = timedelta(minutes=5)  # Source: reliability P21


class Denied(Refused):
    """This person's role does not allow it."""


class StepUp(Refused):
    """Allowed, once the person has entered the password or a second factor again."""


def allows(actor: Actor, verb: str) -> bool:
    """Whether the role allows it, fresh proof or not: what a screen may offer. Raises LookupError for an
    unknown verb.
    """
    return actor.role in verbs.find(verb).roles(actor.kind)


def check(actor: Actor, verb: str, *, clock: Callable[[], datetime] = timezone.now) -> None:
    """Raises Denied, StepUp (sensitive, and the last proof is older than five minutes) or LookupError
    (unknown verb).
    """
    wanted = verbs.find(verb)
    if actor.role not in wanted.roles(actor.kind):
        raise Denied(
            f"Your role here ({actor.role}) does not let you {wanted.sentence}.",
            code="denied",
            hint="An owner of this organisation can do it, or change your role.",
        )
    if wanted.sensitive and (actor.verified_at is None or clock() - actor.verified_at > FRESH):
        raise StepUp(
            f"To {wanted.sentence}, confirm that it is you.",
            code="step_up",
            hint="Enter your password or second factor again; it then holds for five minutes.",
        )
