"""What a person does to an account at its vendor: adopt a tenant, take back what is half done, remove it, mail again.

Each takes its seats itself and opens no transaction around a call. Source: acceptance AC-10, AC-30, AC-33.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from purser.access import permit
from purser.access.actors import Actor
from purser.connectors.ports.accounts import Accounts, Tenant
from purser.flows.accounts_to_vendor import facts as reading
from purser.flows.accounts_to_vendor import states
from purser.flows.accounts_to_vendor.facts import Facts
from purser.flows.accounts_to_vendor.journal import Clock, Journal
from purser.flows.accounts_to_vendor.run import AGAIN, alone, not_before
from purser.flows.accounts_to_vendor.states import PURSER
from purser.flows.accounts_to_vendor.target import Vendor
from purser.flows.accounts_to_vendor.values import mailed
from purser.kernel.errors import Busy, Missing, Refused
from purser.postgres import tenancy
from purser.provisioning import accounts, desk, places, steps, strangers, tasks
from purser.provisioning.desk import DECIDE, Case
from purser.provisioning.models import Account, AccountState, Role, Step
from purser.reconcile.drive import drive
from purser.reconcile.model import Change, Done
from purser.subscriptions import lifecycle
from purser.subscriptions.models import SubscriptionState
from purser.tenants import organisations
from purser.tenants.models import Kind

LONGEST = 300
AT_MOST_EVERY = timedelta(minutes=1)
REMOVING = ("enabled", "removal")  # the stages of a removal


def adopt(actor: Actor, organisation: UUID, instance: UUID, remote: str, *, clock: Clock) -> Account:
    """Take a tenant that is at the vendor for this account's, as a person names it by the vendor's id; the next run goes on
    with it. It is read first: its kind, what it stands under, and that it is nobody else's.

    Raises Missing, Refused, and what the vendor answers.
    """
    permit.check(actor, DECIDE)
    case = desk.case(actor, organisation, instance)
    with alone(case.account.pk), alone(instance):  # one adoption at a time, so that no two accounts take one tenant
        facts = reading.read(case.tenant, case.account.pk)
        port = reading.port_of(facts)
        _may_adopt(facts, port, clock)
        tenant = _adoptable(facts, port, remote.strip())
        _none_of_ours(facts, port, tenant)
        _nobody_elses(facts, tenant)
        summary = f"Adopted the tenant {tenant.name} at {facts.instance.name}"
        with desk.noted(actor, case, DECIDE, summary, after={"remote": tenant.id}, now=clock()) as account:
            row = steps.intend(account, "tenant", before="", after=f"{tenant.kind} “{tenant.name}”", now=clock())
            steps.settle(row, Done(tenant.id, f"Adopted by {actor.name}."), lag=port.traits.lag, now=clock())
            # it stood before us: from now on it goes only where a person has it removed by its name; its user is not known yet
            since = account.provisioned_at or clock()
            nothing = {"remote_user": "", "mailed_at": None}
            Account.objects.filter(pk=account.pk).update(provisioned_at=since, suspended=not tenant.enabled, **nothing)
            desk.later(case.tenant, account.pk)
        strangers.adopted(account.provider, instance, tenant.id, by=actor.name, now=clock())
        return account


def _may_adopt(facts: Facts, port: Accounts, clock: Clock) -> None:
    account = facts.account
    if account.state in (AccountState.REMOVING, AccountState.REMOVED):
        raise Refused(f"{account} is {AccountState(account.state).label.lower()}.", code="state")
    row = facts.open.get("tenant")
    if account.remote and not (row is not None and row.code == "gone"):
        raise Refused(f"{account} has a tenant already: {account.remote}.", code="adopted")
    if facts.waits:
        raise Refused(facts.waits, code="waits")
    later = not_before(facts, port.traits.lag, clock())
    if later is not None:
        text = "A call whose answer was lost may still take effect."
        raise Busy(text, code="unsure", retry_after=later - clock())


def _adoptable(facts: Facts, port: Accounts, remote: str) -> Tenant:
    """One that stands elsewhere is as one that is not there: it may be somebody else's, whose name is not told."""
    hint = "Look up the id in the vendor's own portal."
    parent = facts.parent or port.root()
    try:
        tenant = port.tenant(remote)
    except Missing:
        tenant = None
    if tenant is None or tenant.parent != parent:
        above = facts.account.bill_to_name or facts.instance.name
        raise Refused(f"The vendor has no tenant {remote[:100]} under {above}.", code="not_found", hint=hint)
    if tenant.deleted:
        raise Refused(f"The tenant {tenant.name} was deleted.", code="gone", hint=hint)
    if tenant.kind != facts.kind:
        raise Refused(f"The tenant {tenant.name} is a {tenant.kind}, not a {facts.kind}.", code="kind", hint=hint)
    return tenant


def _none_of_ours(facts: Facts, port: Accounts, tenant: Tenant) -> None:
    """A call whose answer was lost may have made one: it is found by our reference, and no second one is taken beside it."""
    row = facts.open.get("tenant")
    if row is None or row.state not in steps.UNKNOWN:
        return
    ours = port.find(facts.account.reference, since=row.first_at)
    if ours is not None and ours.id != tenant.id:
        text = f"The tenant {ours.name} ({ours.id}) was made for {facts.account.name}: the answer was lost."
        raise Refused(text, code="made", hint="Try again: it is gone on with. Or delete it in the vendor's own portal first.")


def _nobody_elses(facts: Facts, tenant: Tenant) -> None:
    account = facts.account
    with tenancy.acting_in(account.provider):
        provider = organisations.own().kind
    with places.listing_of(provider, account.provider):
        others = Account.across.filter(instance=account.instance).exclude(pk=account.pk)
        taken = list(others.filter(remote=tenant.id)[:1]) or list(others.filter(reference=tenant.reference)[:1])
    if taken and (taken[0].remote == tenant.id or tenant.reference):
        raise Refused(f"The tenant {tenant.name} is that of {taken[0].name}.", code="taken")


def take_back(actor: Actor, organisation: UUID, instance: UUID, *, why: str, clock: Clock) -> Account:
    """Undo what is half done: what was made at the vendor is disabled and deleted, its subscriptions end, and the account is
    prepared again. Raises Missing, Refused for one that stood as a whole (`remove` is for that).
    """
    permit.check(actor, DECIDE)
    case = desk.case(actor, organisation, instance)
    words = _reason(why)
    summary = "Took back what was half done at the vendor"
    with desk.noted(actor, case, DECIDE, summary, after={"why": words}, now=clock()) as row:
        if row.provisioned_at is not None:
            raise Refused(f"{row} stands as a whole.", code="whole", hint="Remove it where it shall go.")
        if row.state not in (AccountState.FAILED, AccountState.PROVISIONING):
            raise Refused(f"Nothing of {row} is half done.", code="state")
        for one in lifecycle.live_of(row.pk):
            held = lifecycle.of(one.pk)
            if held.state != SubscriptionState.ENDED:  # an add-on ended with its base
                lifecycle.step(held, SubscriptionState.ENDED, text=f"Taken back: {words}", by=PURSER, now=clock())
        accounts.step(row, AccountState.REMOVING)
        desk.later(case.tenant, row.pk)
    return row


def remove(actor: Actor, organisation: UUID, instance: UUID, *, name: str, why: str, clock: Clock) -> Account:
    """Have the tenant suspended and then deleted, with its users and data. `name` is the organisation's, typed to confirm.

    Raises Missing, Refused while it has live subscriptions, or customers stand under it.
    """
    permit.check(actor, "accounts.remove")
    case = desk.case(actor, organisation, instance)
    words = _reason(why)
    if name.strip() != case.account.name:
        raise Refused(f"Type the name to confirm: {case.account.name}.", code="name")
    if case.place.organisation.kind != Kind.CUSTOMER:
        _nobody_below(case)
    summary = f"Asked for the tenant at {case.account.instance_name} to be deleted"
    with desk.noted(actor, case, "accounts.remove", summary, after={"why": words}, now=clock()) as row:
        live = lifecycle.live_of(row.pk)
        if live:
            names = ", ".join(one.offer_name for one in live[:3])
            hint = "Cancel them first; the tenant stays until it is removed here."
            raise Refused(f"{row.name} has {len(live)} live subscriptions: {names}.", code="live", hint=hint)
        if row.state == AccountState.PREPARED:
            accounts.step(row, AccountState.REMOVED)
            return row
        accounts.step(row, AccountState.REMOVING)
        desk.later(case.tenant, row.pk)
    return row


def give_up(actor: Actor, organisation: UUID, instance: UUID, *, why: str, clock: Clock) -> Account:
    """Remove it no more: the tenant stays as it is at the vendor, and a reseller's is enabled again. What never stood as a
    whole is half done again. Source: acceptance AC-30.

    Raises Missing, Refused where nothing is being removed; Busy while a run is at work or the vendor's answer is not known.
    """
    permit.check(actor, DECIDE)
    case = desk.case(actor, organisation, instance)
    words = _reason(why)
    with alone(case.account.pk):
        with tenancy.acting_in(case.tenant):
            held, open_ = accounts.find(case.account.pk), steps.open_of(case.account.pk)
        if held.state != AccountState.REMOVING:
            raise Refused(f"{held} is not being removed.", code="state")
        if any(row.state in steps.UNKNOWN for row in open_.values()):
            hint = "It is looked for as soon as the vendor's answer cannot come any more."
            raise Busy("Nobody knows yet what the vendor did of the removal.", code="unsure", hint=hint, retry_after=AGAIN)
        tasks.withdraw(held, kept=True, now=clock())
        with desk.noted(actor, case, DECIDE, "Gave up the removal at the vendor", after={"why": words}, now=clock()) as row:
            steps.drop([open_[stage] for stage in REMOVING if stage in open_], now=clock())
            whole = row.remote and row.provisioned_at is not None
            accounts.step(row, AccountState.PROVISIONED if whole else AccountState.FAILED)
            if row.role == Role.RESELLER or lifecycle.live_of(row.pk):
                desk.later(case.tenant, row.pk)
    return row


def _nobody_below(case: Case) -> None:
    """Neither a tenant nor a call that may have made one, or is about to."""
    with places.listing_of(case.place.organisation.kind, case.tenant):
        made = Step.across.filter(account=OuterRef("pk"), what="tenant", state__in=steps.UNKNOWN)
        there = ~Q(remote="") | Q(state=AccountState.PROVISIONING) | Exists(made)
        rows = Account.across.filter(there, bill_to=case.tenant, instance=case.account.instance)
        below = list(rows.order_by("name")[:3])
    if below:
        names = ", ".join(one.name for one in below)
        raise Refused(f"Customers stand under {case.account.name} at the vendor: {names}.", code="below")


def resend(actor: Actor, organisation: UUID, instance: UUID, *, clock: Clock) -> Step:
    """Let the vendor mail the activation once more, and say what came of it. Source: acceptance AC-10.

    Raises Missing, Refused where there is no user yet or a mail waits for somebody's decision; Busy just after one went out.
    """
    permit.check(actor, "accounts.sync")
    case = desk.case(actor, organisation, instance)
    with alone(case.account.pk):
        facts = reading.read(case.tenant, case.account.pk)
        port = reading.port_of(facts)
        _may_mail(facts, port, clock)
        summary = f"Had the activation mailed again to {facts.account.email}"
        with desk.noted(actor, case, "accounts.sync", summary, now=clock()):
            times = Step.objects.filter(account=facts.account.pk, what=steps.MAIL, state="done").count()
        want = reading.wanting(facts, port, reading.subscriptions(facts), parent=facts.parent)
        held = reading.held(facts, want)
        held.mails = max(times, 1)
        target = Vendor(port, want, held)
        journal = Journal(facts.account, open=facts.open, lag=port.traits.lag, clock=clock)
        change = Change(steps.MAIL, mailed(held.mails), mailed(held.mails + 1))
        for step in drive([change], target=target, journal=journal):
            if step.outcome is not None:
                states.met(facts, step.outcome, now=clock())
        with tenancy.acting_in(case.tenant):
            found: Step = Step.objects.filter(account=facts.account.pk, what=steps.MAIL).latest("intended_at", "id")
            if found.retry_at is not None:
                desk.later(case.tenant, facts.account.pk, at=found.retry_at)
    return found


def _may_mail(facts: Facts, port: Accounts, clock: Clock) -> None:
    account = facts.account
    if "activation" not in port.traits.can:
        raise Refused(f"{facts.instance.name} cannot mail an activation.", code="unsupported")
    if not account.remote_user or account.state in (AccountState.REMOVING, AccountState.REMOVED):
        raise Refused(f"{account} has no user to mail to.", code="state")
    if facts.waits:
        raise Refused(facts.waits, code="waits")
    if steps.MAIL in facts.open:
        raise Refused("What became of the last mail is not settled.", code="open", hint="Decide it first.")
    if account.mailed_at is not None and clock() - account.mailed_at < AT_MOST_EVERY:
        raise Busy("It was mailed just now.", code="often", retry_after=AT_MOST_EVERY)


def _reason(why: str) -> str:
    words = " ".join(why.split())[:LONGEST]
    if not words:
        raise Refused("Say why.", code="reason")
    return words
