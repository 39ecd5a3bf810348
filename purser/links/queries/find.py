"""Companies and subscriptions by a part of their name, those that begin with it first; companies by a vendor's id."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from purser.links.models import CompanyLink, Connection, SourceCustomer, SourceSubscription, TargetAccount
from purser.links.models.connections import ConnectionKind

MOST = 6


def companies(text: str) -> list[SourceCustomer]:
    return _best(SourceCustomer.objects.all(), text)


def subscriptions(text: str) -> list[SourceSubscription]:
    """Each with its company."""
    return _best(SourceSubscription.objects.select_related("customer"), text)


def companies_of_vendor(key: str) -> list[SourceCustomer]:
    """The companies that a vendor knows by this id: the marketplace, or the PSA for a company that is linked to it. With
    `autotask:175` only those of that kind of vendor: ids of different vendors are alike. Source: ux 3.
    """
    kind, _, id = key.partition(":")
    connections = Connection.objects.all()
    if kind in ConnectionKind.values:
        connections, key = connections.filter(kind=kind), id
    here = {"connection_id__in": connections.values("pk"), "external_id": key}
    linked = CompanyLink.objects.filter(cleared_at=None, account__in=TargetAccount.objects.filter(**here))
    found = SourceCustomer.objects.filter(Q(**here) | Q(pk__in=linked.values("customer_id")))
    return list(found.select_related("connection").order_by("name", "id")[:MOST])


def _best(rows: QuerySet[Any], text: str) -> list[Any]:
    begin = Q(name__istartswith=text)
    first = list(rows.filter(begin).order_by("name", "id")[:MOST])
    return [*first, *rows.filter(name__icontains=text).exclude(begin).order_by("name", "id")[: MOST - len(first)]]
