"""What somebody did to another organisation's thing is on record where they did it from as well.

Two organisations are two seats, and so two transactions: the act at home follows the one over there. The job for it is
enqueued with that one, and the process that did it does it at once after its commit; the job then finds nothing left, or does
what a dead process did not.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from purser.access.actors import Actor
from purser.access.models import Act
from purser.postgres import ids, queue, tenancy
from purser.tenants import organisations

GRACE = timedelta(minutes=1)  # for the process that did it
TASK = "purser.act_at_home"


def follow(act: Act, actor: Actor, *, also: Mapping[str, Any] | None = None, now: datetime) -> None:
    """In the seat and transaction of `act`, which `actor` did as a guest (actors.guest): have it at home as well, where its
    `after` has `also`, which is not the host's to know: plain, and no amount, as it waits in the queue.
    """
    named: dict[str, Any] = {"origin": str(act.tenant_id), "act": str(act.pk), "home": str(actor.tenant), "id": str(ids.new())}
    if actor.grant is not None:
        named |= {"by": str(actor.home), "grant": str(actor.grant)}
    if also:
        named["also"] = dict(also)
    queue.defer(TASK, at=now + GRACE, **named)
    transaction.on_commit(lambda: keep(**named), robust=True)


def keep(
    origin: str, act: str, home: str, id: str, by: str = "", grant: str = "", also: Mapping[str, Any] | None = None
) -> None:
    """The same act in the seat of `home`, under the id that it was promised. `by` and `grant`: who did it was there on behalf.
    Takes its seats itself; may be called again at any time.
    """
    with tenancy.acting_in(UUID(origin)):
        there = Act.objects.filter(pk=act).first()
        name = organisations.own().name
    if there is None:
        return
    above = organisations.card(UUID(by)).name if by else ""
    with tenancy.acting_in(UUID(home)):
        row = Act(
            id=UUID(id), at=there.at, person_id=there.person_id,
            actor=there.actor.removesuffix(f" ({organisations.own().name})"),
            home=UUID(by) if by else None, home_name=above, grant_id=UUID(grant) if grant else None,
            verb=there.verb, of_kind=there.of_kind, of_id=there.of_id, summary=f"{there.summary}: {name}"[:500],
            before=there.before, after={**(there.after or {}), **also} if also else there.after, outcome=there.outcome,
            request_id=there.request_id, address=there.address,
        )  # fmt: skip
        Act.objects.bulk_create([row], ignore_conflicts=True)
