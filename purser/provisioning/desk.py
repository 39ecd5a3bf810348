"""What is half done at vendors, and what a person decides of it. Takes its seats itself: the account's, then the person's own.

Source: acceptance AC-14, AC-30.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from purser.access import actors, acts, permit
from purser.access.actors import Actor
from purser.kernel.errors import Missing, Refused
from purser.postgres import tenancy
from purser.postgres.queue import defer
from purser.provisioning import accounts, places, steps
from purser.provisioning.models import Account, AccountState, Step, StepState
from purser.provisioning.places import Place

DECIDE = "accounts.decide"
JOB = "purser.account"
LONGEST = 400  # of a note


@dataclass(frozen=True)
class Case:
    """An account, and where its organisation stands for whoever acts above it."""

    place: Place
    account: Account

    @property
    def tenant(self) -> UUID:
        return UUID(str(self.place.organisation.pk))


def case(actor: Actor, organisation: UUID, instance: UUID) -> Case:
    """Raises Missing for an organisation that is not below the actor's, and for one without an account there."""
    place = places.below(actor, organisation)
    places.at(place, instance)
    with tenancy.acting_in(organisation):
        account = accounts.of(instance)
    if account is None:
        raise Missing("There is no such account.")
    return Case(place, account)


@contextmanager
def noted(
    actor: Actor, case: Case, verb: str, summary: str, *, after: dict[str, Any] | None = None, now: datetime
) -> Iterator[Account]:
    """The account, held in its organisation's seat under an act that names the actor there; then the same act at home."""
    row = case.place.organisation
    with tenancy.acting_in(case.tenant):
        guest = actors.guest(actor, tenant=row.pk, organisation=row.name, kind=row.kind)
        acts.record(guest, verb, summary=summary, of=("account", case.account.pk), after=after, now=now)
        yield accounts.locked(case.account.pk)
    with tenancy.acting_in(actor.tenant):
        told = {**(after or {}), "account": str(case.account.pk)}
        acts.record(actor, verb, summary=f"{summary}: {row.name}", of=("organisation", row.pk), after=told, now=now)


def later(tenant: UUID, account: UUID, *, at: datetime | None = None, heal: bool = False) -> None:
    """Ask for a run of the account, in the caller's transaction; one that waits already is not asked for twice."""
    if heal:  # not merged into one that would not heal
        defer(JOB, lock=f"account:{account}:heal", merge=True, at=at, tenant=str(tenant), account=str(account), heal=True)
        return
    defer(JOB, lock=f"account:{account}", merge=True, at=at, tenant=str(tenant), account=str(account))


def retry(actor: Actor, organisation: UUID, instance: UUID, *, now: datetime) -> Account:
    """Go on now from the step that failed; what the vendor may still be doing is waited for all the same. Also pushes on to a
    reseller what its provider has got since (AC-14).

    Raises Missing, Refused where nothing is to be done at the vendor.
    """
    permit.check(actor, DECIDE)
    found = case(actor, organisation, instance)
    if found.account.state == AccountState.REMOVED:
        raise Refused(f"{found.account} was removed.", code="state", hint="Sync it again.")
    with noted(actor, found, DECIDE, f"Tried again at {found.account.instance_name}", now=now) as account:
        waiting = (StepState.BUSY, StepState.REFUSED)
        Step.objects.filter(account=account, state__in=waiting).update(retry_at=None)
        later(found.tenant, account.pk)
    return account


def decide(actor: Actor, organisation: UUID, instance: UUID, stage: str, *, happened: bool, note: str, now: datetime) -> Step:
    """Say what became of a step of which nobody could tell: the mail went out, or it did not and is sent again.

    Raises Missing, Refused for a step that waits for nobody.
    """
    permit.check(actor, DECIDE)
    found = case(actor, organisation, instance)
    words = " ".join(note.split())[:LONGEST]
    title = f"{steps.STAGES.get(stage, stage)}: {'it happened' if happened else 'it did not happen'}"
    with noted(actor, found, DECIDE, title, after={"note": words}, now=now) as account:
        row = Step.objects.select_for_update().filter(account=account, what=stage, state=StepState.ASKED).first()
        if row is None:
            raise Refused("This step waits for nobody's decision.", code="state", hint="Read it again.")
        text = f"{actor.name} decided: {title}. {words}".strip()
        if happened:
            steps.found(row, row.reference, now=now)
            Step.objects.filter(pk=row.pk).update(text=text[:1000])
        else:
            steps.step(row, StepState.BUSY, now=now, code="not_made", text=text[:1000], hint="", retry_at=None)
        later(found.tenant, account.pk)
    return row


def push(actor: Actor, instance: UUID, *, now: datetime) -> int:
    """Have all resellers of an instance of ours given what we may give by now; how many. Source: acceptance AC-14."""
    permit.check(actor, "accounts.sync")
    with places.listing(actor):
        rows = Account.across.filter(provider=actor.tenant, instance=instance, role="reseller", state=AccountState.PROVISIONED)
        found = list(rows.order_by("id"))
    with tenancy.acting_in(actor.tenant):
        acts.record(
            actor, "accounts.sync", summary=f"Pushed what we may give on to {len(found)} resellers",
            of=("instance", instance), now=now,
        )  # fmt: skip
    for account in found:
        with tenancy.acting_in(UUID(str(account.tenant_id))):
            later(UUID(str(account.tenant_id)), account.pk)
    return len(found)
