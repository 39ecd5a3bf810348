"""What is bought, which of it is billed automatically and which is not. Source: acceptance ID-45 to ID-52.

Linked and Unlinked part the subscription report: each resource of it is in exactly one. So it holds what the
marketplace has now, and whatever else a relation still keeps in step (a cancelled subscription on its way to nought).
`context` is "autotask", "connectwise" or "" for both; the functions need the tenant's seat.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db.models import (
    Case,
    DecimalField,
    Exists,
    ExpressionWrapper,
    F,
    Func,
    OuterRef,
    Q,
    QuerySet,
    Sum,
    UUIDField,
    Value,
    When,
)
from django.db.models.expressions import Combinable

from purser.links.models import Link, SourceResource
from purser.links.queries import pairs

PLAIN: DecimalField[Any, Any] = DecimalField(max_digits=18, decimal_places=6)

ENDED = ("terminated", "removed")


class Trimmed(Func):
    """A count without the zeros its column pads it with: 8 and not 8.000000."""

    function = "trim_scale"
    output_field = PLAIN


def trimmed(field: str) -> Trimmed:
    return Trimmed(F(field))


def identifier(field: str) -> Combinable:
    """Another row's id, without reading that row."""
    return ExpressionWrapper(F(field), output_field=UUIDField())


def two_decimals(field: str) -> Combinable:
    """A count or price with two decimals at least: 2.00, 0.125."""
    return Trimmed(F(field)) + Value(Decimal("0.00"), output_field=PLAIN)


def live(path: str = "") -> Q:
    """The marketplace still has the resource; `path` leads to it, with its final "__"."""
    return Q(
        **{
            f"{path}gone_at": None,
            f"{path}subscription__gone_at": None,
            f"{path}customer__gone_at": None,
        }
    )


def count(path: str = "") -> Case:
    """The marketplace's number: nought for what it has no more, and for subscriptions that have ended."""
    sold = live(path) & ~Q(**{f"{path}subscription__status__in": ENDED})
    return Case(When(sold, then=Trimmed(F(f"{path}count"))), default=Value(Decimal(0)), output_field=PLAIN)


def subscriptions(context: str = "") -> QuerySet[SourceResource, Any]:
    """Every resource of every subscription, a row each."""
    return _resources().filter(live() | Exists(_relations(context)))


def unlinked(context: str = "") -> QuerySet[SourceResource, Any]:
    """Resources that no relation keeps in step: what is bought and may not be billed."""
    return _resources().filter(live()).filter(~Exists(_relations(context)))


def linked(context: str = "") -> QuerySet[Link, Any]:
    """Open relations, a row each: all that is kept in step, and nothing else is."""
    return Link.objects.filter(cleared_at=None, sync_id__in=pairs.ids(context)).select_related(
        "resource__customer", "resource__subscription", "service__agreement__account"
    )


def per(rows: QuerySet[Any, Any], path: str, *, amount: str = "col_count") -> list[tuple[str, Decimal]]:
    """Sums of `amount` by the text at `path`, for a chart of exactly these rows."""
    found = rows.order_by().values(path).annotate(total=Trimmed(Sum(amount))).values_list(path, "total")
    return [(label, total or Decimal(0)) for label, total in found]


def _resources() -> QuerySet[SourceResource, Any]:
    return SourceResource.objects.select_related("customer", "subscription")


def _relations(context: str) -> QuerySet[Link, Any]:
    return Link.objects.filter(resource=OuterRef("pk"), cleared_at=None, sync_id__in=pairs.ids(context))
