"""Instances of vendors: what they are configured with, their tests, and what a comparison with the vendor shows."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from purser.api.schemas.common import Out, Sent
from purser.connectors.ports.tested import Tested
from purser.flows.accounts_to_vendor.comparing import Compared
from purser.provisioning import instances
from purser.provisioning.models import Instance, Stranger

Version = Annotated[int, Field(ge=0, le=2_000_000_000)]
Role = Annotated[str, Field(max_length=210, examples=["readonly_admin", "protection_ro_admin backup"])]


class InstanceSetting(Out):
    """`value` is empty for a secret; `kept` tells whether there is one."""

    name: str
    label: str
    secret: bool
    value: str
    kept: bool


class VendorInstance(Out):
    """An account of yours at a vendor. `state` is new (not tested), ready or paused; `paused_text` says why nothing is called.

    `roles` are those of a new tenant's user, by kind of tenant (partner, customer), a line each: the vendor's id and, where it
    has one, its namespace; a kind that is not named has the usual ones. `drift_policy` is heal or ask.
    """

    id: UUID
    kind: str
    name: str
    state: str
    paused_code: str
    paused_text: str
    tested_at: datetime | None
    tested_text: str
    looked_at: datetime | None
    drift_policy: str
    roles: dict[str, list[str]]
    version: int
    settings: list[InstanceSetting]
    lacking: list[str]


class InstanceValues(Sent):
    """A secret that is left out stays as it is, unless an address changes: then it is forgotten, for it belongs to the host
    it was given for."""

    name: Annotated[str, Field(min_length=1, max_length=instances.LONGEST_NAME, examples=["Acronis"])]
    values: Annotated[dict[str, Annotated[str, Field(max_length=instances.LONGEST)]], Field(max_length=30)]
    roles: Annotated[dict[str, Annotated[list[Role], Field(max_length=instances.MOST_ROLES)]], Field(max_length=5)] = {}
    drift_policy: Literal["heal", "ask"] = "ask"

    def wanted(self) -> instances.Wanted:
        return instances.Wanted(self.name, self.values, self.roles, self.drift_policy)


class InstanceMake(InstanceValues):
    kind: Annotated[str, Field(min_length=1, max_length=20, examples=["acronis"])]


class InstanceChange(InstanceValues):
    """`version` is the one that was read."""

    version: Version


class InstanceKept(Out):
    """`wiped` are secrets that were forgotten, `lacking` those that are to be given."""

    instance: VendorInstance
    wiped: list[str]
    lacking: list[str]


class InstanceTested(Out):
    """`text` is the vendor's own answer where it gave one."""

    ok: bool
    code: str
    text: str


class InstancePause(Sent):
    why: Annotated[str, Field(max_length=400)] = ""


class Pushed(Out):
    """To how many resellers."""

    count: int


class VendorStranger(Out):
    """A tenant at the vendor that no account has: `remote` is its id there, by which an account adopts it. `state`: open,
    adopted, ignored or gone."""

    id: UUID
    instance: UUID
    remote: str
    parent: str
    kind: str
    name: str
    enabled: bool
    state: str
    seen_at: datetime
    why: str


class IgnoreStranger(Sent):
    why: Annotated[str, Field(min_length=1, max_length=500)]


class VendorCompared(Out):
    """`accounts` were compared; `open` differences are left, `healing` accounts are put right now. `text` says why not all
    could be said; empty for a whole reading. `unread`: the accounts that could not be read, with the vendor's words."""

    accounts: int
    open: int
    healing: int
    text: str
    unread: list[str]
    strangers: list[VendorStranger]


def compared(found: Compared) -> VendorCompared:
    return VendorCompared(
        accounts=found.accounts,
        open=found.open,
        healing=found.healing,
        text=found.text,
        unread=found.unread,
        strangers=[stranger(one) for one in found.strangers],
    )


def stranger(row: Stranger) -> VendorStranger:
    names = ("remote", "parent", "kind", "name", "enabled", "state", "seen_at", "why")
    return VendorStranger(id=row.pk, instance=row.instance_id, **{name: getattr(row, name) for name in names})


def instance(row: Instance) -> VendorInstance:
    names = ("kind", "name", "state", "paused_code", "paused_text", "tested_at", "tested_text", "looked_at", "drift_policy")
    return VendorInstance(
        id=row.pk,
        version=row.version,
        roles={kind: instances.lines(row.roles, kind) for kind in row.roles},
        settings=[
            InstanceSetting(name=s.field.name, label=s.field.label, secret=s.field.secret, value=s.value, kept=s.kept)
            for s in instances.settings(row.kind, row)
        ],
        lacking=list(instances.lacking(row)),
        **{name: getattr(row, name) for name in names},
    )


def kept(saved: instances.Saved) -> InstanceKept:
    return InstanceKept(instance=instance(saved.instance), wiped=list(saved.wiped), lacking=list(saved.lacking))


def tested(result: Tested) -> InstanceTested:
    return InstanceTested(ok=result.ok, code=result.code, text=result.text)
