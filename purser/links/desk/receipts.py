"""What a person does with failed postings: try them again, or say what became of one whose answer was lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from purser.access import acts, permit
from purser.access.actors import Actor
from purser.kernel.errors import Failure
from purser.links import receipts
from purser.links.desk import runs
from purser.links.models import Receipt, Sync
from purser.links.queries import logs


@dataclass(frozen=True)
class Answer:
    """What became of one of many: its id, whether it was done, and words for the person."""

    receipt_id: UUID
    ok: bool
    text: str


def retry(actor: Actor, *, receipt_ids: Sequence[UUID], now: datetime) -> list[Answer]:
    """Make failed postings due at once and ask for a pass; each succeeds or is refused alone. Raises Denied."""
    permit.check(actor, "receipts.retry")
    acts.record(
        actor,
        "receipts.retry",
        summary=f"Asked to try {len(receipt_ids)} failed posting{'' if len(receipt_ids) == 1 else 's'} again",
        of=("receipt", receipt_ids[0]) if len(receipt_ids) == 1 else None,
        after={"receipts": [str(id) for id in receipt_ids[:100]]},
        now=now,
    )
    answers = []
    for id in receipt_ids:
        try:
            with transaction.atomic():
                found = receipts.retry(id, now=now)
        except Failure as failure:
            answers.append(Answer(id, False, f"{failure.text} {failure.hint}".strip()))
        else:
            answers.append(Answer(id, True, f"{found.resource}: is tried again with the next pass."))
    _ask_for(actor, [answer.receipt_id for answer in answers if answer.ok], "retry")
    return answers


def decide(actor: Actor, *, receipt_id: UUID, applied: bool, now: datetime) -> Receipt:
    """Settle a posting whose answer was lost, after a look into the PSA: it took effect, or it may be sent again.

    Raises Denied, Missing, and Refused when nothing is left to decide.
    """
    permit.check(actor, "receipts.retry")
    found = logs.receipt(receipt_id)
    words = "took effect" if applied else "did not take effect"
    acts.record(
        actor,
        "receipts.retry",
        summary=f"Said that the posting for {found.resource} {words}",
        of=("receipt", receipt_id),
        before={"state": found.state},
        after={"applied": applied},
        now=now,
    )
    settled = receipts.decide(receipt_id, applied=applied, now=now)
    _ask_for(actor, [receipt_id], "retry")
    return settled


def _ask_for(actor: Actor, receipt_ids: Sequence[UUID], cause: str) -> None:
    syncs = Receipt.objects.filter(pk__in=receipt_ids).values_list("link__sync_id", flat=True).distinct()
    for pair in Sync.objects.filter(pk__in=list(syncs)).order_by("pk"):
        runs.ask(pair, tenant=actor.tenant, cause=cause)
