"""What a person does with connections: fill them in, see a secret, keep a test's answer, set the rules of the pair.

Source: acceptance ID-1 to ID-5; reliability P25, P27.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from purser.access import acts, permit, testing, vault, vendor_settings
from purser.access.actors import Actor
from purser.connectors.ports.tested import Tested
from purser.kernel.errors import Missing, Refused
from purser.links import connections, kinds
from purser.links.connections import OF_TABLE
from purser.links.models import Connection, Sync
from purser.links.models.connections import PSA_KINDS, ConnectionKind, ConnectionState, Decrease, Policy
from purser.postgres import queue

LONGEST = 500


@dataclass(frozen=True)
class Saved:
    """`wiped` are the labels of secrets that were forgotten because an address changed, `lacking` those to be typed."""

    connection: Connection
    wiped: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()


@transaction.atomic
def save(actor: Actor, *, kind: str, values: Mapping[str, str], version: int, now: datetime) -> Saved:
    """Keep what was typed for a PSA. A secret that is left empty stays as it is; `version` is the one that was read, 0 for
    a new connection. A changed address forgets the secrets, as they belong to the host they were typed for (P25).

    Raises Refused: for the marketplace (the licence fills it), a forbidden address, an old version.
    """
    permit.check(actor, "connections.write")
    if kind not in PSA_KINDS:
        raise Refused("The marketplace is filled when the licence is activated, not typed.", code="kind")
    return _keep(actor, kind, values, version=version, summary="Changed the connection to {name}", now=now)


def activate(payload: Mapping[str, str], actor: Actor, now: datetime) -> Connection:
    """Fill the marketplace page from an activated licence; `payload` has the fields by name. Source: ID-2, F-15.

    A second licence replaces the first: what it does not name is emptied.
    """
    permit.check(actor, "connections.write")
    kind = ConnectionKind.MARKETPLACE
    held = connections.by_kind(kind)
    every = {field.name: payload.get(field.name, "") for field in kinds.current().fields[kind]}
    if held is not None:
        vault.wipe(OF_TABLE, held.pk)
    summary = "Filled the marketplace connection from the licence"
    return _keep(actor, kind, every, version=held.version if held else 0, summary=summary, now=now).connection


def _keep(actor: Actor, kind: str, values: Mapping[str, str], *, version: int, summary: str, now: datetime) -> Saved:
    fields = kinds.current().fields[kind]
    typed = {f.name: str(values.get(f.name) or "").strip() for f in fields}
    long = [f.label for f in fields if len(typed[f.name]) > LONGEST]
    if long:
        raise Refused(f"{', '.join(long)}: at most {LONGEST} characters.", code="long")
    plain = {f.name: typed[f.name] or f.default for f in fields if not f.secret}
    empty = [f.label for f in fields if f.required and not f.secret and not plain[f.name]]
    if empty:
        raise Refused(f"Still empty: {', '.join(empty)}.", code="empty")
    kinds.current().check(kind, plain)
    name = ConnectionKind(kind).label
    held = Connection.objects.select_for_update().filter(kind=kind).first()
    if (held.version if held else 0) != version:
        raise Refused(f"Somebody changed the connection to {name} meanwhile.", code="version", hint="Open the form again.")
    acts.record(
        actor,
        "connections.write",
        summary=summary.format(name=name),
        of=("connection", held.pk if held else ""),
        before=held.settings if held else None,
        after={**plain, **{f.name: "changed" for f in fields if f.secret and typed[f.name]}},
        now=now,
    )
    if held is None:
        connection = Connection.objects.create(kind=kind, name=name, settings=plain, created_at=now)
        moved = False
    else:
        connection = held
        moved = vendor_settings.moved(fields, held.settings, plain)
        held.settings, held.version = plain, held.version + 1
        # What was known of the connection was known of the old settings.
        held.state, held.paused_at, held.paused_code, held.paused_text = ConnectionState.NEW, None, "", ""
        held.tested_at, held.tested_text = None, ""
        held.save()
    wiped = vendor_settings.keep(fields, OF_TABLE, connection.pk, typed, moved=moved, now=now)
    _pair(now)
    return Saved(connection, wiped, vendor_settings.lacking(fields, OF_TABLE, connection.pk))


def _pair(now: datetime) -> None:
    """A marketplace and a PSA that both stand are kept in step from now on, by the rules a pair begins with."""
    source = connections.by_kind(ConnectionKind.MARKETPLACE)
    if source is None:
        return
    for target in Connection.objects.filter(kind__in=PSA_KINDS):
        Sync.objects.get_or_create(source=source, target=target, defaults={"created_at": now})


@transaction.atomic
def set_price_is(actor: Actor, *, connection_id: UUID, price_is: str, version: int, now: datetime) -> Connection:
    """Say what the marketplace's unit price means for this account: "cost" or "sales"."""
    permit.check(actor, "connections.write")
    connection = _locked(connection_id)
    if connection.version != version:
        raise Refused("Somebody changed the connection meanwhile.", code="version", hint="Open the page again.")
    if price_is not in ("cost", "sales"):
        raise Refused(f"{price_is!r} is no meaning of a price: choose cost or sales.", code="price_is")
    acts.record(
        actor,
        "connections.write",
        summary="Changed what the marketplace's unit price means",
        of=("connection", connection.pk),
        before={"price_is": connection.price_is},
        after={"price_is": price_is},
        now=now,
    )
    connection.price_is, connection.version = price_is, version + 1
    connection.save(update_fields=["price_is", "version"])
    return connection


def reveal(actor: Actor, *, connection_id: UUID, field: str, now: datetime) -> str:
    """A secret in clear, to look at or to copy. Each look is an act. Raises Missing."""
    permit.check(actor, "connections.reveal")
    connection = connections.find(connection_id)
    found = next((f for f in kinds.current().fields[connection.kind] if f.secret and f.name == field), None)
    if found is None:
        raise Missing("There is no such secret.")
    acts.record(
        actor,
        "connections.reveal",
        summary=f"Saw the {found.label} of {connection.name}",
        of=("connection", connection.pk),
        now=now,
    )
    return vault.reveal(OF_TABLE, connection.pk, field)


def to_test(actor: Actor, *, connection_id: UUID, now: datetime) -> Connection:
    """The connection to test. The test itself is a call, to be made outside of any transaction; keep its answer with
    `keep_test`. Raises Missing, Refused while a secret is missing, and testing.TooManyTests after ten within an hour,
    whoever made them."""
    permit.check(actor, "connections.test")
    connection = connections.find(connection_id)
    if lacking := vendor_settings.lacking(kinds.current().fields[connection.kind], OF_TABLE, connection.pk):
        raise Refused(f"Nothing to test yet: {', '.join(lacking)} is missing.", code="lacking")
    testing.begin(actor, "connections.test", ("connection_test", connection.pk), connection.name, now=now)
    return connection


def keep_test(actor: Actor, *, connection_id: UUID, result: Tested, now: datetime) -> None:
    """Keep the answer of a test. Success resumes a paused connection and, the first time, asks for a whole reading."""
    permit.check(actor, "connections.test")
    connection = connections.find(connection_id)
    acts.record(
        actor,
        "connections.test",
        summary=f"Tested the connection to {connection.name}: {result.text}",
        of=("connection", connection.pk),
        outcome="done" if result.ok else "refused",
        now=now,
    )
    connections.tested(connection_id, result, now=now)
    if not result.ok:
        return
    for sync in Sync.objects.filter(source_id=connection_id) | Sync.objects.filter(target_id=connection_id):
        read_all(sync, tenant=actor.tenant)


def read_all(sync: Sync, *, tenant: UUID) -> bool:
    """Ask for a reading of all of both sides, for mapping; False when one waits already."""
    return queue.defer("purser.read_everything", lock=f"sync:{sync.pk}:all", merge=True, tenant=str(tenant), sync=str(sync.pk))


def read_now(actor: Actor, *, sync: Sync, now: datetime) -> bool:
    """A person asks for a reading of all of both sides."""
    permit.check(actor, "sync.run")
    acts.record(actor, "sync.run", summary="Asked for a reading of both sides", of=("sync", sync.pk), now=now)
    return read_all(sync, tenant=actor.tenant)


# The bounds of the pair's numbers: (least, most).
BOUNDS = {
    "every_seconds": (10, 86_400),
    "limit_percent": (1, 100),
    "limit_least": (0, 10_000),
    "limit_down": (0, 1_000_000),
}


@transaction.atomic
def configure(actor: Actor, *, sync_id: UUID, version: int, rules: Mapping[str, Any], now: datetime) -> Sync:
    """Change the rhythm and the rules of a pair: `on`, `every_seconds`, `drift_policy`, `decrease`, `end_to_zero`,
    `limit_percent`, `limit_least`, `limit_down`. What `rules` does not name stays."""
    permit.check(actor, "sync.configure")
    sync = Sync.objects.select_for_update().filter(pk=sync_id).first()
    if sync is None:
        raise Missing("There is no such pair.")
    if sync.version != version:
        raise Refused("Somebody changed these rules meanwhile.", code="version", hint="Open the page again.")
    known = {"on", "end_to_zero", "drift_policy", "decrease", *BOUNDS}
    unknown = set(rules) - known
    if unknown:
        raise Refused(f"There is no rule {', '.join(sorted(unknown))}.", code="rule")
    for name, (least, most) in BOUNDS.items():
        if name in rules and not least <= int(rules[name]) <= most:
            raise Refused(f"{name} is {rules[name]}; it must be from {least} to {most}.", code="bounds")
    for name, choices in (("drift_policy", Policy.values), ("decrease", Decrease.values)):
        if name in rules and rules[name] not in choices:
            raise Refused(f"{rules[name]!r} is no {name}: choose one of {', '.join(choices)}.", code="rule")
    acts.record(
        actor,
        "sync.configure",
        summary="Changed the schedule and the rules",
        of=("sync", sync.pk),
        before={name: getattr(sync, name) for name in rules},
        after=dict(rules),
        now=now,
    )
    for name, value in rules.items():
        setattr(sync, name, value)
    sync.version += 1
    sync.next_at = now  # the new rhythm begins at once
    sync.save()
    return sync


def _locked(connection_id: UUID) -> Connection:
    found = Connection.objects.select_for_update().filter(pk=connection_id).first()
    if found is None:
        raise Missing("There is no such connection.")
    return found
