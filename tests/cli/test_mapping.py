"""The command `purser mapping` takes relations out as text, compares, and brings them in whole or not at all; `purser
verify` says what is broken. Run as commands: what they print, and what they end with.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from click.testing import Result
from django.db import connections
from typer.testing import CliRunner

from purser.access.models import Act
from purser.cli.main import app
from purser.postgres import ids, tenancy
from tests import make
from tests.make import World

WHOLE = """purser-relations 1 autotask

company C1 -> 101  # Hall Bros. Transportation Co, Inc. -> Hall Brothers Transportation
  subscription S1 -> 9  # Exchange Online (Plan 1) -> 2026 Cloud Services
    resource EXO1 -> service:12 decrease=today price=custom:4.25  # Exchange Online (Plan 1) -> Exchange Online (Plan 1)
"""
ALDER = """
company C2 -> 102
  subscription S2 -> 10
    resource E3 -> service:13
"""
EMPTY = "purser-relations 1 autotask\n"


@pytest.fixture
def world() -> Iterator[World]:
    with make.world() as made:
        yield made


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "relations.txt"


def purser(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)


def mapping(world: World, verb: str, *words: object) -> Result:
    return purser("mapping", verb, *words, "--tenant", world.tenant)


def exported(world: World) -> str:
    found = mapping(world, "export")
    assert (found.exit_code, found.stderr) == (0, "")
    return found.stdout


def imports(world: World) -> list[tuple[str, str]]:
    """Who brought texts in, and the summaries."""
    with tenancy.acting_in(world.tenant):
        return list(Act.objects.filter(verb="mapping.import").order_by("at").values_list("actor", "summary"))


def test_it_brings_in_what_it_took_out_and_then_nothing_differs(world: World, file: Path) -> None:
    file.write_text(WHOLE + ALDER, encoding="utf-8")
    assert mapping(world, "import", file).stdout == "6 relations changed.\n"
    taken = exported(world)
    assert taken.startswith(WHOLE)
    assert "resource E3 -> service:13" in taken
    file.write_text(EMPTY, encoding="utf-8")
    assert mapping(world, "import", file, "--remove").stdout == "6 relations changed.\n"
    assert exported(world) == EMPTY
    file.write_text(taken, encoding="utf-8-sig")  # as an editor may have saved it
    assert mapping(world, "import", file).stdout == "6 relations changed.\n"
    assert exported(world) == taken
    same = mapping(world, "diff", file)
    assert (same.exit_code, same.stdout) == (0, "0 differ, 6 are the same, 0 faults.\n")
    assert imports(world) == [
        ("command line", "Brought in 6 relations from a text"),
        ("command line", "Brought in 6 relations from a text"),
        ("command line", "Brought in 6 relations from a text"),
    ]


def test_it_shows_what_differs_and_changes_nothing(world: World, file: Path) -> None:
    file.write_text(WHOLE + ALDER, encoding="utf-8")
    mapping(world, "import", file)
    before = exported(world)
    file.write_text(WHOLE.replace("decrease=today", "edits=psa"), encoding="utf-8")
    shown = mapping(world, "diff", file)
    assert shown.exit_code == 1
    lines = shown.stdout.splitlines()
    assert [line.split()[:4] for line in lines[:-1]] == [
        ["~", "line", "5:", "resource"],
        ["-", "resource", "Office", "365"],
        ["-", "subscription", "Office", "365"],
        ["-", "company", "Alder", "Dental:"],
    ]
    assert lines[-1] == "4 differ, 2 are the same, 0 faults."
    assert exported(world) == before
    assert len(imports(world)) == 1


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (WHOLE + "company C9 -> 101\n  subscription S2 -> 10\n", ["line 6: Unknown", "line 7: Not read"]),
        (WHOLE.replace("service:12", "service:99"), ["line 5: Unknown"]),
        (WHOLE.replace("custom:4.25", "custom:-1"), ["line 5: "]),
        (WHOLE + "    resource E3 -> service:12\nfirm C2 -> 102\n", ["line 6: ", "line 7: "]),
        ("", ["line 1: The text is empty"]),
    ],
)
def test_it_refuses_a_bad_text_line_by_line_and_changes_nothing(world: World, file: Path, text: str, lines: list[str]) -> None:
    file.write_text(EMPTY + ALDER, encoding="utf-8")
    mapping(world, "import", file)
    before = exported(world)
    file.write_text(text, encoding="utf-8")
    for verb in ("diff", "import"):
        answer = mapping(world, verb, file)
        told = answer.stderr.splitlines()
        assert answer.exit_code == 2
        assert [line[: len(start)] for line, start in zip(told, lines, strict=False)] == lines
    assert told[-1].startswith("Nothing was changed: ")
    assert exported(world) == before
    assert len(imports(world)) == 1, "what was refused leaves no act"


@pytest.mark.parametrize("content", [b"purser-relations 1 autotask\ncompany C\xff1 -> 101\n", b"\x00\xff" * 50])
def test_it_says_which_byte_is_no_text(world: World, file: Path, content: bytes) -> None:
    file.write_bytes(content)
    for verb in ("diff", "import"):
        answer = mapping(world, verb, file)
        assert answer.exit_code == 2
        assert "is no UTF-8 text: byte" in answer.stderr
    assert exported(world) == EMPTY


def test_it_says_what_is_not_there(world: World, file: Path) -> None:
    file.write_text(WHOLE, encoding="utf-8")
    for words, told in (
        (("export", "--tenant", ids.new()), "There is no such organisation."),
        (("diff", file, "--tenant", ids.new()), "There is no such organisation."),
        (("import", file, "--tenant", world.tenant, "--psa", "connectwise"), "has no pair with connectwise."),
        (("import", file.with_name("elsewhere.txt"), "--tenant", world.tenant), "does not exist"),
        (("export", "--tenant", "C1"), "valid UUID"),
    ):
        answer = purser("mapping", *words)
        assert answer.exit_code == 2
        assert told.lower() in " ".join(answer.stderr.lower().replace("│", " ").split())  # the terminal's frame breaks lines
    assert exported(world) == EMPTY


def test_it_verifies_one_organisation_and_says_what_is_broken(world: World) -> None:
    world.link("S1/EXO1", "9/service:12")
    world.step(cause="link")
    sound = purser("verify", "--tenant", world.tenant)
    assert (sound.exit_code, sound.stdout) == (0, "Nothing found: all invariants hold.\n")
    with connections["owner"].cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("UPDATE links_link SET expected_units = 99 WHERE tenant_id = %s", [world.tenant])
        cursor.execute("RESET session_replication_role")
    broken = purser("verify", "--tenant", world.tenant)
    assert broken.exit_code == 1
    assert "count" in broken.stdout.split()[0]
    assert world.organisation.name in broken.stdout
    nobody = purser("verify", "--tenant", ids.new())
    assert (nobody.exit_code, nobody.stdout) == (2, "")
    assert "nothing was checked" in nobody.stderr


def test_it_does_the_same_as_a_process_of_its_own(world: World, file: Path) -> None:
    file.write_text(WHOLE, encoding="utf-8")
    assert command(world.tenant, "import", str(file)) == (0, "3 relations changed.\n")
    assert command(world.tenant, "export") == (0, WHOLE)
    file.write_text(WHOLE + "firm C2 -> 102\n", encoding="utf-8")
    ended, said = command(world.tenant, "import", str(file))
    assert ended == 2
    assert "line 6: " in said


def command(tenant: UUID, *words: str) -> tuple[int, str]:
    line = [sys.executable, "-W", "ignore", "-m", "purser.cli.main", "mapping", *words, "--tenant", str(tenant)]
    done = subprocess.run(line, env={**os.environ}, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr
