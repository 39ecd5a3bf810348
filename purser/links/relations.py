"""Setting and clearing relations, three levels deep. Source: acceptance ID-12 to ID-22, ID-54 to ID-60."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import IntegrityError, transaction

from purser.kernel.errors import Failure, Missing, Refused
from purser.links.models import (
    CompanyLink,
    Link,
    Receipt,
    SourceCustomer,
    SourceResource,
    SourceSubscription,
    SubscriptionLink,
    Sync,
    TargetAccount,
    TargetAgreement,
    TargetService,
)
from purser.links.models.relations import PriceSource
from purser.links.models.runs import OPEN_RECEIPTS


def set_company(*, sync: Sync, customer_id: UUID, account_id: UUID, by: UUID | None, now: datetime) -> CompanyLink:
    """Say which account a customer is. Setting another one is refused while lower relations hang on the first."""
    customer = _one(SourceCustomer, customer_id, "customer", connection_id=sync.source_id)
    account = _one(TargetAccount, account_id, "account", connection_id=sync.target_id)
    held = CompanyLink.objects.filter(sync=sync, customer=customer, cleared_at=None).first()
    if held is not None:
        if held.account_id == account.pk:
            return held
        if SubscriptionLink.objects.filter(company_link=held, cleared_at=None).exists():
            raise Refused(
                f"{customer.name} is mapped to another account, with subscriptions under it.",
                code="upper",
                hint="Clear its subscriptions first.",
            )
        held.cleared_at = now
        held.save()
    return CompanyLink.objects.create(sync=sync, customer=customer, account=account, made_by_id=by, made_at=now)


def set_subscription(
    *, sync: Sync, subscription_id: UUID, agreement_id: UUID, by: UUID | None, now: datetime
) -> SubscriptionLink:
    """Say which agreement bills a subscription: one of the account its customer is mapped to."""
    subscription = _one(SourceSubscription, subscription_id, "subscription", connection_id=sync.source_id)
    agreement = _one(TargetAgreement, agreement_id, "agreement", connection_id=sync.target_id)
    upper = CompanyLink.objects.filter(sync=sync, customer_id=subscription.customer_id, cleared_at=None).first()
    if upper is None:
        raise Refused(
            f"The customer of {subscription.name} is not mapped yet.",
            code="upper",
            hint="Map the company first.",
        )
    if agreement.account_id != upper.account_id:
        raise Refused(
            f"{agreement.name} belongs to another account.",
            code="upper",
            hint="Choose one of the mapped account.",
        )
    if not agreement.takes_services:
        raise Refused(
            f"{agreement.name} cannot carry recurring services.",
            code="kind",
            hint="Choose a recurring service contract.",
        )
    held = SubscriptionLink.objects.filter(sync=sync, subscription=subscription, cleared_at=None).first()
    if held is not None:
        if held.agreement_id == agreement.pk:
            return held
        if Link.objects.filter(subscription_link=held, cleared_at=None).exists():
            raise Refused(
                f"{subscription.name} is mapped to another agreement, with resources under it.",
                code="upper",
                hint="Clear its resources first.",
            )
        held.cleared_at = now
        held.save()
    return SubscriptionLink.objects.create(
        sync=sync,
        company_link=upper,
        subscription=subscription,
        agreement=agreement,
        made_by_id=by,
        made_at=now,
    )


def set_resource(
    *,
    sync: Sync,
    resource_id: UUID,
    service_id: UUID,
    by: UUID | None,
    now: datetime,
    usage_divisor: Decimal | None = None,
) -> Link:
    """Set Relation: from now on the resource's count is kept on the service. The link starts pending; the next pass
    reconciles it once by difference, and only a reading of the PSA makes it in step (ID-18, ID-22)."""
    resource = _one(SourceResource, resource_id, "resource", connection_id=sync.source_id)
    service = _one(TargetService, service_id, "service", connection_id=sync.target_id)
    upper = SubscriptionLink.objects.filter(sync=sync, subscription_id=resource.subscription_id, cleared_at=None).first()
    if upper is None:
        raise Refused(
            f"The subscription of {resource.name} is not mapped yet.",
            code="upper",
            hint="Map the subscription first.",
        )
    if service.agreement_id != upper.agreement_id:
        raise Refused(
            f"{service.name} is on another agreement.",
            code="upper",
            hint="Choose one of the mapped agreement.",
        )
    if resource.usage_based and usage_divisor is None:
        raise Refused(
            f"{resource.name} is billed by use, not by number of users; its count is no number of units.",
            code="usage_rule",
            hint="Give a rule: how much use makes one unit.",
        )
    currency = service.agreement.currency or service.agreement.account.currency
    if currency and resource.currency and currency != resource.currency:
        raise Refused(
            f"{resource.name} is priced in {resource.currency}, {service.agreement.name} in {currency}.",
            code="currency",
            hint="Choose an agreement in the same currency.",
        )
    if Link.objects.filter(sync=sync, resource=resource, cleared_at=None).exists():
        raise Refused(f"{resource.name} is linked already.", code="linked", hint="Unset that relation first.")
    other = Link.objects.filter(sync=sync, service=service, cleared_at=None).select_related("resource").first()
    if other is not None:
        raise Refused(
            f"{service.name} is linked to {other.resource.name} already; one service bills one resource.",
            code="linked",
            hint="Add a second service to the agreement, or unset that relation.",
        )
    return Link.objects.create(
        sync=sync,
        subscription_link=upper,
        resource=resource,
        service=service,
        usage_divisor=usage_divisor,
        made_by_id=by,
        made_at=now,
    )


def unset_resource(*, link_id: UUID, now: datetime) -> Link:
    """Unset Relation: stop syncing; the PSA's quantity stays as it is (ID-54). Refused while a posting is under way."""
    link = Link.objects.select_for_update().filter(pk=link_id, cleared_at=None).select_related("resource").first()
    if link is None:
        raise Missing("There is no such relation.")
    open_receipt = Receipt.objects.filter(link=link, state__in=OPEN_RECEIPTS).first()
    if open_receipt is not None and open_receipt.state in ("intended", "accepted", "unsure"):
        raise Refused(
            f"A posting for {link.resource.name} is {open_receipt.get_state_display().lower()}.",
            code="unsettled",
            hint="Try again when it is settled, or decide it in the failure log.",
        )
    Receipt.objects.filter(link=link, state__in=("refused", "busy")).update(state="dropped", confirmed_at=now, retry_at=None)
    link.cleared_at = now
    link.save(update_fields=["cleared_at"])
    return link


def unset_subscription(*, relation_id: UUID, now: datetime) -> SubscriptionLink:
    held = SubscriptionLink.objects.filter(pk=relation_id, cleared_at=None).first()
    if held is None:
        raise Missing("There is no such relation.")
    if Link.objects.filter(subscription_link=held, cleared_at=None).exists():
        raise Refused("Resources under it are still linked.", code="lower", hint="Unset them first.")
    held.cleared_at = now
    held.save()
    return held


def unset_company(*, relation_id: UUID, now: datetime) -> CompanyLink:
    held = CompanyLink.objects.filter(pk=relation_id, cleared_at=None).first()
    if held is None:
        raise Missing("There is no such relation.")
    if SubscriptionLink.objects.filter(company_link=held, cleared_at=None).exists():
        raise Refused("Subscriptions under it are still mapped.", code="lower", hint="Unset them first.")
    held.cleared_at = now
    held.save()
    return held


def set_terms(
    *,
    link_id: UUID,
    version: int,
    decrease: str | None = None,
    drift_policy: str | None = None,
    price_source: str | None = None,
    custom_price: Decimal | None = None,
    usage_divisor: Decimal | None = None,
) -> Link:
    """Change a link's own rules; `version` is the one that was read, so that nobody overwrites what they have not seen."""
    link = Link.objects.select_for_update().filter(pk=link_id, cleared_at=None).first()
    if link is None:
        raise Missing("There is no such relation.")
    if link.version != version:
        raise Refused("Somebody changed this link meanwhile; read it again.", code="version")
    if price_source == PriceSource.CUSTOM and custom_price is None and link.custom_price is None:
        raise Refused("A custom price source needs a price.", code="price")
    for name, value in (
        ("decrease", decrease),
        ("drift_policy", drift_policy),
        ("price_source", price_source),
        ("custom_price", custom_price),
        ("usage_divisor", usage_divisor),
    ):
        if value is not None:
            setattr(link, name, value)
    link.version += 1
    link.save()
    return link


# What a link keeps when it goes to the successor's service.
TERMS = ("decrease", "drift_policy", "price_source", "custom_price", "usage_divisor", "offset")


def move(*, services: Mapping[UUID, UUID], by: UUID | None, now: datetime) -> list[Link]:
    """A renewed contract: links (id -> the successor's service id) go over with their terms; the old one stays as it was
    (ID-60). All resources of a subscription go together, for it hangs on one agreement."""
    olds = [unset_resource(link_id=link_id, now=now) for link_id in services]
    news = []
    for old in olds:
        service = _one(TargetService, services[old.pk], "service")
        _set_subscription_to(old, service, by=by, now=now)
        new = set_resource(
            sync=old.sync,
            resource_id=old.resource_id,
            service_id=service.pk,
            by=by,
            now=now,
            usage_divisor=old.usage_divisor,
        )
        for name in TERMS:
            setattr(new, name, getattr(old, name))
        new.save()
        news.append(new)
    return news


def _set_subscription_to(old: Link, service: TargetService, *, by: UUID | None, now: datetime) -> None:
    """Move the middle level along when its last resource has left the old agreement."""
    upper = SubscriptionLink.objects.filter(sync=old.sync, subscription_id=old.resource.subscription_id, cleared_at=None).get()
    if upper.agreement_id == service.agreement_id:
        return
    if Link.objects.filter(subscription_link=upper, cleared_at=None).exists():
        raise Refused(
            "Other resources of the subscription are still on the old agreement.",
            code="lower",
            hint="Move all of them together.",
        )
    upper.cleared_at = now
    upper.save()
    set_subscription(
        sync=old.sync,
        subscription_id=upper.subscription_id,
        agreement_id=service.agreement_id,
        by=by,
        now=now,
    )


@dataclass(frozen=True)
class Wish:
    """One relation of a bulk: all three levels; the upper ones are set on the way where they are not yet."""

    resource_id: UUID
    service_id: UUID
    usage_divisor: Decimal | None = None


@dataclass(frozen=True)
class Answer:
    resource_id: UUID
    ok: bool
    text: str
    link_id: UUID | None = None


def set_many(*, sync: Sync, wishes: list[Wish], by: UUID | None, now: datetime) -> list[Answer]:
    """Each succeeds or fails alone (ID-58); the answers are in the order of the wishes."""
    answers = []
    for wish in wishes:
        try:
            with transaction.atomic():
                link = _set_all_levels(sync, wish, by, now)
            answers.append(Answer(wish.resource_id, True, "Linked; the next pass reconciles it.", link.pk))
        except Failure as failure:
            answers.append(Answer(wish.resource_id, False, f"{failure.text} {failure.hint}".strip()))
        except IntegrityError:
            answers.append(Answer(wish.resource_id, False, "Somebody else linked it at the same moment."))
    return answers


def unset_many(*, link_ids: list[UUID], now: datetime) -> list[Answer]:
    answers = []
    for link_id in link_ids:
        try:
            with transaction.atomic():
                link = unset_resource(link_id=link_id, now=now)
            answers.append(Answer(link.resource_id, True, "Unset; the PSA keeps its quantity.", link.pk))
        except Failure as failure:
            answers.append(Answer(link_id, False, f"{failure.text} {failure.hint}".strip()))
    return answers


def _set_all_levels(sync: Sync, wish: Wish, by: UUID | None, now: datetime) -> Link:
    resource = _one(SourceResource, wish.resource_id, "resource", connection_id=sync.source_id)
    service = _one(TargetService, wish.service_id, "service", connection_id=sync.target_id)
    set_company(sync=sync, customer_id=resource.customer_id, account_id=service.agreement.account_id, by=by, now=now)
    set_subscription(sync=sync, subscription_id=resource.subscription_id, agreement_id=service.agreement_id, by=by, now=now)
    return set_resource(
        sync=sync,
        resource_id=resource.pk,
        service_id=service.pk,
        by=by,
        now=now,
        usage_divisor=wish.usage_divisor,
    )


def _one(model: type, id: UUID, word: str, **scope: object):  # type: ignore[no-untyped-def]
    found = model.objects.filter(pk=id, **scope).first()  # type: ignore[attr-defined]
    if found is None:
        raise Missing(f"There is no such {word}.")
    return found
