"""How much of what was bought is in use, as the vendor counts it: kept with each subscription whose offer names a meter, and
for one that is billed by it as a reading of its counter.

What the vendor does not tell of stays as it was, and of an answer that is cut nothing is kept. One that has ended is read
until its last cycle is charged.
Source: acceptance CM-16, CM-19, AC-37.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, Decimal
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q

from purser.connectors.ports.accounts import Accounts
from purser.connectors.ports.offerings import Counts, Usage
from purser.flows import ports
from purser.flows.accounts_to_vendor.journal import Clock
from purser.kernel.errors import Failure
from purser.postgres import tenancy
from purser.provisioning import instances, places
from purser.provisioning.models import Account, AccountState, InstanceState
from purser.subscriptions import lifecycle, metering
from purser.subscriptions.models import CycleCharge, Subscription, SubscriptionState
from purser.tenants import organisations

log = logging.getLogger("purser.flows")
GIGABYTE = Decimal(1024**3)
SIZES = {"KB": Decimal(1024), "MB": Decimal(1024**2), "GB": GIGABYTE, "TB": Decimal(1024**4)}
COUNTED = (SubscriptionState.ACTIVE, SubscriptionState.SUSPENDED, SubscriptionState.CANCELLED)


def read(*, provider: UUID, instance_id: UUID, clock: Clock) -> int:
    """Read what was used at an instance; how many subscriptions changed. A tenant that cannot be read is left for the next
    time. Takes its seats itself. Raises Missing.
    """
    with tenancy.acting_in(provider):
        instance, kind = instances.find(instance_id), organisations.own().kind
    if instance.state != InstanceState.READY:
        return 0
    with places.listing_of(kind, provider):
        accounts = Account.across.filter(instance=instance_id).exclude(remote="").exclude(state=AccountState.REMOVED)
        remotes = dict(accounts.values_list("id", "remote"))
        rows = Subscription.across.filter(instance=instance_id, account__in=remotes).exclude(meter="")
        charged = CycleCharge.across.filter(subscription=OuterRef("pk"), to_on=OuterRef("ends_on"))
        ended = Q(state=SubscriptionState.ENDED, metered=True, started_on__lt=F("ends_on")) & ~Exists(charged)
        metered = list(rows.filter(Q(state__in=COUNTED) | ended).order_by("tenant_id", "account_id", "id"))
    port = ports.accounts(instance)
    used: dict[str, list[Usage]] = {}
    changed = 0
    for row in metered:
        remote = remotes[UUID(str(row.account_id))]
        if remote not in used:
            used[remote] = _of(port, remote)
        count = counted(used[remote], row.meter)
        if count is not None and count != row.consumed and row.state in COUNTED:
            with tenancy.acting_in(UUID(str(row.tenant_id))):
                lifecycle.set_consumed(row.pk, count, now=clock())
            changed += 1
        told = measured(used[remote], row.meter, row.unit) if row.metered else None
        if told is not None:
            with tenancy.acting_in(UUID(str(row.tenant_id))):
                metering.keep(row.pk, value=told.value, since=told.since, counts=told.counts, now=clock())
    return changed


def _of(port: Accounts, remote: str) -> list[Usage]:
    try:
        read = port.usages([remote])
    except Failure as failure:
        log.warning("The usage of %s cannot be read: %s", remote, failure.text)
        return []
    if not read.whole:
        log.warning("The usage of %s is read in part, and not kept: %s", remote, read.cut)
        return []
    return list(read.items.values())


def counted(usages: Iterable[Usage], meter: str) -> int | None:
    """What is in use by this meter, in all places and editions, in whole units rounded up; bytes as gigabytes. None where
    nothing is told."""
    found = [usage for usage in usages if usage.name == meter]
    if not found:
        return None
    total = sum((usage.total / GIGABYTE if usage.unit == "bytes" else usage.total for usage in found), Decimal(0))
    return int(total.to_integral_value(ROUND_CEILING))


@dataclass(frozen=True)
class Measured:
    """What was used by a meter since the vendor's month began, at `since`; `counts` as in the port."""

    value: Decimal
    since: datetime | None
    counts: Counts


def measured(usages: Iterable[Usage], meter: str, unit: str) -> Measured | None:
    """By this meter, in all places and editions; bytes in the unit where that is a size, else as gigabytes. None where
    nothing is told."""
    found = [usage for usage in usages if usage.name == meter]
    if not found:
        return None
    size = SIZES.get(unit.upper().replace("IB", "B"), GIGABYTE)
    total = sum((usage.value / size if usage.unit == "bytes" else usage.value for usage in found), Decimal(0))
    since = min((usage.since for usage in found if usage.since is not None), default=None)
    return Measured(total, since, found[0].counts)
