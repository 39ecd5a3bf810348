"""Data-processing agreements: each side's word, the paper, and where an operator requires both.

Source: decision F-14; acceptance UC-20; reliability P32.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from uuid import UUID

from purser.access import actors, acts
from purser.access.actors import Actor
from purser.kernel.errors import Missing, Refused
from purser.partners import customers
from purser.partners.models import Agreement, RegionRule, Side
from purser.postgres import tenancy
from purser.tenants import organisations
from purser.tenants.models import Organisation
from purser.tenants.organisations import Card

LARGEST = 5_000_000  # bytes of a paper


def confirm(actor: Actor, *, partner: UUID, side: Side, name: str = "", paper: bytes = b"", now: datetime) -> Agreement:
    """Record, in the customer's seat, that a side confirms the agreement, with its paper or without. A later word
    replaces the former. Raises Refused for a paper that is no PDF or too large.
    """
    if paper and (len(paper) > LARGEST or not paper.startswith(b"%PDF-")):
        raise Refused(
            f"The paper has {len(paper):,} bytes and must be a PDF of at most {LARGEST:,}.",
            code="paper",
            hint="Attach it as PDF, or confirm without it.",
        )
    row = Agreement.objects.filter(partner_id=partner, side=side).select_for_update().first()
    row = row or Agreement(partner_id=partner, side=side)
    digest = hashlib.sha256(paper).hexdigest() if paper else ""
    acts.record(
        actor,
        "agreements.confirm",
        summary=f"Confirmed the data-processing agreement for the {side}",
        of=("agreement", row.pk),
        after={"side": side, "paper": name if paper else "", "digest": digest},
        now=now,
    )
    row.confirmed_by_name, row.confirmed_at = actor.name, now
    row.paper_name, row.paper_digest, row.paper = (name[:200], digest, paper) if paper else ("", "", None)
    row.save()
    return row


def confirm_as_partner(actor: Actor, customer: UUID, *, name: str = "", paper: bytes = b"", now: datetime) -> Agreement:
    """The partner's own word on the agreement with one of its customers. Takes its seats itself: the row is the customer's,
    who reads there who confirmed; the partner's people read it in their own acts. Raises Missing, or Refused for the paper.
    """
    found = customers.own(actor.tenant, customer)
    with tenancy.acting_in(customer):
        if organisations.own().parent_id != actor.tenant:  # moved meanwhile
            raise Missing("There is no such customer.")
        guest = actors.guest(actor, tenant=customer, organisation=found.name, kind=found.kind)
        row = confirm(guest, partner=actor.tenant, side=Side.PARTNER, name=name, paper=paper, now=now)
    with tenancy.acting_in(actor.tenant):
        acts.record(
            actor, "agreements.confirm", summary=f"Confirmed the data-processing agreement with {found.name}",
            of=("customer", customer), after={"paper": row.paper_name, "digest": row.paper_digest}, now=now,
        )  # fmt: skip
    return row


def seen_by_partner(partner: UUID, customer: UUID) -> dict[str, Agreement]:
    """What each side of a partner's customer confirmed, without the papers. Takes the partner's seat."""
    with tenancy.listing_customers_of(partner):
        rows = Agreement.across.filter(tenant_id=customer, partner_id=partner).defer("paper").order_by("side")
        return {row.side: row for row in rows}


def paper_for_partner(partner: UUID, customer: UUID, side: str) -> Agreement:
    """The row with its paper. Takes the partner's seat. Raises Missing, the same for anybody else's customer."""
    with tenancy.listing_customers_of(partner):
        rows = Agreement.across.filter(tenant_id=customer, partner_id=partner, side=side, paper__isnull=False)
        row: Agreement | None = rows.first()
    if row is None:
        raise Missing("There is no such paper.")
    return row


def regions(operator: UUID) -> list[str]:
    """Where this operator requires agreements. Takes its seat."""
    with tenancy.acting_in(operator):
        return list(RegionRule.objects.order_by("region").values_list("region", flat=True))


def of_partner(partner: UUID) -> dict[str, Agreement]:
    """In the customer's seat: what each side confirmed, without the papers."""
    rows = Agreement.objects.filter(partner_id=partner).defer("paper").order_by("side")
    return {row.side: row for row in rows}


def missing(partner: UUID) -> str:
    """In the customer's seat: a sentence about whose confirmation is missing; empty when both are there."""
    sides = [Side(side).label.lower() for side in Side.values if side not in of_partner(partner)]
    return f"The confirmation of the {' and of the '.join(sides)} is missing." if sides else ""


def required(customer: Organisation, partner: Card) -> bool:
    """Whether the operator at the root requires an agreement in the customer's region. Outside any seat."""
    if not customer.region:
        return False
    operator = organisations.operator_over(partner.parent)
    if operator is None:
        return False
    with tenancy.acting_in(operator):
        return RegionRule.objects.filter(region=customer.region).exists()


def require(actor: Actor, region: str, *, on: bool, now: datetime) -> None:
    """The operator requires agreements in a region, or no longer. Raises Refused or Missing."""
    region = organisations.region_of(region)
    if not region:
        raise Refused("Name a country by two letters, like DE.", code="region")
    held = RegionRule.objects.filter(region=region).first()
    if on == (held is not None):
        return
    words = f"Required data-processing agreements in {region}" if on else f"No longer requires agreements in {region}"
    acts.record(actor, "operator.agreements.require", summary=words, of=("region", region), now=now)
    if held is None:
        RegionRule.objects.create(region=region, created_at=now)
    else:
        held.delete()


def paper(side: str, partner: UUID) -> Agreement:
    """In the customer's seat: the row with its paper. Raises Missing."""
    row: Agreement | None = Agreement.objects.filter(partner_id=partner, side=side, paper__isnull=False).first()
    if row is None:
        raise Missing("There is no such paper.")
    return row
