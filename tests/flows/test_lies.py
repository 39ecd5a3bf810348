"""Whatever a vendor answers, a pass ends in words of ours, posts nothing that the truth does not hold, and both sides are in
step soon after the vendor is well. Source: reliability P12; laws 1 and 2.

PURSER_LIES=N tells how many examples each PSA gets; a few in `make test`.
"""

from __future__ import annotations

import os
from collections import Counter
from contextlib import ExitStack
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from purser.connectors.marketplace import wire
from purser.links.models import Link
from purser.postgres import tenancy
from tests.flows import rig, soak
from tests.flows.lies import Liar, Lie, lies
from tests.make import World

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # a process that is gone closes no connection

EXAMPLES = int(os.environ.get("PURSER_LIES", "20"))
CUSTOMERS = 3
DETAIL = 3  # the call of a pass that asks for the subscription that changed: after the token and the two lists
HEALED_WITHIN = 8  # passes after the last lie


class Trials:
    """A world in step that is lied to; made anew after an example that failed, so that the next one stands on firm ground."""

    def __init__(self, psa: str) -> None:
        self.psa = psa
        self.stack = ExitStack()
        self.liar = Liar()
        self.world: World | None = None
        self.count = 10
        self.ends: Counter[str] = Counter()  # how the passes ended that were lied to

    def fresh(self) -> World:
        self.stack.close()
        self.count = 10
        shop, theirs = rig.many(self.psa, CUSTOMERS)
        with self.liar.stands_before_sandboxes():
            self.world = self.stack.enter_context(rig.world(self.psa, marketplace_seed=shop, psa_seed=theirs))
        rig.link_many(self.world, self.psa, CUSTOMERS)
        self.world.step(cause="link")
        return self.world

    def one(self, told: list[Lie]) -> None:
        world = self.world or self.fresh()
        self.world = None  # until this example has held
        self.another_day(world)
        with self.liar.tells(told):
            self.step(world)
        if self.liar.heard:
            self.ends[rig.runs(world)[-1].state] += 1
        first, *others = self.units(world)
        bought = first in (self.held(self.count - 1)[0], self.held(self.count)[0])
        right = others == self.held(self.count)[1:] and (bought or self.is_unsure(world))
        assert right, f"posted what nobody bought: {self.units(world)}, {told}"
        for _ in range(HEALED_WITHIN):
            world.clock.go(minutes=2)
            world.step()
            soak.person(world, self.psa, soak.Tally())
            if self.in_step(world):
                break
        last = [(r.state, r.code, r.text) for r in rig.receipts(world)[-3:]]
        assert self.units(world) == self.held(self.count), f"not made good: {self.units(world)}, {told}, {last}"
        assert self.in_step(world), (told, last)
        assert rig.problems(world) == []
        self.world = world

    def another_day(self, world: World) -> None:
        world.clock.go(days=1)
        self.count += 1
        rig.set_count(world, self.count)

    def step(self, world: World) -> None:
        """A pass as a new process makes it: tokens, zones and products are asked for again."""
        world.ports = rig.ports_by(world.clock)
        world.step()

    def held(self, first: int) -> list[tuple[int, int]]:
        """What the PSA holds when the first customer has so many: nobody else's count ever changes."""
        return [(count, count) for count in (first, *[10] * (CUSTOMERS - 1))]

    def units(self, world: World) -> list[tuple[int, int]]:
        """What the PSA holds today, and when every change that was posted for later has come."""
        state, days = world.psa("state"), (world.clock().date(), soak.LAST)
        services = [rig.service_of(self.psa, i) for i in range(1, CUSTOMERS + 1)]
        return [(int(rig.units_in(state, s, days[0])), int(rig.units_in(state, s, days[1]))) for s in services]

    def is_unsure(self, world: World) -> bool:
        """A change that takes two calls, and the answer to the first was no answer: the next passes look, and end it."""
        return rig.receipts(world)[-1].state == "unsure"

    def in_step(self, world: World) -> bool:
        with tenancy.acting_in(world.tenant):
            return set(Link.objects.filter(cleared_at=None).values_list("state", flat=True)) == {"in_step"}


@pytest.mark.parametrize("psa", rig.PSAS)
def test_no_answer_of_a_vendor_is_a_crash_or_a_wrong_posting_and_all_heals(psa: str) -> None:
    trials = Trials(psa)

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],  # what is left of one example is the ground of the next: none can be made smaller
        derandomize="PURSER_LIES" not in os.environ,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(lies, min_size=1, max_size=3))
    def hold(told: list[Lie]) -> None:
        trials.one(told)

    with trials.stack:
        hold()
    # the lies are heard, and some are seen through at once while others change nothing
    assert trials.ends["failed"] >= EXAMPLES // 5, trials.ends
    assert trials.ends["done"] >= EXAMPLES // 10, trials.ends


def test_a_reader_that_takes_nothing_for_nought_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    strict = wire._decimal

    def guessing(value: object, what: str) -> Decimal:
        return Decimal(0) if value is None else strict(value, what)

    monkeypatch.setattr(wire, "_decimal", guessing)
    trials = Trials("connectwise")

    def try_all() -> None:
        for where in range(30):
            trials.one([Lie("null", DETAIL, where)])

    with trials.stack, pytest.raises(AssertionError, match="posted what nobody bought"):
        try_all()
