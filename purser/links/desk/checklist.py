"""Accepting an item of the check list as it is, for this month. Source: acceptance ID-59."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from purser.access import acts, permit
from purser.access.actors import Actor
from purser.kernel.errors import Refused
from purser.links.models import Acceptance
from purser.links.queries import checklist, pairs
from purser.tenants import organisations


def accept(actor: Actor, *, sync_id: UUID, item: str, count: int, reason: str, now: datetime) -> Acceptance:
    """Accept `count` open ones of an item for the month of today; an earlier acceptance of the item is replaced.

    `count` is what the person was shown: when there are more by now it is refused, for nobody has seen those.
    Raises Denied, Missing, Refused.
    """
    permit.check(actor, "checklist.accept")
    if item not in checklist.ITEMS:
        raise Refused(f"The check list has no item {item!r}.", code="item")
    if not reason.strip():
        raise Refused("An acceptance needs a reason.", code="reason", hint="Say in a few words why this may stay.")
    if actor.person is None:
        raise Refused("Only a person can accept an item.", code="person")
    pair = pairs.find(sync_id)
    today = organisations.today(organisation=organisations.own(), now=now)
    held = checklist.counts(pair, today=today, now=now)[item]
    if held == 0:
        raise Refused("There is nothing to accept: the count is 0.", code="nothing")
    if held > count:
        raise Refused(f"There are {held} by now, and you were shown {count}.", code="moved", hint="Look at the list again.")
    words = checklist.ITEMS[item][0]
    acts.record(
        actor,
        "checklist.accept",
        summary=f"Accepted for {today:%B %Y}: {held} of {words.lower()}",
        of=("acceptance", f"{sync_id}/{item}"),
        after={"count": held, "reason": reason.strip()},
        now=now,
    )
    accepted, _ = Acceptance.objects.update_or_create(
        sync=pair,
        month=today.replace(day=1),
        item=item,
        defaults={
            "count": held,
            "accepted_at": now,
            "accepted_by_id": actor.person,
            "reason": reason.strip()[:500],
        },
    )
    return accepted
