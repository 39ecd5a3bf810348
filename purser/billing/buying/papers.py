"""Papers as they are issued: each drawn once, kept as bytes, and mailed. Source: acceptance CS-59, CS-62, CS-63.

Who sells is read in the operator's seat first; then number, drawing and row are one transaction in the partner's, so that no
number is without its paper and none is given twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import fields
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import IntegrityError

from purser.billing.buying import numbers, profile, quotes, sending, sheet
from purser.billing.buying.sheet import Party, Row, Sheet
from purser.billing.models import Document, DocumentKind, Purchase, PurchaseState, Quote, Refund, RefundState
from purser.kernel.errors import Missing, Refused
from purser.postgres import tenancy
from purser.tenants import organisations
from purser.tenants.models import Organisation

FOREVER = "Daily units do not expire."
RECENT = timedelta(days=14)  # how far back papers that were never made are looked for


def of(id: UUID) -> Document:
    """In the partner's seat. Raises Missing."""
    found: Document | None = Document.objects.filter(pk=id).first()
    if found is None:
        raise Missing("There is no such document.")
    return found


def file_name(row: Document) -> str:
    return f"{row.get_kind_display().lower().replace(' ', '-')}-{row.number}.pdf"


def quote(tenant: UUID, id: UUID, *, now: datetime) -> Document:
    """The quote's paper, drawn when it is first asked for. Outside any seat. Raises Missing."""

    def drawn(seller: Party, own: Organisation) -> Sheet:
        row = quotes.of(id)
        zone = ZoneInfo(own.zone)
        on, until = row.made_at.astimezone(zone), row.expires_at.astimezone(zone)
        return _sheet(
            DocumentKind.QUOTE, row.number, row, seller, rows=_rows(row), on=on.date(), made_at=row.made_at,
            facts=[("Date", _day(on)), ("Holds until", f"{_day(until)}, {until:%H:%M} ({own.zone})")],
            notes=["The price holds until then, or until the price list changes. Nothing is due for this quote.", FOREVER],
        )  # fmt: skip

    return _issued(tenant, DocumentKind.QUOTE, id, drawn, now)


def receipt(tenant: UUID, purchase: UUID, *, now: datetime) -> Document:
    """The receipt of a paid purchase, on its way to the billing contact. Outside any seat; again, it is the same one.

    Raises Missing, and Refused(code="unpaid") for a purchase that is not paid.
    """

    def drawn(seller: Party, own: Organisation) -> Sheet:
        row: Purchase | None = Purchase.objects.select_related("quote", "card").filter(pk=purchase).first()
        if row is None:
            raise Missing("There is no such purchase.")
        if row.state != PurchaseState.PAID or row.paid_at is None:
            raise Refused(f"Purchase {row.number} is {row.get_state_display().lower()}, not paid.", code="unpaid")
        paid = row.paid_at.astimezone(ZoneInfo(own.zone))
        by = f" by {row.card.brand.title()} ending in {row.card.last_four}" if row.card else ""
        return _sheet(
            DocumentKind.RECEIPT, _number("R", own, now), row.quote, seller, rows=_rows(row.quote), on=paid.date(),
            made_at=now, facts=[("Date", _day(paid)), ("Purchase", row.number), ("Quote", row.quote.number)],
            notes=[f"Paid on {_day(paid)}{by}. Nothing is due.", FOREVER],
            card=(row.card.brand.title(), row.card.last_four) if row.card else None,
        )  # fmt: skip

    return _issued(tenant, DocumentKind.RECEIPT, purchase, drawn, now)


def credit(tenant: UUID, refund: UUID, *, now: datetime) -> Document:
    """The credit note of a refund that is done, of the receipt of its purchase. Outside any seat; again, it is the same one.

    Raises Missing, and Refused(code="refund") for one that is not done.
    """
    with tenancy.acting_in(tenant):
        found: Refund | None = Refund.objects.filter(pk=refund).first()
    if found is None:
        raise Missing("There is no such refund.")
    first = receipt(tenant, found.purchase_id, now=now)

    def drawn(seller: Party, own: Organisation) -> Sheet:
        # held, as it may fail in this moment: then either it has no credit note, or a debit note follows
        row = _refund(refund)
        if row.state != RefundState.DONE:
            raise Refused(f"Refund {row.number} is {row.get_state_display().lower()}, not done.", code="refund")
        bought, zone = row.purchase, ZoneInfo(own.zone)
        on = (row.settled_at or now).astimezone(zone)
        to = f" to {bought.card.brand.title()} ending in {bought.card.last_four}" if bought.card else ""
        item = Row("Daily units returned", f"{row.units:,} units of purchase {bought.number}", 1, row.money, row.money)
        return _sheet(
            DocumentKind.CREDIT, _number("C", own, now), bought.quote, seller, rows=[item], on=on.date(), made_at=now,
            facts=[("Date", _day(on)), ("Receipt", first.number), ("Purchase", bought.number), ("Refund", row.number)],
            notes=[f"{row.money:,f} {bought.currency} was returned on {_day(on)}{to}.", f"Reason: {row.reason}"],
            card=(bought.card.brand.title(), bought.card.last_four) if bought.card else None,
            of=(first.number, first.made_at.astimezone(zone).date()),
        )  # fmt: skip

    return _issued(tenant, DocumentKind.CREDIT, refund, drawn, now)


def debit(tenant: UUID, refund: UUID, *, now: datetime) -> Document:
    """The debit note of a refund that failed after its credit note was issued, and takes that back: the purchase is paid as it
    was. Outside any seat; again, it is the same one. Raises Missing, and Refused(code="refund") for any other refund.
    """

    def drawn(seller: Party, own: Organisation) -> Sheet:
        row, first = _refund(refund), _there(DocumentKind.CREDIT, refund)
        if row.state != RefundState.FAILED or first is None:
            raise Refused(f"Refund {row.number} has no credit note to take back.", code="refund")
        bought, zone = row.purchase, ZoneInfo(own.zone)
        on = (row.settled_at or now).astimezone(zone)
        item = Row("Daily units given again", f"{row.units:,} units of purchase {bought.number}", 1, row.money, row.money)
        return _sheet(
            DocumentKind.DEBIT, _number("D", own, now), bought.quote, seller, rows=[item], on=on.date(), made_at=now,
            facts=[("Date", _day(on)), ("Credit note", first.number), ("Purchase", bought.number), ("Refund", row.number)],
            notes=[
                f"The money of credit note {first.number} did not arrive, so that it is of no effect.",
                f"The units are in the balance again, and purchase {bought.number} stays paid. Nothing is due.",
            ],
            card=(bought.card.brand.title(), bought.card.last_four) if bought.card else None,
            of=(first.number, first.made_at.astimezone(zone).date()),
        )  # fmt: skip

    return _issued(tenant, DocumentKind.DEBIT, refund, drawn, now)


def _refund(id: UUID) -> Refund:
    """Held in the partner's seat until the transaction ends. Raises Missing."""
    rows = Refund.objects.select_for_update(of=("self",)).select_related("purchase__quote", "purchase__card")
    row: Refund | None = rows.filter(pk=id).first()
    if row is None:
        raise Missing("There is no such refund.")
    return row


def issue(tenant: UUID, of: str, id: UUID, *, now: datetime) -> Document:
    """The paper of a "purchase", a "refund", an "undone" refund or a "quote", by the word that a job carries."""
    return {"purchase": receipt, "refund": credit, "undone": debit, "quote": quote}[of](tenant, id, now=now)


Drawn = Callable[[Party, Organisation], Sheet]


def _issued(tenant: UUID, kind: DocumentKind, about: UUID, drawn: Drawn, now: datetime) -> Document:
    seller = _seller(tenant)
    try:
        with tenancy.acting_in(tenant):
            made = _there(kind, about)
            if made is None:
                paper = drawn(seller, organisations.own())
                file = sheet.pdf(paper)
                made = Document.objects.create(
                    kind=kind,
                    number=paper.number,
                    of=about,
                    made_at=now,
                    file=file,
                    digest=hashlib.sha256(file).hexdigest(),
                )
                if kind != DocumentKind.QUOTE:
                    sending.to_contact(made, now=now)
            return made
    except IntegrityError:  # somebody drew it in this moment; the number went back with the transaction
        with tenancy.acting_in(tenant):
            made = _there(kind, about)
        if made is None:
            raise
        return made


def _there(kind: DocumentKind, about: UUID) -> Document | None:
    found: Document | None = Document.objects.filter(kind=kind, of=about).first()
    return found


def _seller(tenant: UUID) -> Party:
    operator = organisations.operator_over(tenant)
    if operator is None:
        raise Missing("There is no operator above this organisation.")
    with tenancy.acting_in(operator):
        return _party(profile.snapshot())


def _party(kept: dict[str, Any]) -> Party:
    known = {one.name for one in fields(Party)} - {"name"}
    return Party(name=kept["company"], **{name: value for name, value in kept.items() if name in known})


def _sheet(kind: DocumentKind, number: str, quote: Quote, seller: Party, **more: Any) -> Sheet:
    return Sheet(kind.value, number, seller=seller, buyer=_party(quote.billed_to), currency=quote.currency, **more)


def _rows(quote: Quote) -> list[Row]:
    return [
        Row(
            line.code,
            f"{line.units:,} daily units at {_exact(line.unit_price)} {quote.currency}",
            line.count,
            line.price,
            line.price * line.count,
        )
        for line in quotes.lines_of(quote)
    ]


def _exact(price: Decimal) -> str:
    """Without trailing noughts, but with three decimals at least, as the list shows it."""
    return f"{max(price.normalize(), price.quantize(Decimal('0.001')), key=lambda p: -int(p.as_tuple().exponent)):f}"


def _number(series: str, own: Organisation, now: datetime) -> str:
    """Of the seller's series for this customer: unlike a quote's, a receipt's number is the seller's only one."""
    return numbers.next(f"{series}-{own.partner_number}" if own.partner_number else series, now)


def _day(when: datetime | date) -> str:
    return f"{when.day} {when:%B %Y}"


_PAPERS = {"purchase": DocumentKind.RECEIPT, "refund": DocumentKind.CREDIT, "undone": DocumentKind.DEBIT}


def missing(now: datetime) -> list[tuple[UUID, str, UUID]]:
    """Tenant, word and id of what has no paper though it was settled lately: its job died. Outside any seat."""
    since = now - RECENT
    with tenancy.listing_all():
        paid = Purchase.across.filter(state=PurchaseState.PAID, paid_at__gt=since).values_list("tenant_id", "pk")
        settled = Refund.across.filter(settled_at__gt=since)
        every = [(tenant, "purchase", id) for tenant, id in paid]
        for word, state in (("refund", RefundState.DONE), ("undone", RefundState.FAILED)):
            every += [(tenant, word, id) for tenant, id in settled.filter(state=state).values_list("tenant_id", "pk")]
    found: list[tuple[UUID, str, UUID]] = []
    for tenant in sorted({tenant for tenant, _, _ in every}):
        with tenancy.acting_in(tenant):
            there = set(Document.objects.values_list("kind", "of"))
        mine = [one for one in every if one[0] == tenant and (_PAPERS[one[1]], one[2]) not in there]
        found += [one for one in mine if one[1] != "undone" or (DocumentKind.CREDIT, one[2]) in there]
    return found
