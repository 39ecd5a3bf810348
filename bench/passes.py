"""Monitor passes over a book, and what they cost: requests, as the sandboxes' own logs count them, and seconds."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bench.seeds import Book
from purser.flows.marketplace_to_contracts.run import Result
from purser.links.models import CompanyLink, Link, SourceResource, SubscriptionLink, TargetService
from purser.postgres import tenancy
from tests import make

PAGE = 500  # rows a page, at the marketplace and at Autotask
SETTLED = 10  # minutes after which a detail that was read is not read again
COLD = ("/token", "/zoneinformation", "/companyinfo/", "/entityinformation")  # asked for once, then kept


@dataclass(frozen=True)
class Pass:
    """What one pass took. `psa` are the paths asked for at the PSA, with how often; calls of a cold start are not here."""

    result: Result
    seconds: float
    marketplace: int
    psa: Counter[str]


@dataclass
class Day:
    """A pair on a steady day: everything is linked and was confirmed. `cold` is how often the PSA was asked for what is
    then kept for an hour or longer."""

    world: make.World
    book: Book
    cold: int
    passed: int = 0

    def step(self, changes: int = 0) -> Pass:
        """The next pass, two minutes later, that meets so many changed resources, no two of one agreement.

        Raises RuntimeError when not exactly these are posted and confirmed: its requests would then prove nothing.
        """
        self.world.clock.go(minutes=2)
        for n in range(changes):
            # never a resource of an earlier pass: Autotask takes one change of a service a day
            place = n * (self.book.resources // changes) + self.passed
            self.world.marketplace("quantity", **self.book.changed(place))
        self.passed += 1
        return self._pass(changes)

    def _pass(self, changes: int) -> Pass:
        for hands in (self.world.marketplace, self.world.psa):
            hands("requests", clear=True)
        began = time.perf_counter()
        result = self.world.step()
        seconds = time.perf_counter() - began
        shop, theirs = (_warm(_paths(hands)) for hands in (self.world.marketplace, self.world.psa))
        self.check(result, posted=changes)
        return Pass(result, seconds, shop.total(), theirs)

    def check(self, result: Result, *, posted: int) -> None:
        with tenancy.acting_in(self.world.tenant):
            states = Counter(Link.objects.filter(cleared_at=None).values_list("state", flat=True))
        if states != {"in_step": self.book.resources} or result.posted != posted:
            raise RuntimeError(f"{posted} changes were to be posted and all to be in step; now {states}, {result}")


@contextmanager
def steady(book: Book, psa: str, *, month: int = 7) -> Iterator[Day]:
    """The book in two sandboxes, on the second day of a month, linked and confirmed by a first pass."""
    at = datetime(book.year, month, 2, 12, tzinfo=UTC)
    with make.world(psa, marketplace_seed=book.marketplace(), psa_seed=book.psa(psa), at=at) as world:
        _link(world, book, psa)
        world.clock.go(minutes=SETTLED)
        result = world.step()
        asked = _paths(world.psa)
        day = Day(world, book, cold=asked.total() - _warm(asked).total())
        day.check(result, posted=0)
        yield day


def _link(world: make.World, book: Book, psa: str) -> None:
    """All three levels of every relation, in sets: what a pass costs is measured here, not what linking does."""
    with tenancy.acting_in(world.tenant):
        common = {"sync": world.sync, "made_at": world.clock()}
        resources = {r.external_id: r for r in SourceResource.objects.all()}
        services = {s.external_id: s for s in TargetService.objects.select_related("agreement")}
        companies: dict[Any, CompanyLink] = {}
        subscriptions: dict[Any, SubscriptionLink] = {}
        links = []
        for resource, service in ((resources[r], services[s]) for r, s in book.pairs(psa)):
            company = companies.setdefault(
                resource.customer_id,
                CompanyLink(customer_id=resource.customer_id, account_id=service.agreement.account_id, **common),
            )
            upper = subscriptions.setdefault(
                resource.subscription_id,
                SubscriptionLink(
                    company_link=company,
                    subscription_id=resource.subscription_id,
                    agreement=service.agreement,
                    **common,
                ),
            )
            links.append(Link(subscription_link=upper, resource=resource, service=service, **common))
        CompanyLink.objects.bulk_create(companies.values())
        SubscriptionLink.objects.bulk_create(subscriptions.values())
        Link.objects.bulk_create(links)


def least_marketplace(book: Book, changes: int) -> int:
    """A page of customers and of subscriptions for each 500, and a detail for each subscription that changed."""
    return _pages(book.customers) + _pages(book.subscriptions) + changes


def least_autotask(book: Book, changes: int, *, month: int) -> int:
    """A page for each 500 contracts, lines and unit rows to come, one of products and one to see that there are no
    bundles; a look, a write and a verification for each change.

    Autotask keeps the units of a line once for each month of its contract, and those that are over are not read.
    """
    units = book.resources * (13 - month)
    return _pages(book.customers) + _pages(book.resources) + _pages(units) + 2 + 3 * changes


def least_connectwise(book: Book, changes: int) -> int:
    """A page for each 1,000 agreements, and one call for each linked one, for additions are listed per agreement; a look,
    a write and a verification for each change."""
    return -(-book.customers // 1000) + book.customers + 3 * changes


def _pages(rows: int) -> int:
    return max(1, -(-rows // PAGE))


def _paths(hands: make.Hands) -> Counter[str]:
    return Counter(f"{r['method']} {r['path'].lower()}" for r in hands("requests", clear=True))


def _warm(asked: Counter[str]) -> Counter[str]:
    return Counter({path: count for path, count in asked.items() if not any(word in path for word in COLD)})
