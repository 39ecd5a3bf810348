"""Packages, the basket, quotes, whom to bill, papers; and the operator's price lists. The lists of quotes, papers and price
lists are those of the portal (shared.py). Source: acceptance CS-55 to CS-59, CS-61, CS-63.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.http import HttpResponse

from purser.access.actors import Actor
from purser.api.doors import Routes
from purser.api.schemas import buying as out
from purser.billing.buying import basket, defaults, packages, papers, profile, quotes, sending
from purser.billing.models import Document
from purser.kernel.errors import Refused
from purser.postgres import tenancy

PDF = "application/pdf"
routes = Routes("Buying")


@routes.get("/dsu-packages", "billing.read", answers=out.PriceList)
def offered(actor: Actor, now: datetime) -> out.PriceList:
    """The packages that can be bought now, and what they cost"""
    held = packages.in_force(now)
    return out.price_list(held, packages.rows_of(held))


@routes.get("/dsu-packages/default", "billing.read", answers=out.Default)
def default(actor: Actor, now: datetime) -> out.Default:
    """The package that an exhausted balance buys"""
    return out.Default(package=defaults.code())


@routes.put("/dsu-packages/default", "billing.configure", answers=out.Default)
def choose_default(actor: Actor, now: datetime, body: out.Choose) -> out.Default:
    """Make another package the default

    A sensitive call: only within five minutes after the password was entered, so not with a token.
    """
    defaults.choose(actor, body.package, now=now)
    return out.Default(package=defaults.code())


@routes.get("/basket", "packages.quote", answers=out.Basket)
def read_basket(actor: Actor, now: datetime) -> out.Basket:
    """Your own basket at the prices of now"""
    return out.basket(basket.filled(actor, now))


@routes.put("/basket", "packages.quote", answers=out.Basket)
def fill_basket(actor: Actor, now: datetime, body: out.BasketPut) -> out.Basket:
    """Put these packages into your basket, and nothing else"""
    basket.put(actor, body.counts, now)
    return out.basket(basket.filled(actor, now))


@routes.post("/quotes", "packages.quote", answers=out.Quote, status=201)
def ask_quote(actor: Actor, now: datetime, body: out.QuoteAsk) -> out.Quote:
    """Get a numbered quote for packages, without payment

    Asked again for the same within ten minutes, it is the same quote.
    """
    counts = basket.filled(actor, now).counts if body.counts is None else body.counts
    return _quote(quotes.ask(actor, counts, now=now).pk, now)


@routes.get("/quotes/{uuid:quote}", "billing.read", answers=out.Quote)
def one_quote(actor: Actor, now: datetime, quote: UUID) -> out.Quote:
    """One quote, and whether it still holds"""
    return _quote(quote, now)


def _quote(id: UUID, now: datetime) -> out.Quote:
    row = quotes.of(id)
    return out.quote(row, quotes.lines_of(row), now)


@routes.get("/quotes/{uuid:quote}/pdf", "billing.read", answers=str, file=PDF, seat=False)
def quote_pdf(actor: Actor, now: datetime, quote: UUID) -> HttpResponse:
    """The quote as PDF"""
    return _file(papers.quote(actor.tenant, quote, now=now))


@routes.post("/quotes/{uuid:quote}/mail", "packages.quote", answers=out.Mailed, status=202, seat=False)
def mail_quote(actor: Actor, now: datetime, quote: UUID, body: out.Mail) -> out.Mailed:
    """Send the quote by mail, to an address or to the billing point of contact"""
    paper = papers.quote(actor.tenant, quote, now=now)
    with tenancy.acting_in(actor.tenant):
        email = profile.needed().contact_email if body.email is None else body.email
        return out.Mailed(email=sending.to_address(actor, paper, email=email, now=now).email)


@routes.get("/billing-profile", "billing.read", answers=out.Profile)
def billed(actor: Actor, now: datetime) -> out.Profile:
    """Whom to bill, and who gets the receipts"""
    return out.bill(profile.own())


@routes.put("/billing-profile", "billing.configure", answers=out.Profile)
def bill(actor: Actor, now: datetime, body: out.Store) -> out.Profile:
    """Change whom to bill

    A sensitive call, as above.
    """
    return _store(actor, body, now)


@routes.get("/seller", "operator.prices.read", answers=out.Profile)
def seller(actor: Actor, now: datetime) -> out.Profile:
    """As whom the operator sells; it stands on every paper"""
    return out.bill(profile.own())


@routes.put("/seller", "operator.prices.publish", answers=out.Profile)
def sell_as(actor: Actor, now: datetime, body: out.Store) -> out.Profile:
    """Change as whom the operator sells; papers that were issued stay as they are

    A sensitive call, as above.
    """
    return _store(actor, body, now)


def _store(actor: Actor, body: out.Store, now: datetime) -> out.Profile:
    values = {name: getattr(body, name) for name in profile.FIELDS}
    return out.bill(profile.store(actor, values, version=body.version, now=now))


@routes.get("/documents/{uuid:document}", "billing.read", answers=str, file=PDF)
def document(actor: Actor, now: datetime, document: UUID) -> HttpResponse:
    """A receipt, credit note, debit note or quote as it was issued, as PDF

    All but quotes bear their data inside (EN 16931, Factur-X).
    """
    return _file(papers.of(document))


def _file(row: Document) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{papers.file_name(row)}"'}
    return HttpResponse(bytes(row.file), content_type=PDF, headers=headers)


@routes.get("/price-lists/{uuid:price_list}", "operator.prices.read", answers=out.PriceList)
def one_list(actor: Actor, now: datetime, price_list: UUID) -> out.PriceList:
    """One of the operator's price lists"""
    row = packages.of(price_list)
    return out.price_list(row, packages.rows_of(row))


@routes.post("/price-lists", "operator.prices.publish", answers=out.PriceList, status=201)
def publish(actor: Actor, now: datetime, body: out.Publish) -> out.PriceList:
    """Publish the next price list; it is copied to every partner

    Each package multiplies out, and the larger one costs less by the unit. A sensitive call, as above.
    """
    if body.from_at is not None and body.from_at.tzinfo is None:
        raise Refused("`from_at` has no time zone.", code="from", hint="Write it like 2026-11-30T00:00:00Z.")
    rows = [out.offer(one) for one in body.packages]
    made = packages.publish(actor, rows, currency=body.currency, from_at=body.from_at or now, after=body.after, now=now)
    return out.price_list(made, packages.rows_of(made))
