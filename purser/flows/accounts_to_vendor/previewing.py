"""What a run would do at the vendor, before anything is ordered: the same look and the same plan, and then nothing.

Source: issue of vendors' tenants, section 6 (preview of the exact vendor calls).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any
from uuid import UUID

from purser.flows.accounts_to_vendor import facts as reading
from purser.flows.accounts_to_vendor import planning, wanted
from purser.flows.accounts_to_vendor.facts import Facts
from purser.flows.accounts_to_vendor.journal import Clock
from purser.flows.accounts_to_vendor.target import Vendor
from purser.flows.accounts_to_vendor.values import DISABLED, Value
from purser.flows.accounts_to_vendor.wanted import Asked
from purser.kernel.errors import Failure, Refused
from purser.postgres import tenancy
from purser.provisioning import accounts, steps
from purser.provisioning.models import AccountState
from purser.reconcile.model import Change
from purser.subscriptions.wanted import Asking, Checked, by_instance

# The port's change of each stage, and what it is for.
CALLS: Mapping[str, tuple[str, str]] = {
    "tenant": ("create", "Make the tenant"),
    "production": ("open", "Open it in production"),
    "offerings": ("switch", "Switch offerings"),
    "unsold": ("switch", "Switch off what is not sold"),
    "user": ("create_user", "Make its user"),
    "roles": ("assign", "Give the user roles"),
    "mail": ("mail_activation", "Mail the activation"),
    "name": ("rename", "Rename the tenant"),
    "removal": ("delete", "Delete the tenant"),
}


@dataclass(frozen=True)
class Call:
    """One change at the vendor: its `stage`, the port's `method`, what it is for, and how it stands before and after."""

    stage: str
    method: str
    title: str
    before: str
    after: str


@dataclass(frozen=True)
class Preview:
    """`waits`: why nothing would be done yet; empty where it would."""

    instance_name: str
    calls: tuple[Call, ...]
    waits: str = ""


def preview(
    *,
    tenant: UUID,
    instance: UUID,
    adding: Sequence[tuple[str, Mapping[str, Any]]] = (),
    turning: Mapping[UUID, bool] = MappingProxyType({}),
    clock: Clock,
) -> Preview:
    """What would be done for an organisation at an instance if these were ordered: the name and `provides` of each offer, and
    the subscriptions that are suspended (True) or lifted. Takes its seats itself, and reads at the vendor.

    Raises NotSynced without an account, Refused(code="mode") for a second billing mode, and what the vendor answers.
    """
    with tenancy.acting_in(tenant):
        account = accounts.of(instance)
        if account is None or account.state in (AccountState.REMOVING, AccountState.REMOVED):
            raise accounts.NotSynced("The account is not synced.", organisation=tenant, instance=instance)
    facts = reading.read(tenant, account.pk)
    name = facts.account.instance_name
    new = [wanted.asked(title, provides) for title, provides in adding]
    port = reading.port_of(facts)
    rows = [replace(one, suspended=_turned(one, facts, turning)) for one in reading.subscriptions(facts)]
    held, _ = wanted.agreed(rows, one_mode=facts.kind in port.traits.one_mode)
    asked, others = wanted.agreed([*held, *new], one_mode=facts.kind in port.traits.one_mode)
    if others:
        raise Refused(others[0][1], code="mode", hint="Order it in the same billing mode.")
    if facts.waits:
        return Preview(name, (), facts.waits)
    if facts.kind == "customer" and not asked:
        return Preview(name, ())
    try:
        turn = planning.turned(facts, port, asked)
        looked = planning.look(planning.narrowed(facts, turn if turn == DISABLED else ""), port, asked, at=clock())
    except planning.Unread as unread:
        raise unread.failure from unread
    unsure = {what for what, row in facts.open.items() if what == steps.MAIL and row.state in steps.UNKNOWN}
    changes = [change for change in looked.plan.changes if change.key not in unsure]
    return Preview(name, tuple(call for change in changes for call in (*_before(change, looked.target), call_of(change))))


def _turned(one: Asked, facts: Facts, turning: Mapping[UUID, bool]) -> bool:
    """Whether it is suspended then; an add-on goes along with its base."""
    bases = {row.base_id for row in facts.subscriptions if row.pk == one.id and row.base_id}
    off = {id for id, suspends in turning.items() if suspends}
    if one.id in off or bases & off:
        return True
    return one.suspended and one.id not in turning


def _before(change: Change[Value], target: Vendor) -> list[Call]:
    """A service that stays is moved to its new billing mode first."""
    there = target.tenant.id if target.tenant else ""
    moving = target.offerings.moving(there) if change.key == "offerings" else []
    title = "Change the billing mode of a service"
    return [Call("offerings", "change_mode", title, "", wanted.MODES[mode]) for _, mode in moving]


def call_of(change: Change[Value]) -> Call:
    before, after = (value.words if value else "" for value in (change.before, change.after))
    if change.key == "enabled":
        off = change.after is not None and change.after.has == (DISABLED,)
        method, title = ("suspend", "Disable the tenant") if off else ("resume", "Enable the tenant")
    else:
        method, title = CALLS[change.key]
    return Call(change.key, method, title, before, after)


def of_account(*, tenant: UUID, account: UUID, clock: Clock) -> Preview:
    """What the next run of an account would do. Takes its seats itself. Raises Missing, and what `preview` raises."""
    with tenancy.acting_in(tenant):
        held = accounts.find(account)
    return preview(tenant=tenant, instance=held.instance, clock=clock)


def of_order(*, tenant: UUID, lines: Sequence[Checked], clock: Clock) -> list[tuple[Asking, Preview | None, Failure | None]]:
    """What an order would have done at each instance, or why that cannot be said now: what it adds, suspends and lifts. Other
    changes of what is there are not looked at. Takes its seats itself.
    """
    found: list[tuple[Asking, Preview | None, Failure | None]] = []
    for one in by_instance(lines):
        try:
            seen = preview(tenant=tenant, instance=one.instance, adding=one.adding, turning=one.turning, clock=clock)
        except Failure as failure:
            found.append((one, None, failure))
        else:
            found.append((replace(one, name=seen.instance_name), seen, None))
    return found
