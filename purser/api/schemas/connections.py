"""Connections to vendors, and the pairs that are kept in step."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from purser.access.vendor_settings import Setting as Held
from purser.api.schemas.common import Out, Sent
from purser.connectors.ports.tested import Tested
from purser.links.desk.connections import BOUNDS, Saved
from purser.links.models import Alarm, Sync
from purser.links.models import Connection as Row
from purser.links.queries.connections import Health
from purser.links.queries.home import Health as Side

Kind = Literal["marketplace", "autotask", "connectwise"]


class Connection(Out):
    """`state` is new, ready or paused; `paused_text` says why nothing is called. `whole` tells of the latest reading."""

    id: UUID
    kind: Kind
    name: str
    state: str
    price_is: str
    paused_at: datetime | None
    paused_text: str
    tested_at: datetime | None
    tested_text: str
    read_at: datetime | None
    whole: bool
    cut: str
    version: int


class Setting(Out):
    """`value` is empty for a secret; `kept` tells whether there is one."""

    name: str
    label: str
    secret: bool
    value: str
    kept: bool


class Standing(Out):
    """A standing trouble of a connection: raised once, however many calls met it."""

    code: str
    text: str
    hint: str
    raised_at: datetime
    seen: int


class Details(Out):
    connection: Connection
    settings: list[Setting]
    alarms: list[Standing]


class Values(Sent):
    """`version` is the one that was read, 0 for a new connection. A secret that is left out stays as it is, unless an
    address changes: then all secrets are forgotten, for they belong to the old host."""

    version: Annotated[int, Field(ge=0, le=2_000_000_000)]
    values: Annotated[dict[str, Annotated[str, Field(max_length=500)]], Field(max_length=30)]


class Kept(Out):
    """`wiped` are secrets that were forgotten, `lacking` those that are to be given."""

    connection: Connection
    wiped: list[str]
    lacking: list[str]


class Meaning(Sent):
    """What the marketplace's unit price means for this account."""

    version: Annotated[int, Field(ge=0, le=2_000_000_000)]
    price_is: Literal["cost", "sales"]


class Result(Out):
    """`text` is the vendor's own answer where it gave one."""

    ok: bool
    code: str
    text: str


class Which(Sent):
    field: Annotated[str, Field(min_length=1, max_length=60)]


class Secret(Out):
    value: str


class End(Out):
    """One end of a pair: `tone` is good, warn or bad."""

    connection: UUID
    name: str
    tone: str
    words: str
    text: str


class Pair(Out):
    """A marketplace and a PSA, and the rules by which they are kept in step.

    Beyond `limit_percent` of all links and `limit_least` of them, or `limit_down` units taken away, a plan waits for a person.
    """

    id: UUID
    source: UUID
    target: UUID
    context: str
    on: bool
    every_seconds: int
    drift_policy: str
    decrease: str
    end_to_zero: bool
    limit_percent: int
    limit_least: int
    limit_down: int
    next_at: datetime | None
    version: int


def _bounded(name: str) -> object:
    least, most = BOUNDS[name]
    return Field(ge=least, le=most)


class Rules(Sent):
    """What is left out stays. `version` is the one that was read."""

    version: Annotated[int, Field(ge=0, le=2_000_000_000)]
    on: bool | None = None
    every_seconds: Annotated[int, _bounded("every_seconds")] | None = None
    drift_policy: Literal["marketplace", "psa", "ask"] | None = None
    decrease: Literal["next_period_start", "today"] | None = None
    end_to_zero: bool | None = None
    limit_percent: Annotated[int, _bounded("limit_percent")] | None = None
    limit_least: Annotated[int, _bounded("limit_least")] | None = None
    limit_down: Annotated[int, _bounded("limit_down")] | None = None


def connection(row: Row) -> Connection:
    return Connection(
        id=row.pk,
        kind=row.kind,  # type: ignore[arg-type]  # the column's check allows just these
        name=row.name,
        state=row.state,
        price_is=row.price_is,
        paused_at=row.paused_at,
        paused_text=row.paused_text,
        tested_at=row.tested_at,
        tested_text=row.tested_text,
        read_at=row.read_at,
        whole=row.whole,
        cut=row.cut,
        version=row.version,
    )


def details(health: Health, held: list[Held]) -> Details:
    return Details(
        connection=connection(health.connection),
        settings=[
            Setting(name=s.field.name, label=s.field.label, secret=s.field.secret, value=s.value, kept=s.kept) for s in held
        ],
        alarms=[trouble(row) for row in health.alarms],
    )


def trouble(row: Alarm) -> Standing:
    return Standing(code=row.code, text=row.text, hint=row.hint, raised_at=row.raised_at, seen=row.seen)


def kept(saved: Saved) -> Kept:
    return Kept(connection=connection(saved.connection), wiped=list(saved.wiped), lacking=list(saved.lacking))


def result(tested: Tested) -> Result:
    return Result(ok=tested.ok, code=tested.code, text=tested.text)


def side(health: Side) -> End:
    return End(
        connection=health.connection.pk,
        name=health.connection.name,
        tone=health.tone,
        words=health.words,
        text=health.text,
    )


def pair(row: Sync) -> Pair:
    return Pair(
        id=row.pk,
        source=row.source_id,
        target=row.target_id,
        context=row.target.kind,
        on=row.on,
        every_seconds=row.every_seconds,
        drift_policy=row.drift_policy,
        decrease=row.decrease,
        end_to_zero=row.end_to_zero,
        limit_percent=row.limit_percent,
        limit_least=row.limit_least,
        limit_down=row.limit_down,
        next_at=row.next_at,
        version=row.version,
    )
