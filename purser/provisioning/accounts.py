"""Accounts of the organisation acted in, one for an instance: what Sync Options say, and the one mover of their states.

Source: acceptance AC-1 to AC-7, AC-16 to AC-18, AC-24 to AC-27, AC-32.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from purser.access import acts
from purser.access.actors import Actor
from purser.kernel.errors import Missing, Refused
from purser.lists.model import Sign
from purser.postgres import ids
from purser.provisioning import steps
from purser.provisioning.models import (
    ACCOUNT_STEPS,
    Account,
    AccountState,
    Finding,
    FindingState,
    Instance,
    Role,
    Step,
    StepState,
)
from purser.tenants.models import Organisation

VERB = "accounts.sync"
# How an account stands, by its state. Source: acceptance AC-18.
NOT_SYNCED = Sign("Not synced", "plain")
SIGNS = {
    "prepared": Sign("Synced, no tenant yet", "note", "circle-check"),
    "provisioning": Sign("Being provisioned", "note", "progress"),
    "provisioned": Sign("Provisioned", "good"),
    "failed": Sign("Half done", "bad"),
    "removing": Sign("Being removed", "warn"),
    "removed": Sign("Removed", "plain"),
}
# What is prepared waits for its first subscription; a reseller only for the worker. Source: acceptance AC-8, AC-17 to AC-19.
LAZY = Sign("Synced; the tenant is created with the first subscription", "note", "circle-check")
SOON = Sign("Synced; the tenant is created now", "note", "progress")
WHY_LAZY = "Only then is it known which service it is for, and so the tenant is opened in production and not as a trial."
WHY_SOON = "A reseller's tenant does not wait for a subscription."


class NotSynced(Refused):
    """Somebody has no account at an instance who must have one first: `organisation` is to be synced with `instance`."""

    def __init__(self, text: str, *, organisation: UUID, instance: UUID) -> None:
        self.organisation, self.instance = organisation, instance
        super().__init__(text, code="not_synced", hint="Open its Sync Options, then Save & Synchronize.")


@dataclass(frozen=True)
class Options:
    """What Sync Options say. `bill_to` is the reseller that the tenant stands under; None directly under the provider."""

    role: Role
    bill_to: UUID | None
    bill_to_name: str
    username: str
    email: str


def every() -> QuerySet[Any, Any]:
    rows: QuerySet[Any, Any] = Account.objects.order_by("instance_name", "id")
    return rows


def of(instance: UUID) -> Account | None:
    """The account of the organisation acted in at an instance, removed ones included; None before it was synced."""
    row: Account | None = Account.objects.filter(instance=instance).first()
    return row


def find(id: UUID) -> Account:
    """Raises Missing."""
    row: Account | None = Account.objects.filter(pk=id).first()
    if row is None:
        raise Missing("There is no such account.")
    return row


def steps_of(id: UUID, *, most: int = 100) -> list[Step]:
    """What was done for an account at its vendor, the latest first."""
    return list(Step.objects.filter(account_id=id).order_by("-intended_at", "-id")[:most])


def findings_of(id: UUID) -> list[Finding]:
    """What somebody changed there and nobody has decided, the latest first."""
    return list(Finding.objects.filter(account_id=id, state=FindingState.OPEN).order_by("-seen_at", "-id"))


def locked(id: UUID) -> Account:
    """The account, held until the transaction ends. Raises Missing."""
    row: Account | None = Account.objects.select_for_update().filter(pk=id).first()
    if row is None:
        raise Missing("There is no such account.")
    return row


def synced(account: Account | None) -> bool:
    return account is not None and account.state not in (AccountState.REMOVING, AccountState.REMOVED)


def sign(account: Account | None) -> Sign:
    """How it stands: synced is told apart from provisioned. Source: acceptance AC-18."""
    if account is None:
        return NOT_SYNCED
    if account.state != AccountState.PREPARED:
        return SIGNS[account.state]
    return SOON if account.role == Role.RESELLER else LAZY


def words(account: Account | None) -> str:
    """Why it stands so, in a sentence; empty where the state says it all. Source: acceptance AC-19."""
    if account is None or account.state != AccountState.PREPARED:
        return ""
    return WHY_SOON if account.role == Role.RESELLER else WHY_LAZY


def fixed(account: Account | None) -> frozenset[str]:
    """Which Sync Options cannot be changed any more: the parent once the vendor has the tenant, username and e-mail once it
    has the user or may have it; a login that is taken can. Asked in the organisation's seat. Source: acceptance AC-32."""
    if account is None or account.state == AccountState.REMOVED:
        return frozenset()
    perhaps = Q(state__in=steps.UNKNOWN) | Q(state=StepState.BUSY, code=steps.TASK)  # a person may have made it
    made = Step.objects.filter(perhaps, account=account, what="user")
    parent = ("bill_to",) if account.remote else ()
    return frozenset((*parent, *(("username", "email") if account.remote_user or made.exists() else ())))


def step(account: Account, to: str, **more: Any) -> Account:
    """Move an account to another state, with the fields in `more`, in the caller's transaction. Raises Refused for a step that
    ACCOUNT_STEPS does not name."""
    if to not in ACCOUNT_STEPS[account.state]:
        begun, end = AccountState(account.state).label, AccountState(to).label
        raise Refused(f"{account} is “{begun}” and cannot become “{end}”.", code="state", hint="Read it again.")
    account.state = to
    for name, value in more.items():
        setattr(account, name, value)
    account.version += 1
    account.save(update_fields=["state", "version", *more])
    return account


def keep(
    desk: Actor,
    organisation: Organisation,
    provider: UUID,
    instance: Instance,
    options: Options,
    *,
    version: int,
    now: datetime,
) -> Account:
    """Keep what Sync Options say, in the organisation's seat; `desk` is who does it, as the organisation's record names them.

    `version` is the one that was read, 0 for a new account. Raises Refused: an old version, an account that is being removed,
    what is fixed since the vendor has it, a username or e-mail that another account of the instance has.
    """
    with transaction.atomic():
        held: Account | None = Account.objects.select_for_update().filter(instance=instance.pk).first()
        if (held.version if held else 0) != version:
            raise Refused("Somebody changed these Sync Options meanwhile.", code="version", hint="Open them again.")
        if held is not None:
            _check_fixed(held, options)
        row = held or Account(
            id=ids.new(), provider=provider, instance=instance.pk, kind=instance.kind, reference=f"purser-{ids.new()}"
        )
        acts.record(
            desk, VERB, summary=f"Synced with {instance.name}", of=("account", row.pk),
            before=_told(held) if held else None, after=_said(options), now=now,
        )  # fmt: skip
        row.name, row.instance_name, row.synced_at = organisation.name, instance.name, now
        row.partner_id, row.distributor_id = organisation.parent_id, organisation.distributor_id
        for name, value in vars(options).items():
            setattr(row, name, value)
        if held is not None and held.state == AccountState.REMOVED:
            step(row, AccountState.PREPARED, remote="", remote_user="", provisioned_at=None, mailed_at=None, suspended=False)
        try:
            with transaction.atomic():
                _write(row, new=held is None)
        except IntegrityError as wrong:
            raise taken(options, wrong) from wrong
    return row


def taken(options: Options, wrong: IntegrityError | str) -> Refused:
    """The refusal for a username or an e-mail that another account of the instance has."""
    text = str(wrong)
    if "account_email_once" in text:
        return Refused(f"Another account has the e-mail {options.email} already.", code="email_taken", hint="Choose another.")
    if "account_username_once" in text:
        words = f"Another account has the username {options.username} already."
        return Refused(words, code="login_taken", hint="Choose another.")
    return Refused("Somebody synced this account meanwhile.", code="version", hint="Open its Sync Options again.")


def _write(row: Account, *, new: bool) -> None:
    if new:
        row.save(force_insert=True)
        return
    row.version += 1
    row.save()


def _check_fixed(held: Account, options: Options) -> None:
    if held.state == AccountState.REMOVING:
        raise Refused(f"{held} is being removed.", code="state", hint="Sync it again once it is removed.")
    stays = fixed(held)
    before, after = _told(held), _said(options)
    names = [label for name, label in FIXED.items() if name in stays and before[name] != after[name]]
    if names:
        raise Refused(
            f"{' and '.join(names)} of {held} cannot be changed any more: {held.kind.title()} has the tenant.",
            code="fixed",
            hint="Remove the tenant first, or change it in the vendor's own portal.",
        )


FIXED = {"bill_to": "Parent Account", "username": "Username", "email": "Email"}


def _said(options: Options) -> dict[str, Any]:
    return {**vars(options), "role": str(options.role), "bill_to": str(options.bill_to or "")}


def _told(row: Account) -> dict[str, Any]:
    return _said(Options(Role(row.role), row.bill_to, row.bill_to_name, row.username, row.email))
