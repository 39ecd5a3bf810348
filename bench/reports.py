"""How long the reports take with 100,000 rows behind them, and what row-level security adds to their queries."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial

from django.http import QueryDict
from django.test import Client
from django.urls import reverse

from bench import crowd, walls
from bench.figures import Figure, percentile, seconds
from purser.access import verbs
from purser.links.models import Sync
from purser.lists import asked, compiled
from purser.portal.pages import logs, reports
from purser.portal.tables.model import Table
from purser.postgres import tenancy
from purser.tenants.models import Organisation
from tests import make
from tests.access import kit

ROWS = 100_000
OTHERS = 4  # tenants beside the one that reads, with a quarter as much each
TABLES = (reports.SUBSCRIPTIONS, reports.LINKED, logs.SUCCESS)
# The page as it opens, further on, of one PSA, and filtered: five of each round's requests.
ASKED = ("", "?page=2", "?context=autotask", "?page=20&size=50", "?company.is=Customer 7")
REQUESTS = 60


def figures() -> Iterator[Figure]:
    now = datetime.now(UTC)
    reader = _tenant("Harbour IT", ROWS, now)
    for number in range(OTHERS):
        _tenant(f"Neighbour {number}", ROWS // 4, now)
    crowd.analyze()
    client = kit.sign_in(kit.member(reader, role=verbs.READER))
    times = _times(client, reader)
    yield Figure("report_p95_ms", percentile(times, 0.95) * 1000, 200)
    yield Figure("report_rls_ratio", max(_behind_walls(reader, table) for table in TABLES), 1.1)


def _tenant(name: str, rows: int, now: datetime) -> Organisation:
    organisation = make.reseller(name, now=now)
    source = make.connect(organisation.pk, "marketplace", {}, {}, now=now)
    target = make.connect(organisation.pk, "autotask", {}, {}, now=now)
    with tenancy.acting_in(organisation.pk):
        sync = Sync.objects.create(source=source, target=target, created_at=now)
    crowd.lay(sync, rows=rows)
    return organisation


def _times(client: Client, organisation: Organisation) -> list[float]:
    addresses = [reverse(table.name, kwargs={"tenant": organisation.pk}) + query for query in ASKED for table in TABLES]
    for address in addresses:  # templates are read once in a process
        _get(client, address)
    return [seconds(partial(_get, client, address)) for address in addresses * (REQUESTS // len(addresses))]


def _get(client: Client, address: str) -> None:
    answer = client.get(address)
    if answer.status_code != 200 or b"<td" not in answer.content:
        raise RuntimeError(f"{address.partition('?')[0]} answered {answer.status_code} without rows")


def _behind_walls(organisation: Organisation, table: Table) -> float:
    """The first page's query."""
    actor = kit.actor(organisation, role=verbs.READER)
    with tenancy.acting_in(organisation.pk):
        return walls.cost(compiled.rows(table, actor, asked.parse(table, QueryDict()), now=datetime.now(UTC))[:51])
