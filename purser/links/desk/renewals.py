"""A renewed contract: all links of a subscription move to the successor together. Source: acceptance ID-60."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from purser.access import acts, permit
from purser.access.actors import Actor
from purser.kernel.errors import Missing, Refused
from purser.links import relations
from purser.links.desk import runs
from purser.links.models import Link, Sync
from purser.links.queries import proposals


def accept(actor: Actor, *, sync: Sync, relation_id: UUID, successor_id: UUID, now: datetime) -> list[Link]:
    """Move the links of a mapped subscription to the successor that was shown, terms included. The next pass brings the
    successor to the marketplace's count; the old contract keeps what it has.

    Raises Missing when that successor is no longer proposed, Refused when a product is lacking on it or a posting is open.
    """
    permit.check(actor, "links.write")
    found = next((r for r in proposals.renewals(sync, relation_id=relation_id) if r.successor.pk == successor_id), None)
    if found is None:
        raise Missing("This renewal is not proposed any more.")
    lacking = [link.service.name for link, service in found.moves if service is None]
    if lacking:
        raise Refused(
            f"{found.successor.name} has no free service for {', '.join(lacking)}.",
            code="lacking",
            hint="Add it to the contract in the PSA, read its services again, and accept then.",
        )
    old = found.relation
    acts.record(
        actor,
        "links.write",
        summary=f"Moved {old.subscription.name} from {old.agreement.name} to {found.successor.name}",
        of=("subscription", old.subscription_id),
        before={"agreement": old.agreement.external_id},
        after={"agreement": found.successor.external_id, "links": len(found.moves)},
        now=now,
    )
    for link, _ in found.moves:
        relations.unset_resource(link_id=link.pk, now=now)
    relations.unset_subscription(relation_id=old.pk, now=now)
    relations.set_subscription(
        sync=sync, subscription_id=old.subscription_id, agreement_id=successor_id, by=actor.person, now=now
    )
    moved = []
    for link, service in found.moves:
        assert service is not None  # none is lacking
        new = relations.set_resource(
            sync=sync,
            resource_id=link.resource_id,
            service_id=service.pk,
            by=actor.person,
            now=now,
            usage_divisor=link.usage_divisor,
        )
        moved.append(
            relations.set_terms(
                link_id=new.pk,
                version=new.version,
                decrease=link.decrease,
                drift_policy=link.drift_policy,
                price_source=link.price_source,
                custom_price=link.custom_price,
            )
        )
    runs.ask(sync, tenant=actor.tenant, cause="link")
    return moved
