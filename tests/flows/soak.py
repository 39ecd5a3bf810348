"""Days of random life at both sides, with faults: at the end the PSA equals the marketplace for every link, and the log adds
up. Source: acceptance ID-66; reliability P10.

python -m tests.flows.soak --days 30 --resources 1000 [--seed N] [--psa autotask|connectwise] [--passes N]
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

FAULTS: dict[str, dict[str, Any]] = {
    "reset": {},
    "timeout_before": {"seconds": 0.01},
    "timeout_after": {"seconds": 0.01},
    "late_apply": {"seconds": 0.05},
    "half_closed": {},
    "body_cut": {"at": 20},
    "throttle": {"retry_after": "1"},
    "status": {"status": 503},
    "ok_error_body": {},
    "wrong_type": {},
    "garbage": {},
    "other_id": {},
}
CALLS = {
    "read": ("GET", ".*"),
    "query": ("POST", "(?i)query|token"),
    "write": ("POST", "(?i)adjustments$|additions$"),
    "end": ("PATCH", "(?i)additions/[0-9]+$"),
}
START = 10
LAST = date(2040, 12, 1)  # a day that every pending change has reached
HEAL = 40  # passes without faults at the end; acceptance says within 10 ticks, unsettled ones take their time to settle


@dataclass
class Tally:
    """What happened: (fault, kind of call) -> how often one was met, how often each operation was done, and by how many units
    hand edits moved where each resource ends. What was edited while our own change was half done is in `blurred`: it may have
    gone with the old half."""

    met: Counter[tuple[str, str]] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    edited: Counter[int] = field(default_factory=Counter)
    blurred: set[int] = field(default_factory=set)
    posted: int = 0
    passes: int = 0

    def table(self) -> str:
        lines = [f"{'fault':16}" + "".join(f"{call:>8}" for call in CALLS)]
        lines += [f"{fault:16}" + "".join(f"{self.met[fault, call]:8}" for call in CALLS) for fault in FAULTS]
        lines += ["", *(f"{name:24}{count:8}" for name, count in sorted(self.done.items()))]
        return "\n".join([*lines, f"{'passes':24}{self.passes:8}", f"{'posted':24}{self.posted:8}"])


def soak(*, days: int, resources: int, seed: int, psa: str = "autotask", passes: int = 6) -> Tally:
    """Raises AssertionError, with the seed, naming the links that are not in step or whose log does not add up."""
    from purser.links.models import Drift, Receipt
    from purser.postgres import tenancy
    from tests.flows import rig

    dice, tally = random.Random(seed), Tally()
    shop, theirs = rig.many(psa, resources)
    rules: dict[str, Any] = {"drift_policy": "marketplace", "limit_percent": 100, "limit_down": 10_000_000}
    with rig.world(psa, marketplace_seed=shop, psa_seed=theirs, **rules) as world:
        links = rig.link_many(world, psa, resources)
        world.step(cause="link")
        counts = dict.fromkeys(range(1, resources + 1), START)
        for day in range(days):
            noon = datetime(2026, 7, 12, 6, tzinfo=UTC) + timedelta(days=day)
            world.clock.go(seconds=(noon - world.clock()).total_seconds())
            for _ in range(passes):
                live(world, psa, counts, dice, tally)
                armed = faults(world, dice, tally)
                world.clock.go(minutes=dice.choice([2, 2, 5, 60]))
                tally.posted += world.step().posted
                tally.passes += 1
                clear(world, armed, tally)
                person(world, psa, tally)
        for n in range(HEAL):
            world.clock.go(minutes=2)
            tally.passes += 1
            tally.posted += world.step().posted
            person(world, psa, tally)
            if n % 4 == 3 and all(rig.again(world, k).state == "in_step" for k in links):
                break
        wrong = verify(world, psa, links, counts, tally)
        with tenancy.acting_in(world.tenant):
            tally.done["hand edits found"] = Drift.objects.count()
            tally.done["receipts"] = Receipt.objects.count()
        assert not wrong, f"SEED={seed}: {len(wrong)} wrong, first {wrong[:3]}\n{tally.table()}"
    return tally


def live(world: Any, psa: str, counts: dict[int, int], dice: random.Random, tally: Tally) -> None:
    """A few customers buy and cancel; now and then somebody edits the PSA."""
    from purser.flows.marketplace_to_contracts.settling import UNSETTLED
    from purser.links.models import Receipt
    from purser.postgres import tenancy
    from tests.flows import rig

    for i in dice.sample(sorted(counts), max(2, len(counts) // 50)):
        counts[i] = max(0, counts[i] + dice.choice([-7, -3, -1, 1, 1, 2, 5, 12]))
        rig.set_count(world, counts[i], subscription=f"S{i}")
        tally.done["purchase or cancellation"] += 1
        if dice.random() < 0.2:  # and changes its mind
            counts[i] += 1
            rig.set_count(world, counts[i], subscription=f"S{i}")
    if dice.random() < 0.25:
        i, more = dice.choice(sorted(counts)), dice.choice([1, 2, 4])
        today = world.clock().date()
        service = rig.service_of(psa, i)
        ended = rig.units(world, service, LAST)
        if psa == "autotask":
            world.psa("units", contractServiceID=5000 + i, unitChange=more, effectiveDate=f"{today}T00:00:00")
        else:
            held = rig.units(world, service, today)
            if not held:
                return  # nothing runs that could be edited
            world.psa("quantity", agreement=1000 + i, product=210, quantity=float(held + more))
        tally.done["hand edit"] += 1
        tally.edited[i] += rig.units(world, service, LAST) - ended
        with tenancy.acting_in(world.tenant):
            if Receipt.objects.filter(link__resource__subscription__external_id=f"S{i}", state__in=UNSETTLED).exists():
                tally.blurred.add(i)


Armed = Counter[tuple[str, str]]


def faults(world: Any, dice: random.Random, tally: Tally) -> Armed:
    """Arm a few; returns how many calls may meet each."""
    armed: Armed = Counter()
    for _ in range(dice.choice([0, 1, 2, 3])):
        kind, call = dice.choice(sorted(FAULTS)), dice.choice([*CALLS, "write"])
        method, path = CALLS[call]
        hand = world.marketplace if call in ("read", "query") and dice.random() < 0.3 else world.psa
        times = dice.choice([1, 1, 2])
        skip = 0 if call in ("write", "end") else dice.choice([0, 0, 1, 2, 5])
        hand("faults", kind=kind, method=method, path=path, skip=skip, times=times, **FAULTS[kind])
        armed[kind, call] += times
        tally.done["fault armed"] += 1
    return armed


def clear(world: Any, armed: Armed, tally: Tally) -> None:
    """End the faults; those that are armed no more were met."""
    calls = {pair: call for call, pair in CALLS.items()}
    for hand in (world.marketplace, world.psa):
        for fault in hand("faults")["armed"]:
            armed[fault["kind"], calls[fault["method"], fault["path"]]] -= fault["times"]
        hand("faults", clear=True)
    tally.met.update(armed)


def person(world: Any, psa: str, tally: Tally) -> None:
    """What waits for a person is read and decided: plans are approved, unknown outcomes looked up in the PSA."""
    from purser.links import plans, receipts
    from purser.links.models import Receipt
    from purser.postgres import ids, tenancy
    from tests.flows import rig

    for plan in [p for p in rig.plans(world) if p.state == "waiting"]:
        with tenancy.acting_in(world.tenant):
            plans.approve(plan.pk, digest=plan.digest, by=ids.new(), now=world.clock())
        tally.posted += world.step(approved=plan.pk).posted
        tally.done["plan approved"] += 1
    with tenancy.acting_in(world.tenant):
        asked = Receipt.objects.filter(state="unsure").exclude(looked_at=None)
        unsure = list(asked.select_related("link__service__agreement"))
    for receipt in unsure:
        there = is_there(world, psa, receipt)
        with tenancy.acting_in(world.tenant):
            receipts.decide(receipt.pk, applied=there, now=world.clock())
        tally.done["outcome looked up"] += 1


def is_there(world: Any, psa: str, receipt: Any) -> bool:
    if psa == "autotask":
        line = int(receipt.link.service.service_id.partition(":")[2])
        made = {(e.get("line"), e.get("effectiveDate", "")[:10]) for e in world.psa("effects")}
        return (line, receipt.effective_on.isoformat()) in made
    rows = world.psa("state")["additions"][receipt.link.service.agreement.external_id]
    return any(row["serialNumber"] == f"purser:{receipt.pk.hex}" for row in rows)


def verify(world: Any, psa: str, links: list[Any], counts: dict[int, int], tally: Tally) -> list[str]:
    """What is wrong: a link that is not in step, a log that does not add up, or a change of our own taken for a hand edit."""
    from purser.ledger import entries
    from purser.links.models import Link, Receipt
    from purser.postgres import tenancy
    from tests.flows import rig

    wrong = rig.problems(world)
    state = world.psa("state")
    ends = {i: rig.units_in(state, rig.service_of(psa, i), LAST) for i in counts}
    with tenancy.acting_in(world.tenant):
        for i, link in zip(sorted(counts), links, strict=True):
            held = Link.objects.get(pk=link.pk)
            log = sum(Receipt.objects.filter(link=link, state="done").values_list("amount", flat=True), Decimal(0))
            by_hand = -entries.balance(account="hand", of=link.pk)
            if ends[i] != counts[i]:
                wrong.append(f"S{i}: the PSA ends at {ends[i]}, the marketplace at {counts[i]}")
            if log + by_hand != ends[i] - START:
                wrong.append(f"S{i}: the log adds up to {log} and {by_hand} by hand, from {START} to {ends[i]}")
            if by_hand != tally.edited[i] and i not in tally.blurred:
                wrong.append(f"S{i}: {tally.edited[i]} units were edited by hand, and {by_hand} taken for it")
            if held.state != "in_step":
                last = Receipt.objects.filter(link=link).order_by("-intended_at").first()
                wrong.append(f"S{i} is {held.state}, last {last and (last.state, last.code, last.text)}")
    return wrong


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--resources", type=int, default=1000)
    parser.add_argument("--passes", type=int, default=6, help="a day")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--psa", choices=["autotask", "connectwise"], action="append")
    given = parser.parse_args()
    for psa in given.psa or ["autotask", "connectwise"]:
        say(f"SEED={given.seed} PSA={psa} DAYS={given.days} RESOURCES={given.resources}")
        began = time.monotonic()
        tally = soak(days=given.days, resources=given.resources, seed=given.seed, psa=psa, passes=given.passes)
        say(tally.table())
        say(f"in step, and the log adds up, after {time.monotonic() - began:.0f} s\n")


@contextmanager
def own_database() -> Iterator[None]:
    """A migrated database of this process's own, as each run of the tests has; gone at the end."""
    from tests import conftest

    class Config:
        stash = pytest.Stash()

        def getoption(self, name: str, default: Any = None) -> Any:
            return default

    config: Any = Config()
    conftest.pytest_configure(config)
    try:
        yield
    finally:
        conftest.pytest_unconfigure(config)


if __name__ == "__main__":
    with own_database():
        main()
