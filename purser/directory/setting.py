"""What a person does with the source of users: choose and fill it, test it, ask for a reading.

Source: issue "Licences follow the directory", 1; reliability P25, P27.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from purser.access import acts, errands, permit, testing, vendor_settings
from purser.access.actors import Actor
from purser.access.vendor_settings import Field
from purser.connectors.ports.tested import Tested
from purser.directory import kinds, sources
from purser.directory.models import Source, SourceKind, SourceState
from purser.directory.sources import OF_TABLE
from purser.kernel.errors import Refused

LONGEST, LONGEST_TEXT = 500, 20_000
HOURS = (1, 168)


@dataclass(frozen=True)
class Saved:
    """`wiped` are the labels of secrets that were forgotten because the address or the kind changed, `lacking` those to be
    typed."""

    source: Source
    wiped: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()


@transaction.atomic
def save(actor: Actor, *, kind: str, values: Mapping[str, str], version: int, now: datetime) -> Saved:
    """Keep where users are read from. A secret left empty stays as it is, unless an address or the kind changes: it belongs
    to what it was typed for. `version` is the one that was read, 0 for a new source.

    People who were read before stay until a whole reading no longer names them. Raises Refused: an unknown kind, what is
    empty or too long, an address that may not be called, an old version.
    """
    permit.check(actor, "users.source")
    if kind not in SourceKind.values:
        hint = f"Known: {', '.join(SourceKind.values)}."
        raise Refused(f"There is no source of the kind {kind[:40]!r}.", code="kind", hint=hint)
    fields = kinds.current().fields[kind]
    typed = _typed(fields, values)
    plain = {f.name: typed[f.name] or f.default for f in fields if not f.secret}
    kinds.current().check(kind, plain)
    held: Source | None = Source.objects.select_for_update().first()
    if (held.version if held else 0) != version:
        raise Refused("Somebody changed the source of users meanwhile.", code="version", hint="Open the form again.")
    acts.record(
        actor,
        "users.source",
        summary=f"Changed the source of users to {SourceKind(kind).label}",
        of=("user_source", held.pk if held else ""),
        before={"kind": held.kind, **held.settings} if held else None,
        after={"kind": kind, **plain, **{f.name: "changed" for f in fields if f.secret and typed[f.name]}},
        now=now,
    )
    moved = held is not None and (held.kind != kind or vendor_settings.moved(fields, held.settings, plain))
    source = _kept(held, kind, plain, now)
    wiped = vendor_settings.keep(fields, OF_TABLE, source.pk, typed, moved=moved, now=now)
    return Saved(source, wiped, sources.lacking(source))


def _typed(fields: Sequence[Field], values: Mapping[str, str]) -> dict[str, str]:
    unknown = sorted(set(values) - {f.name for f in fields})
    if unknown:
        raise Refused(f"There is no setting {', '.join(unknown)[:100]}.", code="setting")
    typed = {f.name: str(values.get(f.name) or "").strip() for f in fields}
    for f in fields:
        most = LONGEST_TEXT if f.long else LONGEST
        if len(typed[f.name]) > most:
            raise Refused(f"{f.label} has {len(typed[f.name]):,} characters; at most {most:,} are kept.", code="long")
        if f.choices and typed[f.name] and typed[f.name] not in f.choices:
            raise Refused(f"{f.label} is one of {', '.join(f.choices)}.", code="choice")
    empty = [f.label for f in fields if f.required and not f.secret and not typed[f.name] and not f.default]
    if empty:
        raise Refused(f"Still empty: {', '.join(empty)}.", code="empty")
    hours = typed.get("every_hours", "")
    if hours and not (hours.isascii() and hours.isdigit() and len(hours) < 5 and HOURS[0] <= int(hours) <= HOURS[1]):
        raise Refused(f"Read every so many hours: from {HOURS[0]} to {HOURS[1]}, not {hours[:20]}.", code="bounds")
    return typed


def _kept(held: Source | None, kind: str, plain: dict[str, str], now: datetime) -> Source:
    ready = SourceState.READY if kind == SourceKind.FILE else SourceState.NEW
    if held is None:
        made: Source = Source.objects.create(kind=kind, settings=plain, state=ready, created_at=now)
        return made
    # What was known of the source was known of the old settings; its marks of what was read are of no use to another.
    if {**held.settings, "every_hours": ""} != {**plain, "every_hours": ""} or held.kind != kind:
        held.tokens = {}
        held.whole, held.cut = False, "The source was changed and has not been read since."
    held.kind, held.settings, held.version, held.state = kind, plain, held.version + 1, ready
    held.paused_at, held.paused_code, held.paused_text = None, "", ""
    held.tested_at, held.tested_text, held.next_at = None, "", None
    held.save()
    return held


def to_test(actor: Actor, *, now: datetime) -> Source:
    """The source to test. The test itself is a call, to be made outside of any transaction; keep its answer with `keep_test`.

    Raises Missing, Refused for a file and while a secret is missing, testing.TooManyTests after ten within an hour.
    """
    permit.check(actor, "users.refresh")
    source = sources.find()
    if source.kind == SourceKind.FILE:
        raise Refused("Users come from a file: there is nobody to ask. Load the file instead.", code="kind")
    if empty := sources.lacking(source):
        raise Refused(f"Nothing to test yet: {', '.join(empty)} is missing.", code="lacking")
    testing.begin(actor, "users.refresh", ("user_source_test", source.pk), "the source of users", now=now)
    return source


@transaction.atomic
def keep_test(actor: Actor, *, result: Tested, version: int, now: datetime) -> None:
    """Keep the answer of a test. Success lets the source go on and asks for a reading. Raises sources.Changed."""
    permit.check(actor, "users.refresh")
    source = sources.held(version)
    acts.record(
        actor,
        "users.refresh",
        summary=f"Tested the source of users: {result.text}",
        of=("user_source", source.pk),
        outcome="done" if result.ok else "refused",
        now=now,
    )
    sources.tested(result, now=now)
    if result.ok:
        Source.objects.filter(next_at=None).update(next_at=now)  # the rhythm asks, should this job come to nothing
        sources.ask(by=errands.by(actor), cause="person")


@transaction.atomic
def read_now(actor: Actor, *, now: datetime) -> bool:
    """Ask for a reading, also of a paused source; False when one waits already. Raises Missing, and Refused for a file."""
    permit.check(actor, "users.refresh")
    source = sources.find()
    if source.kind == SourceKind.FILE:
        raise Refused("Users come from a file: load it again.", code="kind")
    if empty := sources.lacking(source):
        raise Refused(f"Nothing to read yet: {', '.join(empty)} is missing.", code="lacking")
    acts.record(actor, "users.refresh", summary="Asked for a reading of users", of=("user_source", source.pk), now=now)
    return sources.ask(by=errands.by(actor), cause="person")
