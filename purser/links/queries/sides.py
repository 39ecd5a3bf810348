"""Both sides as last read, for lists that go through all of it: what is bought, and what could be billed with.

`gone_at` says since when a whole reading lacks a row; such rows are shown only where asked for.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from purser.links.models import (
    SourceCustomer,
    SourceResource,
    SourceSubscription,
    Sync,
    TargetAccount,
    TargetAgreement,
    TargetService,
)


def customers(pair: Sync, *, search: str = "", gone: bool = False) -> QuerySet[SourceCustomer, Any]:
    found = _here(SourceCustomer.objects.filter(connection_id=pair.source_id), gone)
    return _named(found, search).order_by("name", "id")


def subscriptions(pair: Sync, *, customer: UUID | None = None, gone: bool = False) -> QuerySet[SourceSubscription, Any]:
    found = _here(SourceSubscription.objects.filter(connection_id=pair.source_id), gone)
    if customer is not None:
        found = found.filter(customer_id=customer)
    return found.select_related("customer").order_by("name", "id")


def resources(
    pair: Sync, *, customer: UUID | None = None, subscription: UUID | None = None, gone: bool = False
) -> QuerySet[SourceResource, Any]:
    found = _here(SourceResource.objects.filter(connection_id=pair.source_id), gone)
    if customer is not None:
        found = found.filter(customer_id=customer)
    if subscription is not None:
        found = found.filter(subscription_id=subscription)
    return found.select_related("customer", "subscription").order_by("name", "id")


def accounts(pair: Sync, *, search: str = "", gone: bool = False) -> QuerySet[TargetAccount, Any]:
    found = _here(TargetAccount.objects.filter(connection_id=pair.target_id), gone)
    return _named(found, search).order_by("name", "id")


def agreements(pair: Sync, *, account: UUID | None = None, gone: bool = False) -> QuerySet[TargetAgreement, Any]:
    found = _here(TargetAgreement.objects.filter(connection_id=pair.target_id), gone)
    if account is not None:
        found = found.filter(account_id=account)
    return found.select_related("account").order_by("name", "id")


def services(pair: Sync, *, agreement: UUID | None = None, gone: bool = False) -> QuerySet[TargetService, Any]:
    found = _here(TargetService.objects.filter(connection_id=pair.target_id), gone)
    if agreement is not None:
        found = found.filter(agreement_id=agreement)
    return found.select_related("agreement__account").order_by("name", "id")


def _here(found: QuerySet[Any, Any], gone: bool) -> QuerySet[Any, Any]:
    return found if gone else found.filter(gone_at=None)


def _named(found: QuerySet[Any, Any], search: str) -> QuerySet[Any, Any]:
    return found.filter(Q(name__icontains=search) | Q(external_id=search)) if search else found
