"""The terms by which a partner's months are rated, as rows: copied from the operator's, changed only ahead of time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Max

from purser.access import acts
from purser.access.actors import Actor
from purser.billing import models
from purser.billing.usage import facts
from purser.kernel.errors import Refused
from purser.kernel.period import month_of
from purser.postgres import tenancy
from purser.postgres.queue import defer
from purser.rating.policy import DSU, Policy, Scope, Terms, Version
from purser.tenants import organisations

LATEST = timedelta(days=31)  # that a copy may come after its month has begun, while nothing of it is rated
FARTHEST = timedelta(hours=14)  # no zone's clocks are further ahead of UTC
COLUMNS = ("billable_days", "ratchet", "true_up", "carry_over", "scope")


def own() -> Policy:
    """The policy of the organisation acted in. Raises Refused, code "terms", where it has none."""
    return policy(models.Terms.objects.order_by("from_on"))


def policy(rows: Iterable[models.Terms]) -> Policy:
    """One partner's rows, oldest first."""
    return Policy(DSU.code, tuple(Version(row.from_on, value(row)) for row in rows))


def value(row: models.Terms) -> Terms:
    return of_columns([getattr(row, name) for name in COLUMNS])


def of_columns(values: Sequence[Any]) -> Terms:
    """From the values of COLUMNS."""
    billable_days, ratchet, true_up, carry_over, scope = values
    return Terms(billable_days, ratchet, true_up, carry_over, Scope(scope))


def columns(terms: Terms) -> dict[str, Any]:
    """As a row keeps them."""
    return {name: getattr(terms, name) for name in COLUMNS[:-1]} | {"scope": terms.scope.value}


def offered(operator: UUID) -> list[Version]:
    """What the operator has published, oldest first; nothing means the daily unit as it is. Takes the operator's own seat."""
    with tenancy.acting_in(operator):
        return [Version(row.from_on, value(row)) for row in models.Terms.objects.order_by("from_on")]


def begin(on: date, offer: list[Version]) -> None:
    """Give the partner acted in, who has none yet, the terms in force on `on` and the later ones. A partner keeps its own."""
    if models.Terms.objects.exists():
        return
    first = month_of(on).start
    held = [version for version in offer if version.from_on <= first]
    opening = held[-1].terms if held else DSU.on(first)
    later = [version for version in offer if version.from_on > first]
    for version in (Version(first, opening), *later):
        models.Terms.objects.create(from_on=version.from_on, **columns(version.terms))


def publish(actor: Actor, terms: Terms, *, from_on: date, now: datetime) -> None:
    """The operator's terms from a first of a month on, for itself and by a job for each of its partners.

    Refused, code "month": not a first; "closed": the month has begun somewhere, so that a day of it may be rated already.
    In the operator's seat.
    """
    if from_on.day != 1:
        raise Refused(f"Terms change with a month; {from_on} is not the first of one.", code="month")
    if from_on <= (now + FARTHEST).date():
        raise Refused(
            f"The month of {from_on} has begun somewhere: what is closed stays as it was rated.",
            code="closed",
            hint=f"The next is {month_of((now + FARTHEST).date()).end}.",
        )
    row = models.Terms.objects.filter(from_on=from_on).first()
    before = columns(value(row)) if row is not None else None
    acts.record(
        actor, "operator.prices.publish", summary=f"Published terms of daily units from {from_on}",
        of=("terms", from_on), before=before, after=columns(terms), now=now,
    )  # fmt: skip
    models.Terms.objects.update_or_create(from_on=from_on, defaults=columns(terms))
    defer("purser.terms", lock=f"terms:{actor.tenant}", operator=str(actor.tenant))


def _raise(partner: UUID, failure: Exception) -> None:
    raise failure


def spread(operator: UUID, *, now: datetime, failed: Callable[[UUID, Exception], None] = _raise) -> int:
    """Copy the operator's terms to each of its partners in the programme; how many have them. A job that comes late still
    copies what was published in time, where no day of that month is rated. `failed` is called for a partner that cannot be
    given them: if it returns, the others are.
    """
    recent = [version for version in offered(operator) if version.from_on > (now - LATEST).date()]
    with tenancy.listing_all():
        below = organisations.of_operator(operator).values("pk")
        partners = list(models.Programme.across.filter(tenant_id__in=below).values_list("tenant_id", flat=True))
    given = 0
    for partner in partners:
        try:
            _give(partner, recent)
            given += 1
        except Exception as failure:
            failed(partner, failure)
    return given


def _give(partner: UUID, versions: Sequence[Version]) -> None:
    with tenancy.acting_in(partner):
        for zone in models.Stint.objects.order_by("zone").values_list("zone", flat=True).distinct():
            facts.hold(zone)  # a close that is under way charges by the terms there are
        for version in versions:
            if not models.Charge.objects.filter(on__gte=version.from_on).exists():
                models.Terms.objects.update_or_create(from_on=version.from_on, defaults=columns(version.terms))


def behind(*, now: datetime) -> list[UUID]:
    """Operators with a partner that misses terms which spread() would give it: a job died, or the partner was admitted in
    that moment. Outside any seat.
    """
    with tenancy.listing_all():
        recent = models.Terms.across.filter(from_on__gt=(now - LATEST).date())
        held = {(tenant, on): plain for tenant, on, *plain in recent.values_list("tenant_id", "from_on", *COLUMNS)}
        rows = models.Programme.across.values_list("tenant_id", "tenant__parent_id", "tenant__distributor__parent_id")
        over = {partner: operator for partner, parent, above in rows if (operator := above or parent) is not None}
        published: dict[UUID, list[date]] = defaultdict(list)
        for tenant, on in held:
            if tenant not in over:
                published[tenant].append(on)
        missing = [
            (partner, operator, on)
            for partner, operator in over.items()
            for on in published.get(operator, ())
            if held.get((partner, on)) != held[operator, on]
        ]
        rated = models.Charge.across.filter(tenant_id__in={partner for partner, _, _ in missing})
        last = dict(rated.values_list("tenant_id").annotate(last=Max("on")))
    return sorted({operator for partner, operator, on in missing if last.get(partner, date.min) < on})
