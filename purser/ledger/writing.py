"""The statements that write: sets of rows, a batch in four of them. Only entries.py calls them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import connection

from purser.ledger.seal import Leg
from purser.postgres import ids, tenancy

Key = tuple[str, UUID | None, str]  # of an account: kind, thing, unit


@dataclass(frozen=True, slots=True)
class Sealed:
    """An entry that was checked, with its id to be and its digest."""

    id: UUID
    kind: str
    on: date
    source: str
    text: str
    reverses: UUID | None
    digest: str
    legs: Sequence[Leg]


def entries(rows: Sequence[Sealed], *, now: datetime) -> int:
    """Insert those whose source is not there yet; how many. A rival with the same source is waited for."""
    with connection.cursor() as cursor:
        cursor.execute(
            'INSERT INTO ledger_entry (id, tenant_id, kind, "on", made_at, source, text, reverses_id, lines, digest) '
            "SELECT id, %s, kind, day, %s, source, text, reverses, lines, digest FROM unnest("
            "%s::uuid[], %s::text[], %s::date[], %s::text[], %s::text[], %s::uuid[], %s::int[], %s::text[]) "
            "AS new (id, kind, day, source, text, reverses, lines, digest) ON CONFLICT DO NOTHING",
            [
                tenancy.tenant(),
                now,
                _array(row.id.hex for row in rows),
                [row.kind for row in rows],
                _array(row.on for row in rows),
                [row.source for row in rows],
                [row.text for row in rows],
                _array(row.reverses or "NULL" for row in rows),
                _array(len(row.legs) for row in rows),
                _array(row.digest for row in rows),
            ],
        )
        return int(cursor.rowcount)


def postings(rows: Iterable[Sealed]) -> None:
    rows = list(rows)
    known = accounts({(leg.account, leg.of, leg.unit) for row in rows for leg in row.legs})
    named = {key: id.hex for key, id in known.items()}
    lines = [
        (entry, named[leg.account, leg.of, leg.unit], on, leg.unit, leg.amount)
        for row in rows
        for entry, on in [(row.id.hex, row.on)]
        for leg in row.legs
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            'INSERT INTO ledger_posting (id, tenant_id, entry_id, account_id, "on", unit, amount) '
            "SELECT id, %s, entry, account, day, unit, amount FROM unnest("
            "%s::uuid[], %s::uuid[], %s::uuid[], %s::date[], %s::text[], %s::numeric[]) "
            "AS new (id, entry, account, day, unit, amount)",
            [tenancy.tenant(), _array(id.hex for id in ids.many(len(lines))), *map(_array, zip(*lines, strict=True))],
        )


def accounts(wanted: set[Key]) -> dict[Key, UUID]:
    """The ids of these accounts; those that are new are opened."""
    found = _find(wanted)
    # In one order everywhere: two batches that open the same accounts wait for each other, never in a ring.
    if new := sorted(wanted - found.keys(), key=lambda key: (key[0], str(key[1]), key[2])):
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO ledger_account (id, tenant_id, name, of, unit) SELECT id, %s, name, thing, unit "
                "FROM unnest(%s::uuid[], %s::text[], %s::uuid[], %s::text[]) AS new (id, name, thing, unit) "
                "ON CONFLICT DO NOTHING",
                [tenancy.tenant(), [ids.new() for _ in new], *_columns(new)],
            )
        found |= _find(set(new))
    return found


def _find(wanted: set[Key]) -> dict[Key, UUID]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT a.name, a.of, a.unit, a.id FROM unnest(%s::text[], %s::uuid[], %s::text[]) AS w (name, thing, unit) "
            "JOIN ledger_account a ON a.tenant_id = %s AND a.name = w.name AND a.unit = w.unit "
            "AND a.of IS NOT DISTINCT FROM w.thing",
            [*_columns(wanted), tenancy.tenant()],
        )
        return {(name, of, unit): id for name, of, unit, id in cursor.fetchall()}


def _array(values: Iterable[object]) -> str:
    """A column of values that need no quotes (ids, dates, numbers, names of the chart), as the database writes it."""
    return "{" + ",".join(map(str, values)) + "}"


def _columns(keys: Iterable[Key]) -> tuple[list[str], list[UUID | None], list[str]]:
    keys = list(keys)
    return [name for name, _, _ in keys], [of for _, of, _ in keys], [unit for _, _, unit in keys]
