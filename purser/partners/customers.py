"""A partner's customers, as it may list them: who they are, and how they stand to its administration.

Source: acceptance UC-14 ("Management of tenants"), UC-19.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Case, CharField, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce, Now

from purser.kernel.errors import Missing
from purser.partners import record
from purser.postgres import tenancy
from purser.tenants import grants
from purser.tenants.models import Grant, Kind, Organisation


def listed(partner: UUID, now: datetime | Now) -> QuerySet[Any, Any]:
    """In the partner's seat: all its customers, each with `consent` (how it stands, a name of record.STANDINGS), `open`
    (selectable: a consent holds now), `until` (its end) and `asked` (a request of ours waits).
    """
    ours = Grant.across.filter(tenant_id=OuterRef("pk"), partner_id=partner)
    live = grants.live_of_partner(now).filter(tenant_id=OuterRef("pk"), partner_id=partner)
    asked = ours.filter(approved_at=None, closed_at=None, lapses_at__gt=now)
    rows: QuerySet[Any, Any] = Organisation.across.filter(parent_id=partner, kind=Kind.CUSTOMER)
    rows = rows.annotate(until=Subquery(live.values("ends_at")[:1]), asked=Exists(asked))
    return rows.annotate(  # type: ignore[no-any-return]
        open=Case(When(suspended_at=None, until__isnull=False, then=True), default=False),
        consent=Case(
            When(suspended_at__isnull=False, then=Value("suspended")),
            When(until__lte=now + record.SOON, then=Value("ending")),
            When(until__isnull=False, then=Value("given")),
            When(asked=True, then=Value("asked")),
            default=Coalesce(Subquery(_last(ours)), Value("none")),
            output_field=CharField(),
        ),
    )


def _last(ours: QuerySet[Any, Any]) -> Any:
    """How the request or consent ended that was over last. One that only made room for another, or that the partner took
    back, says nothing of the customer.
    """
    over = Coalesce("closed_at", Case(When(approved_at=None, then=F("lapses_at")), default=F("ends_at")))
    how = Case(
        When(closed_as="refused", then=Value("refused")),
        When(Q(closed_at=None) | Q(closed_as="lapsed"), then=Value("expired")),
        default=Value("ended"),
    )
    told = ours.exclude(closed_as__in=("replaced", "withdrawn"))
    return told.order_by(over.desc(), "-id").values_list(how)[:1]


def below(distributor: UUID) -> QuerySet[Any, Any]:
    """In the distributor's seat: the customers of its resellers, each with its `parent`. Its own are in `listed`."""
    rows: QuerySet[Any, Any] = Organisation.across.filter(distributor_id=distributor, kind=Kind.CUSTOMER)
    return rows.exclude(parent_id=distributor).select_related("parent")


def own(partner: UUID, customer: UUID, now: datetime | None = None) -> Any:
    """A customer this partner sells to; with `now` as `listed` has it. Takes the partner's seat.

    Raises Missing, the same for one of another's and for none.
    """
    with tenancy.listing_customers_of(partner):
        rows = Organisation.across.filter(parent_id=partner, kind=Kind.CUSTOMER) if now is None else listed(partner, now)
        row = rows.filter(pk=customer).first()
    if row is None:
        raise Missing("There is no such customer.")
    return row


def history(partner: UUID, customer: UUID) -> list[Grant]:
    """Every consent and request of this partner there, newest first. Takes the partner's seat."""
    with tenancy.listing_customers_of(partner):
        return list(Grant.across.filter(tenant_id=customer, partner_id=partner).order_by("-asked_at", "-id")[:100])
