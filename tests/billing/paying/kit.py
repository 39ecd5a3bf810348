"""A partner in the programme, its operator with a payment provider, and the sandbox of that provider behind both."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from unittest import mock
from urllib.parse import urlencode, urlsplit
from uuid import UUID

import time_machine
from django.db import connection
from django.test import override_settings

from purser.access.actors import Actor
from purser.access.models import Person
from purser.billing.buying import packages, quotes
from purser.billing.models import Attempt, Card, Profile, Programme, Purchase, Quote
from purser.billing.paying import attempts, automatic, events, provider, purchases, refunds, visits
from purser.config import wiring
from purser.connectors.ports.payment import Page, Payments
from purser.connectors.shared.http import Http, Timeouts
from purser.flows import ports
from purser.jobs import payments as jobs
from purser.ledger import chart, entries
from purser.ledger.entries import Draft, Leg
from purser.ledger.models import Entry
from purser.postgres import ids, tenancy
from purser.tenants.models import Organisation
from sandboxes.kit import Fault, Request, Response, Server
from sandboxes.stripe import Stripe
from tests.access import kit
from tests.ledger.books import DSU

real_sleep = time.sleep
NOON = datetime(2026, 7, 11, 12, 0, tzinfo=UTC)
KEY, HOOK = "sk_test_that-nobody-may-see", "whsec_that-nobody-may-see"
VISA, OTHER_VISA = "4242424242424242", "4000003800000446"
HOLDER, NO_FUNDS, LOST, LATER_DECLINED = "4000002760003184", "4000008260003178", "4000000000009987", "4000000000000341"
TASKS = {task.name: task for task in jobs.tasks.tasks.values()}


@dataclass
class Shop:
    """`clock` is everybody's: ours, the sandbox's, and the database's jobs are asked for by hand (`work`)."""

    operator: Organisation
    partner: Organisation
    owner: Person
    app: Stripe
    url: str
    time: Any
    at: datetime = NOON

    @property
    def tenant(self) -> UUID:
        return self.partner.pk

    @property
    def actor(self) -> Actor:
        return kit.actor(self.partner, self.owner, verified_at=self.at)

    @property
    def desk(self) -> Actor:
        return kit.actor(self.operator, verified_at=self.at)

    @property
    def port(self) -> Payments:
        return ports.payments(provider.over(self.tenant))

    def now(self) -> datetime:
        return self.at

    def go(self, **by: float) -> None:
        self.at += timedelta(**by)
        self.time.move_to(self.at)
        self.app.clock.set(self.at, frozen=True)

    # The sandbox

    def tell(self, verb: str, **data: Any) -> Any:
        return self.app.control(verb, data)

    def fail(self, kind: str, **details: Any) -> None:
        self.app.faults.arm(Fault(kind, **details))

    def done(self, what: str = "charge") -> list[dict[str, Any]]:
        return [e for e in self.app.effects if e["what"] == what]

    def browse(self, page: Page | str, form: dict[str, str] | None = None) -> Response:
        path = urlsplit(page if isinstance(page, str) else page.url).path
        body = urlencode(form).encode() if form else b""
        return self.app.handle(Request("POST" if form else "GET", path, {}, {}, body))

    def type_card(self, page: Page | str, number: str = VISA) -> Response:
        answer = self.browse(page, {"number": number, "expiry": "09 / 31", "code": "123", "name": "Ada Stone"})
        return self.browse(page, {"answer": "complete"}) if answer.status == 200 else answer

    # The partner

    def card(self, number: str = VISA) -> Card:
        """Store a card, all the way."""
        page = visits.to_store_a_card(self.actor, self.port, now=self.at)
        assert self.type_card(page, number).status == 303
        with tenancy.acting_in(self.tenant):
            visit = purchases.Visit.objects.get(page=page.id)
        assert visits.look(self.tenant, visit.pk, self.port, now=self.at).card
        with tenancy.acting_in(self.tenant):
            found = purchases.card_on_file()
            assert found is not None
            return found

    def quote(self, counts: dict[str, int] | None = None) -> Quote:
        with tenancy.acting_in(self.tenant):
            return quotes.ask(self.actor, counts or {"CPP-DSU-1": 1}, now=self.at)

    def place(self, quote: Quote | None = None, key: UUID | None = None) -> Purchase:
        return purchases.place(self.actor, (quote or self.quote()).pk, key=key or ids.new(), now=self.at)

    def pay(self, row: Purchase) -> str:
        return attempts.carry(self.tenant, row.pk, self.port, clock=self.now)

    def bought(self, counts: dict[str, int] | None = None) -> Purchase:
        row = self.place(self.quote(counts))
        assert self.pay(row) == "paid"
        return self.again(row)

    def again(self, row: Any) -> Any:
        with tenancy.acting_in(self.tenant):
            return type(row).objects.get(pk=row.pk)

    def every(self, model: Any, **wanted: Any) -> list[Any]:
        with tenancy.acting_in(self.tenant):
            order = "number" if model is Attempt else "pk"
            return list(model.objects.filter(**wanted).order_by(order))

    def entries(self) -> list[str]:
        """The kinds of what is in the books of payment."""
        return [one.kind for one in self.every(Entry) if one.kind not in ("day", "test")]

    def used(self, units: int, *, source: str = "") -> None:
        """A day's charge, as the daily close posts it."""
        legs = [Leg("balance", None, DSU, Decimal(-units)), Leg("used", None, DSU, Decimal(units))]
        with tenancy.acting_in(self.tenant):
            entries.post_all([Draft("day", self.at.date(), source or f"test:{ids.new()}", legs)], now=self.at)

    @property
    def balance(self) -> int:
        with tenancy.acting_in(self.tenant):
            return purchases.balance()

    def money(self, account: str, of: UUID | None = None) -> Decimal:
        from purser.ledger import balances

        with tenancy.acting_in(self.tenant):
            return balances.balance(account=account, of=of, unit="USD")

    def automatic(self, *, on: bool = True, cap: str = "1000") -> None:
        with tenancy.acting_in(self.tenant):
            version = automatic.programme().version
            automatic.switch(self.actor, on=on, cap=Decimal(cap), version=version, now=self.at)

    def refund(self, row: Purchase, units: int, key: UUID | None = None, reason: str = "Bought by mistake") -> Any:
        return refunds.ask(self.desk, self.tenant, row.pk, units=units, reason=reason, key=key or ids.new(), now=self.at)

    def carry_refund(self, made: Any) -> str:
        return refunds.carry(self.tenant, made.pk, self.port, clock=self.now)

    def problems(self) -> list[str]:
        from purser.billing.paying import checks
        from purser.ledger import checks as ledger_checks

        with tenancy.acting_in(self.tenant):
            return [f"{p.code}: {p.text}" for check in (checks, ledger_checks) for p in check.check(now=self.at)]

    # Jobs, by hand: those of this partner and operator that wait and are due

    def work(self, *, only: str = "", most: int = 50) -> list[str]:
        """Run what waits and is due, as a worker would; the names of what ran."""
        ran = []
        for _ in range(most):
            job = self._next(only)
            if job is None:
                return ran
            id, name, args = job
            TASKS[name].func(**args)
            with connection.cursor() as cursor:  # not before: the job of a worker that died is run again
                cursor.execute("DELETE FROM procrastinate_jobs WHERE id = %s", [id])
            ran.append(name)
        raise AssertionError(f"jobs without end: {ran}")

    def _next(self, only: str) -> tuple[int, str, dict[str, Any]] | None:
        events = only == "purser.payment_event"  # the operator's; all others are the partner's
        whose, tenant = ("operator", self.operator.pk) if events else ("tenant", self.tenant)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id, task_name, args::text FROM procrastinate_jobs WHERE status = 'todo' AND task_name = ANY(%s)"
                " AND args ->> %s = %s AND (scheduled_at IS NULL OR scheduled_at <= %s) ORDER BY id LIMIT 1",
                [[only] if only else list(TASKS), whose, str(tenant), self.at],
            )
            row = cursor.fetchone()
        return None if row is None else (row[0], row[1], json.loads(row[2]))


PROFILE = {
    "company": "Harbour IT", "street": "1 Quay", "city": "Boston", "state": "MA", "postal_code": "02110", "country": "US",
    "contact_name": "Bea Books", "contact_email": "books@harbour.example",
}  # fmt: skip


@contextmanager
def shop(*, events: str = "held", profile: bool = True) -> Iterator[Shop]:
    """`events`: whether webhooks are sent by themselves ("after", "first") or when told to."""
    app = Stripe()
    app.clock.set(NOON, frozen=True)
    app.load_seed({"settings": {"key": KEY, "events": events, "event_delay": 0.0}})
    operator = kit.operator()
    partner = kit.reseller("Harbour IT", under=operator)
    owner = kit.member(partner, factor=False)
    with Server(app) as server, time_machine.travel(NOON, tick=False) as time:
        host = server.url.removeprefix("http://")
        opened: list[Http] = []

        def hurried(**options: Any) -> Http:
            """A provider that does not answer is waited for two seconds, not half a minute."""
            opened.append(Http(**options, timeouts=Timeouts(connect=2.0, read=2.0, total=3.0)))
            return opened[-1]

        with override_settings(SANDBOX_HOSTS=frozenset({host})), mock.patch.object(wiring, "Http", hurried):
            made = Shop(operator, partner, owner, app, server.url, time)
            with tenancy.acting_in(operator.pk):
                wanted = provider.Settings(server.url, True, KEY, [HOOK], 0)
                provider.configure(made.desk, wanted, admit=ports.payments, now=NOON)
            with tenancy.acting_in(partner.pk):
                Programme.objects.create(default_package="CPP-DSU-1", created_at=NOON)
                if profile:
                    Profile.objects.create(**PROFILE)
            packages.copy_to(partner.pk, NOON)
            yield made
            wiring._stripe.cache_clear()
            for one in opened:
                one.close()


__all__ = ["Callable", "DSU", "Shop", "chart", "events", "shop"]
