"""Who wins when a person changed units in the PSA by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from purser.access import acts, permit
from purser.access.actors import Actor
from purser.kernel.errors import Failure, Refused
from purser.links import drift
from purser.links.desk import runs
from purser.links.models import Drift, Sync
from purser.links.models.connections import Policy
from purser.tenants import organisations


@dataclass(frozen=True)
class Answer:
    """What became of one of many."""

    drift_id: UUID
    ok: bool
    text: str


WORDS = {
    Policy.MARKETPLACE.value: "the next pass puts the marketplace's number back.",
    Policy.PSA.value: "the PSA's number stays, and the difference is kept as accepted.",
}


def decide(actor: Actor, *, drift_ids: Sequence[UUID], decision: str, now: datetime) -> list[Answer]:
    """Decide hand edits, `decision` being "marketplace" or "psa", each alone; and ask for a pass.

    Raises Denied, and Refused for any other decision or when no person decides.
    """
    permit.check(actor, "drift.decide")
    if decision not in WORDS:
        raise Refused(f"{decision!r} is no decision.", code="decision", hint="Choose marketplace or psa.")
    if actor.person is None:
        raise Refused("Only a person can decide a hand edit.", code="person")
    on = organisations.today(organisation=organisations.own(), now=now)
    acts.record(
        actor,
        "drift.decide",
        summary=f"Decided {len(drift_ids)} hand edit{'' if len(drift_ids) == 1 else 's'}: {Policy(decision).label}",
        of=("drift", drift_ids[0]) if len(drift_ids) == 1 else None,
        after={"decision": decision, "drifts": [str(id) for id in drift_ids[:100]]},
        now=now,
    )
    answers = []
    for id in drift_ids:
        try:
            with transaction.atomic():
                found = drift.decide(id, decision=decision, by=actor.person, now=now, on=on)
        except Failure as failure:
            answers.append(Answer(id, False, f"{failure.text} {failure.hint}".strip()))
        else:
            answers.append(Answer(id, True, f"{found.link.resource.name}: {WORDS[decision]}"))
    decided = [answer.drift_id for answer in answers if answer.ok]
    syncs = Drift.objects.filter(pk__in=decided).values_list("link__sync_id", flat=True).distinct()
    for pair in Sync.objects.filter(pk__in=list(syncs)).order_by("pk"):
        runs.ask(pair, tenant=actor.tenant, cause="drift")
    return answers
