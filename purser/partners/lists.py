"""Lists over tenants: a partner's customers, those of a distributor's resellers, all organisations of an operator.

Their rows are other organisations', read in the seat that may list them and nothing else of them. Who holds a consent at
this moment is asked by the database's clock, as the list itself has none. Source: acceptance UC-14, UC-19; reliability P19.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Case, Value, When
from django.db.models.functions import Now

from purser.lists.model import Column, Preset, Sign, Table
from purser.partners import customers, record
from purser.postgres import tenancy
from purser.tenants import organisations
from purser.tenants.models import Kind

STATE = {"open": Sign("Works", "good"), "suspended": record.STANDINGS["suspended"]}
KINDS = {kind.value: Sign(str(kind.label)) for kind in Kind}

_state = Case(When(suspended_at=None, then=Value("open")), default=Value("suspended"))


def _tenant_columns(*more: Column) -> tuple[Column, ...]:
    return (
        Column("name", "Tenant name"),
        Column("number", "Tenant ID"),
        Column("contact_name", "Main contact"),
        Column("contact_email", "Contact's e-mail", shown=False),
        Column("domain", "Domain"),
        *more,
        Column("state", "State", "badge", expression=_state, signs=STATE, shown=False),
    )


TENANTS = Table(
    name="tenants",
    title="Management of tenants",
    lead="All your customers. Those who agreed open with a click; ask the others for their consent.",
    seat=lambda actor: tenancy.listing_customers_of(actor.tenant),
    rows=lambda actor, params: customers.listed(actor.tenant, Now()),
    order=("name",),
    columns=_tenant_columns(
        Column("consent", "Consent", "badge", signs=record.STANDINGS),
        Column("until", "Until", "datetime"),
    ),
    presets=(
        Preset("Given", "consent.in=given&consent.in=ending"),
        Preset("Ending soon", "consent.is=ending"),
        Preset("Asked", "consent.is=asked"),
    ),
)

BELOW = Table(
    name="tenants_below",
    title="Customers of resellers",
    lead="Whom your resellers serve. They are administered by their reseller, so here they are only shown.",
    seat=lambda actor: tenancy.listing_below(actor.tenant),
    rows=lambda actor, params: customers.below(actor.tenant),
    order=("name",),
    columns=_tenant_columns(
        Column("reseller", "Reseller", field="parent__name"),
        Column("partner_number", "Reseller's Partner ID", field="parent__partner_number", shown=False),
    ),
)


def _everything(operator: Any) -> Any:
    return organisations.of_operator(operator).select_related("parent", "distributor")


ORGANISATIONS = Table(
    name="organisations",
    title="Organisations",
    lead="Distributors, resellers and their customers.",
    seat=lambda actor: tenancy.listing_all(),
    rows=lambda actor, params: _everything(actor.tenant),
    order=("name",),
    columns=(
        Column("name", "Name"),
        Column("kind", "Kind", "badge", signs=KINDS),
        Column("number", "Tenant ID"),
        Column("partner_number", "Partner ID"),
        Column("under", "Under", field="parent__name"),
        Column("distributor", "Distributor", field="distributor__name", shown=False),
        Column("domain", "Domain", shown=False),
        Column("region", "Region"),
        Column("zone", "Time zone", shown=False),
        Column("state", "State", "badge", expression=_state, signs=STATE),
        Column("created_at", "Since", "datetime"),
    ),
    presets=(
        Preset("Partners", "kind.in=distributor&kind.in=reseller"),
        Preset("Customers", "kind.is=customer"),
        Preset("Suspended", "state.is=suspended"),
    ),
)
