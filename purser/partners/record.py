"""What the customer reads: who asked, who agreed, and every act on its behalf. Source: acceptance UC-18."""

from __future__ import annotations

from django.db.models import QuerySet

from purser.access.models import Act
from purser.tenants.models import Grant


def on_behalf() -> QuerySet[Act]:
    """Every act that somebody did in the tenant acted in from another organisation."""
    return Act.objects.filter(grant_id__isnull=False)


def decisions() -> QuerySet[Grant]:
    """Every request and consent there ever was, newest first."""
    return Grant.objects.order_by("-asked_at", "-id")
