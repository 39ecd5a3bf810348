"""Tenants at a vendor that no account has, in the seat of the provider: found by comparing, adopted or ignored by a person.

What was ignored is not told again as long as it is there. Source: issue of vendors' tenants, section 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q

from purser.access import acts, permit
from purser.access.actors import Actor
from purser.connectors.ports.accounts import Tenant
from purser.kernel.errors import Missing, Refused
from purser.postgres import tenancy
from purser.provisioning import desk, places
from purser.provisioning.models import Account, AccountState, Role, Stranger, StrangerState

HERE = (StrangerState.OPEN, StrangerState.IGNORED)
MOST = 200  # accounts to choose from
FREE = (AccountState.PREPARED, AccountState.PROVISIONING, AccountState.FAILED)


def see(instance: UUID, found: Sequence[Tenant], *, whole: bool, now: datetime) -> list[Stranger]:
    """Keep what a comparison showed; those that are open now, by name. With `whole` False nothing is said to be gone."""
    held = {row.remote: row for row in Stranger.objects.filter(instance_id=instance)}
    for tenant in found:
        shown: dict[str, Any] = {name: getattr(tenant, name) for name in ("parent", "kind", "enabled")}
        shown["name"] = tenant.name[:300]
        row = held.get(tenant.id)
        if row is None:
            Stranger.objects.create(instance_id=instance, remote=tenant.id, seen_at=now, **shown)
        elif row.state not in HERE:
            _move(row, StrangerState.OPEN, None, seen_at=now, **shown)
        elif any(getattr(row, name) != value for name, value in shown.items()):
            Stranger.objects.filter(pk=row.pk).update(**shown)
    if whole:
        there = {tenant.id for tenant in found}
        for row in held.values():
            if row.state in HERE and row.remote not in there:
                _move(row, StrangerState.GONE, now)
    return list(Stranger.objects.filter(instance_id=instance, state=StrangerState.OPEN).order_by("name", "id"))


def find(id: UUID) -> Stranger:
    """One that is there. Raises Missing."""
    row: Stranger | None = Stranger.objects.select_related("instance").filter(pk=id, state__in=HERE).first()
    if row is None:
        raise Missing("There is no such tenant.")
    return row


def ignore(actor: Actor, id: UUID, *, why: str, now: datetime) -> Stranger:
    """It is nobody's of ours. Raises Missing, Refused without a reason, or where somebody saw to it."""
    permit.check(actor, desk.DECIDE)
    words = " ".join(why.split())[:500]
    if not words:
        raise Refused("Say why it may stay unknown.", code="reason")
    row = find(id)
    if row.state != StrangerState.OPEN:
        raise Refused(f"{row.name} is ignored already.", code="state")
    acts.record(
        actor, desk.DECIDE, summary=f"Ignored the tenant {row.name} at {row.instance.name}"[:300], of=("stranger", row.pk),
        after={"remote": row.remote, "why": words}, now=now,
    )  # fmt: skip
    return _move(row, StrangerState.IGNORED, now, by=actor.name, why=words)


def adopted(provider: UUID, instance: UUID, remote: str, *, by: str, now: datetime) -> None:
    """It is an account's from now on. Takes the provider's seat."""
    with tenancy.acting_in(provider):
        for row in Stranger.objects.filter(instance_id=instance, remote=remote, state__in=HERE):
            _move(row, StrangerState.ADOPTED, now, by=by)


def candidates(actor: Actor, row: Stranger) -> list[Account]:
    """The accounts that could adopt it, by name: without a tenant, of its kind, under the same parent. Takes a seat itself."""
    role = Role.RESELLER if row.kind == "partner" else Role.USER
    with places.listing(actor):
        ours = Account.across.filter(provider=actor.tenant, instance=row.instance_id)
        above = ours.filter(role=Role.RESELLER, remote=row.parent).values_list("tenant_id", flat=True).first()
        free = ours.filter(Q(bill_to=above), role=role, remote="", state__in=FREE)
        return list(free.order_by("name", "id")[:MOST])


def _move(row: Stranger, to: str, at: datetime | None, *, by: str = "", why: str = "", **more: Any) -> Stranger:
    row.state, row.ended_at, row.ended_by_name, row.why = to, at, by[:254], why
    for name, value in more.items():
        setattr(row, name, value)
    row.save(update_fields=["state", "ended_at", "ended_by_name", "why", *more])
    return row
