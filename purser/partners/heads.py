"""Choosing who heads an organisation, several at once: the owners of a partner, the administrators of a customer.

Source: acceptance CS-4 to CS-6, CS-18.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from purser.access import people, verbs
from purser.access.actors import Actor
from purser.access.models import Membership
from purser.kernel.errors import Missing, Refused
from purser.postgres import tenancy


@dataclass(frozen=True)
class Account:
    """A member as the choice shows it; `choosable` once they have signed in to the portal."""

    membership: Membership
    heads: bool
    choosable: bool


def accounts(kind: str) -> list[Account]:
    """Everybody in the organisation acted in, by name. In a partner only who has signed in can be chosen; a customer's
    administrators are chosen from all its people. Source: acceptance CS-5.
    """
    return [
        Account(row, row.role == verbs.HEAD[kind], kind == "customer" or row.person.last_login is not None)
        for row in people.members()
    ]


def choose(actor: Actor, chosen: Iterable[UUID], *, now: datetime) -> tuple[list[str], list[str]]:
    """Make exactly these members the heads, from their next request; who headed and is not among them becomes a reader. All
    or none. Takes its seats itself. Returns the names of those who became heads, and of those who no longer are.

    Raises Missing for anybody else's member, Refused for nobody at all, for an account that has never signed in, and as
    people.change_role does.
    """
    with tenancy.acting_in(actor.tenant):
        known = {one.membership.pk: one for one in accounts(actor.kind)}
    wanted, head = set(chosen), verbs.HEAD[actor.kind]
    if not wanted:
        raise Refused(f"Choose at least one {head}.", code="last_owner")
    if wanted - known.keys():
        raise Missing("There is no such person here.")
    new = [known[id] for id in sorted(wanted) if not known[id].heads]
    gone = [one for id, one in sorted(known.items()) if one.heads and id not in wanted]
    for one in new:
        if not one.choosable:
            raise Refused(
                f"{one.membership.person.email} has never signed in here.",
                code="never_signed_in",
                hint="They sign in once, then they can be chosen.",
            )
    # the new first, so that the last head may go once another has come
    roles = {one.membership.pk: head for one in new} | {one.membership.pk: verbs.READER for one in gone}
    people.change_roles(actor, roles, now=now)
    return [str(one.membership.person) for one in new], [str(one.membership.person) for one in gone]
