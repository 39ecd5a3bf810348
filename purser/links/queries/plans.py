"""Stored plans as a person reads them: rows, totals per currency, what moved since the last one, how far it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Func, IntegerField, QuerySet

from purser.kernel.errors import Missing
from purser.kernel.money import Money
from purser.links.models import Receipt, Run, StoredPlan
from purser.links.models.runs import FAILED_RECEIPTS, POSTED_RECEIPTS, PlanState
from purser.links.queries import pairs


@dataclass(frozen=True)
class Total:
    """What a plan does to the customers' bills in one currency. `prorated` and `per_period` are sums of rounded lines;
    `unpriced` rows have no price and are in neither."""

    currency: str
    rows: int
    up: Decimal
    down: Decimal
    prorated: Money | None
    per_period: Money | None
    unpriced: int


@dataclass(frozen=True)
class Moved:
    """A row that stands otherwise in the plan made before: `was` and `now` are "8 to 15", "" where it is absent."""

    company: str
    resource: str
    effective_on: str
    was: str
    now: str


@dataclass(frozen=True)
class Progress:
    """Of an approved plan: how many changes it has and what became of them so far."""

    changes: int
    posted: int
    failed: int
    over: bool

    @property
    def words(self) -> str:
        failed = f", {self.failed} failed" if self.failed else ""
        return f"{self.posted} of {self.changes} posted{failed}."


def every(context: str = "") -> QuerySet[StoredPlan, Any]:
    """All plans without their rows, which can be many; `size` is how many changes each has."""
    return (
        StoredPlan.objects.filter(sync_id__in=pairs.ids(context))
        .defer("changes", "asides")
        .select_related("sync__target", "decided_by", "run")
        .annotate(size=Func(F("changes"), function="jsonb_array_length", output_field=IntegerField()))
    )


def waiting(context: str = "") -> list[StoredPlan]:
    return list(every(context).filter(state=PlanState.WAITING).order_by("-made_at", "-id"))


def one(plan_id: UUID) -> StoredPlan:
    """Raises Missing."""
    found: StoredPlan | None = (
        StoredPlan.objects.select_related("sync__source", "sync__target", "run", "decided_by", "made_by")
        .filter(pk=plan_id)
        .first()
    )
    if found is None:
        raise Missing("There is no such plan.")
    return found


def totals(changes: list[Mapping[str, Any]]) -> list[Total]:
    """One line per currency, by code; rows without a currency come first. Money of two currencies is never added up."""
    found: list[Total] = []
    for code in sorted({str(row["currency"]) for row in changes}):
        rows = [row for row in changes if row["currency"] == code]
        amounts = [Decimal(row["amount"]) for row in rows]
        found.append(
            Total(
                code,
                len(rows),
                sum((a for a in amounts if a > 0), Decimal(0)),
                sum((a for a in amounts if a < 0), Decimal(0)),
                _sum(code, [row["prorated"] for row in rows]),
                _sum(code, [row["per_period"] for row in rows]),
                sum(1 for row in rows if row["per_period"] is None),
            )
        )
    return found


def moved(plan: StoredPlan) -> list[Moved]:
    """What stands otherwise than in the plan this one took the place of: the pair's last that was given up."""
    before = (
        StoredPlan.objects.filter(sync_id=plan.sync_id, made_at__lte=plan.made_at)
        .exclude(pk=plan.pk)
        .filter(state__in=(PlanState.OUTDATED, PlanState.REJECTED))
        .order_by("-made_at", "-id")
        .first()
    )
    if before is None:
        return []
    was = {row["key"]: row for row in before.changes}
    now = {row["key"]: row for row in plan.changes}
    return [
        Moved(
            row["company"],
            row["resource"],
            row["effective_on"],
            _step(was.get(key)),
            _step(now.get(key)),
        )
        for key, row in {**was, **now}.items()
        if _step(was.get(key)) != _step(now.get(key))
    ]


def progress(plan: StoredPlan) -> Progress:
    """Over when each change has a receipt with an outcome, or the pass that posts it has ended."""
    states = Counter(dict(Receipt.objects.filter(plan=plan).values_list("state").annotate(n=Count("id")).order_by("state")))
    posted = sum(states[s] for s in POSTED_RECEIPTS)
    failed = sum(states[s] for s in FAILED_RECEIPTS)
    ended = bool(plan.run and plan.run.ended_at)
    under_way = plan.state == PlanState.APPROVED or (plan.state == PlanState.DRIVEN and not ended)
    return Progress(len(plan.changes), posted, failed, not under_way or posted + failed >= len(plan.changes))


def preview_since(sync_id: UUID, *, since: datetime) -> tuple[Run | None, StoredPlan | None]:
    """The dry pass that began after `since`, and the plan it left; a pass that found no difference leaves none."""
    run = Run.objects.filter(sync_id=sync_id, cause="preview", started_at__gte=since).order_by("started_at", "id").first()
    plan = StoredPlan.objects.filter(run=run, state=PlanState.PREVIEW).first() if run else None
    return run, plan


def _step(row: Mapping[str, Any] | None) -> str:
    return "" if row is None else f"{row['before']} to {row['after']}"


def _sum(code: str, values: list[str | None]) -> Money | None:
    given = [Decimal(value) for value in values if value is not None]
    return Money(sum(given, Decimal(0)), code) if given and code else None
