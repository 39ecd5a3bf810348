"""Instances of vendors, of the organisation acted in: who buys there by which account. Several of one kind go by their names.

Source: acceptance AC-1, AC-2; decision F-9; reliability P25, P27.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from purser.access import acts, permit, testing, vendor_settings
from purser.access.actors import Actor
from purser.access.vendor_settings import Field, Setting
from purser.connectors.ports.tested import Tested
from purser.kernel.errors import Failure, Missing, Refused
from purser.postgres import ids
from purser.provisioning import kinds, telling
from purser.provisioning.models import DriftPolicy, Instance, InstanceState

OF_TABLE = "provisioning_instance"  # of the vault
LONGEST, LONGEST_NAME, MOST_ROLES = 500, 100, 20
# Nothing can succeed until a person has acted, here or at the vendor.
PAUSING = frozenset({"credentials", "permission", "address_forbidden"})
KINDS_OF_TENANT = {"partner": "a reseller's user", "customer": "a customer's user"}
Roles = dict[str, list[list[str]]]


@dataclass(frozen=True)
class Wanted:
    """What a person says of an instance. `roles`: by kind of tenant lines of a role each, its id and, where the vendor asks
    for one, its namespace; a kind without a line has the connector's own. Source: decision F-9."""

    name: str
    values: Mapping[str, str]
    roles: Mapping[str, Sequence[str]]
    drift_policy: str = DriftPolicy.ASK


@dataclass(frozen=True)
class Saved:
    """`wiped` are the labels of secrets that were forgotten because an address changed, `lacking` those to be typed."""

    instance: Instance
    wiped: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()


def every() -> QuerySet[Any, Any]:
    rows: QuerySet[Any, Any] = Instance.objects.order_by("name", "id")
    return rows


def find(id: UUID) -> Instance:
    """Raises Missing."""
    row: Instance | None = Instance.objects.filter(pk=id).first()
    if row is None:
        raise Missing("There is no such instance.")
    return row


def fields_of(kind: str) -> Sequence[Field]:
    """Raises Refused for a kind that there is not."""
    known = kinds.current().fields
    if kind not in known:
        raise Refused(f"There is no vendor {kind[:40]!r}.", code="kind", hint=f"Known: {', '.join(known)}.")
    return known[kind]


def settings(kind: str, instance: Instance | None) -> list[Setting]:
    return vendor_settings.settings(fields_of(kind), OF_TABLE, instance)


def lacking(instance: Instance) -> tuple[str, ...]:
    """The labels of secrets that are to be typed."""
    return vendor_settings.lacking(fields_of(instance.kind), OF_TABLE, instance.pk)


def lines(roles: Roles, kind: str) -> list[str]:
    """The roles of a kind of tenant as a person writes them."""
    return [" ".join(filter(None, role)) for role in roles.get(kind, [])]


@transaction.atomic
def make(actor: Actor, kind: str, wanted: Wanted, *, now: datetime) -> Saved:
    """A new instance; it is to be tested before anything is made by it. Raises Refused."""
    permit.check(actor, "instances.write")
    fields = fields_of(kind)
    row = Instance(id=ids.new(), kind=kind, created_at=now)
    typed = _typed(fields, wanted.values)
    _apply(row, fields, typed, wanted)
    acts.record(
        actor, "instances.write", summary=f"Made the instance {row.name}", of=("instance", row.pk),
        after=_said(row, fields, typed), now=now,
    )  # fmt: skip
    row.save(force_insert=True)
    vendor_settings.keep(fields, OF_TABLE, row.pk, typed, moved=False, now=now)
    return Saved(row, (), lacking(row))


@transaction.atomic
def change(actor: Actor, id: UUID, wanted: Wanted, *, version: int, now: datetime) -> Saved:
    """A secret left empty stays as it is, unless an address changes: it belongs to the host it was typed for (P25). Other
    settings are to be tested again; a name, roles and the policy are not. Raises Missing, Refused (an old version among them).
    """
    permit.check(actor, "instances.write")
    row = _held(id, version)
    fields = fields_of(row.kind)
    typed = _typed(fields, wanted.values)
    settings_before, told = dict(row.settings), _said(row, fields, {})
    _apply(row, fields, typed, wanted)
    acts.record(
        actor, "instances.write", summary=f"Changed the instance {row.name}", of=("instance", row.pk),
        before=told, after=_said(row, fields, typed), now=now,
    )  # fmt: skip
    moved = vendor_settings.moved(fields, settings_before, row.settings)
    if settings_before != row.settings or any(f.secret and typed[f.name] for f in fields):
        # What was known of the instance was known of the old settings.
        row.state, row.paused_code, row.paused_text, row.tested_at, row.tested_text = InstanceState.NEW, "", "", None, ""
    row.version += 1
    row.save()
    wiped = vendor_settings.keep(fields, OF_TABLE, row.pk, typed, moved=moved, now=now)
    return Saved(row, wiped, lacking(row))


@transaction.atomic
def pause(actor: Actor, id: UUID, *, why: str, now: datetime) -> Instance:
    """Nothing is called by it until a test succeeds. Raises Missing, and Refused where it is paused already."""
    permit.check(actor, "instances.write")
    row = _held(id, None)
    if row.state == InstanceState.PAUSED:
        raise Refused(f"{row.name} is paused already.", code="paused", hint="A test that succeeds lets it go on.")
    text = " ".join(why.split())[:400] or "No reason given."
    acts.record(
        actor, "instances.write", summary=f"Paused the instance {row.name}", of=("instance", row.pk),
        after={"why": text}, now=now,
    )  # fmt: skip
    row.state, row.paused_code, row.paused_text = InstanceState.PAUSED, "person", f"{actor.name} paused it: {text}"[:500]
    row.version += 1
    row.save(update_fields=["state", "paused_code", "paused_text", "version"])
    return row


def to_test(actor: Actor, id: UUID, *, now: datetime) -> Instance:
    """The instance to test. The test itself is a call, to be made outside of any transaction; keep its answer with
    `keep_test`. Raises Missing, Refused while a secret is missing, testing.TooManyTests after ten within an hour."""
    permit.check(actor, "instances.test")
    row = find(id)
    if empty := lacking(row):
        raise Refused(f"Nothing to test yet: {', '.join(empty)} is missing.", code="lacking")
    testing.begin(actor, "instances.test", ("instance_test", row.pk), row.name, now=now)
    return row


@transaction.atomic
def keep_test(actor: Actor, id: UUID, *, result: Tested, version: int, now: datetime) -> Instance:
    """Keep the answer of a test: success lets the instance go on, what only a person can mend pauses it.

    Raises Refused where it was changed meanwhile: the answer is of settings that hold no more.
    """
    permit.check(actor, "instances.test")
    row = _held(id, version)
    acts.record(
        actor, "instances.test", summary=f"Tested the instance {row.name}: {result.text}", of=("instance", row.pk),
        outcome="done" if result.ok else "refused", now=now,
    )  # fmt: skip
    was = row.state
    row.tested_at, row.tested_text = now, result.text[:500]
    if result.ok:
        row.state, row.paused_code, row.paused_text = InstanceState.READY, "", ""
    elif result.code in PAUSING:
        row.state, row.paused_code, row.paused_text = InstanceState.PAUSED, result.code[:30], result.text[:500]
    row.save(update_fields=["state", "paused_code", "paused_text", "tested_at", "tested_text"])
    if was == InstanceState.READY and row.state == InstanceState.PAUSED:
        telling.paused(row, now=now)
    return row


def met(id: UUID, failure: Failure, *, now: datetime) -> bool:
    """A call by the instance failed, told in the provider's seat; whether that pauses it: only a person can mend it. Its
    people hear of it."""
    if failure.code not in PAUSING:
        return False
    text = f"{failure.text} {failure.hint}".strip()[:500]
    rows = Instance.objects.filter(pk=id, state=InstanceState.READY)
    new = bool(rows.update(state=InstanceState.PAUSED, paused_code=failure.code[:30], paused_text=text))
    if new:
        telling.paused(find(id), now=now)
    return new


def usable(instance: Instance) -> None:
    """Raises Refused while nothing may be called by it."""
    if instance.state == InstanceState.PAUSED:
        raise Refused(f"{instance.name} is paused: {instance.paused_text}", code="paused", hint="Its provider tests it.")
    if instance.state == InstanceState.NEW:
        raise Refused(f"{instance.name} is not tested yet.", code="untested", hint="Its provider tests it first.")


def _held(id: UUID, version: int | None) -> Instance:
    row: Instance | None = Instance.objects.select_for_update().filter(pk=id).first()
    if row is None:
        raise Missing("There is no such instance.")
    if version is not None and row.version != version:
        raise Refused(f"Somebody changed {row.name} meanwhile.", code="version", hint="Open it again.")
    return row


def _typed(fields: Sequence[Field], values: Mapping[str, str]) -> dict[str, str]:
    unknown = sorted(set(values) - {f.name for f in fields})
    if unknown:
        raise Refused(f"There is no setting {', '.join(unknown)[:100]}.", code="setting")
    typed = {f.name: str(values.get(f.name) or "").strip() for f in fields}
    for f in fields:
        if len(typed[f.name]) > LONGEST:
            words = f"{f.label} has {len(typed[f.name]):,} characters; at most {LONGEST:,} are kept."
            raise Refused(words, code="long")
        if f.choices and typed[f.name] and typed[f.name] not in f.choices:
            raise Refused(f"{f.label} is one of {', '.join(f.choices)}.", code="choice")
    empty = [f.label for f in fields if f.required and not f.secret and not typed[f.name] and not f.default]
    if empty:
        raise Refused(f"Still empty: {', '.join(empty)}.", code="empty")
    return typed


def _apply(row: Instance, fields: Sequence[Field], typed: Mapping[str, str], wanted: Wanted) -> None:
    name = " ".join(wanted.name.split())
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        raise Refused(f"An instance needs a name of 1 to {LONGEST_NAME} characters that can be seen.", code="name")
    if Instance.objects.filter(name__iexact=name).exclude(pk=row.pk).exists():
        raise Refused(f"There is an instance {name} already.", code="name_taken", hint="They are told apart by their names.")
    if wanted.drift_policy not in DriftPolicy.values:
        raise Refused(f"{wanted.drift_policy[:20]!r} is no rule: {' or '.join(DriftPolicy.values)}.", code="drift_policy")
    plain = {f.name: typed[f.name] or f.default for f in fields if not f.secret}
    kinds.current().check(row.kind, plain)
    row.name, row.settings, row.drift_policy = name, plain, wanted.drift_policy
    row.roles = {kind: _roles(kind, found) for kind, found in wanted.roles.items() if any(line.strip() for line in found)}


def _roles(kind: str, given: Sequence[str]) -> list[list[str]]:
    if kind not in KINDS_OF_TENANT:
        raise Refused(f"There is no kind of tenant {kind[:20]!r}: {' or '.join(KINDS_OF_TENANT)}.", code="roles")
    split = [line.split() for line in given if line.strip()]
    wrong = [" ".join(words)[:60] for words in split if len(words) > 2 or any(len(word) > 100 for word in words)]
    if wrong:
        raise Refused(f"A role is its id and at most one namespace, not “{wrong[0]}”.", code="roles")
    if len(split) > MOST_ROLES:
        raise Refused(f"{len(split)} roles are too many: at most {MOST_ROLES}.", code="roles")
    found = [[words[0], words[1] if len(words) == 2 else ""] for words in split]
    return [role for n, role in enumerate(found) if role not in found[:n]]


def _said(row: Instance, fields: Sequence[Field], typed: Mapping[str, str]) -> dict[str, Any]:
    secrets = {f.name: "changed" for f in fields if f.secret and typed.get(f.name)}
    plain = {name: getattr(row, name) for name in ("name", "kind", "roles", "drift_policy")}
    return {**plain, **row.settings, **secrets}
