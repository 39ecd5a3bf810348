"""A vendor that hangs and a tenant that floods the queue delay nobody else. Source: reliability P11.

A worker as it runs in production, on this test's database. What is asserted does not depend on how fast the machine is: what
one pair gets done while the others hang.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from django.db import connections

from purser.access import vault
from purser.links.desk import runs
from purser.links.models import Receipt, Run, Sync
from purser.postgres import tenancy
from tests import make
from tests.flows import rig
from tests.make import World

SLOTS = 6  # passes that a worker makes at a time
ROUNDS = 6
JOBS = 10_000
MOST_LAG = 10.0  # seconds, behind so many
OPENS_AFTER = 5  # calls without an answer


@dataclass(frozen=True)
class Pair:
    """A tenant's pair, whose passes are asked for and watched."""

    tenant: UUID
    sync: Sync

    def ask(self) -> None:
        with tenancy.acting_in(self.tenant):
            runs.ask(self.sync, tenant=self.tenant, cause="person")

    def passes(self) -> list[Run]:
        with tenancy.acting_in(self.tenant):
            return list(Run.objects.exclude(ended_at=None).order_by("started_at"))

    def lag(self) -> float:
        """Seconds from asking for a pass to its end."""
        before, began = len(self.passes()), time.monotonic()
        self.ask()
        until(lambda: len(self.passes()) > before)
        return time.monotonic() - began


def until(true: Callable[[], bool], *, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.02)


@contextmanager
def world(psa: str) -> Iterator[World]:
    """One customer, linked and in step, at the true time: a worker lives by no other."""
    shop, theirs = rig.many(psa, 1)
    with make.world(psa, marketplace_seed=shop, psa_seed=theirs, at=datetime.now(UTC)) as made:
        rig.link_many(made, psa, 1)
        assert made.step(cause="link").failed == 0
        yield made


def neighbour(at: World) -> Pair:
    """Another tenant of the same vendors."""
    organisation = make.reseller("Neighbour", now=at.clock())
    copies = []
    for connection in (at.sync.source, at.sync.target):
        with tenancy.acting_in(at.tenant):
            names = vault.kept("links_connection", connection.pk)
            secrets = {name: vault.reveal("links_connection", connection.pk, name) for name in names}
        settings = {**connection.settings, "of": str(organisation.pk)}  # or it would share the other's budget of calls
        copies.append(make.connect(organisation.pk, connection.kind, settings, secrets, now=at.clock()))
    with tenancy.acting_in(organisation.pk):
        return Pair(organisation.pk, Sync.objects.create(source=copies[0], target=copies[1], created_at=at.clock()))


@contextmanager
def worker(*worlds: World) -> Iterator[None]:
    """`purser worker`, with nothing to do but what this test asks for."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("SET row_security = off")
        cursor.execute("UPDATE links_sync SET next_at = now() + interval '1 day'")
        cursor.execute("DELETE FROM procrastinate_jobs WHERE status = 'todo'")
        cursor.execute("RESET row_security")
    hosts = ",".join(hand.url.removeprefix("http://") for one in worlds for hand in (one.marketplace, one.psa))
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "purser.cli.main", "worker", "--concurrency", str(SLOTS)],
        env={**os.environ, "PURSER_SANDBOX_HOSTS": hosts},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.kill()  # a pass may be killed at any instant; it would wait for the one that hangs
        process.wait(5)


def hits(world: World) -> int:
    """How many calls the fault has met."""
    return int(world.psa("faults")["armed"][0]["hits"])


def test_the_passes_of_others_go_on_while_one_hangs() -> None:
    with world("autotask") as sick, world("connectwise") as well:
        ill, other = Pair(sick.tenant, sick.sync), Pair(well.tenant, well.sync)
        sick.psa("faults", kind="timeout_before", seconds=60, times=10**6)
        before = len(ill.passes())
        with worker(sick, well):
            ill.ask()
            until(lambda: hits(sick) > 0)
            for n in range(1, ROUNDS + 1):
                rig.set_count(well, 10 + n)
                other.lag()
            assert (len(ill.passes()), hits(sick)) == (before, 1), "it hangs still, in its first call"
        assert posted(well) == list(range(11, 11 + ROUNDS))


def test_a_vendor_that_hangs_for_all_its_tenants_is_found_out_once_and_then_holds_no_worker() -> None:
    with world("autotask") as sick, world("connectwise") as well:
        ill, other = [neighbour(sick) for _ in range(SLOTS + 2)], Pair(well.tenant, well.sync)
        sick.psa("faults", kind="timeout_before", seconds=1, times=10**6)
        with worker(sick, well):
            for one in ill:
                one.ask()
            until(lambda: all(one.passes() for one in ill))
            found_out = hits(sick)
            for n in range(1, ROUNDS + 1):
                for one in ill:
                    one.ask()
                rig.set_count(well, 10 + n)
                other.lag()
            until(lambda: all(len(one.passes()) > 1 for one in ill))
            # one more where half a minute has passed meanwhile, and a trial was due
            assert hits(sick) <= found_out + 1, "who does not answer is not called again and again"
        assert OPENS_AFTER <= found_out <= SLOTS + OPENS_AFTER - 1
        assert {run.state for one in ill for run in one.passes()} == {"failed"}
        assert posted(well) == list(range(11, 11 + ROUNDS))


def test_a_tenant_with_ten_thousand_jobs_does_not_hold_up_a_tenant_with_one() -> None:
    with world("autotask") as busy, world("connectwise") as well:
        other = Pair(well.tenant, well.sync)
        with worker(busy, well):
            other.lag()
            flood(busy)
            lags = [other.lag() for _ in range(ROUNDS)]
            waiting = waiting_of(busy)
    assert waiting > JOBS - 1000, "the flood goes on"
    assert max(lags) < MOST_LAG


def posted(world: World) -> list[int]:
    with tenancy.acting_in(world.tenant):
        done = Receipt.objects.filter(state="done").order_by("intended_at")
        return [int(receipt.units_after) for receipt in done]


def flood(of: World) -> None:
    """As if somebody had asked for so many previews: none of them merges with another."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, lock, args)"
            " SELECT 'default', 'purser.preview', %s, %s::jsonb FROM generate_series(1, %s)",
            [f"sync:{of.sync.pk}", json.dumps({"tenant": str(of.tenant), "sync": str(of.sync.pk)}), JOBS],
        )


def waiting_of(world: World) -> int:
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo' AND lock = %s", [f"sync:{world.sync.pk}"]
        )
        return int(cursor.fetchone()[0])
