"""What an instance's vendor shows against what we hold: a tenant that somebody renamed, disabled, moved or deleted there, and
with a deep look offerings, users and roles. Drift is told, and healed where the instance says so.

From a list that is cut nothing is said to be gone (law 2). Source: issue of vendors' tenants, section 4.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from purser.connectors.ports.accounts import Accounts, Tenant
from purser.flows import ports
from purser.flows.accounts_to_vendor import facts as reading
from purser.flows.accounts_to_vendor import planning
from purser.flows.accounts_to_vendor.journal import Clock
from purser.flows.accounts_to_vendor.offerings import NOT_SOLD
from purser.flows.accounts_to_vendor.values import DISABLED, ENABLED, Value
from purser.flows.accounts_to_vendor.wanted import agreed
from purser.kernel.errors import Failure, Missing
from purser.postgres import tenancy
from purser.provisioning import desk, findings, instances, places, steps, strangers
from purser.provisioning.findings import GONE, MORE, MOVED, Pair
from purser.provisioning.models import Account, AccountState, DriftPolicy, Instance, InstanceState, Stranger
from purser.reconcile.model import Change, Reading
from purser.tenants import organisations

SHALLOW = frozenset({GONE, MOVED, "name", "enabled", "production"})
DEEP = frozenset({"offerings", "unsold", MORE, "user", "roles"})
SHOWN = 8


@dataclass
class Compared:
    """`strangers`: tenants right below us or our resellers that no account has and nobody ignores. `text`: why not all could
    be said; `unread`: of which accounts nothing, by name."""

    accounts: int = 0
    open: int = 0
    healing: int = 0
    strangers: list[Stranger] = field(default_factory=list)
    text: str = ""
    whats: dict[UUID, list[str]] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)


def compare(*, provider: UUID, instance_id: UUID, clock: Clock, deep: bool = False) -> Compared:
    """Takes its seats itself. Raises Missing, Busy where the vendor cannot be read."""
    with tenancy.acting_in(provider):
        instance = instances.find(instance_id)
        kind = organisations.own().kind
    if instance.state != InstanceState.READY:
        return Compared(text=f"{instance.name} is not ready.")
    port = ports.accounts(instance)
    try:
        read, root = port.tenants(), port.root()
    except Failure as failure:
        with tenancy.acting_in(provider):
            instances.met(instance_id, failure, now=clock())
        raise
    held = _held(kind, provider, instance_id)
    with tenancy.acting_in(provider):
        open_ = strangers.see(instance_id, unknown(read, held, root), whole=read.whole, now=clock())
    found = Compared(strangers=open_, text="" if read.whole else read.cut)
    above = {UUID(str(row.tenant_id)): row.remote for row in held if row.role == "reseller"}
    for account in held:
        if account.state != AccountState.PROVISIONED:
            continue
        parent = above.get(account.bill_to, "") if account.bill_to else root
        try:
            _one(account, instance, port, read, parent, found, clock, deep=deep)
        except Failure as failure:  # of this one: the others are compared all the same
            found.unread.append(f"{account.name}: {failure.text}")
            with tenancy.acting_in(provider):
                if instances.met(instance_id, failure, now=clock()):
                    break
    with tenancy.acting_in(provider):
        Instance.objects.filter(pk=instance_id).update(looked_at=clock())
    return found


def _held(kind: str, provider: UUID, instance_id: UUID) -> list[Account]:
    with places.listing_of(kind, provider):
        rows = Account.across.filter(instance=instance_id).exclude(state=AccountState.REMOVED).order_by("name", "id")
        return list(rows.select_related("tenant"))


def unknown(read: Reading[Tenant], held: list[Account], root: str) -> list[Tenant]:
    """Partners and customers at the vendor that no account has, below us or below one of our resellers. One that bears our
    reference is ours: its answer was lost."""
    ours = ({account.remote for account in held} | {account.reference for account in held}) - {""}
    below = {root, *(account.remote for account in held if account.role == "reseller" and account.remote)}
    found = (t for t in read.items.values() if t.kind != "other" and t.parent in below)
    return [tenant for tenant in found if not {tenant.id, tenant.reference} & ours]


def _one(
    account: Account, instance: Instance, port: Accounts, read: Reading[Tenant], parent: str, found: Compared, clock: Clock,
    *, deep: bool,
) -> None:  # fmt: skip
    tenant = UUID(str(account.tenant_id))
    with tenancy.acting_in(tenant):
        if steps.open_of(account.pk):
            return  # it is at work: what it changes is no drift
    there = read.items.get(account.remote)
    if there is None and not (read.whole and _deleted(port, account.remote)):
        return
    found.accounts += 1
    differences, looked_at, failed = _shallow(account, there, parent, port), SHALLOW, None
    if there is not None and deep:
        try:
            more = _deep(tenant, account, port, clock)
        except Failure as failure:
            more, failed = None, failure
        if more is not None:
            differences, looked_at = {**differences, **more}, SHALLOW | DEEP
    with tenancy.acting_in(tenant):
        left = findings.see(account, differences, looked_at=looked_at, now=clock())
        found.open += len(left)
        found.whats[account.pk] = left
        if instance.drift_policy == DriftPolicy.HEAL and set(left) - findings.NOT_HEALED:
            found.healing += 1
            desk.later(tenant, account.pk, heal=True)
    if failed is not None:
        raise failed


def _deleted(port: Accounts, id: str) -> bool:
    """Asked of the vendor by itself: a list may lag."""
    try:
        return port.tenant(id).deleted
    except Missing:
        return True


def _shallow(account: Account, there: Tenant | None, parent: str, port: Accounts) -> dict[str, Pair]:
    if there is None:
        return {GONE: (f"The tenant {account.remote}.", "Somebody deleted it.")}
    found: dict[str, Pair] = {}
    name = account.name[: port.traits.most_name]
    if there.name != name and "rename" in port.traits.can:
        found["name"] = (name, there.name)
    if there.enabled == account.suspended and "suspend" in port.traits.can:
        found["enabled"] = (DISABLED, ENABLED) if there.enabled else (ENABLED, DISABLED)
    if parent and there.parent != parent:
        found[MOVED] = (f"Under {account.bill_to_name or account.instance_name} ({parent}).", f"Under {there.parent}.")
    if there.stage != "production" and "production" in port.traits.can:
        found["production"] = ("production", there.stage)
    return found


def _deep(tenant: UUID, account: Account, port: Accounts, clock: Clock) -> dict[str, Pair] | None:
    """What a run that heals would change of offerings, user and roles; None where nothing asks for them now. Raises what
    the vendor answers."""
    facts = reading.read(tenant, account.pk)
    asked, _ = agreed(reading.subscriptions(facts), one_mode=facts.kind in port.traits.one_mode)
    if facts.waits or (facts.kind == "customer" and not asked):
        return None
    try:
        looked = planning.look(facts, port, asked, heal=True, at=clock())
    except planning.Unread as unread:
        raise unread.failure from unread
    changes = {change.key: change for change in looked.plan.changes}
    if "offerings" in looked.wanted and looked.target.tenant is not None:
        more = looked.target.offerings.more(looked.target.tenant.id)
        changes[MORE] = Change(MORE, more, Value((), NOT_SOLD))
    return {key: _pair(change) for key, change in changes.items() if key in DEEP and change.before != change.after}


def _pair(change: Change[Value]) -> Pair:
    """In words; of long lists only what differs."""
    before, after = (value.has if value else () for value in (change.before, change.after))
    lacks, more = ([one for one in a if one not in b] for a, b in ((after, before), (before, after)))
    theirs = [f"lacks {_few(lacks)}"] if lacks else []
    theirs += [f"has {_few(more)} as well"] if more else []
    return (change.after.words if change.after else "", "; ".join(theirs))


def _few(keys: list[str]) -> str:
    names = [key.split("/")[1] if key.count("/") >= 2 else key for key in keys]
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")


def due() -> Mapping[UUID, list[UUID]]:
    """By provider, the instances that anybody has a tenant at. Takes the operator's seat."""
    with tenancy.listing_all():
        pairs = sorted(set(Account.across.exclude(remote="").values_list("provider", "instance")))
    found: dict[UUID, list[UUID]] = {}
    for provider, instance in pairs:
        found.setdefault(provider, []).append(instance)
    return found
