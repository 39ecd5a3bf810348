"""The source of a tenant's users as it lives: read on its rhythm, paused by what only a person can mend, going on again.

What a person does with it is in setting.py. Source: issue "Licences follow the directory", 1; reliability P25.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from purser.access import vendor_settings
from purser.access.vendor_settings import Setting
from purser.connectors.ports.tested import Tested
from purser.directory import kinds
from purser.directory.models import Source, SourceKind, SourceState
from purser.kernel.errors import Busy, Failure, Missing
from purser.notices import outbox
from purser.postgres import queue, tenancy

OF_TABLE = "directory_source"  # of the vault
# Nothing can succeed until a person has acted, here or in the directory itself.
PAUSING = frozenset({"credentials", "consent", "permission", "tenant", "address", "certificate", "filter"})
DEAD = timedelta(minutes=30)  # a stage older than this belongs to a process that is gone
EVERY_HOURS = 6


def own() -> Source | None:
    found: Source | None = Source.objects.first()
    return found


def find() -> Source:
    """Raises Missing."""
    source = own()
    if source is None:
        raise Missing("It is not set up yet where users are read from.")
    return source


def settings(kind: str, source: Source | None) -> list[Setting]:
    """All settings of a kind in the order of the page; those of another kind than the source's are empty."""
    held = source if source is not None and source.kind == kind else None
    return vendor_settings.settings(kinds.current().fields[kind], OF_TABLE, held)


def lacking(source: Source) -> tuple[str, ...]:
    """The labels of secrets that are to be typed."""
    return vendor_settings.lacking(kinds.current().fields[source.kind], OF_TABLE, source.pk)


def rhythm(source: Source) -> timedelta:
    return timedelta(hours=int(source.settings.get("every_hours") or EVERY_HOURS))


def due(*, now: datetime) -> bool:
    """In the seat of a tenant: whether its users are to be read. A file is never due: somebody brings it."""
    return Source.objects.filter(state=SourceState.READY, next_at__lte=now).exclude(kind=SourceKind.FILE).exists()


def ask(*, by: str | None, cause: str) -> bool:
    """Ask for a reading by a worker; False when one waits already."""
    tenant = tenancy.tenant()
    lock = f"directory:{tenant}"
    return queue.defer("purser.read_directory", lock=lock, merge=True, tenant=str(tenant), cause=cause, by=by)


def reading(source: Source, *, now: datetime) -> bool:
    """Whether a reading is under way."""
    return bool(source.stage) and source.stage_at is not None and now - source.stage_at < DEAD


def at(stage: str, *, now: datetime, **more: Any) -> None:
    """Say what a reading is at; "" at its end."""
    Source.objects.update(stage=stage[:40], stage_at=now if stage else None, **more)


class Changed(Busy):
    """What was read is of settings that hold no more."""


def held(version: int) -> Source:
    """The source, locked until the transaction ends. Raises Changed when it is no longer of this version."""
    source: Source | None = Source.objects.select_for_update().first()
    if source is None or source.version != version:
        raise Changed("The source of users was changed while it was read.", code="changed", hint="Read it again.")
    return source


def met(failure: Failure, *, now: datetime) -> None:
    """A reading failed before it read anything more. What only a person can mend pauses the source, and people are told."""
    source = find()
    Source.objects.update(whole=False, cut=failure.text[:500], stage="", stage_at=None)
    if failure.code not in PAUSING:
        return
    news = source.state != SourceState.PAUSED
    _pause(failure.code, failure.text, now=now if news else source.paused_at or now)
    if news:
        outbox.post(
            "directory_paused",
            audience=tenancy.tenant(),
            subject="Users are not read any more",
            lines=[failure.text, *filter(None, [failure.hint]), "Nobody is read as gone; licences stay as they are."],
            page="users_source",
            by_job=True,
            now=now,
        )


def _pause(code: str, text: str, *, now: datetime) -> None:
    Source.objects.update(state=SourceState.PAUSED, paused_at=now, paused_code=code[:30], paused_text=text[:500])


def well() -> None:
    """It answered: it goes on if it was paused."""
    Source.objects.exclude(state=SourceState.READY).update(
        state=SourceState.READY, paused_at=None, paused_code="", paused_text=""
    )


def tested(result: Tested, *, now: datetime) -> None:
    """Keep the answer of a test; success lets a paused source go on, what only a person can mend pauses it."""
    Source.objects.update(tested_at=now, tested_text=result.text[:500])
    if result.ok:
        well()
    elif result.code in PAUSING:
        _pause(result.code, result.text, now=now)


def was_read(*, whole: bool, cut: str, now: datetime) -> None:
    """A reading came to its end. `cut` says why it is not whole."""
    well()
    Source.objects.update(read_at=now, whole=whole, cut=cut[:500], stage="", stage_at=None)
