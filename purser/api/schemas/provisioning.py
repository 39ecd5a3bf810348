"""Sync Options, accounts at vendors with their steps, and what was changed there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from purser.api.schemas.common import Out, Sent
from purser.flows.accounts_to_vendor.previewing import Preview
from purser.flows.accounts_to_vendor.sync_options import LONGEST, Line, Saved
from purser.provisioning.models import Account, Finding, Step
from purser.subscriptions.models import Subscription

Version = Annotated[int, Field(ge=0, le=2_000_000_000)]


class VendorAccount(Out):
    """An organisation at an instance. `state`: prepared (synced; the tenant comes with the first subscription), provisioning,
    provisioned, failed (half done), removing, removed. `bill_to` is the reseller it stands under, null directly under the
    provider. `suspended`: the vendor has it disabled. `remote` is the vendor's id of its tenant."""

    id: UUID
    organisation: UUID
    name: str
    instance: UUID
    instance_name: str
    role: str
    bill_to: UUID | None
    bill_to_name: str
    username: str
    email: str
    state: str
    remote: str
    suspended: bool
    synced_at: datetime
    provisioned_at: datetime | None
    mailed_at: datetime | None
    version: int


class SyncStatus(Out):
    """One provisioning system above an organisation. `role` follows from what the organisation is, `parent` from who sells to
    it: the reseller, which must be synced first (`parent_synced`); null directly under the provider. `account` is null before
    Save & Synchronize; `words` tell what is to come. `fixed` names what of parent, username and email cannot be changed any
    more."""

    instance: UUID
    instance_name: str
    kind: str
    provider: UUID
    provider_name: str
    role: str
    parent: UUID | None
    parent_name: str
    parent_synced: bool
    status: str
    words: str
    fixed: list[str]
    account: VendorAccount | None


class SyncOptions(Sent):
    """`parent` and `role` may be left out: they follow from the tree, and what differs is refused. `parent` is the reseller's
    name or Tenant ID. `version` is that of the account that was read, 0 where there is none yet."""

    username: Annotated[str, Field(max_length=LONGEST, examples=["alder.dental"])]
    email: Annotated[str, Field(max_length=LONGEST, examples=["it@alder.example"])]
    parent: Annotated[str, Field(max_length=300)] = ""
    role: Annotated[str, Field(max_length=40)] = ""
    version: Version = 0


class Synced(Out):
    """`warnings` are sentences; `provisions`: its tenant is made now."""

    account: VendorAccount
    warnings: list[str]
    provisions: bool


class VendorStep(Out):
    """One change at the vendor. `state`: intended (sent, no answer yet), done, refused, busy (tried again at `retry_at`),
    unsure (unknown outcome: it is looked for), asked (a person says), dropped. `text` are the vendor's words."""

    id: UUID
    what: str
    before: str
    after: str
    state: str
    code: str
    text: str
    hint: str
    attempts: int
    first_at: datetime
    intended_at: datetime
    answered_at: datetime | None
    retry_at: datetime | None


class VendorFinding(Out):
    """What somebody changed at the vendor: what we hold, and what the vendor has."""

    id: UUID
    what: str
    ours: str
    theirs: str
    state: str
    seen_at: datetime


class WaitingSubscription(Out):
    """One that could not begin, and why: for whom it waits, or the vendor's words."""

    id: UUID
    number: str
    offer_name: str
    state_text: str


class AccountShown(Out):
    """`waiting`: subscriptions that could not begin, the oldest first. `steps` and `findings` the latest first; of findings
    only the open ones."""

    account: VendorAccount
    status: str
    words: str
    waiting: list[WaitingSubscription]
    steps: list[VendorStep]
    findings: list[VendorFinding]


def account(row: Account) -> VendorAccount:
    names = [name for name in VendorAccount.model_fields if name not in ("id", "organisation")]
    organisation: UUID = row.tenant_id  # type: ignore[assignment]  # a row that was read has one
    return VendorAccount(id=row.pk, organisation=organisation, **{name: getattr(row, name) for name in names})


def line(one: Line) -> SyncStatus:
    return SyncStatus(
        instance=one.instance.pk,
        instance_name=one.instance.name,
        kind=one.instance.kind,
        provider=one.at.provider.id,
        provider_name=one.at.provider.name,
        role=one.role,
        parent=one.parent.id if one.parent else None,
        parent_name=one.parent.name if one.parent else "",
        parent_synced=one.parent_synced,
        status=one.sign.words,
        words=one.words,
        fixed=sorted("parent" if name == "bill_to" else name for name in one.fixed),
        account=account(one.account) if one.account else None,
    )


def synced(saved: Saved) -> Synced:
    return Synced(account=account(saved.account), warnings=list(saved.warnings), provisions=saved.provisions)


def shown(
    one: Line, row: Account, waiting: Sequence[Subscription], steps: Sequence[Step], findings: Sequence[Finding]
) -> AccountShown:
    return AccountShown(
        account=account(row),
        status=one.sign.words,
        words=one.words,
        waiting=[WaitingSubscription(id=sub.pk, **_of(WaitingSubscription, sub)) for sub in waiting],
        steps=[step(one) for one in steps],
        findings=[finding(one) for one in findings],
    )


def _of(shape: type[Out], row: object) -> dict[str, Any]:
    return {name: getattr(row, name) for name in shape.model_fields if name != "id"}


class DecideStep(Sent):
    """A step that is `asked`: whether it happened. What did not is done again."""

    stage: Annotated[str, Field(min_length=1, max_length=20, examples=["mail"])]
    happened: bool
    note: Annotated[str, Field(max_length=400)] = ""


class AdoptTenant(Sent):
    """`remote` is the vendor's id of a tenant that is this account's."""

    remote: Annotated[str, Field(min_length=1, max_length=100)]


class TakeBack(Sent):
    why: Annotated[str, Field(min_length=1, max_length=300)]


class GiveUp(Sent):
    why: Annotated[str, Field(min_length=1, max_length=300)]


class RemoveTenant(Sent):
    """`name` is the organisation's own, to confirm: the vendor deletes the tenant with its users and all that it stores."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    why: Annotated[str, Field(min_length=1, max_length=300)]


class AcceptFinding(Sent):
    why: Annotated[str, Field(min_length=1, max_length=500)]


class VendorCall(Out):
    """One change that would be made: `method` is our word for the vendor's call."""

    stage: str
    method: str
    title: str
    before: str
    after: str


class VendorPreview(Out):
    """What the next run would change, in its order. `waits`: why nothing would be done yet."""

    calls: list[VendorCall]
    waits: str


def step(row: Step) -> VendorStep:
    return VendorStep(id=row.pk, **_of(VendorStep, row))


def finding(row: Finding) -> VendorFinding:
    return VendorFinding(id=row.pk, **_of(VendorFinding, row))


def preview(found: Preview) -> VendorPreview:
    return VendorPreview(calls=[VendorCall(**vars(call)) for call in found.calls], waits=found.waits)
