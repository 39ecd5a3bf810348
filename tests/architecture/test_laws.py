"""The first three of the five laws. Each check is run on the code as it is, and on a planted breach that it must find.

Laws 4 and 5 live in the database: tests/database/test_ledger.py and test_walls.py.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import fields
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
from django.db import connections

from purser.links.models import Receipt, Run
from purser.links.receipts import Facts, Journal
from purser.links.standing import Standing, key
from purser.postgres import ids, tenancy
from purser.reconcile.drive import drive
from purser.reconcile.model import Change, Delay, Done, Kind, Outcome, Plan, Reading, Refusal
from purser.reconcile.plan import digest_of, plan
from tests import make
from tests.flows import rig

ROOT = Path(__file__).resolve().parents[2]

# Law 1: only reconcile.drive calls a target's `apply`; a connector is told to `adjust` only by a target's `apply`.


def effects_without_plan(sources: dict[str, str]) -> list[str]:
    """Where a target is applied or a connector adjusts outside of its place: called, handed on, or got by name."""
    return [f"{path}:{found}" for path, text in sorted(sources.items()) for found in _effects(path, ast.parse(text))]


def _effects(path: str, tree: ast.Module) -> Iterator[str]:
    inside = {n: f for f in ast.walk(tree) if isinstance(f, ast.FunctionDef) for n in ast.walk(f)}
    called = {n.func for n in ast.walk(tree) if isinstance(n, ast.Call)}
    imports = (n for n in ast.walk(tree) if isinstance(n, ast.Import | ast.ImportFrom))
    names = {a.asname or a.name for n in imports for a in n.names}
    # a page called `apply` is no target
    modules = {n for n in ast.walk(tree) if isinstance(n, ast.Attribute) and ast.unparse(n.value) in names}
    drives = path == "purser/reconcile/drive.py"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == "adjust":
            at = inside.get(node)
            if not (path.endswith("/target.py") and at is not None and at.name == "apply"):
                yield f"{node.lineno} adjust"
        if isinstance(node, ast.Attribute) and node.attr == "apply" and node not in called | modules and not drives:
            yield f"{node.lineno} apply handed on"
        if isinstance(node, ast.Call):
            # `once` is keyword-only, so that no call of a target's apply can do without it
            given = {k.arg for k in node.keywords}
            is_apply = isinstance(node.func, ast.Attribute) and node.func.attr == "apply"
            if is_apply and given & {"once", None} and not drives:
                yield f"{node.lineno} apply"
            words = {a.value for a in node.args if isinstance(a, ast.Constant)}
            if isinstance(node.func, ast.Name) and node.func.id == "getattr" and words & {"apply", "adjust"}:
                yield f"{node.lineno} got by name"


def product() -> dict[str, str]:
    files = [p for p in (ROOT / "purser").rglob("*.py") if "node_modules" not in p.parts]
    return {str(p.relative_to(ROOT)): p.read_text("utf-8") for p in files}


def test_law_1_no_effect_without_a_plan() -> None:
    sources = product()
    assert "target.apply(" in sources["purser/reconcile/drive.py"]
    assert ".adjust(" in sources["purser/flows/marketplace_to_contracts/target.py"]
    assert effects_without_plan(sources) == []


@pytest.mark.parametrize(
    "breach",
    [
        "def now(target, change):\n    target.apply(change, once='1')\n",
        "def now(target, change, how):\n    target.apply(change, **how)\n",
        "def now(target):\n    send = target.apply\n    return send\n",
        "def now(psa, adjustment):\n    return psa.adjust(adjustment, once='1')\n",
        "def now(psa):\n    return getattr(psa, 'adjust')\n",
        "class Contracts:\n    def look(self, key):\n        return self._psa.adjust(key, once='1')\n",
    ],
)
def test_law_1_is_seen_to_be_broken(breach: str) -> None:
    assert effects_without_plan({"purser/links/target.py": breach}) != []


# Law 2: no removal and no creation from a reading that is not whole.

Planner = Callable[[Reading[int], Reading[int]], Plan[int]]
AT = datetime(2026, 7, 11, 12, tzinfo=UTC)


def changes_from_cut_readings(planner: Planner) -> set[tuple[Kind, str]]:
    """What a planner removes or creates although the side that would tell is cut."""
    found: set[tuple[Kind, str]] = set()
    for source in (True, False):
        for target in (True, False):
            made = planner(Reading({"a": 1, "b": 2}, AT, source, "cut"), Reading({"b": 3, "c": 1}, AT, target, "cut"))
            for change in made.changes:
                if change.kind == "remove" and not source:
                    found.add((change.kind, change.key))
                if change.kind == "create" and not target:
                    found.add((change.kind, change.key))
    return found


def test_law_2_nothing_is_removed_or_created_on_a_cut_reading() -> None:
    """The property over all sides is tests/unit/test_plan.py; the type makes every reading say whether it is whole."""
    assert {f.name for f in fields(Reading)} >= {"whole", "cut"}
    assert changes_from_cut_readings(lambda wanted, held: plan(wanted=wanted, held=held)) == set()


def test_law_2_is_seen_to_be_broken() -> None:
    def careless(wanted: Reading[int], held: Reading[int]) -> Plan[int]:
        changes = [
            Change(k, held.items.get(k), wanted.items.get(k))
            for k in sorted(wanted.items.keys() | held.items.keys())
            if wanted.items.get(k) != held.items.get(k)
        ]
        return Plan(tuple(changes), (), len(changes), digest_of(changes))

    assert changes_from_cut_readings(careless) == {("remove", "c"), ("create", "a")}


# Law 3: the intention is committed before the call, the outcome after it, each in its own transaction.


class Witness:
    """A target that looks, from another connection, at what is committed while the call is under way."""

    def __init__(self, answer: Outcome) -> None:
        self.answer = answer
        self.seen: list[str | None] = []
        self.now: Standing | None = None

    def look(self, key: str) -> Standing | None:
        return self.now

    def apply(self, change: Change[Standing], *, once: str) -> Outcome:
        self.seen.append(committed_state(UUID(once)))
        if isinstance(self.answer, Done):
            self.now = change.after
        return self.answer


def committed_state(receipt: UUID) -> str | None:
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT state FROM links_receipt WHERE id = %s", [receipt])
        row = cursor.fetchone()
    return row[0] if row else None


class Forgetful(Journal):
    """The planted breach: the intention is kept in memory, and written with the outcome."""

    def intend(self, change: Change[Standing]) -> UUID:
        self.change, self.receipt = change, ids.new()
        return self.receipt

    def settle(self, receipt: UUID, outcome: Outcome) -> None:
        super().settle(super().intend(self.change), outcome)

    def confirm(self, receipt: UUID) -> None:
        """Its receipt has another id: there is nothing to confirm."""


def witnessed(kind: type[Journal], answer: Outcome) -> tuple[list[str | None], str]:
    """What was committed during the call, and after it."""
    with rig.world("autotask") as world:
        link = world.link("S1/EXO1", rig.SERVICES["autotask"])
        with tenancy.acting_in(world.tenant):
            run = Run.objects.create(sync=world.sync, cause="test", started_at=world.clock())
            type(link).objects.filter(pk=link.pk).update(expected_units=1)
        facts = Facts("", "", "", "", "", "", "", False, {})
        journal = kind(tenant=world.tenant, run=run, facts={str(link.pk): facts}, clock=world.clock)
        target = Witness(answer)
        at = Standing(link.pk, "9", "service:12", date(2026, 7, 11), Decimal(7))
        change: Change[Standing] = Change(key(link.pk, at.effective_on), None, at)
        list(drive([change], target=target, journal=journal))
        with tenancy.acting_in(world.tenant):
            after = Receipt.objects.get(link=link).state
        return target.seen, after


@pytest.mark.parametrize(("answer", "after"), [(Done("1"), "done"), (Refusal("no"), "refused"), (Delay("later"), "busy")])
def test_law_3_the_intention_is_committed_before_the_call(answer: Outcome, after: str) -> None:
    assert witnessed(Journal, answer) == (["intended"], after)


def test_law_3_is_seen_to_be_broken() -> None:
    seen, _ = witnessed(Forgetful, Refusal("no"))
    assert seen == [None]


def test_law_3_a_receipt_is_not_kept_inside_another_transaction() -> None:
    tenant = make.reseller().pk
    journal = Journal(tenant=tenant, run=Run(), facts={}, clock=lambda: make.NOON)
    at = Standing(ids.new(), "9", "service:12", date(2026, 7, 11), Decimal(7))
    with tenancy.acting_in(tenant):
        for act in (
            lambda: journal.intend(Change("k", None, at)),
            lambda: journal.settle(ids.new(), Done()),
            lambda: journal.confirm(ids.new()),
            lambda: journal.unread(Change("k", None, at), Delay("later")),
        ):
            with pytest.raises(tenancy.InsideTransaction):
                act()
