"""A pass killed at any instant is made good by the next ones: one effect, one line, the ledger agrees. Source: reliability
P1, P9 and section 3.

A trial raises the count by one on a new day and ends the pass at its n-th instant; three more passes follow, each as a new
process. While a pass only reads, every eighth instant is tried; from the first intention on, every one.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from datetime import time as dtime
from uuid import UUID

import pytest
from django.conf import settings

from purser.flows.marketplace_to_contracts import run as flow
from purser.kernel.errors import Busy
from purser.links.receipts import Journal
from purser.links.standing import Standing
from purser.postgres import ids
from purser.reconcile.model import Change, Done, Outcome
from tests.flows import crashing, rig
from tests.make import World

RESTARTS = (0.5, 2.5, 2.5)  # minutes until each; a PSA's reads may lag for up to two
AT_LEAST = 30  # a pass that posts has more instants to try than this, or the watch is broken


def enumerate_crashes(psa: str, *, reading: bool = True) -> tuple[dict[int, str], int]:
    """Kill at one instant after the other; returns what was violated at which, and how many were tried."""
    shop, theirs = rig.many(psa, 1)
    with rig.world(psa, marketplace_seed=shop, psa_seed=theirs) as world:
        [link] = rig.link_many(world, psa, 1)
        world.step(cause="link")
        names: list[str] = []
        change(world, 11)
        with crashing.watched(names.append):
            step(world)
        first = names.index("drive:before-intend")
        tried = [*(range(1, first, 8) if reading else ()), *range(first, len(names) + 20)]
        for done, n in enumerate(tried):
            count = 12 + done
            before = change(world, count)
            at = crashing.run_until(n, lambda: step(world))
            for minutes in RESTARTS:
                world.clock.go(minutes=minutes)
                step(world)
            found = violations(world, rig.service_of(psa, 1), count, before)
            if rig.again(world, link).state != "in_step":
                found.append("not in step")
            if found:
                # what follows would stand on a broken ground
                return {n: f"{at.ended}: {'; '.join(found)}"}, done
            if not at.ended:
                return {}, done
        raise AssertionError(f"no pass survived {len(tried)} instants")


def step(world: World) -> None:
    """One pass of a new process: nothing in memory is left of the last one. Its lock may take a moment to fall."""
    world.ports = rig.ports_by(world.clock)
    for _ in range(50):
        try:
            world.step()
        except Busy:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the pair stays locked")


def change(world: World, count: int) -> int:
    """At noon of the next day."""
    noon = datetime.combine(world.clock().date() + timedelta(days=1), dtime(12), UTC)
    world.clock.go(seconds=(noon - world.clock()).total_seconds())
    rig.set_count(world, count)
    world.psa("effects", clear=True)
    return len(rig.receipts(world))


def violations(world: World, service: str, count: int, before: int) -> list[str]:
    today = world.clock().date()
    shown = [rig.units(world, service, day) for day in (today - timedelta(days=1), today)]
    effects = [e for e in world.psa("effects") if e["what"] in ("adjustment", "addition.post")]
    news = rig.receipts(world)[before:]
    found = rig.problems(world)
    if shown != [count - 1, count]:
        found.append(f"the PSA shows {shown}, not {[count - 1, count]}")
    if len(effects) != 1:
        found.append(f"{len(effects)} effects")
    if [(r.state, int(r.amount)) for r in news] != [("done", 1)]:
        found.append(f"receipts {[(r.state, str(r.amount)) for r in news]}")
    return found


@pytest.mark.parametrize("psa", rig.PSAS)
def test_a_pass_killed_at_any_instant_has_one_effect_and_one_line(psa: str) -> None:
    wrong, instants = enumerate_crashes(psa)
    assert wrong == {}
    assert instants > AT_LEAST


class MarksFirst(Journal):
    """The planted breach: the posting is noted as done, and then made."""

    def intend(self, change: Change[Standing]) -> UUID:
        receipt = super().intend(change)
        super().settle(receipt, Done())
        super().confirm(receipt)
        return receipt

    def settle(self, receipt: UUID, outcome: Outcome) -> None:
        """It is settled already."""

    def confirm(self, receipt: UUID) -> None:
        """It is confirmed already."""


class RemembersLater(Journal):
    """The planted breach: the intention is in memory only until the answer is there."""

    def intend(self, change: Change[Standing]) -> UUID:
        self.change, self.receipt = change, ids.new()
        return self.receipt

    def settle(self, receipt: UUID, outcome: Outcome) -> None:
        self.receipt = super().intend(self.change)
        super().settle(self.receipt, outcome)

    def confirm(self, receipt: UUID) -> None:
        super().confirm(self.receipt)


@pytest.mark.parametrize("planted", [MarksFirst, RemembersLater])
def test_a_journal_that_breaks_law_3_is_found(planted: type[Journal], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow, "Journal", planted)
    wrong, _ = enumerate_crashes("autotask", reading=False)
    assert wrong


# The same with processes of the operating system, at the instants that matter most

INSTANTS = [
    ("drive:intended", 1),
    ("drive:applied", 1),
    ("commit:after", 12),
]


def child(world: World, *crash: str) -> int:
    hosts = ",".join(sorted(settings.SANDBOX_HOSTS))
    command = [sys.executable, "-W", "ignore", "-m", "tests.flows.crash_child"]
    done = subprocess.run(
        [*command, str(world.tenant), str(world.sync.pk), world.clock().isoformat(), *crash],
        env={**os.environ, "PURSER_SANDBOX_HOSTS": hosts},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode in (0, 137), done.stderr
    return done.returncode


@pytest.mark.parametrize("psa", rig.PSAS)
def test_a_process_that_is_gone_leaves_nothing_undone_or_done_twice(psa: str) -> None:
    shop, theirs = rig.many(psa, 1)
    with rig.world(psa, marketplace_seed=shop, psa_seed=theirs) as world:
        rig.link_many(world, psa, 1)
        world.step(cause="link")
        for count, (name, n) in enumerate(INSTANTS, start=11):
            before = change(world, count)
            assert child(world, name, str(n)) == 137
            for place, minutes in enumerate(RESTARTS):
                world.clock.go(minutes=minutes)
                if place:
                    step(world)
                else:
                    assert child(world) == 0
            assert violations(world, rig.service_of(psa, 1), count, before) == [], name
        assert any(r.text.startswith("The process ended") for r in rig.runs(world))
