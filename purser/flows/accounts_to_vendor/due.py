"""Which accounts are to go on by themselves."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from purser.postgres import tenancy
from purser.provisioning.models import OPEN_STEPS, Account, AccountState, Role, Step, StepState
from purser.subscriptions.models import Subscription, SubscriptionState

GOING = (SubscriptionState.ORDERED, SubscriptionState.PROVISIONING)
BEGUN = (*GOING, SubscriptionState.WAITING)
RUNNING = (SubscriptionState.ACTIVE, SubscriptionState.CANCELLED)
WHOLE = (AccountState.PROVISIONED, AccountState.FAILED)
BY_ITSELF = (StepState.INTENDED, StepState.UNSURE, StepState.BUSY)
EVERY = 15  # minutes, for what waits beside a tenant that stands: most of it waits for a person


def accounts(*, now: datetime) -> dict[UUID, list[UUID]]:
    """By organisation, the accounts: at work or being removed, a reseller's that has no tenant yet, with a subscription that
    waits or a step that is tried again, or whose organisation was suspended or let work again; without those whose time has
    not come, and those that a person has to see to. Takes the operator's seat."""
    standing, partners = Q(state=AccountState.PROVISIONED), Q(role=Role.RESELLER)
    with tenancy.listing_all():
        open_ = Step.across.filter(account=OuterRef("pk"), state__in=OPEN_STEPS)
        subscriptions = Subscription.across.filter(account=OuterRef("pk"))
        begun = Exists(subscriptions.filter(state__in=BEGUN))
        later = begun if now.minute % EVERY == 0 else Exists(subscriptions.filter(state__in=GOING))
        running = Exists(subscriptions.filter(state__in=RUNNING))
        off = Exists(subscriptions.filter(state=SubscriptionState.SUSPENDED)) & ~running & ~begun
        halted = Exists(open_.filter(what="enabled", state=StepState.REFUSED))
        there = Q(state__in=WHOLE, provisioned_at__isnull=False) & ~halted
        stuck = Exists(open_.filter(state__in=(StepState.REFUSED, StepState.ASKED)))
        at_work = (
            Q(state=AccountState.PROVISIONING)
            | (Q(state=AccountState.REMOVING) & ~stuck)
            | (Q(state=AccountState.PREPARED) & (partners | begun))
            | (standing & later)
            | (Q(state__in=WHOLE) & Exists(open_.filter(state__in=BY_ITSELF)))
            | (there & Q(suspended=False) & (Q(tenant__suspended_at__isnull=False) | off))
            | (there & Q(suspended=True, tenant__suspended_at=None) & (partners | running))
        )
        rows = Account.across.filter(at_work).exclude(Exists(open_.filter(retry_at__gt=now)))
        pairs = list(rows.order_by("tenant_id", "id").values_list("tenant_id", "id"))
    found: dict[UUID, list[UUID]] = {}
    for tenant, id in pairs:
        found.setdefault(tenant, []).append(id)
    return found
