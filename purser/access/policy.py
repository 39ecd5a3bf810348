"""What signing in to an organisation takes: for whom a second factor, and how long without a click.

Partners and the operator always take one, and end a session after half an hour; a customer decides for its own people.
Source: reliability P21, section 4 (Login, sessions, tokens).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from purser.access import actors, acts, people
from purser.access.actors import Actor
from purser.access.identity import SecondFactor, SignInPolicy
from purser.kernel.errors import Refused
from purser.postgres import tenancy
from purser.tenants.models import Kind

SHORTEST = timedelta(minutes=5)
# The longest without a click; a customer may choose less, the others may too.
IDLE = {Kind.CUSTOMER: timedelta(hours=3)}
IDLE_OF_OTHERS = timedelta(minutes=30)


@dataclass(frozen=True)
class Rule:
    """`decides`: whether the organisation may choose who needs a second factor. `version` is 0 before it chose anything."""

    second_factor: SecondFactor
    idle: timedelta
    decides: bool
    version: int

    @property
    def minutes(self) -> int:
        return int(self.idle.total_seconds()) // 60


def longest(kind: str) -> timedelta:
    return IDLE.get(Kind(kind), IDLE_OF_OTHERS)


def own(kind: str) -> Rule:
    """The rule of the organisation acted in, whose kind is `kind`."""
    row = SignInPolicy.objects.first()
    decides = kind == Kind.CUSTOMER
    factor = SecondFactor(row.second_factor) if row is not None and decides else SecondFactor.REQUIRED
    idle = min(timedelta(minutes=row.idle_minutes), longest(kind)) if row is not None else longest(kind)
    return Rule(factor, idle, decides, row.version if row is not None else 0)


def save(actor: Actor, *, second_factor: str, idle_minutes: int, version: int, now: datetime) -> Rule:
    """Change the rule. It counts for the second factor from the next request, for idle time from the next sign-in.

    Raises Refused for a choice that the kind of organisation does not have, or where somebody else was faster.
    """
    most = int(longest(actor.kind).total_seconds()) // 60
    least = int(SHORTEST.total_seconds()) // 60
    if not least <= idle_minutes <= most:
        raise Refused(f"A session may idle {least} to {most} minutes here; {idle_minutes} is not.", code="idle")
    if second_factor not in SecondFactor.values or (second_factor != SecondFactor.REQUIRED and actor.kind != Kind.CUSTOMER):
        raise Refused(
            f"A second factor is always required in a {actor.kind}.",
            code="second_factor",
            hint="Only a customer may let its own people in without one.",
        )
    before = own(actor.kind)
    if before.version != version:
        raise Refused("Somebody else changed this meanwhile.", code="version", hint="Look at it again.")
    after = {"second_factor": second_factor, "idle_minutes": idle_minutes}
    acts.record(
        actor,
        "sign_on.configure",
        summary=f"Second factor: {SecondFactor(second_factor).label.lower()}; sessions idle {idle_minutes} minutes",
        of=("sign-in policy", actor.tenant),
        before={"second_factor": before.second_factor, "idle_minutes": before.minutes},
        after=after,
        now=now,
    )
    SignInPolicy.objects.update_or_create(tenant_id=actor.tenant, defaults={**after, "version": version + 1})
    return own(actor.kind)


def takes_factor(person: UUID, *, tenant: UUID) -> bool:
    """Whether this person needs a second factor in the tenant: everyone but a customer's own people where it says so.

    Takes the tenant's seat. For somebody who is no member the answer is yes: from outside only partners come in.
    """
    with tenancy.acting_in(tenant):
        row = actors.member(person)
        return row is None or own(row.tenant.kind).second_factor == SecondFactor.REQUIRED


def idle_of(person: UUID) -> timedelta:
    """How long this person's session may idle: the shortest of their organisations'. Takes a seat in each."""
    return min((_idle_in(place.tenant, person) for place in people.places(person)), default=IDLE_OF_OTHERS)


def _idle_in(tenant: UUID, person: UUID) -> timedelta:
    with tenancy.acting_in(tenant):
        row = actors.member(person)
        return own(row.tenant.kind).idle if row is not None else IDLE_OF_OTHERS
