"""Why this number? The chain behind a posted quantity: marketplace reading, relation, plan, postings, PSA reading.

Plain values throughout: the page shows them, and `digest.plain` makes the JSON of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from purser.kernel import digest
from purser.kernel.errors import Missing
from purser.ledger import entries
from purser.links.models import Drift, Link, Movement, Receipt
from purser.links.models.connections import Decrease, Policy
from purser.links.models.relations import PriceSource
from purser.links.models.runs import POSTED_RECEIPTS

# How many of each kind of event a page shows, newest first.
MOST = 50


@dataclass(frozen=True)
class Shop:
    """What the marketplace said. `price` is its own, per unit and billing period."""

    company: str
    subscription: str
    subscription_id: str
    status: str
    resource: str
    resource_id: str
    count: Decimal
    unit: str
    price: Decimal | None
    currency: str
    read_at: datetime | None
    gone_at: datetime | None


@dataclass(frozen=True)
class Rule:
    """The relation and how it turns a count into units. `aside` is why the last pass left it alone, "" if it did not."""

    id: UUID
    state: str
    aside: str
    made_at: datetime
    made_by: str
    cleared_at: datetime | None
    offset: Decimal
    usage_divisor: Decimal | None
    decrease: str
    drift_policy: str
    price_source: str


@dataclass(frozen=True)
class Sum:
    """Baseline + confirmed postings + hand edits = expected; `ledger` is the same by the books."""

    baseline: Decimal | None
    posted: Decimal
    hand: Decimal
    expected: Decimal | None
    ledger: Decimal

    @property
    def proven(self) -> bool:
        return self.expected is None or self.expected == self.ledger == (self.baseline or 0) + self.posted + self.hand


@dataclass(frozen=True)
class Psa:
    """What the PSA showed. `segments` are its dated units: starts_on, ends_on, units, invoiced."""

    name: str
    customer: str
    agreement: str
    agreement_id: str
    starts_on: date | None
    ends_on: date | None
    product: str
    product_id: str
    units: Decimal
    final_units: Decimal
    segments: list[dict[str, Any]]
    read_at: datetime | None
    gone_at: datetime | None


@dataclass(frozen=True)
class Posting:
    id: UUID
    state: str
    effective_on: date
    before: Decimal
    after: Decimal
    amount: Decimal
    price: Decimal | None
    currency: str
    note: str
    text: str
    reference: str
    attempts: int
    intended_at: datetime
    answered_at: datetime | None
    confirmed_at: datetime | None
    plan: UUID | None
    digest: str
    run: UUID | None
    seen: dict[str, Any]


@dataclass(frozen=True)
class Event:
    """Something that changed a number: who, what, when. `kind` is marketplace, posting, hand edit or relation."""

    at: datetime
    kind: str
    who: str
    what: str
    posting: UUID | None = None
    drift: UUID | None = None


@dataclass(frozen=True)
class Chain:
    """`about` is the posting that was asked for; None where the question was about the relation as a whole."""

    marketplace: Shop
    relation: Rule
    sum: Sum
    psa: Psa
    postings: list[Posting]
    events: list[Event]
    about: UUID | None = None

    @property
    def asked(self) -> Posting | None:
        return next((p for p in self.postings if p.id == self.about), None)

    def plain(self) -> Any:
        return digest.plain(self)


def of_link(link_id: UUID, *, about: UUID | None = None) -> Chain:
    """The chain of a relation, open or cleared. Raises Missing."""
    link = (
        Link.objects.select_related(
            "resource__customer",
            "resource__subscription",
            "service__agreement__account",
            "sync__source",
            "sync__target",
            "made_by",
        )
        .filter(pk=link_id)
        .first()
    )
    if link is None:
        raise Missing("There is no such relation.")
    receipts = list(Receipt.objects.filter(link=link).select_related("plan").order_by("-intended_at", "-id")[:MOST])
    if about is not None and about not in {r.pk for r in receipts}:
        receipts += Receipt.objects.filter(link=link, pk=about).select_related("plan")
    drifts = list(Drift.objects.filter(link=link).select_related("closed_by").order_by("-seen_at", "-id")[:MOST])
    return Chain(
        marketplace=_shop(link),
        relation=_rule(link),
        sum=_sum(link),
        psa=_psa(link),
        postings=[_posting(r) for r in receipts],
        events=_events(link, receipts, drifts),
        about=about,
    )


def of_receipt(receipt_id: UUID) -> Chain:
    """The chain behind one posting. Raises Missing."""
    link = Receipt.objects.filter(pk=receipt_id).values_list("link_id", flat=True).first()
    if link is None:
        raise Missing("There is no such posting.")
    return of_link(link, about=receipt_id)


def history(link_id: UUID) -> list[Event]:
    """Who changed what, when, on a relation; newest first."""
    return of_link(link_id).events


def _shop(link: Link) -> Shop:
    resource = link.resource
    subscription = resource.subscription
    return Shop(
        company=resource.customer.name,
        subscription=subscription.name,
        subscription_id=subscription.external_id,
        status=subscription.status,
        resource=resource.name,
        resource_id=resource.resource_id,
        count=resource.count,
        unit=resource.unit,
        price=_price(resource.unit_price),
        currency=resource.currency,
        read_at=subscription.detail_at or resource.seen_at,
        gone_at=resource.gone_at or subscription.gone_at or resource.customer.gone_at,
    )


def _rule(link: Link) -> Rule:
    return Rule(
        id=link.pk,
        state=link.state,
        aside="" if link.cleared_at else link.aside,
        made_at=link.made_at,
        made_by=str(link.made_by) if link.made_by else "",
        cleared_at=link.cleared_at,
        offset=link.offset,
        usage_divisor=link.usage_divisor,
        decrease=Decrease(link.decrease or link.sync.decrease).label,
        drift_policy=Policy(link.drift_policy or link.sync.drift_policy).label,
        price_source=PriceSource(link.price_source).label,
    )


def _sum(link: Link) -> Sum:
    posted = sum(Receipt.objects.filter(link=link, state="done").values_list("amount", flat=True), Decimal(0))
    ledger = entries.balance(account="psa", of=link.pk)
    # the books' other side of every hand edit carries the opposite sign
    hand = -entries.balance(account="hand", of=link.pk)
    return Sum(link.baseline_units, posted, hand, link.expected_units, ledger)


def _psa(link: Link) -> Psa:
    service, agreement = link.service, link.service.agreement
    return Psa(
        name=link.sync.target.get_kind_display(),
        customer=agreement.account.name,
        agreement=agreement.name,
        agreement_id=agreement.external_id,
        starts_on=agreement.starts_on,
        ends_on=agreement.ends_on,
        product=service.name,
        product_id=service.product_id or service.service_id,
        units=service.units,
        final_units=service.final_units,
        segments=service.segments,
        read_at=agreement.services_at or service.seen_at,
        gone_at=service.gone_at or agreement.gone_at,
    )


def _posting(r: Receipt) -> Posting:
    return Posting(
        id=r.pk,
        state=r.state,
        effective_on=r.effective_on,
        before=r.units_before,
        after=r.units_after,
        amount=r.amount,
        price=_price(r.unit_price),
        currency=r.currency,
        note=r.note,
        text=r.text,
        reference=r.reference,
        attempts=r.attempts,
        intended_at=r.intended_at,
        answered_at=r.answered_at,
        confirmed_at=r.confirmed_at,
        plan=r.plan_id,
        digest=r.plan.digest if r.plan else "",
        run=r.run_id,
        seen=r.seen,
    )


def _price(value: Decimal | None) -> Decimal | None:
    """With two decimals at least, and the zeros beyond them gone."""
    if value is None:
        return None
    short = value.quantize(Decimal("0.01"))
    return short if short == value else value.normalize()


def _events(link: Link, receipts: list[Receipt], drifts: list[Drift]) -> list[Event]:
    psa = link.sync.target.get_kind_display()
    found = [Event(link.made_at, "relation", str(link.made_by or "Purser"), "Linked")]
    if link.cleared_at:
        found.append(Event(link.cleared_at, "relation", "", "Relation unset; the PSA keeps its quantity"))
    for m in Movement.objects.filter(resource=link.resource_id).order_by("-seen_at", "-id")[:MOST]:
        words = f"Count went from {digest.units(m.before)} to {digest.units(m.after)}"
        found.append(Event(m.seen_at, "marketplace", link.sync.source.name, words, posting=m.receipt_id))
    for r in receipts:
        words = f"{r.get_state_display()}: {digest.units(r.units_before)} to {digest.units(r.units_after)}"
        words += f", effective {r.effective_on}"
        if r.state not in POSTED_RECEIPTS and r.text:
            words += f". {r.text}"
        found.append(Event(r.intended_at, "posting", "Purser", words, posting=r.pk))
    for d in drifts:
        words = f"Somebody changed {digest.units(d.expected_units)} to {digest.units(d.psa_units)} by hand"
        found.append(Event(d.seen_at, "hand edit", psa, words, drift=d.pk))
        if d.closed_at:
            by = str(d.closed_by) if d.closed_by else "Purser"
            found.append(Event(d.closed_at, "hand edit", by, d.get_state_display(), posting=d.receipt_id, drift=d.pk))
    return sorted(found, key=lambda e: e.at, reverse=True)
