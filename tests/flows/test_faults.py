"""Every fault at every call of a pass: at most one effect, and in step when the fault is gone. Source: reliability P9,
acceptance ID-31, ID-37.

A trial raises the count by one on a new day, lets one call of the next pass meet a fault, and goes on at the usual rhythm.
Calls that read meet the kinds of fault in turn; each call that writes meets all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest

from purser.connectors.ports.psa import Adjustment, Psa
from purser.links import receipts
from purser.postgres import tenancy
from purser.reconcile.model import Doubtful, Outcome
from tests.flows import rig
from tests.late import landed
from tests.make import World

SHORT = 0.02
# What a sandbox does to one call; `mangle` and `ok_error_body` answer something else than was asked.
FAULTS: dict[str, dict[str, Any]] = {
    "reset": {"kind": "reset"},
    "timeout before": {"kind": "timeout_before", "seconds": SHORT},
    "timeout after": {"kind": "timeout_after", "seconds": SHORT},
    "late apply": {"kind": "late_apply", "seconds": 0.15},
    "half closed": {"kind": "half_closed"},
    "half closed, not applied": {"kind": "half_closed", "applied": False},
    "body cut": {"kind": "body_cut", "at": 12},
    "body cut, not applied": {"kind": "body_cut", "at": 12, "applied": False},
    "slow drip": {"kind": "slow_drip", "seconds": 0.0001},
    "429": {"kind": "throttle", "retry_after": "1"},
    "429 until a date": {"kind": "throttle", "retry_after": "Sat, 11 Jul 2026 12:00:30 GMT"},
    "429 absurd": {"kind": "throttle", "retry_after": "-17 parsecs"},
    "500": {"kind": "status", "status": 500},
    "500, applied": {"kind": "status", "status": 500, "applied": True},
    "502": {"kind": "status", "status": 502},
    "503, applied": {"kind": "status", "status": 503, "applied": True},
    "error in a 200": {"kind": "ok_error_body"},
    "wrong type": {"kind": "wrong_type"},
    "wrong type, not applied": {"kind": "wrong_type", "applied": False},
    "garbage": {"kind": "garbage"},
    "another id": {"kind": "other_id"},
}
DIALLED = ("refused", "unknown_host")


@pytest.mark.parametrize("psa", rig.PSAS)
def test_each_fault_at_each_call_has_at_most_one_effect_and_heals(psa: str) -> None:
    dialling = rig.Dialling()
    _, theirs = rig.many(psa, 1)
    shop, _ = rig.many(psa, 1)
    with rig.world(psa, dialling=dialling, marketplace_seed=shop, psa_seed=theirs) as world:
        trials = Trials(world, psa, dialling)
        calls = trials.clean()
        assert {"marketplace", "psa"} == {side for side, _, _ in calls}
        assert any(write for _, _, write in calls)
        kinds = turns()
        for side, index, write in calls:
            for name in FAULTS if write else (next(kinds),):
                trials.one(f"{name} at {side} call {index}", side, {**FAULTS[name], "skip": index})
        for name in DIALLED:
            for place in range(trials.connections):
                trials.one(f"{name} at connection {place}", "psa", None, dial=[*[None] * place, name])
        assert rig.problems(world) == []


class Impatient:
    """The planted breach: a port that sends again at once what may have arrived."""

    def __init__(self, port: Psa) -> None:
        self._port = port

    def __getattr__(self, name: str) -> Any:
        return getattr(self._port, name)

    def adjust(self, adjustment: Adjustment, *, once: str) -> Outcome:
        outcome = self._port.adjust(adjustment, once=once)
        if isinstance(outcome, Doubtful):
            return self._port.adjust(adjustment, once=f"{once}-2")
        return outcome


def test_a_port_that_repeats_a_lost_call_is_found() -> None:
    """ConnectWise: Autotask itself refuses the second change of a day, and so hides the breach."""
    shop, theirs = rig.many("connectwise", 1)
    with rig.world("connectwise", marketplace_seed=shop, psa_seed=theirs) as world:
        ports = world.ports
        world.ports = replace(ports, psa=lambda connection: cast(Psa, Impatient(ports.psa(connection))))
        trials = Trials(world, "connectwise", rig.Dialling())
        index = next(n for side, n, write in trials.clean() if write)
        with pytest.raises(AssertionError, match="planted"):
            trials.one("planted", "psa", {**FAULTS["late apply"], "skip": index})


def turns() -> Iterator[str]:
    while True:
        yield from FAULTS


class Trials:
    """One link in one world; a trial leaves it in step."""

    def __init__(self, world: World, psa: str, dialling: rig.Dialling) -> None:
        self.world, self.psa, self.dialling = world, psa, dialling
        self.service = rig.service_of(psa, 1)
        [self.link] = rig.link_many(world, psa, 1)
        world.step(cause="link")
        self.count = 10
        self.connections = 0

    def clean(self) -> list[tuple[str, int, bool]]:
        """The calls of a pass that posts once and meets no fault: (side, place, whether it writes)."""
        self.raise_count()
        for side in (self.world.marketplace, self.world.psa):
            side("requests", clear=True)
        self.dialling.made = 0
        self.world.step()
        self.connections = self.dialling.made
        found = [
            (name, n, rig.is_write(request))
            for name, side in (("marketplace", self.world.marketplace), ("psa", self.world.psa))
            for n, request in enumerate(side("requests"))
        ]
        self.verify("without a fault", effects=1)
        return found

    def raise_count(self) -> None:
        self.world.clock.go(days=1)
        self.count += 1
        rig.set_count(self.world, self.count)
        self.world.psa("effects", clear=True)

    def one(self, what: str, side: str, fault: dict[str, Any] | None, *, dial: list[str | None] | None = None) -> None:
        self.raise_count()
        hand = self.world.marketplace if side == "marketplace" else self.world.psa
        if fault is not None:
            hand("faults", **fault)
        self.dialling.faults = list(dial or [])
        self.world.step()
        hand("faults", clear=True)
        self.dialling.faults = []
        if fault is not None and fault["kind"] == "late_apply":
            # a retry would be due, and must not be made: the call may still take effect
            self.world.clock.go(seconds=45)
            self.world.step()
            landed()
        for _ in range(5):
            self.world.clock.go(minutes=2)
            self.world.step()
            if rig.again(self.world, self.link).state == "in_step":
                break
        self.leave_to_person(what)
        self.verify(what)

    def leave_to_person(self, what: str) -> None:
        """An outcome that no reading can tell: a person looks, and says what is there."""
        unsure = [r for r in rig.receipts(self.world, self.link) if r.state == "unsure"]
        if not unsure:
            return
        there = rig.units(self.world, self.service, unsure[0].effective_on) == unsure[0].units_after
        with tenancy.acting_in(self.world.tenant):
            receipts.decide(unsure[0].pk, applied=there, now=self.world.clock())
        rig.later(self.world, passes=2)

    def verify(self, what: str, *, effects: int | None = None) -> None:
        world, today = self.world, self.world.clock().date()
        assert rig.units(world, self.service, today) == self.count, what
        assert rig.units(world, self.service, today - timedelta(days=1)) == self.count - 1, what
        assert rig.again(world, self.link).state == "in_step", what
        made = [e for e in world.psa("effects") if e["what"] in ("adjustment", "addition.post")]
        assert len(made) == (1 if effects is None else effects), (what, made)
        posted = [r for r in rig.receipts(world, self.link) if r.effective_on == today]
        assert [r.state for r in posted].count("done") == 1, what
        assert {r.state for r in posted} <= {"done", "settled"}, what
