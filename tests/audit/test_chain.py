"""The record of acts cannot be changed unseen: changed, deleted, moved, added or cut, the first bad act is named.

Reliability P30; the customer's own check of an export (issue 3, the consent ledger).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connections, transaction
from typer.testing import CliRunner

from purser.access import acts
from purser.audit import chain, paper, rhythm
from purser.cli.main import app
from purser.postgres import tenancy
from purser.tenants.models import Organisation
from tests.access import kit
from tests.partners.kit import chain as people
from tests.partners.kit import enters

ACTS = 7


@pytest.fixture
def now() -> datetime:
    return kit.now()


@pytest.fixture
def organisation(now: datetime) -> Organisation:
    made = kit.reseller("Quay IT")
    with tenancy.acting_in(made.pk):
        for n in range(ACTS):
            at = now - timedelta(seconds=ACTS - n)
            acts.record(kit.actor(made), "people.read", summary=f"Looked {n}", before={"n": n - 1}, after={"n": n}, now=at)
    return made


def exported(organisation: Organisation, now: datetime) -> list[str]:
    with tenancy.acting_in(organisation.pk):
        return list(paper.lines(organisation.name, now=now))


def test_it_seals_each_act_once_in_their_order(organisation: Organisation, now: datetime) -> None:
    with tenancy.acting_in(organisation.pk):
        assert (chain.seal(now=now), chain.seal(now=now)) == (ACTS, 0)
        assert [act.summary for _, act in chain.links()] == [f"Looked {n}" for n in range(ACTS)]
        assert list(chain.check(now=now)) == []


def test_it_seals_once_when_two_seal_at_the_same_time(organisation: Organisation, now: datetime) -> None:
    def seal() -> int:
        with tenancy.acting_in(organisation.pk):
            return chain.seal(now=now)

    assert sorted(kit.at_once(*[seal] * 4)) == [0, 0, 0, ACTS]


def test_an_act_that_commits_late_takes_its_place_at_the_end(organisation: Organisation, now: datetime) -> None:
    with tenancy.acting_in(organisation.pk):
        chain.seal(now=now)
        acts.record(kit.actor(organisation), "people.read", summary="Late", now=now - timedelta(minutes=5))
        chain.seal(now=now)
        assert [act.summary for _, act in chain.links()][-1] == "Late"
        assert list(chain.check(now=now)) == []


PLANTED = {
    "changed": "UPDATE access_act SET summary = 'Nothing' WHERE id = %(third)s",
    "its actor changed": "UPDATE access_act SET actor = 'somebody else' WHERE id = %(third)s",
    "deleted": "DELETE FROM audit_seal WHERE act_id = %(third)s; DELETE FROM access_act WHERE id = %(third)s",
    "exchanged": (
        "UPDATE audit_seal SET number = number + 100 WHERE act_id = %(third)s;"
        " UPDATE audit_seal SET number = 3 WHERE number = 4 AND tenant_id = %(tenant)s"
    ),
    "its digest changed": "UPDATE audit_seal SET digest = repeat('0', 64) WHERE act_id = %(third)s",
}


@pytest.mark.parametrize("plant", PLANTED)
def test_it_finds_what_a_superuser_did_with_the_triggers_off(organisation: Organisation, now: datetime, plant: str) -> None:
    with tenancy.acting_in(organisation.pk):
        chain.seal(now=now)
        third = [act.pk for _, act in chain.links()][2]
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for statement in PLANTED[plant].split(";"):
            cursor.execute(statement, {"third": third, "tenant": organisation.pk})
    with tenancy.acting_in(organisation.pk):
        found = list(chain.check(now=now))
    assert [problem.code for problem in found] == ["chain"]
    assert "number" in found[0].text


def test_it_says_when_acts_are_left_out_while_sealing_runs(organisation: Organisation, now: datetime) -> None:
    later = now + timedelta(hours=3)
    with tenancy.acting_in(organisation.pk):
        chain.seal(now=later)
        acts.record(kit.actor(organisation), "people.read", summary="Slipped", now=now)
        assert [problem.of for problem in chain.check(now=later)] == ["acts"]


def test_an_export_holds_and_says_how_many_acts_were_on_behalf(now: datetime) -> None:
    made = people()
    made.give(now)
    actor = enters(made.agent, made.customer, now)
    with tenancy.acting_in(made.customer.pk):
        acts.record(actor, "domain.write", summary="Changed a thing", after={"x": 1}, now=now)
    verdict = paper.verify(exported(made.customer, now))
    assert (verdict.problem, verdict.on_behalf) == ("", 1)
    assert verdict.acts >= 2


def change(text: list[str]) -> None:
    text[3] = text[3].replace("Looked 2", "Looked 9")


def delete(text: list[str]) -> None:
    del text[3]


def exchange(text: list[str]) -> None:
    text[3], text[4] = text[4], text[3]


def insert(text: list[str]) -> None:
    text.insert(3, text[3])


def cut(text: list[str]) -> None:
    del text[-1]


def forge(text: list[str]) -> None:
    """Cut the tail and mend the head: only an anchor finds this."""
    del text[-2:]
    last, head = json.loads(text[-1]), json.loads(text[0])
    text[0] = json.dumps({**head, "acts": last["number"], "digest": last["digest"]}) + "\n"


@pytest.mark.parametrize(
    ("hand", "named"), [(change, "act 3"), (delete, "act 3"), (exchange, "act 3"), (insert, "act 4"), (cut, "head")]
)
def test_a_hand_in_the_file_is_found(
    organisation: Organisation, now: datetime, hand: Callable[[list[str]], None], named: str
) -> None:
    text = exported(organisation, now)
    hand(text)
    assert named in paper.verify(text).problem


def test_a_cut_record_with_a_mended_head_is_found_by_its_anchor(
    organisation: Organisation, now: datetime, tmp_path: Path
) -> None:
    with tenancy.acting_in(organisation.pk):
        chain.seal(now=now)
        paper_head = chain.head()
    paper.anchor(tmp_path, organisation.pk, *paper_head, now=now)
    anchors = next(tmp_path.iterdir()).read_text().splitlines()
    text = exported(organisation, now)
    assert paper.verify(text, anchors).problem == ""
    forge(text)
    assert paper.verify(text).problem == ""
    assert "it was cut" in paper.verify(text, anchors).problem


@pytest.mark.parametrize("text", ["", "[]", "nonsense", '{"format": "other"}', "{" * 5000, "\x00"])
def test_a_file_that_is_none_is_refused_with_a_reason(text: str) -> None:
    assert paper.verify([text]).problem


@pytest.mark.parametrize("line", ["[]", "{}", '{"number": 8, "act": 3}', '{"number": "8", "act": {}}', "[" * 100_000])
def test_a_line_that_is_no_act_is_named(organisation: Organisation, now: datetime, line: str) -> None:
    text = exported(organisation, now)
    assert f"Line {ACTS + 2}" in paper.verify([*text, line]).problem


def test_the_command_checks_a_file_alone(organisation: Organisation, now: datetime, tmp_path: Path) -> None:
    def run(*args: Any) -> tuple[int, str]:
        result = CliRunner().invoke(app, ["verify-audit", *map(str, args)])
        return result.exit_code, result.output

    file = tmp_path / "acts.jsonl"
    text = exported(organisation, now)
    file.write_text("".join(text), encoding="utf-8")
    assert run(file) == (0, f"All {ACTS} acts of {organisation.pk} hold, 0 of them on behalf of it.\n")
    change(text)
    file.write_text("".join(text), encoding="utf-8")
    code, words = run(file)
    assert code == 1
    assert "act 3" in words
    assert "Looked 9" in words
    assert run(tmp_path / "none.jsonl")[0] == 2


def test_the_hourly_round_seals_and_anchors_what_grew(organisation: Organisation, now: datetime, tmp_path: Path) -> None:
    rhythm.every_tenant(tmp_path, now=now)
    written = [json.loads(line) for line in next(tmp_path.iterdir()).read_text().splitlines()]
    mine = [one for one in written if one["tenant"] == str(organisation.pk)]
    assert [one["number"] for one in mine] == [ACTS]
    rhythm.every_tenant(tmp_path, now=now)
    again = [json.loads(line) for line in next(tmp_path.iterdir()).read_text().splitlines()]
    assert [one for one in again if one["tenant"] == str(organisation.pk)] == mine
