"""What it takes to make customers' tenants at a vendor: calls for each, and how close two workers, which share what the vendor
allows at a time, come to the rate that this permits. The sandbox is a process of its own, 20 ms away.

The least for a first order is the vendor's own tutorial: what the parent may give, tenant, pricing read and written,
offerings, user, roles and mail. Source: issue of vendors' tenants, speed and size.
"""

from __future__ import annotations

import multiprocessing
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from django.db import connections

from bench.figures import Figure
from purser.postgres import ids, tenancy
from tests.make import Hands

CUSTOMERS = int(os.environ.get("BENCH_CUSTOMERS", "1000"))
COUNTED = 20  # customers whose calls are counted
LATENCY = 0.02
WORKERS = 2
LEAST = 8  # calls for a first order
PROTECTION = "6e6d758d-8e74-3ae3-ac84-50eb0dff12eb"


@contextmanager
def sandbox() -> Iterator[tuple[Hands, int]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-m", "sandboxes", "acronis", "--port", str(port)])
    hands = Hands(f"http://127.0.0.1:{port}")
    try:
        for _ in range(100):
            try:
                hands("state")
                break
            except Exception:
                time.sleep(0.1)
        yield hands, port
    finally:
        process.terminate()
        process.wait(timeout=10)


def instance(hands: Hands) -> tuple[UUID, UUID]:
    """A distributor's, tested; and the distributor."""
    from purser.access import vault
    from purser.provisioning.models import Instance, InstanceState
    from sandboxes.acronis import app
    from tests.access import kit

    distributor = kit.distributor("Broad Supply")
    now = datetime.now(UTC)
    with tenancy.acting_in(distributor.pk):
        made = Instance.objects.create(
            kind="acronis", name="Acronis", settings={"url": hands.url, "client_id": app.CLIENT}, state=InstanceState.READY,
            created_at=now,
        )  # fmt: skip
        vault.keep("provisioning_instance", made.pk, "client_secret", app.SECRET, now)
    return distributor.pk, made.pk


def customers(distributor: UUID, of: UUID, number: int) -> list[tuple[UUID, UUID]]:
    """Synced, each with a first subscription: organisation and account."""
    from purser.provisioning.models import Account
    from purser.subscriptions.models import Subscription
    from purser.tenants import organisations
    from purser.tenants.models import Kind

    with tenancy.acting_in(distributor):
        parent = organisations.own()
    found = []
    for _ in range(number):
        now, name = datetime.now(UTC), f"Customer {ids.new().hex[-12:]}"
        row = organisations.found(kind=Kind.CUSTOMER, name=name, parent=parent, now=now)
        chain = {"partner_id": distributor, "distributor_id": distributor}
        with tenancy.acting_in(row.pk):
            account = Account.objects.create(
                name=name, provider=distributor, instance=of, instance_name="Acronis", kind="acronis", role="user",
                username=f"u-{row.pk}", email=f"it@{row.pk}.example", reference=f"purser-{row.pk}", synced_at=now, **chain,
            )  # fmt: skip
            Subscription.objects.create(
                customer_name=name, number=f"S-{row.pk.hex[-12:]}", account=account, provider=distributor, instance=of,
                offer=ids.new(), offer_code="P", offer_name="Protect", product=ids.new(), product_name="Protect",
                vendor_name="Acronis", cycle="monthly", unit="licence", quantity=1, price=Decimal(4), currency="EUR",
                provides={"services": [PROTECTION], "mode": "per_gigabyte"}, ordered_at=now, **chain,
            )  # fmt: skip
        found.append((row.pk, account.pk))
    return found


def provision(one: tuple[UUID, UUID]) -> None:
    from purser.flows.accounts_to_vendor.run import run

    result = run(tenant=one[0], account_id=one[1], clock=lambda: datetime.now(UTC))
    if result.state != "provisioned":
        raise RuntimeError(f"a customer was to be provisioned: {result}")


def work(some: list[tuple[UUID, UUID]], calls: int) -> None:
    """A worker: so many calls at a time, and as many customers again that are between two calls; over its own connections."""
    from purser.config import vendors, wiring
    from purser.connectors import acronis

    acronis.THREADS = calls
    vendors._made.clear()
    wiring._acronis.cache_clear()
    with ThreadPoolExecutor(2 * calls) as pool:
        list(pool.map(provision, some))
        list(pool.map(lambda _: connections.close_all(), range(8 * calls)))
    connections.close_all()


@contextmanager
def ready() -> Iterator[tuple[Hands, UUID, UUID]]:
    """The sandbox, a distributor and its instance, signed in."""
    from django.test import override_settings

    with sandbox() as (hands, port), override_settings(SANDBOX_HOSTS=frozenset({f"127.0.0.1:{port}"})):
        distributor, of = instance(hands)
        provision(customers(distributor, of, 1)[0])  # a token, and whose the client is
        yield hands, distributor, of


def requests() -> Iterator[Figure]:
    with ready() as (hands, distributor, of):
        some = customers(distributor, of, COUNTED)
        hands("requests", clear=True)
        for one in some:
            provision(one)
        calls = len(hands("requests")) / COUNTED
    yield Figure("requests_per_customer", calls)
    yield Figure("requests_per_customer_over_least", calls / LEAST, 1.2)


def rate() -> Iterator[Figure]:
    from purser.connectors.acronis import THREADS

    with ready() as (hands, distributor, of):
        many = customers(distributor, of, CUSTOMERS)
        hands("latency", seconds=LATENCY)
        connections.close_all()
        began = time.perf_counter()
        with multiprocessing.get_context("fork").Pool(WORKERS) as pool:
            pool.starmap(work, [(many[n::WORKERS], THREADS // WORKERS) for n in range(WORKERS)])
        took = time.perf_counter() - began
    least = CUSTOMERS * LEAST * LATENCY / THREADS
    yield Figure("provisioning_rate", CUSTOMERS / took)
    yield Figure("provisioning_time_over_least", took / least, 1 / 0.8)
