"""Lists of what stands at vendors: instances, whom they are synced with, and what somebody changed there.

Accounts and findings are rows of the organisations below, read in the seat that may list them.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import QueryDict

from purser.access.actors import Actor
from purser.lists.model import Column, Preset, Sign, Table
from purser.provisioning import accounts, kinds, places
from purser.provisioning.findings import LABELS
from purser.provisioning.models import (
    OPEN_STEPS,
    Account,
    DriftPolicy,
    Finding,
    FindingState,
    Instance,
    InstanceState,
    Role,
    Step,
    Stranger,
    StrangerState,
)
from purser.provisioning.steps import STAGES
from purser.tenants.models import Kind, Organisation

STATES = {
    "new": Sign(str(InstanceState.NEW.label), "warn"),
    "ready": Sign(str(InstanceState.READY.label), "good"),
    "paused": Sign(str(InstanceState.PAUSED.label), "bad", "player-pause"),
}
POLICIES = {value: Sign(str(label), "plain", "adjustments") for value, label in DriftPolicy.choices}
ROLES = {value: Sign(str(label)) for value, label in Role.choices}
KINDS = {kind.value: Sign(str(kind.label)) for kind in Kind}
KNOWN = {
    "open": Sign(str(StrangerState.OPEN.label), "warn"),
    "adopted": Sign(str(StrangerState.ADOPTED.label), "good"),
    "ignored": Sign(str(StrangerState.IGNORED.label), "plain", "check"),
    "gone": Sign(str(StrangerState.GONE.label), "plain"),
}
FOUND = {
    "open": Sign(str(FindingState.OPEN.label), "warn"),
    "healed": Sign(str(FindingState.HEALED.label), "good"),
    "accepted": Sign(str(FindingState.ACCEPTED.label), "plain", "check"),
    "gone": Sign(str(FindingState.GONE.label), "plain"),
}


def what(stage: str) -> str:
    """A stage of an account in words."""
    return (STAGES | LABELS).get(stage, stage.capitalize())


# Instances, accounts, whom to sync, findings


INSTANCES = Table(
    name="instances",
    title="Instances of vendors",
    lead="Your accounts at vendors: by them tenants are made for resellers and customers.",
    rows=lambda actor, params: Instance.objects.all(),
    order=("name",),
    columns=(
        Column("name", "Name"),
        Column("vendor", "Vendor", read=lambda row: kinds.label(row.kind)),
        Column("kind", "Kind", shown=False),
        Column("state", "State", "badge", signs=STATES),
        Column("paused_text", "Why paused", shown=False),
        Column("tested_at", "Last test", "datetime"),
        Column("tested_text", "Its answer"),
        Column("drift_policy", "When somebody changes a tenant there", "badge", signs=POLICIES, shown=False),
        Column("created_at", "Since", "datetime", shown=False),
    ),
)


ACCOUNTS = Table(
    name="vendor_accounts",
    title="Accounts at vendors",
    lead="Resellers and customers that are synced with an instance of a vendor.",
    seat=places.listing,
    rows=lambda actor, params: Account.across.filter(places.of_instances(actor)),
    order=("name", "instance_name"),
    columns=(
        Column("name", "Organisation"),
        Column("instance_name", "Instance"),
        Column("role", "Role", "badge", signs=ROLES),
        Column("bill_to_name", "Parent Account"),
        Column("username", "Username"),
        Column("email", "Email"),
        Column("state", "Status", "badge", signs=accounts.SIGNS),
        Column("synced_at", "Synced", "datetime"),
        Column("provisioned_at", "Provisioned", "datetime"),
        Column("mailed_at", "Activation mailed", "datetime", shown=False),
        Column("remote", "Tenant at the vendor", shown=False),
        Column("reference", "Our reference there", shown=False),
    ),
    presets=(
        Preset("Half done", "state.is=failed"),
        Preset("Without a tenant yet", "state.is=prepared"),
        Preset("Provisioned", "state.is=provisioned"),
    ),
)


def _below(actor: Actor, params: QueryDict) -> QuerySet[Any, Any]:
    held = Account.across.filter(places.of_instances(actor), tenant_id=OuterRef("pk"))
    live = held.exclude(state="removed").order_by().values("tenant_id")
    count = live.annotate(n=Count("id")).values("n")
    halves = live.filter(state="failed").annotate(n=Count("id")).values("n")
    # no join: the seat of a reseller does not see the reseller itself, and a joined list would be empty
    above = Organisation.across.filter(pk=OuterRef("parent_id")).values("name")[:1]
    whole: QuerySet[Any, Any] = places.everyone(actor).annotate(
        under=Subquery(above),
        accounts=Coalesce(Subquery(count, output_field=IntegerField()), 0),
        halves=Coalesce(Subquery(halves, output_field=IntegerField()), 0),
    )
    return whole


TO_SYNC = Table(
    name="to_sync",
    title="Provisioning Sync Status",
    lead="Whom you can sync with vendors: resellers and customers, each with how many of its accounts stand.",
    seat=places.listing,
    rows=_below,
    order=("name",),
    columns=(
        Column("name", "Organisation"),
        Column("kind", "Kind", "badge", signs=KINDS),
        Column("number", "Tenant ID"),
        Column("under", "Under"),
        Column("accounts", "Accounts", "number"),
        Column("halves", "Half done", "number"),
    ),
    presets=(
        Preset("Not synced", "accounts.max=0"),
        Preset("Resellers", "kind.is=reseller"),
        Preset("Customers", "kind.is=customer"),
    ),
)


STEP_SIGNS = {
    "intended": Sign("Under way", "note", "progress"),
    "done": Sign("Done", "good"),
    "refused": Sign("Refused", "bad"),
    "busy": Sign("To be tried again", "warn", "clock"),
    "unsure": Sign("Unknown outcome", "warn", "help"),
    "asked": Sign("Waits for a person", "warn", "user"),
    "dropped": Sign("No longer needed", "plain"),
}


def _of_accounts(actor: Actor, rows: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
    return rows.filter(places.of_instances(actor, "account__")).select_related("account")


HALF_DONE = Table(
    name="half_done",
    title="Half done at vendors",
    lead="Steps at vendors that are not settled, with the vendor's words and when each is tried again.",
    seat=places.listing,
    rows=lambda actor, params: _of_accounts(actor, Step.across.filter(state__in=OPEN_STEPS)),
    order=("-intended_at",),
    columns=(
        Column("name", "Organisation", field="account__name"),
        Column("instance_name", "Instance", field="account__instance_name"),
        Column("what", "Step", "badge", signs={stage: Sign(words) for stage, words in STAGES.items()}),
        Column("state", "State", "badge", signs=STEP_SIGNS),
        Column("text", "The vendor's words"),
        Column("hint", "What to do", shown=False),
        Column("attempts", "Attempts", "number"),
        Column("intended_at", "Last try", "datetime"),
        Column("retry_at", "Next try", "datetime"),
        Column("code", "Code", shown=False),
    ),
    presets=(
        Preset("Wait for a person", "state.in=refused&state.in=asked"),
        Preset("Go on by themselves", "state.in=busy&state.in=unsure&state.in=intended"),
    ),
)


FINDINGS = Table(
    name="vendor_findings",
    title="Changed at the vendor",
    lead="Somebody changed a tenant in the vendor's own portal: what we hold, and what the vendor has.",
    seat=places.listing,
    rows=lambda actor, params: _of_accounts(actor, Finding.across.all()),
    order=("state", "-seen_at"),
    columns=(
        Column("name", "Organisation", field="account__name"),
        Column("instance_name", "Instance", field="account__instance_name"),
        Column("what", "What", "badge", signs={name: Sign(words) for name, words in (STAGES | LABELS).items()}),
        Column("ours", "We hold"),
        Column("theirs", "The vendor has"),
        Column("state", "State", "badge", signs=FOUND),
        Column("seen_at", "Seen", "datetime"),
        Column("ended_at", "Ended", "datetime", shown=False),
        Column("ended_by_name", "Ended by", shown=False),
        Column("why", "Reason", shown=False),
    ),
    presets=(Preset("Open", "state.is=open"),),
)


STRANGERS = Table(
    name="vendor_strangers",
    title="Unknown tenants",
    lead="Tenants at your vendors, below you or one of your resellers, that no account has.",
    rows=lambda actor, params: Stranger.objects.select_related("instance"),
    order=("-state", "name"),  # open ones first
    columns=(
        Column("name", "Name"),
        Column("kind", "Kind", "badge", signs={"partner": Sign("Partner"), "customer": Sign("Customer")}),
        Column("instance", "Instance", field="instance__name"),
        Column("remote", "Id at the vendor"),
        Column("parent", "Under the tenant", shown=False),
        Column("state", "State", "badge", signs=KNOWN),
        Column("seen_at", "Seen", "datetime"),
        Column("ended_at", "Ended", "datetime", shown=False),
        Column("ended_by_name", "Ended by", shown=False),
        Column("why", "Reason", shown=False),
    ),
    presets=(Preset("Open", "state.is=open"), Preset("Ignored", "state.is=ignored")),
)
