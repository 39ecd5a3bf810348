"""Pages of the provider's: somebody is sent to store a card, or to pay a purchase in person, and comes back, or never does.

What came of a page is read from the provider, whoever says that there is something to read: the browser that returns, a
webhook before or after it, or a job that looks by itself. The row is there before the page is. Source: acceptance S-1, CS-60;
reliability P7.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.urls import reverse

from purser.access import acts
from purser.access.actors import Actor
from purser.access.models import Person
from purser.billing.models import Card, Profile, Purchase, PurchaseState, Visit, VisitState
from purser.billing.paying import cards, purchases, settling
from purser.connectors.ports import payment as port
from purser.connectors.ports.payment import Page, Payer, Payments
from purser.kernel import points
from purser.kernel.errors import Missing, Refused
from purser.kernel.money import Money
from purser.postgres import ids, queue, tenancy
from purser.tenants import organisations

VISIT = "visit"  # what a page is called at the provider
FIRST_LOOK = timedelta(minutes=10)
LOOKS = (timedelta(minutes=10), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=6))
SAME_PAGE = timedelta(hours=20)  # a page can be used for a day, and its key gives the same one
LIVES = timedelta(days=1)  # a page of the provider's
ANSWERS = timedelta(minutes=5)  # longer than any call of the provider takes
LOST = timedelta(hours=1)  # a page whose answer never came was shown to nobody


@dataclass(frozen=True)
class Ended:
    """What a look found: `card` was stored, `purchase` was paid."""

    state: str
    card: bool = False
    purchase: UUID | None = None


def reference(visit: Visit) -> str:
    return f"{VISIT}:{visit.tenant_id}:{visit.pk}"


def to_store_a_card(actor: Actor, payments: Payments, *, now: datetime) -> Page:
    """Where to send the browser. Takes the partner's seat around the calls."""
    with tenancy.acting_in(actor.tenant):
        payer = _payer(actor)
        acts.record(actor, "billing.card", summary="Went to the payment provider to store a card", now=now)
        visit = _begin(actor, None, now)
    points.reach("visit:begun")
    known = payments.payer(payer, once=f"payer-{visit.pk}")
    done, back = _urls(visit, "card")
    page = payments.card_page(known, reference=reference(visit), done_url=done, back_url=back, once=f"page-{visit.pk}")
    points.reach("visit:answered")
    return _shown(visit, page)


def to_pay(actor: Actor, payments: Payments, *, purchase: UUID, now: datetime) -> Page:
    """Where to send the browser to pay a purchase that waits for its card's holder. There is one page for it at a time, so it
    cannot be paid twice. Raises Missing; Refused(code="state") for a purchase that does not wait.
    """
    look_each(actor.tenant, purchase, payments, now=now)
    with tenancy.acting_in(actor.tenant):
        row = Purchase.objects.select_for_update().filter(pk=purchase).first()
        if row is None:
            raise Missing("There is no such purchase.")
        if row.state != PurchaseState.WAITS:
            raise Refused(f"{row.number} does not wait for its card's holder.", code="state", hint="Reload the page.")
        visit = Visit.objects.filter(purchase=row, state=VisitState.OPEN).first()
        old = visit is not None and now - visit.opened_at > SAME_PAGE
        if visit is None:
            acts.record(actor, "packages.buy", summary=f"Went to pay {row.number}", of=("purchase", row.pk), now=now)
            visit = _begin(actor, row, now)
        payer = _card_of(row).payer
        told, money, title = settling.reference(row), Money(row.total, row.currency), f"{row.units} daily units, {row.number}"
    if old:
        close_each(actor.tenant, purchase, payments, now=now)
        if _open(actor.tenant, purchase):
            raise Refused("The page to pay it was used, and the provider is at it.", code="state", hint="Look again soon.")
        return to_pay(actor, payments, purchase=purchase, now=now)
    done, back = _urls(visit, "purchase", purchase=purchase)
    page = payments.pay_page(
        payer, money, reference=told, title=title, done_url=done, back_url=back, once=f"page-{visit.pk}"
    )  # fmt: skip
    return _shown(visit, page)


def _card_of(row: Purchase) -> Card:
    assert row.card_id is not None  # it was asked, or it would not wait
    found: Card = Card.objects.get(pk=row.card_id)
    return found


def _tenant(visit: Visit) -> UUID:
    assert visit.tenant_id is not None
    found: UUID = visit.tenant_id
    return found


def _urls(visit: Visit, back: str, **more: UUID) -> tuple[str, str]:
    """Where the provider sends the browser afterwards, and where Back leads; `back` is the name of a page."""
    done = reverse("card_back", kwargs={"tenant": visit.tenant_id, "visit": visit.pk})
    return f"{settings.SITE_URL}{done}", f"{settings.SITE_URL}{reverse(back, kwargs={'tenant': visit.tenant_id, **more})}"


def _payer(actor: Actor) -> Payer:
    own, profile = organisations.own(), Profile.objects.first()
    person = Person.objects.filter(pk=actor.person).first() if actor.person else None
    email = (profile.contact_email if profile else "") or own.contact_email or (person.email if person else "")
    return Payer(str(own.pk), (profile.company if profile else "") or own.name, email)


def _begin(actor: Actor, purchase: Purchase | None, now: datetime) -> Visit:
    id = ids.new()
    visit: Visit = Visit.objects.create(
        id=id, page=f"asked:{id}", purchase=purchase, opened_at=now, opened_by_name=actor.name
    )  # fmt: skip
    _look_again(visit, now + FIRST_LOOK)
    return visit


def _look_again(visit: Visit, at: datetime) -> None:
    queue.defer("purser.visit", at=at, tenant=str(visit.tenant_id), visit=str(visit.pk))


def _shown(visit: Visit, page: Page) -> Page:
    with tenancy.acting_in(_tenant(visit)):
        kept = Visit.objects.filter(pk=visit.pk, state=VisitState.OPEN).update(page=page.id)
    if not kept:  # given up while its answer was on the way: nobody may be sent there
        raise Refused("This page was given up meanwhile.", code="state", hint="Reload the page.")
    return page


# Looking


def look(tenant: UUID, id: UUID, payments: Payments, *, now: datetime) -> Ended:
    """Read from the provider what came of a page, and take it over, once. Takes the seat around the call.

    Raises Missing for no such visit.
    """
    with tenancy.acting_in(tenant):
        visit: Visit | None = Visit.objects.filter(pk=id).first()
    if visit is None:
        raise Missing("There is no such visit of the payment provider.")
    if visit.state != VisitState.OPEN:
        return Ended(visit.state, visit.state == VisitState.DONE and visit.purchase_id is None, visit.purchase_id)
    if visit.page.startswith("asked:"):
        if now - visit.opened_at > LOST:
            return _end(visit, VisitState.EXPIRED, now)
        return Ended(visit.state, purchase=visit.purchase_id)
    try:
        found = payments.visit(visit.page)
    except Missing:
        if now - visit.opened_at <= LIVES:
            raise
        return _end(visit, VisitState.EXPIRED, now)  # of another account of the operator's by now
    points.reach("visit:read")
    if found.state == "expired":
        return _end(visit, VisitState.EXPIRED, now)
    if found.state == "open":
        return Ended(visit.state, purchase=visit.purchase_id)
    if visit.purchase_id is None and found.card is not None and found.reference == reference(visit):
        return _end(visit, VisitState.DONE, now, found=found)
    if visit.purchase_id is not None and found.payment:
        payment = payments.payment(found.payment)
        if payment.state == "paid":
            return _end(visit, VisitState.DONE, now, paid=payment)
    return Ended(visit.state, purchase=visit.purchase_id)


def _end(
    visit: Visit, to: VisitState, now: datetime, *, found: port.Visit | None = None, paid: port.Payment | None = None
) -> Ended:
    with tenancy.acting_in(_tenant(visit)):
        row = None
        if visit.purchase_id is not None:  # locked before its visit, as everywhere
            row = Purchase.objects.select_for_update().get(pk=visit.purchase_id)
        held = Visit.objects.select_for_update().get(pk=visit.pk)
        if held.state == VisitState.OPEN:
            if paid is not None and row is not None:
                if not settling.is_of(paid, row):
                    raise Refused(f"The payment {paid.id} is not of {row.number}.", code="mismatch")
                settling.paid(row, paid.id, now=now)
            elif found is not None and found.card is not None:
                cards.store(found.payer, found.card, by=held.opened_by_name, now=now)
            held.state, held.closed_at = to, now
            held.save(update_fields=["state", "closed_at"])
        return Ended(held.state, held.state == VisitState.DONE and row is None, visit.purchase_id)


def look_each(tenant: UUID, purchase: UUID, payments: Payments, *, now: datetime) -> None:
    """All open pages of a purchase."""
    for id in _open(tenant, purchase):
        look(tenant, id, payments, now=now)


def close_each(tenant: UUID, purchase: UUID, payments: Payments, *, now: datetime) -> None:
    """Let nobody pay a purchase on a page any more; one that was used in the meantime is taken over instead."""
    for id in _open(tenant, purchase):
        with tenancy.acting_in(tenant):
            visit = Visit.objects.get(pk=id)
        if visit.page.startswith("asked:"):
            if now - visit.opened_at <= ANSWERS:
                continue  # its page may be on its way to a browser: it stays open, and what needs it closed waits
        else:
            try:
                payments.close(visit.page, once=f"close-{visit.pk}")
            except (Refused, Missing):  # used, or expired
                look(tenant, id, payments, now=now)
                continue
        _end(visit, VisitState.EXPIRED, now)


def _open(tenant: UUID, purchase: UUID) -> list[UUID]:
    with tenancy.acting_in(tenant):
        rows = Visit.objects.filter(purchase_id=purchase, state=VisitState.OPEN)
        return list(rows.order_by("opened_at", "id").values_list("pk", flat=True))


def follow(tenant: UUID, id: UUID, payments: Payments, *, now: datetime) -> None:
    """The look that a visit asked for by itself; the next one is asked for while it stays open."""
    ended = look(tenant, id, payments, now=now)
    if ended.state != VisitState.OPEN:
        return
    with tenancy.acting_in(tenant):
        visit = Visit.objects.get(pk=id)
        lain = now - visit.opened_at
        _look_again(visit, now + next((wait for wait in LOOKS if wait >= lain), LOOKS[-1]))


def give_up(actor: Actor, purchase: UUID, payments: Callable[[], Payments], *, now: datetime) -> Purchase:
    """Cancel a purchase, its pages at the provider closed first. Takes the seat around the calls; raises as
    purchases.cancel does.
    """
    if _open(actor.tenant, purchase):
        close_each(actor.tenant, purchase, payments(), now=now)
    with tenancy.acting_in(actor.tenant):
        return purchases.cancel(actor, purchase, now=now)
