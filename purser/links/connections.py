"""Connections as they live: tested, read, paused with one alarm, resumed. Source: acceptance ID-3, ID-39."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import F, Q

from purser.connectors.ports.tested import Tested
from purser.kernel.errors import Failure, Missing
from purser.links.models import Alarm, Connection, Sync
from purser.links.models.connections import ConnectionState
from purser.notices import outbox
from purser.postgres import tenancy

OF_TABLE = "links_connection"  # of the vault
# Nothing can succeed on the connection until a person has acted (or the vendor has come to its senses).
PAUSING = frozenset({"credentials", "address"})
CUT = "cut"


def find(connection_id: UUID) -> Connection:
    connection = Connection.objects.filter(pk=connection_id).first()
    if connection is None:
        raise Missing("There is no such connection.")
    return connection


def by_kind(kind: str) -> Connection | None:
    return Connection.objects.filter(kind=kind).first()


def met(connection_id: UUID, failure: Failure, *, now: datetime) -> None:
    """A call on this connection failed as a whole. Credentials and addresses pause it, which is told to those who can mend
    it; everything raises one alarm.
    """
    if failure.code in PAUSING:
        paused = (
            Connection.objects.filter(pk=connection_id)
            .exclude(state=ConnectionState.PAUSED)
            .update(
                state=ConnectionState.PAUSED,
                paused_at=now,
                paused_code=failure.code,
                paused_text=failure.text[:500],
            )
        )
        if paused:
            _tell_paused(find(connection_id), failure, now)
    raise_alarm(connection_id, code=failure.code or "failed", text=failure.text, hint=failure.hint, now=now)


def _tell_paused(connection: Connection, failure: Failure, now: datetime) -> None:
    pairs = Sync.objects.filter(Q(source=connection) | Q(target=connection)).order_by("id").values_list("pk", flat=True)
    outbox.post(
        "connection_paused",
        audience=tenancy.tenant(),
        subject=f"{connection.name} is paused",
        lines=[failure.text, *filter(None, [failure.hint]), "Nothing is called until a test succeeds."],
        page=connection.kind,
        about=[("connection", connection.pk), *(("sync", pair) for pair in pairs)],
        by_job=True,
        now=now,
    )


def raise_alarm(connection_id: UUID, *, code: str, text: str, hint: str = "", now: datetime) -> bool:
    """True when this is news; a standing alarm only counts on."""
    alarm, new = Alarm.objects.get_or_create(
        connection_id=connection_id,
        code=code[:30],
        cleared_at=None,
        defaults={"text": text[:500], "hint": hint[:500], "raised_at": now},
    )
    if not new:
        Alarm.objects.filter(pk=alarm.pk).update(seen=F("seen") + 1, text=text[:500])
    return new


def well(connection_id: UUID, *, now: datetime, but: str = "") -> None:
    """The connection answered: its alarms end (`but` one code's, which goes on), and it goes on if it was paused."""
    Alarm.objects.filter(connection_id=connection_id, cleared_at=None).exclude(code=but).update(cleared_at=now)
    Connection.objects.filter(pk=connection_id).exclude(state=ConnectionState.READY).update(
        state=ConnectionState.READY, paused_at=None, paused_code="", paused_text=""
    )


def tested(connection_id: UUID, result: Tested, *, now: datetime) -> None:
    """Keep the answer of a test; success resumes, wrong credentials pause."""
    Connection.objects.filter(pk=connection_id).update(tested_at=now, tested_text=result.text[:500])
    if result.ok:
        well(connection_id, now=now)
    elif result.code in PAUSING:
        Connection.objects.filter(pk=connection_id).update(
            state=ConnectionState.PAUSED,
            paused_at=now,
            paused_code=result.code,
            paused_text=result.text[:500],
        )
        raise_alarm(connection_id, code=result.code, text=result.text, now=now)


def was_read(connection_id: UUID, *, whole: bool, cut: str, now: datetime) -> None:
    """A reading came to its end. One that was cut short keeps one alarm up, however often it happens."""
    Connection.objects.filter(pk=connection_id).update(read_at=now, whole=whole, cut=cut[:500])
    well(connection_id, now=now, but="" if whole else CUT)
    if not whole:
        raise_alarm(connection_id, code=CUT, text=f"It was not read as a whole: {cut}", now=now)
