"""Roles that an organisation makes itself, out of the table of verbs: a name, and what it allows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from purser.access import acts, people, verbs
from purser.access.actors import Actor
from purser.access.models import CustomRole, Membership
from purser.kernel.errors import Missing, Refused
from purser.postgres import tenancy

MOST = 30


def own() -> list[CustomRole]:
    """The organisation's own roles, by name."""
    return list(CustomRole.objects.order_by("name", "id"))


def make(actor: Actor, *, name: str, sentence: str = "", allowed: Iterable[str], now: datetime) -> CustomRole:
    """Make a role. Raises Refused for a name that is empty or taken, no verbs, verbs of another kind of organisation, or
    verbs that the actor may not do.
    """
    if CustomRole.objects.count() >= MOST:
        raise Refused(f"An organisation has at most {MOST} roles of its own.", code="many")
    row = CustomRole(created_at=now, name=_name(actor, name), sentence=sentence.strip()[:200], verbs=_verbs(actor, allowed))
    after = {"name": row.name, "verbs": row.verbs}
    acts.record(actor, "roles.write", summary=f"Made the role {row.name}", of=("role", row.pk), after=after, now=now)
    row.save(force_insert=True)
    return row


def change(
    actor: Actor, id: UUID, *, name: str, sentence: str = "", allowed: Iterable[str], version: int, now: datetime
) -> CustomRole:
    """Change a role; it counts from the next request of everybody who has it. Takes its seats itself. Raises Missing, or
    Refused as `make` does, where somebody changed it meanwhile (`version`), and on behalf where one of the people of where
    the actor comes from has it.
    """
    with tenancy.acting_in(actor.tenant):
        holders = list(Membership.objects.filter(own_role_id=id).values_list("pk", flat=True))
    people.refuse_insiders(actor, holders)
    with tenancy.acting_in(actor.tenant):
        return _change(actor, id, name=name, sentence=sentence, allowed=allowed, version=version, now=now)


def _change(
    actor: Actor, id: UUID, *, name: str, sentence: str, allowed: Iterable[str], version: int, now: datetime
) -> CustomRole:
    row = _locked(id)
    if row.version != version:
        raise Refused("Somebody changed this role meanwhile.", code="changed", hint="Look at it again, then save.")
    before = {"name": row.name, "verbs": row.verbs}
    row.name, row.sentence, row.verbs = _name(actor, name, but=id), sentence.strip()[:200], _verbs(actor, allowed)
    acts.record(
        actor, "roles.write", summary=f"Changed the role {row.name}", of=("role", id),
        before=before, after={"name": row.name, "verbs": row.verbs}, now=now,
    )  # fmt: skip
    row.version += 1
    row.save()
    return row


def drop(actor: Actor, id: UUID, *, now: datetime) -> None:
    """Delete a role nobody has. Raises Missing, or Refused with how many have it."""
    row = _locked(id)
    held = Membership.objects.filter(own_role_id=id).count()
    if held:
        raise Refused(f"{held} people have the role {row.name}.", code="held", hint="Give them another role first.")
    before = {"name": row.name, "verbs": row.verbs}
    acts.record(actor, "roles.write", summary=f"Deleted the role {row.name}", of=("role", id), before=before, now=now)
    row.delete()


def _verbs(actor: Actor, names: Iterable[str]) -> list[str]:
    asked = set(names)
    known = [verb.name for verb in verbs.of_kind(actor.kind)]
    strange = sorted(asked - set(known))
    if strange:
        raise Refused(f"A {actor.kind} has no permission {strange[0]!r}.", code="verb")
    if not asked:
        raise Refused("A role allows at least one thing.", code="verbs")
    if actor.allowed is not None and (beyond := sorted(asked - actor.allowed)):
        raise Refused(f"You may not give what you may not do: {', '.join(beyond[:3])}.", code="above")
    return [name for name in known if name in asked]


def _name(actor: Actor, text: str, *, but: UUID | None = None) -> str:
    name = " ".join(text.split())
    if not 1 <= len(name) <= 60:
        raise Refused("A role needs a name of 1 to 60 characters.", code="name")
    same = CustomRole.objects.filter(name__iexact=name)
    taken = (same if but is None else same.exclude(pk=but)).exists()
    if taken or name.lower() in {*verbs.ROLES[actor.kind], verbs.PARTNER, verbs.SUPPORT, verbs.CUSTOM, verbs.SYSTEM}:
        raise Refused(f"There is a role {name} already.", code="taken", hint="Choose another name.")
    return name


def _locked(id: UUID) -> CustomRole:
    row: CustomRole | None = CustomRole.objects.select_for_update().filter(pk=id).first()
    if row is None:
        raise Missing("There is no such role here.")
    return row
