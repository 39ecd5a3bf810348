"""Instances of vendors, Sync Options of organisations, and their accounts at vendors."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.utils import timezone

from purser.access.actors import Actor
from purser.api.doors import Routes
from purser.api.schemas import instances as shapes
from purser.api.schemas import provisioning as out
from purser.api.schemas.common import Some
from purser.flows import ports
from purser.flows.accounts_to_vendor import comparing, handling, previewing, sync_options, testing
from purser.kernel.errors import Missing
from purser.postgres import tenancy
from purser.provisioning import accounts, desk, findings, instances, strangers
from purser.subscriptions import lifecycle

routes = Routes("Vendors")
INSTANCE = "/instances/{uuid:instance}"
OF = "/vendor-accounts/of/{uuid:organisation}"
AT = OF + "/{uuid:instance}"
STRANGER = "/vendor-strangers/{uuid:stranger}"
FOUND = "/vendor-findings/{uuid:organisation}/{uuid:finding}"


@routes.get(INSTANCE, "instances.read", answers=shapes.VendorInstance)
def instance(actor: Actor, now: datetime, instance: UUID) -> shapes.VendorInstance:
    """One instance with what it is configured with; never a secret"""
    return shapes.instance(instances.find(instance))


@routes.post("/instances", "instances.write", answers=shapes.InstanceKept, status=201)
def make(actor: Actor, now: datetime, body: shapes.InstanceMake) -> shapes.InstanceKept:
    """Add an instance of a vendor; it is to be tested before anybody is synced with it

    A sensitive call: only within five minutes after the password was entered, so not with a token.
    """
    return shapes.kept(instances.make(actor, body.kind, body.wanted(), now=now))


@routes.put(INSTANCE, "instances.write", answers=shapes.InstanceKept)
def change(actor: Actor, now: datetime, instance: UUID, body: shapes.InstanceChange) -> shapes.InstanceKept:
    """Change an instance. A sensitive call"""
    return shapes.kept(instances.change(actor, instance, body.wanted(), version=body.version, now=now))


@routes.post(f"{INSTANCE}/test", "instances.test", answers=shapes.InstanceTested, seat=False)
def test(actor: Actor, now: datetime, instance: UUID) -> shapes.InstanceTested:
    """Ask the vendor once whether the instance works

    What only a person can mend is an answer with `ok` false, and pauses the instance; success lets it go on. It takes no
    Idempotency-Key: testing twice does no harm. At most ten tests an hour.
    """
    return shapes.tested(testing.test(actor, instance, port_of=ports.accounts, now=now))


@routes.post(f"{INSTANCE}/pause", "instances.write", answers=shapes.VendorInstance)
def pause(actor: Actor, now: datetime, instance: UUID, body: shapes.InstancePause) -> shapes.VendorInstance:
    """Call nothing by an instance until a test succeeds. A sensitive call"""
    return shapes.instance(instances.pause(actor, instance, why=body.why, now=now))


@routes.get(OF, "accounts.read", answers=Some[out.SyncStatus], seat=False)
def status(actor: Actor, now: datetime, organisation: UUID) -> Some[out.SyncStatus]:
    """How an organisation below you stands at each provisioning system above it; your own, too"""
    return Some(rows=[out.line(one) for one in sync_options.lines(actor, organisation)[1]])


@routes.get(AT, "accounts.read", answers=out.AccountShown, seat=False)
def account(actor: Actor, now: datetime, organisation: UUID, instance: UUID) -> out.AccountShown:
    """An account with its steps at the vendor"""
    _, line = sync_options.line(actor, organisation, instance)
    if line.account is None:
        raise Missing("It is not synced with this instance yet.")
    with tenancy.acting_in(organisation):
        waiting, steps = lifecycle.waiting_of(line.account.pk), accounts.steps_of(line.account.pk)
        findings = accounts.findings_of(line.account.pk)
    return out.shown(line, line.account, waiting, steps, findings)


@routes.put(f"{AT}/options", "accounts.sync", answers=out.Synced, seat=False)
def save(actor: Actor, now: datetime, organisation: UUID, instance: UUID, body: out.SyncOptions) -> out.Synced:
    """Save & Synchronize

    The vendor is asked whether the username is free. A reseller's tenant is made at once; a customer's with its first
    subscription. Refused with `login_taken` or `email_taken`; with `not_synced` where the reseller above is to be synced
    first, named in the text. Nothing is kept then.
    """
    asked = sync_options.Asked(**body.model_dump())
    return out.synced(sync_options.save(actor, organisation, instance, asked, port_of=ports.accounts, now=now))


@routes.get(f"{AT}/next-calls", "accounts.read", answers=out.VendorPreview, seat=False)
def preview(actor: Actor, now: datetime, organisation: UUID, instance: UUID) -> out.VendorPreview:
    """What the next run of an account would change at the vendor: it is read there, and nothing is changed"""
    _, line = sync_options.line(actor, organisation, instance)
    if line.account is None:
        raise Missing("It is not synced with this instance yet.")
    return out.preview(previewing.of_account(tenant=organisation, account=line.account.pk, clock=timezone.now))


@routes.post(f"{AT}/retry", "accounts.decide", answers=out.VendorAccount, seat=False)
def retry(actor: Actor, now: datetime, organisation: UUID, instance: UUID) -> out.VendorAccount:
    """Go on now from the step that failed; to a reseller, push on what its provider may give by now"""
    return out.account(desk.retry(actor, organisation, instance, now=now))


@routes.post(f"{AT}/decide", "accounts.decide", answers=out.VendorStep, seat=False)
def decide(actor: Actor, now: datetime, organisation: UUID, instance: UUID, body: out.DecideStep) -> out.VendorStep:
    """Say what became of a step of which nobody could tell"""
    row = desk.decide(actor, organisation, instance, body.stage, happened=body.happened, note=body.note, now=now)
    return out.step(row)


@routes.post(f"{AT}/adopt", "accounts.decide", answers=out.VendorAccount, seat=False)
def adopt(actor: Actor, now: datetime, organisation: UUID, instance: UUID, body: out.AdoptTenant) -> out.VendorAccount:
    """Take a tenant that is at the vendor for this account's; it is read first"""
    return out.account(handling.adopt(actor, organisation, instance, body.remote, clock=timezone.now))


@routes.post(f"{AT}/take-back", "accounts.decide", answers=out.VendorAccount, seat=False)
def take_back(actor: Actor, now: datetime, organisation: UUID, instance: UUID, body: out.TakeBack) -> out.VendorAccount:
    """Disable and delete what is half done; its subscriptions there end, and the account is prepared again"""
    return out.account(handling.take_back(actor, organisation, instance, why=body.why, clock=timezone.now))


@routes.post(f"{AT}/give-up", "accounts.decide", answers=out.VendorAccount, seat=False)
def give_up(actor: Actor, now: datetime, organisation: UUID, instance: UUID, body: out.GiveUp) -> out.VendorAccount:
    """Remove it no more: the tenant stays as it is at the vendor; a reseller's that was disabled is enabled again"""
    return out.account(handling.give_up(actor, organisation, instance, why=body.why, clock=timezone.now))


@routes.post(f"{AT}/activation", "accounts.sync", answers=out.VendorStep, seat=False)
def mail(actor: Actor, now: datetime, organisation: UUID, instance: UUID) -> out.VendorStep:
    """Have the vendor mail the activation once more

    It takes no Idempotency-Key: a second call within a minute is refused.
    """
    return out.step(handling.resend(actor, organisation, instance, clock=timezone.now))


@routes.post(f"{AT}/remove", "accounts.remove", answers=out.VendorAccount, seat=False)
def remove(actor: Actor, now: datetime, organisation: UUID, instance: UUID, body: out.RemoveTenant) -> out.VendorAccount:
    """Have the vendor delete the tenant with everything in it

    Refused while subscriptions live or customers stand under it. A sensitive call: only within five minutes after the password
    was entered, so not with a token.
    """
    return out.account(handling.remove(actor, organisation, instance, name=body.name, why=body.why, clock=timezone.now))


@routes.post(f"{INSTANCE}/compare", "accounts.decide", answers=shapes.VendorCompared, seat=False)
def compare(actor: Actor, now: datetime, instance: UUID) -> shapes.VendorCompared:
    """Read what stands at the vendor now: what differs becomes findings, and tenants that no account has are named

    It takes no Idempotency-Key: comparing twice does no harm.
    """
    with tenancy.acting_in(actor.tenant):
        instances.usable(instances.find(instance))
    return shapes.compared(comparing.compare(provider=actor.tenant, instance_id=instance, clock=timezone.now))


@routes.get(STRANGER, "accounts.read", answers=shapes.VendorStranger)
def stranger(actor: Actor, now: datetime, stranger: UUID) -> shapes.VendorStranger:
    """A tenant at a vendor that no account has; an account adopts it by its `remote`"""
    return shapes.stranger(strangers.find(stranger))


@routes.post(f"{STRANGER}/ignore", "accounts.decide", answers=shapes.VendorStranger)
def ignore(actor: Actor, now: datetime, stranger: UUID, body: shapes.IgnoreStranger) -> shapes.VendorStranger:
    """Tell of this tenant no more, as long as it is there; it can still be adopted"""
    return shapes.stranger(strangers.ignore(actor, stranger, why=body.why, now=now))


@routes.post(f"{INSTANCE}/push", "accounts.sync", answers=shapes.Pushed, seat=False)
def push(actor: Actor, now: datetime, instance: UUID) -> shapes.Pushed:
    """Give all resellers of an instance what you may give by now"""
    with tenancy.acting_in(actor.tenant):
        instances.find(instance)
    return shapes.Pushed(count=desk.push(actor, instance, now=now))


@routes.post(f"{FOUND}/heal", "accounts.decide", answers=out.VendorFinding, seat=False)
def heal(actor: Actor, now: datetime, organisation: UUID, finding: UUID) -> out.VendorFinding:
    """Have what somebody changed at the vendor put right, as we hold it"""
    return out.finding(findings.heal(actor, organisation, finding, now=now))


@routes.post(f"{FOUND}/accept", "accounts.decide", answers=out.VendorFinding, seat=False)
def accept(actor: Actor, now: datetime, organisation: UUID, finding: UUID, body: out.AcceptFinding) -> out.VendorFinding:
    """Let it stay at the vendor as somebody changed it"""
    return out.finding(findings.accept(actor, organisation, finding, why=body.why, now=now))
