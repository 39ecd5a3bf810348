"""May this actor do this? Answered from the table of verbs and the actor alone: no query."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
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
    """Whether the actor may, fresh proof or not: what a screen may offer. Raises LookupError for an
    unknown verb.
    """
    found = verbs.find(verb)
    return actor.role in found.roles(actor.kind) if actor.allowed is None else verb in actor.allowed


def narrowed(actor: Actor, to: frozenset[str]) -> Actor:
    """The actor with no more than these verbs: a token that was cut to a part of what its person may."""
    return replace(actor, allowed=frozenset(name for name in to & verbs.VERBS.keys() if allows(actor, name)))


def check(actor: Actor, verb: str, *, clock: Callable[[], datetime] = timezone.now) -> None:
    """Raises Denied, StepUp (sensitive, and the last proof is older than five minutes) or LookupError
    (unknown verb).
    """
    wanted = verbs.find(verb)
    if not allows(actor, verb):
        raise _denied(actor, wanted)
    if wanted.sensitive and (actor.verified_at is None or clock() - actor.verified_at > FRESH):
        raise StepUp(
            f"To {wanted.sentence}, confirm that it is you.",
            code="step_up",
            hint="Enter your password or second factor again; it then holds for five minutes.",
        )


def _denied(actor: Actor, wanted: verbs.Verb) -> Denied:
    if actor.on_behalf:
        text = f"The consent of {actor.organisation} does not let you {wanted.sentence}."
        return Denied(text, code="scope", hint="Ask the customer for a consent that covers it.")
    if wanted.group and actor.role in wanted.roles(actor.kind):
        text = f"Your partner keeps it to itself to {wanted.sentence}."
        return Denied(text, code="tenant_permission", hint="Ask your partner for the tenant permission.")
    text = f"Your role here ({actor.role}) does not let you {wanted.sentence}."
    head = verbs.HEAD[actor.kind]
    return Denied(text, code="denied", hint=f"An {head} of this organisation can do it, or change your role.")
