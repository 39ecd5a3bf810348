"""What a person does on the mapping page: set and unset relations, one or many, and change a link's terms.

Each verb runs in the actor's seat, keeps an act, and asks for a pass where units may have to be posted.
Source: acceptance ID-12 to ID-18, ID-53 to ID-58, ID-62, ID-63.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.db.models import Model

from purser.access import acts, permit
from purser.access.actors import Actor
from purser.kernel.errors import Failure, Missing, Refused
from purser.links import relations
from purser.links.desk import runs
from purser.links.models import (
    CompanyLink,
    Link,
    SourceCustomer,
    SourceResource,
    SourceSubscription,
    SubscriptionLink,
    Sync,
    TargetAccount,
    TargetAgreement,
    TargetService,
)
from purser.links.models.connections import Decrease, Policy
from purser.links.models.relations import PriceSource
from purser.links.relations import Answer, Wish

PART = 100  # relations of a bulk that are set in one transaction
LARGEST = 500  # relations of one bulk. Source: acceptance ID-58


def set_company(actor: Actor, *, sync: Sync, customer_id: UUID, account_id: UUID, now: datetime) -> CompanyLink:
    """Say which account of the PSA a company is."""
    permit.check(actor, "links.write")
    summary = f"Mapped {_name(SourceCustomer, customer_id)} to {_name(TargetAccount, account_id)}"
    acts.record(actor, "links.write", summary=summary, of=("customer", customer_id), now=now)
    return relations.set_company(sync=sync, customer_id=customer_id, account_id=account_id, by=actor.person, now=now)


def unset_company(actor: Actor, *, relation_id: UUID, now: datetime) -> CompanyLink:
    permit.check(actor, "links.write")
    held = CompanyLink.objects.filter(pk=relation_id).select_related("customer", "account").first()
    if held is None:
        raise Missing("There is no such relation.")
    summary = f"Unmapped {held.customer.name} from {held.account.name}"
    acts.record(actor, "links.write", summary=summary, of=("customer", held.customer_id), now=now)
    return relations.unset_company(relation_id=relation_id, now=now)


def set_subscription(
    actor: Actor, *, sync: Sync, subscription_id: UUID, agreement_id: UUID, now: datetime
) -> SubscriptionLink:
    """Say which contract bills a subscription."""
    permit.check(actor, "links.write")
    summary = f"Mapped {_name(SourceSubscription, subscription_id)} to {_name(TargetAgreement, agreement_id)}"
    acts.record(actor, "links.write", summary=summary, of=("subscription", subscription_id), now=now)
    return relations.set_subscription(
        sync=sync, subscription_id=subscription_id, agreement_id=agreement_id, by=actor.person, now=now
    )


def unset_subscription(actor: Actor, *, relation_id: UUID, now: datetime) -> SubscriptionLink:
    permit.check(actor, "links.write")
    held = SubscriptionLink.objects.filter(pk=relation_id).select_related("subscription", "agreement").first()
    if held is None:
        raise Missing("There is no such relation.")
    summary = f"Unmapped {held.subscription.name} from {held.agreement.name}"
    acts.record(actor, "links.write", summary=summary, of=("subscription", held.subscription_id), now=now)
    return relations.unset_subscription(relation_id=relation_id, now=now)


def set_resource(
    actor: Actor,
    *,
    sync: Sync,
    resource_id: UUID,
    service_id: UUID,
    usage_divisor: Decimal | None = None,
    now: datetime,
) -> Link:
    """Set Relation. The pass that is asked for posts the difference once. Source: ID-17, ID-18."""
    permit.check(actor, "links.write")
    check_terms(usage_divisor=usage_divisor)
    summary = f"Linked {_name(SourceResource, resource_id)} to {_name(TargetService, service_id)}"
    acts.record(actor, "links.write", summary=summary, of=("resource", resource_id), now=now)
    link = relations.set_resource(
        sync=sync,
        resource_id=resource_id,
        service_id=service_id,
        by=actor.person,
        now=now,
        usage_divisor=usage_divisor,
    )
    runs.ask(sync, tenant=actor.tenant, cause="link")
    return link


def unset_resource(actor: Actor, *, link_id: UUID, now: datetime) -> Link:
    """Unset Relation: syncing stops, the PSA keeps its quantity. Source: ID-54."""
    permit.check(actor, "links.write")
    held = Link.objects.filter(pk=link_id).select_related("resource", "service").first()
    if held is None:
        raise Missing("There is no such relation.")
    summary = f"Unlinked {held.resource.name} from {held.service.name}"
    acts.record(actor, "links.write", summary=summary, of=("resource", held.resource_id), now=now)
    return relations.unset_resource(link_id=link_id, now=now)


def set_many(actor: Actor, *, sync: Sync, wishes: Sequence[Wish], now: datetime) -> list[Answer]:
    """Set up to 100 relations in this transaction, each succeeding or failing alone; one act tells of all. Source: ID-58."""
    permit.check(actor, "links.write")
    if len(wishes) > PART:
        raise Refused(f"{len(wishes)} relations at once; at most {PART} go into one step.", code="part")
    acts.record(actor, "links.write", summary=f"Set {len(wishes)} relations", of=("sync", sync.pk), now=now)
    answers = relations.set_many(sync=sync, wishes=list(wishes), by=actor.person, now=now)
    if any(answer.ok for answer in answers):
        runs.ask(sync, tenant=actor.tenant, cause="link")
    return answers


def clear_many(actor: Actor, *, link_ids: Sequence[UUID], now: datetime) -> list[Answer]:
    """Clear up to 100 relations in this transaction, each alone; the answers name the resources."""
    permit.check(actor, "links.write")
    if len(link_ids) > PART:
        raise Refused(f"{len(link_ids)} relations at once; at most {PART} go into one step.", code="part")
    acts.record(actor, "links.write", summary=f"Cleared {len(link_ids)} relations", of=("link", ""), now=now)
    resources = dict(Link.objects.filter(pk__in=link_ids).values_list("pk", "resource_id"))
    answers = relations.unset_many(link_ids=list(link_ids), now=now)
    return [
        replace(answer, resource_id=resources.get(link_id, link_id)) for link_id, answer in zip(link_ids, answers, strict=True)
    ]


def map_companies(actor: Actor, *, sync: Sync, pairs: Sequence[tuple[UUID, UUID]], now: datetime) -> list[tuple[UUID, str]]:
    """Map many companies (customer, account), each alone; those that were refused, with the reason."""
    permit.check(actor, "links.write")
    acts.record(actor, "links.write", summary=f"Mapped {len(pairs)} companies by name", of=("sync", sync.pk), now=now)
    refused = []
    for customer_id, account_id in pairs:
        try:
            with transaction.atomic():
                relations.set_company(sync=sync, customer_id=customer_id, account_id=account_id, by=actor.person, now=now)
        except Failure as failure:
            refused.append((customer_id, failure.text))
    return refused


@transaction.atomic  # a door may catch the refusal and go on: the act must not stay
def set_terms(
    actor: Actor,
    *,
    link_id: UUID,
    version: int,
    decrease: str | None = None,
    drift_policy: str | None = None,
    price_source: str | None = None,
    custom_price: Decimal | None = None,
    usage_divisor: Decimal | None = None,
    now: datetime,
) -> Link:
    """Change a link's own rules; what is None stays, an empty rule follows the pair. Source: ID-62, ID-63, decision F-10."""
    permit.check(actor, "links.write")
    held = Link.objects.filter(pk=link_id, cleared_at=None).select_related("resource", "sync").first()
    if held is None:
        raise Missing("There is no such relation.")
    check_terms(
        decrease=decrease,
        drift_policy=drift_policy,
        price_source=price_source,
        custom_price=custom_price,
        usage_divisor=usage_divisor,
    )
    given = {
        "decrease": decrease,
        "drift_policy": drift_policy,
        "price_source": price_source,
        "custom_price": custom_price,
        "usage_divisor": usage_divisor,
    }
    after = {name: value for name, value in given.items() if value is not None}
    acts.record(
        actor,
        "links.write",
        summary=f"Changed the terms of {held.resource.name}",
        of=("link", link_id),
        before={name: getattr(held, name) for name in after},
        after=after,
        now=now,
    )
    link = relations.set_terms(
        link_id=link_id,
        version=version,
        decrease=decrease,
        drift_policy=drift_policy,
        price_source=price_source,
        custom_price=custom_price,
        usage_divisor=usage_divisor,
    )
    runs.ask(held.sync, tenant=actor.tenant, cause="link")
    return link


def check_terms(
    *,
    decrease: str | None = None,
    drift_policy: str | None = None,
    price_source: str | None = None,
    custom_price: Decimal | None = None,
    usage_divisor: Decimal | None = None,
) -> None:
    """Raises Refused for terms that no link can have, whichever door they came through."""
    for value, choices, what in (
        (decrease, ("", *Decrease.values), "rule for decreases"),
        (drift_policy, ("", *Policy.values), "rule for hand edits"),
        (price_source, tuple(PriceSource.values), "price source"),
    ):
        if value is not None and value not in choices:
            raise Refused(f"{value!r} is no {what}: choose one of {', '.join(filter(None, choices))}.", code="terms")
    if custom_price is not None and not 0 <= custom_price < 10**12:
        raise Refused(f"The price is {custom_price}; it must be from 0 to below 10^12.", code="price")
    if usage_divisor is not None and not 0 < usage_divisor < 10**12:
        raise Refused(f"{usage_divisor} of use makes no unit; give a number above 0.", code="usage_rule")


def _name(model: type[Model], id: UUID) -> str:
    """A thing's name for the act. Raises Missing."""
    found: str | None = model._default_manager.filter(pk=id).values_list("name", flat=True).first()
    if found is None:
        raise Missing("There is no such thing to map.")
    return found
