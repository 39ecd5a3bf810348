"""What row-level security adds to a query's time."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.db import connection, connections, transaction

from bench.figures import ratio
from purser.postgres import tenancy

PLANNING = ("jit", "join_collapse_limit")


def cost(query: Any) -> float:
    """The time of a queryset in the seat that is taken, beside the same SQL by the owner, whom no policy binds; the query
    names the seat's tenant itself. Both run in one server process, planned as the application's are: two processes differ by
    more than what is measured.

    Raises RuntimeError where they do not find the same number of rows, or none.
    """
    seat = tenancy.seat()
    assert seat is not None
    sql, params = query.query.sql_with_params()
    with transaction.atomic("owner"), connections["owner"].cursor() as cursor:
        settings = {tenancy.SETTING[seat.name]: seat.value, **{name: _setting(name) for name in PLANNING}}
        for name, value in settings.items():
            cursor.execute("SELECT set_config(%s, %s, true)", [name, value])

        def run(role: str) -> int:
            cursor.execute("SELECT set_config('role', %s, true)", [role])
            cursor.execute(sql, params)
            return len(cursor.fetchall())

        seated, free = partial(run, f"purser_{seat.name}"), partial(run, "none")
        found = seated(), free()
        if not found[0] or found[0] != found[1]:
            raise RuntimeError(f"The seat found {found[0]} rows, the owner {found[1]}")
        return ratio(seated, free, rounds=200)


def _setting(name: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting(%s)", [name])
        return str(cursor.fetchone()[0])
