"""The numbers of the home page, and whether the readings behind them can be trusted. Source: acceptance ID-9; ux 29."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, QuerySet, Sum
from django.db.models.functions import Coalesce

from purser.kernel.money import Money
from purser.links.models import Alarm, Connection, Link, Run, SourceResource, StoredPlan, Sync
from purser.links.models.connections import ConnectionState
from purser.links.models.relations import CompanyLink, LinkState
from purser.links.models.runs import PlanState
from purser.links.queries import drift, logs, pairs, reports

# A reading older than this many rounds of its pair (and at least so long) is stale.
ROUNDS, AT_LEAST = 5, timedelta(minutes=15)


@dataclass(frozen=True)
class Health:
    """One connection: `tone` is good, warn or bad, `words` says it, `text` says why and what the vendor answered."""

    connection: Connection
    tone: str
    words: str
    text: str

    @property
    def trusted(self) -> bool:
        return self.tone == "good"


@dataclass(frozen=True)
class Figures:
    """`states` counts open relations by state; `at_stake` is what the unlinked resources cost a month, per currency."""

    states: dict[str, int]
    linked: int
    unlinked: int
    at_stake: tuple[Money, ...]
    failures: int
    plans: int
    drifts: int
    last_run: Run | None

    @property
    def behind(self) -> int:
        return self.states.get(LinkState.BEHIND, 0) + self.states.get(LinkState.PENDING, 0)

    @property
    def in_step(self) -> int:
        return self.states.get(LinkState.IN_STEP, 0) + self.states.get(LinkState.ENDED, 0)

    @property
    def failed(self) -> int:
        return self.states.get(LinkState.FAILED, 0) + self.states.get(LinkState.UNSURE, 0)

    @property
    def percent(self) -> Decimal | None:
        """How much of what is bought is billed automatically, with one decimal; None where nothing is bought."""
        whole = self.linked + self.unlinked
        return (Decimal(100 * self.linked) / whole).quantize(Decimal("0.1")) if whole else None

    @property
    def coverage(self) -> str:
        """The same in words, for example 92.5 %."""
        return "none" if self.percent is None else f"{self.percent} %"


@dataclass(frozen=True)
class SetUp:
    """One step of the first hour: `page` is the URL name where it is done."""

    words: str
    done: bool
    page: str


def figures(context: str = "") -> Figures:
    syncs = pairs.ids(context)
    states = Counter(
        dict(
            Link.objects.filter(cleared_at=None, sync_id__in=syncs)
            .values_list("state")
            .annotate(n=Count("id"))
            .order_by("state")
        )
    )
    stake, missing = at_stake(context)
    return Figures(
        states=dict(states),
        linked=states.total(),
        unlinked=missing,
        at_stake=stake,
        failures=logs.open_failures(context),
        plans=StoredPlan.objects.filter(sync_id__in=syncs, state=PlanState.WAITING).count(),
        drifts=drift.undecided(context).count(),
        last_run=Run.objects.filter(sync_id__in=syncs, ended_at__isnull=False).order_by("-started_at", "-id").first(),
    )


def at_stake(context: str = "") -> tuple[tuple[Money, ...], int]:
    """What the unlinked resources cost a month at the marketplace's prices, and how many they are."""
    return monthly(reports.unlinked(context))


def monthly(rows: QuerySet[SourceResource, Any]) -> tuple[tuple[Money, ...], int]:
    """What these resources cost a month at the marketplace's prices, per currency, and how many they are."""
    found = (
        rows.order_by()
        .values("currency", "subscription__billing_period")
        .annotate(worth=Sum(reports.count() * Coalesce("unit_price", "unit_cost"), output_field=reports.PLAIN), n=Count("id"))
        .values_list("currency", "subscription__billing_period", "worth", "n")
    )
    per_currency: dict[str, Decimal] = {}
    resources = 0
    for currency, billed, worth, n in found:
        resources += n
        if worth and currency:
            per_currency[currency] = per_currency.get(currency, Decimal(0)) + worth / months(billed)
    return tuple(Money(value, code).rounded() for code, value in sorted(per_currency.items())), resources


def months(billed: str) -> Decimal:
    """The months of a marketplace's billing period ("month", "3 months", "year"). One where it says none."""
    found = re.fullmatch(r"(?:(\d+) )?(month|year)s?", billed)
    if found is None:
        return Decimal(1)
    return Decimal(found[1] or 1) * (12 if found[2] == "year" else 1)


def health(pair: Sync, *, now: datetime) -> tuple[Health, Health]:
    """How both ends of a pair are: what a person must see before trusting a number."""
    alarms: dict[object, list[Alarm]] = {}
    for alarm in Alarm.objects.filter(connection_id__in=(pair.source_id, pair.target_id), cleared_at=None).order_by(
        "raised_at", "id"
    ):
        alarms.setdefault(alarm.connection_id, []).append(alarm)
    freshest = max(AT_LEAST, ROUNDS * timedelta(seconds=pair.every_seconds))
    return (
        _of(pair.source, alarms.get(pair.source_id, []), freshest, now),
        _of(pair.target, alarms.get(pair.target_id, []), freshest, now),
    )


def _of(connection: Connection, alarms: list[Alarm], freshest: timedelta, now: datetime) -> Health:
    if connection.state == ConnectionState.PAUSED:
        return Health(connection, "bad", "Paused", connection.paused_text or "Nothing is called until a person acts.")
    if connection.read_at is None:
        return Health(connection, "warn", "Never read", "Nothing is known of this side yet.")
    if now - connection.read_at > freshest:
        return Health(connection, "warn", "Stale", f"The last reading is {_age(now - connection.read_at)} old.")
    if not connection.whole:
        return Health(connection, "warn", "Not read as a whole", connection.cut)
    if alarms:
        return Health(connection, "warn", "In trouble", alarms[0].text)
    return Health(connection, "good", "Read as a whole", "")


def _age(span: timedelta) -> str:
    for words, one in (("days", timedelta(days=1)), ("hours", timedelta(hours=1)), ("minutes", timedelta(minutes=1))):
        if span >= 2 * one:
            return f"{span // one} {words}"
    return f"{int(span.total_seconds())} seconds"


def set_up() -> list[SetUp]:
    """The first hour in its order. Source: ux, First hour."""
    kinds = {c.kind: c for c in Connection.objects.all()}
    shop = kinds.pop("marketplace", None)
    psa = next(iter(kinds.values()), None)
    psa_page = psa.kind if psa else "autotask"
    links = Link.objects.filter(cleared_at=None)
    return [
        SetUp("Connect the marketplace", bool(shop and shop.state != ConnectionState.NEW), "marketplace"),
        SetUp("Connect your PSA", bool(psa and psa.state != ConnectionState.NEW), psa_page),
        SetUp("Read both sides", bool(shop and psa and shop.read_at and psa.read_at), "schedule"),
        SetUp("Map a first company", CompanyLink.objects.filter(cleared_at=None).exists(), "mapping"),
        SetUp("Link a first resource", links.exists(), "mapping"),
        SetUp("See it in step", links.filter(state=LinkState.IN_STEP).exists(), "runs"),
    ]
