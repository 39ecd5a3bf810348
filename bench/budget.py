"""What keeping in step asks of the vendors, and how soon a change is posted."""

from __future__ import annotations

from collections.abc import Iterator

from bench import passes
from bench.figures import Figure
from bench.seeds import Book
from purser.jobs import periodic
from purser.links.models import Sync

HOUR = 3600
AUTOTASK_HOURLY = 10_000  # requests an hour that Autotask gives a database, all integrations together
DEMO_EVERY = 20  # seconds between passes, as the demo's story sets them


def requests() -> Iterator[Figure]:
    """One pass over 1,200 resources, 1 % of which have changed."""
    book = Book(resources=1_200)
    changes = book.resources // 100
    with passes.steady(book, "autotask", month=7) as day:
        found = day.step(changes)
        yield Figure("requests_marketplace", found.marketplace / passes.least_marketplace(book, changes), 1.2)
        least = passes.least_autotask(book, changes, month=7)
        yield Figure("requests_autotask", found.psa.total() / least, 1.2)
    with passes.steady(book, "connectwise", month=7) as day:
        found = day.step(changes)
        yield Figure("requests_connectwise", found.psa.total() / passes.least_connectwise(book, changes), 1.2)


def hour() -> Iterator[Figure]:
    """5,000 resources in the first month of their contracts' year, when Autotask holds the most unit rows to come.

    Two passes are measured, one of them quiet and one with all changes of the hour. A change costs the same calls
    whichever pass meets it, so an hour is: the quiet pass, as often as the interval fits; what the changes added; and once
    what is asked for again each hour.
    """
    book = Book(resources=5_000)
    changes = book.resources // 100
    with passes.steady(book, "autotask", month=1) as day:
        quiet, busy = day.step(), day.step(changes)
        rounds = HOUR / day.world.sync.every_seconds
        asked = rounds * quiet.psa.total() + (busy.psa.total() - quiet.psa.total()) + day.cold
    yield Figure("autotask_hourly_share", asked / AUTOTASK_HOURLY, 0.5)
    yield Figure("pass_seconds_per_1000", quiet.seconds * 1000 / book.resources)


def delay() -> Iterator[Figure]:
    """A change just after a pass has looked waits for the rest of that pass, the interval, the scheduler and the next pass.

    1 % have changed in each pass; the sandboxes share this machine, so their work is in the seconds as well.
    """
    book = Book(resources=1_000)
    with passes.steady(book, "autotask", month=7) as day:
        seconds = max(day.step(book.resources // 100).seconds for _ in range(3))
    every = int(Sync._meta.get_field("every_seconds").get_default())
    yield Figure("change_to_posting_s", every + tick() + 2 * seconds, 300)
    yield Figure("change_to_posting_demo_s", DEMO_EVERY + tick() + 2 * seconds, 60)


def tick() -> float:
    """Seconds between two looks of the scheduler, by its own table."""
    due = next(t for t in periodic.tasks.periodic_registry.periodic_tasks.values() if t.task.name.endswith("purser.due"))
    first, second = (due.croniter.get_next(float) for _ in range(2))
    return float(second - first)
