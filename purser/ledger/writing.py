"""The statements that write: sets of rows, a batch in one of them. Only entries.py calls them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from purser.ledger.seal import Draft
from purser.postgres import ids, tenancy

BACKSLASH, QUOTE = "\\", '"'
Key = tuple[str, UUID | None, str]  # of an account: kind, thing, unit

# One statement, so that the database can check what it wrote as a set (migrations/0005).
BOOK = """
WITH new AS MATERIALIZED (
  SELECT * FROM unnest(%(entries)s::uuid[], %(kinds)s::text[], %(days)s::date[], %(sources)s::text[], %(texts)s::text[],
                       %(reverses)s::uuid[], %(lines)s::int[], %(digests)s::text[])
    WITH ORDINALITY AS new (id, kind, day, source, text, reverses, lines, digest, number)),
made AS (
  INSERT INTO ledger_entry (id, tenant_id, kind, "on", made_at, source, text, reverses_id, lines, digest, at_once)
  SELECT id, %(tenant)s, kind, day, %(now)s, source, text, reverses, lines, digest, true FROM new
  ON CONFLICT DO NOTHING RETURNING id),
brought AS (
  INSERT INTO ledger_posting (id, tenant_id, entry_id, account_id, "on", unit, amount)
  SELECT leg.id, %(tenant)s, new.id, account.id, new.day, account.unit, leg.amount
    FROM unnest(%(postings)s::uuid[], %(of)s::int[], %(on)s::int[], %(amounts)s::numeric[]) AS leg (id, entry, account, amount)
    JOIN new ON new.number = leg.entry
    JOIN made ON made.id = new.id
    JOIN unnest(%(accounts)s::uuid[], %(units)s::text[]) WITH ORDINALITY AS account (id, unit, number)
      ON account.number = leg.account)
SELECT count(*) FROM made
"""


class Sealed(NamedTuple):
    """An entry that was checked, with its id to be and its digest."""

    id: UUID
    draft: Draft
    digest: str
    reverses: UUID | None = None


def columns(rows: Sequence[Sealed], known: Mapping[Key, UUID]) -> dict[str, str]:
    """What BOOK is given of these entries, whose accounts are known. A leg names its entry and its account by number."""
    drafts = [row.draft for row in rows]
    legs = [leg for draft in drafts for leg in draft.legs]
    keys = [(leg.account, leg.of, leg.unit) for leg in legs]
    numbers = {key: number for number, key in enumerate(dict.fromkeys(keys), 1)}
    return {
        "entries": _array([row.id.hex for row in rows]),
        "kinds": _quoted([draft.kind for draft in drafts]),
        "days": _array([draft.on for draft in drafts]),
        "sources": _quoted([draft.source for draft in drafts]),
        "texts": _quoted([draft.text for draft in drafts]),
        "reverses": _array([row.reverses or "NULL" for row in rows]),
        "lines": _array([len(draft.legs) for draft in drafts]),
        "digests": _array([row.digest for row in rows]),
        "postings": _array(ids.written(len(legs))),
        "of": _array([number for number, draft in enumerate(drafts, 1) for _ in draft.legs]),
        "on": _array([numbers[key] for key in keys]),
        "amounts": _array([leg.amount for leg in legs]),
        "accounts": _array([known[key].hex for key in numbers]),
        "units": _quoted([unit for _, _, unit in numbers]),
    }


def book(told: Mapping[str, str], *, now: datetime) -> int:
    """Insert those whose source is not there yet, with their postings; how many. A rival with the same one is waited for."""
    with connection.cursor() as cursor:
        cursor.execute(BOOK, {**told, "tenant": tenancy.tenant(), "now": now})
        return int(cursor.fetchone()[0])


def accounts(drafts: Iterable[Draft]) -> dict[Key, UUID]:
    """The ids of the accounts that they move; those that are new are opened."""
    return opened({(leg.account, leg.of, leg.unit) for draft in drafts for leg in draft.legs})


def opened(wanted: set[Key]) -> dict[Key, UUID]:
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
    """A column of values that need no quotes (ids, dates, numbers, digests), as the database writes it."""
    return f"{{{','.join(map(str, values))}}}"


def _quoted(values: Iterable[str]) -> str:
    return _array([f'"{value.replace(BACKSLASH, BACKSLASH * 2).replace(QUOTE, BACKSLASH + QUOTE)}"' for value in values])


def _columns(keys: Iterable[Key]) -> tuple[list[str], list[UUID | None], list[str]]:
    keys = list(keys)
    return [name for name, _, _ in keys], [of for _, of, _ in keys], [unit for _, _, unit in keys]
