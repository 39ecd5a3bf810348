"""Hand edits in the PSA. Source: acceptance ID-30."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from purser.api.schemas.common import Number, Out
from purser.links.models import Drift
from purser.links.queries.why import Event as Happened


class Event(Out):
    """Something that changed a number: `kind` is marketplace, posting, hand edit or relation."""

    at: datetime
    kind: str
    who: str
    what: str
    posting: UUID | None
    hand_edit: UUID | None


class HandEdit(Out):
    """Three counts: `difference` is how many units the PSA has more (negative: fewer) than we posted. `waits`: a person must
    decide. `decision` is empty, marketplace or psa, or why it closed by itself; `posting` is the one that put the number back.
    `events` are those of the relation, the newest first.
    """

    id: UUID
    relation: UUID
    company: str
    resource: str
    customer: str
    agreement: str
    product: str
    marketplace: Number
    ours: Number
    psa: Number
    difference: Number
    state: str
    policy: str
    waits: bool
    decision: str
    seen_at: datetime
    closed_at: datetime | None
    closed_by: str
    posting: UUID | None
    events: list[Event]


def hand_edit(row: Drift, events: list[Happened]) -> HandEdit:
    resource, service = row.link.resource, row.link.service
    return HandEdit(
        id=row.pk,
        relation=row.link_id,
        company=resource.customer.name,
        resource=resource.name,
        customer=service.agreement.account.name,
        agreement=service.agreement.name,
        product=service.name,
        marketplace=row.marketplace_units,
        ours=row.expected_units,
        psa=row.psa_units,
        difference=row.psa_units - row.expected_units,
        state=row.state,
        policy=row.policy,
        waits=row.waits == "yes",  # type: ignore[attr-defined]  # an annotation of queries.drift
        decision=row.decision,
        seen_at=row.seen_at,
        closed_at=row.closed_at,
        closed_by=str(row.closed_by) if row.closed_by else "",
        posting=row.receipt_id,
        events=[
            Event(at=one.at, kind=one.kind, who=one.who, what=one.what, posting=one.posting, hand_edit=one.drift)
            for one in events
        ],
    )
