"""Which role is given to a person, and that nobody gives more than they have: the one rule behind a change of role, an
invitation when it is sent, and the same invitation when it is accepted.

Source: issue "Partners, customers and consent", 5; reliability P17.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from uuid import UUID

from purser.access import verbs
from purser.access.actors import Actor
from purser.access.models import CustomRole
from purser.kernel.errors import Missing, Refused
from purser.tenants import organisations


@dataclass(frozen=True)
class Role:
    """A role of the organisation acted in. `role` is one of the kind's, or CUSTOM where `own` is the organisation's own."""

    kind: str
    role: str
    own: CustomRole | None = None

    @property
    def text(self) -> str:
        """As forms, calls and kept rows name it: the kind's by its name, the organisation's own by its id."""
        return str(self.own.pk) if self.own is not None else self.role

    @property
    def name(self) -> str:
        return str(self.own.name) if self.own is not None else self.role

    @property
    def sentence(self) -> str:
        return str(self.own.sentence) if self.own is not None else verbs.ROLES[self.kind][self.role]

    @property
    def allows(self) -> list[verbs.Verb]:
        """What it allows, in the order of the table, before the partner keeps anything to itself."""
        named = self._verbs("".join(verbs.GROUPS))
        return [verb for verb in verbs.of_kind(self.kind) if verb.name in named]

    def verbs_here(self) -> frozenset[str]:
        """What its members may in the organisation acted in, as its tenant permissions are."""
        return self._verbs(organisations.own().permissions)

    def _verbs(self, groups: str) -> frozenset[str]:
        custom = self.own.verbs if self.own is not None else ()
        return verbs.of_member(self.kind, self.role, custom=custom, groups=groups)


def find(kind: str, text: str) -> Role:
    """The role of that name or id. Raises Refused for an unknown name, Missing for an id that is none of here."""
    if text in verbs.ROLES.get(kind, {}):
        return Role(kind, text)
    try:
        id = UUID(text)
    except ValueError:
        known = ", ".join(verbs.ROLES.get(kind, {}))
        raise Refused(f"There is no role “{text}” here.", code="role", hint=f"The roles are: {known}.") from None
    own: CustomRole | None = CustomRole.objects.filter(pk=id).first()
    if own is None:
        raise Missing("There is no such role here.")
    return Role(kind, verbs.CUSTOM, own)


def every(kind: str) -> list[Role]:
    """The kind's roles, strongest first, then the organisation's own by name."""
    own = CustomRole.objects.order_by("name", "id")
    return [*(Role(kind, name) for name in verbs.ROLES.get(kind, {})), *(Role(kind, verbs.CUSTOM, row) for row in own)]


def offered(actor: Actor) -> list[Role]:
    """Those of them that the actor may give to somebody new."""
    return [role for role in every(actor.kind) if not _beyond(actor, role.verbs_here())]


def check(actor: Actor, role: Role, *, had: Set[str] = frozenset()) -> None:
    """Nobody gives what they may not do themselves; a consent would else widen itself. What the person `had` is not given.

    Raises Refused, with what is beyond the actor's own.
    """
    beyond = sorted(_beyond(actor, role.verbs_here() - had))
    if not beyond:
        return
    named = f"{', '.join(beyond[:3])}{f' and {len(beyond) - 3} more' if len(beyond) > 3 else ''}"
    if actor.on_behalf:
        raise Refused(
            f"The consent of {actor.organisation} does not reach as far as the role {role.name}: {named}.",
            code="above",
            hint="Choose a role within its areas, or ask the customer for a consent that covers them.",
        )
    raise Refused(f"You may not give what you may not do: {named}.", code="above", hint="Ask the head.")


def _beyond(actor: Actor, given: frozenset[str]) -> frozenset[str]:
    """On behalf, the areas that the consent names are the measure: what has no area (its own sign-on, its word on consent)
    is the customer's administrators' by nature, and the customer let the partner choose them. Source: acceptance CS-18.
    """
    if actor.allowed is None or actor.role == verbs.SYSTEM:
        return frozenset()
    if not actor.on_behalf:
        return given - actor.allowed
    areas = {verbs.find(name).area for name in actor.allowed} | {""}
    return frozenset(name for name in given if verbs.find(name).area not in areas)
