"""What we hold of an account, each part read in its own seat, one after the other, outside any transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import Max

from purser.connectors.ports.accounts import Accounts, NewTenant, NewUser
from purser.connectors.ports.offerings import Kind
from purser.flows import ports
from purser.flows.accounts_to_vendor import wanted
from purser.flows.accounts_to_vendor.values import Held
from purser.flows.accounts_to_vendor.wanted import Asked, Wanted
from purser.kernel.errors import Missing
from purser.postgres import tenancy
from purser.provisioning import accounts, findings, steps
from purser.provisioning.models import Account, AccountState, Instance, InstanceState, Role, Step, StepState
from purser.subscriptions.models import LIVE, Event, Subscription, SubscriptionState
from purser.tenants import organisations
from purser.tenants.models import Organisation

PAUSED_STATES = (SubscriptionState.SUSPENDED,)
BEGUN = (SubscriptionState.ORDERED, SubscriptionState.WAITING, SubscriptionState.PROVISIONING)


@dataclass
class Facts:
    """`waits`: why nothing can be begun at the vendor yet; empty where it can. `parent`: the vendor's id of the tenant above,
    "" for the provider's own, which the vendor is asked for. `accepted`: stages that may stay as somebody changed them.
    `overtaken`: subscriptions that a refused step keeps from beginning, and all others were suspended since. `turning`: only
    whether it is in use is seen to now."""

    account: Account
    organisation: Organisation
    instance: Instance
    subscriptions: list[Subscription] = field(default_factory=list)
    ended: list[Subscription] = field(default_factory=list)
    open: dict[str, Step] = field(default_factory=dict)
    done: dict[str, Step] = field(default_factory=dict)
    tried: bool = False
    parent: str = ""
    waits: str = ""
    accepted: frozenset[str] = frozenset()
    overtaken: frozenset[UUID] = frozenset()
    turning: bool = False

    @property
    def kind(self) -> Kind:
        return "partner" if self.account.role == Role.RESELLER else "customer"


def read(tenant: UUID, account_id: UUID, *, healing: bool = False) -> Facts:
    """Raises Missing for no such account. `healing`: what people accepted is asked for too."""
    with tenancy.acting_in(tenant):
        account = accounts.find(account_id)
        organisation = organisations.own()
        rows = list(Subscription.objects.filter(account_id=account_id).order_by("ordered_at", "id"))
        taken = steps.of(account_id)
        accepted = findings.left_so(account_id) if healing else frozenset()
        overtaken = _overtaken(rows) if any(row.state == StepState.REFUSED for row in taken.open.values()) else frozenset()
    instance = instance_of(account)
    # what is being removed needs nobody above it
    parent, waits = ("", "") if account.state == AccountState.REMOVING else _above(account)
    if instance.state != InstanceState.READY:
        why = f"is paused: {instance.paused_text}" if instance.state == InstanceState.PAUSED else "has not been tested yet."
        waits = f"{instance.name} {why}".strip()
    return Facts(
        account, organisation, instance, [row for row in rows if row.state in LIVE],
        [row for row in rows if row.state not in LIVE], taken.open, taken.done, taken.tried, parent, waits, accepted,
        overtaken,
    )  # fmt: skip


def _overtaken(rows: Sequence[Subscription]) -> frozenset[UUID]:
    """Those that have not begun and were ordered before the last of the others was suspended: of what is ordered afterwards it
    was said, and confirmed, that it lifts them (`subscriptions.waking`)."""
    waiting = [row for row in rows if row.state in BEGUN]
    others = [row for row in rows if row.state in LIVE and row not in waiting]
    if not waiting or any(row.state not in PAUSED_STATES for row in others):
        return frozenset()
    ids = [row.pk for row in others]
    since = Event.objects.filter(subscription__in=ids, what="state", new__in=PAUSED_STATES).aggregate(at=Max("at"))["at"]
    return frozenset(row.pk for row in waiting if since is not None and row.ordered_at < since)


def instance_of(account: Account) -> Instance:
    """Read in the provider's seat."""
    with tenancy.acting_in(account.provider):
        row: Instance | None = Instance.objects.filter(pk=account.instance).first()
    if row is None:
        raise Missing("There is no such instance.")
    return row


def _above(account: Account) -> tuple[str, str]:
    """The reseller's tenant that this one stands under, or why there is none yet: one that was adopted stands once its user is
    known, with what it may give. Source: acceptance AC-25, AC-28."""
    if account.bill_to is None:
        return "", ""
    with tenancy.acting_in(account.bill_to):
        above = accounts.of(account.instance)
    if above is None or not above.remote_user or above.provisioned_at is None or not accounts.synced(above):
        return "", f"The tenant of {account.bill_to_name or 'the reseller'} at {account.instance_name} has to stand first."
    return above.remote, ""


def subscriptions(facts: Facts) -> list[Asked]:
    return [of_subscription(row) for row in facts.subscriptions]


def of_subscription(row: Subscription) -> Asked:
    return wanted.asked(row.offer_name, row.provides, suspended=row.state in PAUSED_STATES, id=row.pk)


def wanting(facts: Facts, port: Accounts, asked: Sequence[Asked], *, parent: str) -> Wanted:
    """What is to stand at the vendor for these subscriptions. A mail that was asked for again is one more."""
    account, organisation, kind = facts.account, facts.organisation, facts.kind
    name = account.name[: port.traits.most_name]
    own = wanted.contact_of(organisation.contact_name or account.name, account.email)
    kept = wanted.services_of(asked)
    before = [s for row in facts.ended for s in wanted.asked(row.offer_name, row.provides).services]
    return Wanted(
        kind=kind,
        tenant=NewTenant(parent, kind, name, account.reference, own, organisation.number),
        user=NewUser("", account.username, account.email, own.given_name, own.surname),
        roles=wanted.roles_of(kind, facts.instance.roles, port.traits),
        services=kept,
        over=tuple(dict.fromkeys(s for s in before if kept and s not in kept)),
        modes=wanted.modes_of(asked),
        suspended=suspended(facts, asked),
        mails=1 + (mails(facts) if steps.MAIL in facts.open else 0),
    )


def suspended(facts: Facts, asked: Sequence[Asked]) -> bool | None:
    """All that is had is suspended, or its organisation is. A tenant whose last subscription ended stays as it is.
    Source: acceptance AC-33, AC-34."""
    if facts.organisation.suspended_at is not None:
        return True
    if facts.kind == "partner":
        return False
    if not asked:
        return None
    return all(one.suspended for one in [one for one in asked if one.id not in facts.overtaken] or asked)


def held(facts: Facts, want: Wanted) -> Held:
    """What receipts say. What was tried and not settled is not there until the vendor was looked at."""
    account, done = facts.account, facts.done
    since = facts.open["tenant"].first_at if "tenant" in facts.open else None
    roles = given = None
    last = done.get("roles")
    if last is not None and _counts(facts, last) and last.after == wanted.words_of(want.roles)[:500]:
        roles = tuple(sorted(map(wanted.text_of, want.roles)))
        given = tuple(sorted(last.reference.split(","))) if last.reference and len(last.reference) < 120 else None
    user = account.remote_user if "user" not in facts.open else ""
    return Held(account.remote, user, facts.tried, since, roles, given, mails(facts))


def served(facts: Facts, want: Wanted, asked: Sequence[Asked]) -> bool:
    """Whether a customer was given what its subscriptions ask for, and none of them begins. A reseller's is looked at in each
    run: what its provider has got since is pushed on to it (AC-14)."""
    last, tenant = facts.done.get("offerings"), facts.done.get("tenant")
    if facts.kind == "partner" or "offerings" in facts.open or last is None or last.reference != wanted.mark_of(want):
        return False
    if tenant is not None and last.intended_at < tenant.intended_at:
        return False  # it tells of a tenant that this one came after
    begun = {row.pk for row in facts.subscriptions if row.state not in BEGUN}
    return all(one.id in begun for one in asked)


def _counts(facts: Facts, receipt: Step) -> bool:
    """Whether it tells of the roles that the user has now: not those of one that was removed with an earlier tenant."""
    if "roles" in facts.open:
        return False
    begun = [facts.done[stage].intended_at for stage in ("tenant", "user") if stage in facts.done]
    return bool(facts.account.remote_user) and all(receipt.intended_at >= at for at in begun)


def mails(facts: Facts) -> int:
    """As far as the flow cares: a first one went out, or none did."""
    return int(facts.account.mailed_at is not None)


def port_of(facts: Facts) -> Accounts:
    return ports.accounts(facts.instance)
