"""Lists of quotes, papers and price lists, for both doors."""

from __future__ import annotations

from django.db.models import Case, Value, When
from django.db.models.functions import Now

from purser.billing.models import Document, DocumentKind, PriceList, Quote
from purser.lists.model import Column, Preset, Sign, Table

QUOTE_STATE = {"good": Sign("Holds", "good"), "expired": Sign("Expired", "plain")}
CAUSE = {"hand": Sign("By hand"), "auto": Sign("Automatic", "note")}
KINDS = {kind.value: Sign(str(kind.label)) for kind in DocumentKind}
LIST_STATE = {"begun": Sign("In force since", "good"), "ahead": Sign("To come", "note")}

QUOTES = Table(
    name="quotes",
    title="Quotes",
    lead="Prices that you were given. A quote holds for thirty days, or until the prices change.",
    rows=lambda actor, params: Quote.objects.all(),
    order=("-made_at",),
    columns=(
        Column("number", "Number"),
        Column("total", "Total", "money", currency="currency"),
        Column("units", "DSU", "number"),
        Column(
            "state",
            "State",
            "badge",
            expression=Case(When(expires_at__gt=Now(), then=Value("good")), default=Value("expired")),
            signs=QUOTE_STATE,
        ),
        Column("cause", "Made", "badge", signs=CAUSE),
        Column("made_by_name", "By"),
        Column("made_at", "On", "datetime"),
        Column("expires_at", "Holds until", "datetime"),
        Column("price_list", "Price list", "number", shown=False),
    ),
    presets=(Preset("That hold", "state.is=good"), Preset("Automatic", "cause.is=auto")),
)
DOCUMENTS = Table(
    name="documents",
    title="Documents",
    lead="Quotes, receipts, credit notes and debit notes as they were issued.",
    rows=lambda actor, params: Document.objects.defer("file"),
    order=("-made_at",),
    columns=(
        Column("number", "Number"),
        Column("kind", "Kind", "badge", signs=KINDS),
        Column("made_at", "Issued", "datetime"),
        Column("digest", "SHA-256", shown=False),
    ),
    presets=(Preset("Receipts", "kind.is=receipt"), Preset("Credit notes", "kind.is=credit")),
)
PRICE_LISTS = Table(
    name="price_lists",
    title="Price lists",
    lead="What partners pay for daily units. A list that was published stays as it is; the next one takes its place.",
    rows=lambda actor, params: PriceList.objects.all(),
    order=("-number",),
    columns=(
        Column("number", "Number", "number"),
        Column("from_at", "In force from", "datetime"),
        Column(
            "state",
            "State",
            "badge",
            expression=Case(When(from_at__gt=Now(), then=Value("ahead")), default=Value("begun")),
            signs=LIST_STATE,
        ),
        Column("currency", "Currency"),
        Column("made_by_name", "Published by"),
        Column("made_at", "On", "datetime"),
    ),
)
