"""How an account and its subscriptions stand before, during and after a run; each function is a transaction of its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from purser.access import actors, acts
from purser.flows.accounts_to_vendor.facts import BEGUN, Facts
from purser.flows.accounts_to_vendor.wanted import Asked
from purser.kernel.errors import Refused
from purser.postgres import tenancy
from purser.provisioning import accounts, desk, findings, instances, steps, telling
from purser.provisioning.models import Account, AccountState, Role, Step, StepState
from purser.reconcile.model import Done, Outcome
from purser.subscriptions import lifecycle
from purser.subscriptions.models import Source, Subscription, SubscriptionState
from purser.tenants import organisations

JOB = desk.JOB
PURSER = lifecycle.By("Purser", Source.SYSTEM)


def later(tenant: UUID, account_id: UUID, *, at: datetime | None = None, heal: bool = False) -> None:
    """Ask for a run, in the caller's transaction; one that waits already is not asked for twice."""
    desk.later(tenant, account_id, at=at, heal=heal)


def wait(tenant: UUID, facts: Facts, text: str, *, now: datetime) -> None:
    """Nothing can begin yet: subscriptions that have not begun say what they wait for."""
    if any(row.state in BEGUN for row in facts.subscriptions):
        with tenancy.committing_in(tenant):
            _wait([row.pk for row in facts.subscriptions], text, now)


def begin(tenant: UUID, facts: Facts, asked: Sequence[Asked], others: Sequence[tuple[Asked, str]], *, now: datetime) -> None:
    """It is at work; a subscription that cannot stand beside an earlier one waits, and says why."""
    account, ids = facts.account, {one.id for one in asked}
    starts = account.state in (AccountState.PREPARED, AccountState.FAILED)
    waiting = (SubscriptionState.ORDERED, SubscriptionState.WAITING)
    begun = [row for row in facts.subscriptions if row.pk in ids and row.state in waiting]
    told = {row.pk: row.state_text for row in facts.subscriptions}
    late = [(one, text) for one, text in others if one.id and told.get(one.id) != text[:500]]
    if not (starts or begun or late):
        return
    on = organisations.today(organisation=facts.organisation, now=now)
    with tenancy.committing_in(tenant):
        if starts or (begun and account.state == AccountState.PROVISIONED):
            accounts.step(accounts.locked(account.pk), AccountState.PROVISIONING)
        for row in begun:
            lifecycle.step(row, SubscriptionState.PROVISIONING, by=PURSER, now=now, on=on)
        for one, text in late:
            _wait([one.id], text, now)


def finish(
    tenant: UUID, facts: Facts, asked: Sequence[Asked], done: Sequence[str], *, now: datetime
) -> tuple[str, str, datetime | None]:
    """What came of it: the account's state, what is missing in words, and when to go on. A mail that is stuck keeps no
    subscription and no customer below waiting, and what stands without it is not half made."""
    id, on = facts.account.pk, organisations.today(organisation=facts.organisation, now=now)
    with tenancy.committing_in(tenant):
        if done:
            worker = actors.system(PURSER.name, tenant=tenant, organisation=facts.organisation.name)
            words = ", ".join(steps.STAGES[stage] for stage in dict.fromkeys(done))
            summary = f"At {facts.instance.name}: {words}"
            acts.record(worker, "accounts.sync", summary=summary, of=("account", id), now=now)
        account = accounts.locked(id)
        left = steps.open_of(id)
        needed = [row for what, row in left.items() if what != steps.MAIL]
        stuck = [row for row in left.values() if row.state in (StepState.REFUSED, StepState.ASKED)]
        text = "; ".join(f"{steps.STAGES[row.what]}: {row.text}" for row in (stuck or left.values()))
        if not needed and account.remote:
            for row in _subscriptions([one.id for one in asked], (SubscriptionState.PROVISIONING,)):
                lifecycle.step(row, SubscriptionState.ACTIVE, by=PURSER, now=now, on=on)
            account.provisioned_at = account.provisioned_at or now  # in use, whatever becomes of its mail
        elif stuck or any(row.code == steps.TASK for row in needed):
            _wait([one.id for one in asked], text, now)
        _move(account, bool(left), bool(stuck))
        telling.stuck(account, stuck, now=now)
        return account.state, text, min((row.retry_at for row in left.values() if row.retry_at), default=None)


def healed(tenant: UUID, account_id: UUID, *, now: datetime) -> None:
    """All was read anew and is as we hold it."""
    with tenancy.committing_in(tenant):
        findings.in_step(account_id, frozenset(steps.STAGES), now=now, healed_by=PURSER.name)


def _move(account: Account, left: bool, stuck: bool) -> None:
    if account.state == AccountState.PROVISIONED and left:
        accounts.step(account, AccountState.PROVISIONING)
    if account.state != AccountState.PROVISIONING:
        return
    since = account.provisioned_at
    if stuck:
        accounts.step(account, AccountState.FAILED, provisioned_at=since)
    elif not left and account.remote:
        accounts.step(account, AccountState.PROVISIONED, provisioned_at=since)
    elif since is not None:
        account.save(update_fields=["provisioned_at"])


def finish_removal(tenant: UUID, account_id: UUID, *, now: datetime) -> tuple[str, str, datetime | None]:
    """Removed; a customer's that never stood as a whole is prepared again (it was taken back). What the vendor refuses leaves
    it being removed, until somebody tries again. Source: acceptance AC-30."""
    with tenancy.committing_in(tenant):
        account = accounts.locked(account_id)
        left = steps.open_of(account_id)
        stuck = [row for row in left.values() if row.state in (StepState.REFUSED, StepState.ASKED)]
        text = "; ".join(f"{steps.STAGES[row.what]}: {row.text}" for row in (stuck or left.values()))
        telling.stuck(account, stuck, now=now)
        if not left:
            whole = account.provisioned_at is not None
            nothing = {"remote": "", "remote_user": "", "suspended": False, "mailed_at": None}
            accounts.step(account, AccountState.REMOVED, **nothing)
            if not whole and account.role == Role.USER:
                accounts.step(account, AccountState.PREPARED)
        return account.state, text, min((row.retry_at for row in left.values() if row.retry_at), default=None)


def met(facts: Facts, outcome: Outcome, *, now: datetime) -> None:
    """Our own sign-in was refused: nothing is called by this instance until a person has seen to it."""
    if isinstance(outcome, Done) or outcome.code not in steps.HALTING:
        return
    with tenancy.committing_in(facts.account.provider):
        instances.met(facts.instance.pk, Refused(outcome.text, code=outcome.code, hint=outcome.hint), now=now)


def wake_below(reseller: UUID, instance: UUID) -> None:
    """The reseller's tenant stands: its customers that waited for it go on, and those that were refused while it was disabled.
    Source: acceptance AC-25, AC-28."""
    with tenancy.listing_customers_of(reseller):
        refused = Step.across.filter(account=OuterRef("pk"), state=StepState.REFUSED, code="parent_disabled")
        waited = Q(state=AccountState.PREPARED) | Q(state=AccountState.FAILED) & Exists(refused)
        rows = Account.across.filter(waited, bill_to=reseller, instance=instance)
        waiting = list(rows.order_by("id").values_list("tenant_id", "id"))
    for tenant, id in waiting:
        with tenancy.committing_in(tenant):
            if lifecycle.live_of(id):
                later(tenant, id)


def _subscriptions(ids: Sequence[UUID | None], states: Sequence[str]) -> list[Subscription]:
    return list(Subscription.objects.filter(pk__in=[id for id in ids if id], state__in=states).order_by("ordered_at", "id"))


def _wait(ids: Sequence[UUID | None], text: str, now: datetime) -> None:
    """`waiting`, and why; one that waits already keeps its history short."""
    for row in _subscriptions(ids, BEGUN):
        if row.state == SubscriptionState.WAITING:
            Subscription.objects.filter(pk=row.pk).update(state_text=text[:500])
        else:
            lifecycle.step(row, SubscriptionState.WAITING, text=text[:500], by=PURSER, now=now)
