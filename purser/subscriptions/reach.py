"""Which subscriptions an actor may see, and how who sells acts on its customer's.

A customer sees its own; a partner those of its customers; a distributor those below it; the operator all under it. Who sells
to the customer itself changes them: in the customer's seat, with an act there and one at home.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Case, CharField, F, Model, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce

from purser.access import actors, acts, at_home
from purser.access.actors import Actor
from purser.kernel.errors import Missing, Refused
from purser.postgres import tenancy
from purser.subscriptions.keeping import By
from purser.subscriptions.models import Source, Subscription
from purser.tenants.models import PARTNERS, Kind, Organisation


def seat(actor: Actor) -> AbstractContextManager[None]:
    """In which what the actor may see is read."""
    if actor.kind == Kind.RESELLER:
        return tenancy.listing_customers_of(actor.tenant)
    if actor.kind == Kind.DISTRIBUTOR:
        return tenancy.listing_below(actor.tenant)
    if actor.kind == Kind.OPERATOR:
        return tenancy.listing_all()
    return tenancy.acting_in(actor.tenant)


def rows(actor: Actor, model: type[Model] = Subscription) -> QuerySet[Any, Any]:
    """In that seat: all rows of the selling chain that the actor may see."""
    if actor.kind == Kind.CUSTOMER:
        return model.objects.all()  # type: ignore[attr-defined,no-any-return]
    found: QuerySet[Any, Any] = model.across.all()  # type: ignore[attr-defined]
    if actor.kind == Kind.RESELLER:
        return found.filter(partner_id=actor.tenant)
    if actor.kind == Kind.DISTRIBUTOR:
        return found.filter(distributor_id=actor.tenant)
    # by their ids and not by a join, so that a list walks its index in order
    under = Q(parent_id=actor.tenant) | Q(distributor__parent_id=actor.tenant)
    return found.filter(partner_id__in=list(Organisation.across.filter(under, kind__in=PARTNERS).values_list("pk", flat=True)))


def sees_price(actor: Actor, row: Any) -> bool:
    """Whether what the customer is asked is the actor's to know: of a subscription or an order, the customer and who sells to
    it. Who sells through another knows what it asks of that one (TierPrice). Source: decision 0010.
    """
    return actor.kind == Kind.CUSTOMER or row.partner_id == actor.tenant


def priced(actor: Actor, model: type[Model]) -> QuerySet[Any, Any]:
    """Of these rows those whose price the actor `sees_price`."""
    found = rows(actor, model)
    return found if actor.kind in (Kind.CUSTOMER, Kind.RESELLER) else found.filter(partner_id=actor.tenant)


def named(actor: Actor) -> QuerySet[Any, Any]:
    """The same of subscriptions, each with `seller`: the name of who sells it, as far as the actor may know it, and with
    `charged`: its price where the actor `sees_price`.

    Not by a join: an organisation's own row is outside its seat over others, and would take the subscription with it.
    """
    own = Value("" if actor.kind == Kind.CUSTOMER else actor.organisation, output_field=CharField())
    seller: Any = own
    if actor.kind not in (Kind.CUSTOMER, Kind.RESELLER):
        above = Organisation.across.filter(pk=OuterRef("partner_id")).values("name")[:1]
        seller = Coalesce(Subquery(above), own)
    charged: Any = F("price")
    if actor.kind not in (Kind.CUSTOMER, Kind.RESELLER):
        charged = Case(When(partner_id=actor.tenant, then=F("price")))
    found: QuerySet[Any, Any] = rows(actor).annotate(seller=seller, charged=charged)
    return found


def one(actor: Actor, id: UUID) -> Any:
    """One subscription to read, with its base, its account and its `seller`. Takes its seat itself. Raises Missing."""
    with seat(actor):
        row = named(actor).select_related("base", "account").filter(pk=id).first()
    if row is None:
        raise Missing("There is no such subscription.")
    return row


def by(actor: Actor) -> By:
    """As whom the actor changes a subscription."""
    return By(actor.name, Source.CUSTOMER if actor.kind == Kind.CUSTOMER else Source.US)


@contextmanager
def changing(
    actor: Actor,
    row: Any,
    verb: str,
    *,
    summary: str,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    also: Mapping[str, Any] | None = None,
    now: datetime,
) -> Iterator[None]:
    """Take the customer's seat as who sells it the subscription `row` (of `one`), with an act there and one at home, which has
    `also` in its `after`. Raises Missing where the customer has moved on, Refused for anybody but its own seller.
    """
    if row.partner_id != actor.tenant:
        raise Refused(f"{row.seller or 'Your partner'} sells this to {row.customer_name}, and decides on it.", code="seller")
    of = ("subscription", row.pk)
    with tenancy.acting_in(row.tenant_id):
        if not Subscription.objects.select_for_update().filter(pk=row.pk, partner_id=actor.tenant).exists():
            raise Missing("There is no such subscription.")
        there = actors.guest(actor, tenant=row.tenant_id, organisation=row.customer_name, kind=Kind.CUSTOMER)
        act = acts.record(there, verb, summary=summary, of=of, before=before, after=after, now=now)
        at_home.follow(act, actor, also=also, now=now)
        yield
