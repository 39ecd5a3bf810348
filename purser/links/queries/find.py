"""Companies and subscriptions by a part of their name, those that begin with it first."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from purser.links.models import SourceCustomer, SourceSubscription

MOST = 6


def companies(text: str) -> list[SourceCustomer]:
    return _best(SourceCustomer.objects.all(), text)


def subscriptions(text: str) -> list[SourceSubscription]:
    """Each with its company."""
    return _best(SourceSubscription.objects.select_related("customer"), text)


def _best(rows: QuerySet[Any], text: str) -> list[Any]:
    begin = Q(name__istartswith=text)
    first = list(rows.filter(begin).order_by("name", "id")[:MOST])
    return [*first, *rows.filter(name__icontains=text).exclude(begin).order_by("name", "id")[: MOST - len(first)]]
