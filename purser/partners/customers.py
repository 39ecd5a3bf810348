"""A partner's customers, as it may list them: who they are, and how they stand to its administration.

Source: acceptance UC-14 ("Management of tenants"), UC-19.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet, Subquery

from purser.tenants import grants
from purser.tenants.models import Grant, Kind, Organisation


def listed(partner: UUID, now: datetime) -> QuerySet[Any, Any]:
    """In the partner's seat: all its customers, each with `open` (selectable: a consent holds now), `until` (its end) and
    `asked` (a request of ours waits).
    """
    live = grants.live_of_partner(now).filter(tenant_id=OuterRef("pk"), partner_id=partner)
    asked = Grant.across.filter(
        tenant_id=OuterRef("pk"), partner_id=partner, approved_at=None, closed_at=None, lapses_at__gt=now
    )
    rows: QuerySet[Any, Any] = Organisation.across.filter(parent_id=partner, kind=Kind.CUSTOMER)
    return rows.annotate(open=Exists(live), until=Subquery(live.values("ends_at")[:1]), asked=Exists(asked))  # type: ignore[no-any-return]
