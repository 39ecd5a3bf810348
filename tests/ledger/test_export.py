"""`purser ledger export`: every entry a line, and enough to add the books up again. Source: issue 4, interfaces."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from typer.testing import CliRunner

from purser.cli.main import app
from purser.ledger import entries
from purser.postgres import ids, tenancy
from tests import make
from tests.ledger.books import ON, charge, held, package, post


def test_it_prints_every_entry_by_date() -> None:
    tenant: UUID = make.reseller().pk
    payment = ids.new()
    with tenancy.acting_in(tenant):
        charged = charge(7, on=ON + timedelta(days=1))
        package(100)
        post("bought", ("card", "USD", "43.50"), ("revenue", "USD", "-43.50"), of=payment)
        mirror = entries.reverse(entry_id=charged.pk, reason="wrong", now=make.NOON, on=ON + timedelta(days=2))
        balance = held()
    printed = CliRunner().invoke(app, ["ledger", "export", "--partner", str(tenant)])
    assert printed.exit_code == 0
    found = [json.loads(line) for line in printed.stdout.splitlines()]
    assert [one["source"] for one in found] == ["package", "bought", "charge", f"reversal:{charged.pk}"]
    assert found[2] == {
        "id": str(charged.pk),
        "date": "2026-07-12",
        "kind": "test",
        "postings": found[2]["postings"],
        "reverses": None,
        "source": "charge",
    }
    by_account = {one["account"]: one for one in found[2]["postings"]}
    assert by_account == {
        "balance": {"account": "balance", "unit": "DSU", "amount": "-7"},
        "used": {"account": "used", "unit": "DSU", "amount": "7"},
    }
    assert {one["account"] for one in found[1]["postings"]} == {f"card:{payment}", f"revenue:{payment}"}
    assert {one["amount"] for one in found[1]["postings"]} == {"43.5", "-43.5"}
    assert (found[3]["id"], found[3]["reverses"]) == (str(mirror.pk), str(charged.pk))
    totals: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for one in found:
        for posting in one["postings"]:
            totals[posting["account"], posting["unit"]] += Decimal(posting["amount"])
    assert totals["balance", "DSU"] == balance == 100


def test_it_prints_nothing_of_another_and_nothing_where_there_is_no_partner() -> None:
    with tenancy.acting_in(make.reseller().pk):
        package(100)
    other = CliRunner().invoke(app, ["ledger", "export", "--partner", str(make.reseller().pk)])
    assert (other.exit_code, other.stdout) == (0, "")
    nobody = CliRunner().invoke(app, ["ledger", "export", "--partner", str(ids.new())])
    assert (nobody.exit_code, nobody.stdout) == (2, "")
    assert nobody.stderr.count("\n") == 1
