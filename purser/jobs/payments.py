"""Jobs of payment: each loads by id, asks the provider of the operator above, and makes one call. All may be run again."""

from __future__ import annotations

import logging
from datetime import timedelta
from uuid import UUID

from django.utils import timezone
from procrastinate import Blueprint

from purser.billing.models import Purchase, Refund, RefundState
from purser.billing.paying import attempts, automatic, cards, events, provider, refunds, states, told, visits
from purser.connectors.ports.payment import Payments
from purser.flows import ports
from purser.kernel.errors import Busy, Failure, Missing, Refused, Unsure
from purser.postgres import tenancy
from purser.postgres.queue import defer

log = logging.getLogger("purser.jobs")
tasks = Blueprint()
AGAIN = timedelta(minutes=5)  # after the provider, or its key, was of no use
MOST_TRIES = 40  # of a hint, growing slower: about two days


def _of(tenant: str) -> Payments:
    return ports.payments(provider.over(UUID(tenant)))


@tasks.task(name="purser.pay")
def pay(tenant: str, purchase: str) -> None:
    """One turn at a purchase. What is not finished says itself when it is looked at again."""
    try:
        state = attempts.carry(UUID(tenant), UUID(purchase), _of(tenant), clock=timezone.now)
    except Busy as failure:
        defer("purser.pay", at=timezone.now() + (failure.retry_after or AGAIN), tenant=tenant, purchase=purchase)
        return
    except (Missing, Refused, Unsure) as failure:
        log.warning("purchase %s: %s", purchase, failure.text)
        return
    log.info("purchase %s: %s", purchase, state)


@tasks.task(name="purser.refund")
def refund(tenant: str, refund: str) -> None:
    try:
        state = refunds.carry(UUID(tenant), UUID(refund), _of(tenant), clock=timezone.now)
    except Busy as failure:
        defer("purser.refund", at=timezone.now() + (failure.retry_after or AGAIN), tenant=tenant, refund=refund)
        return
    except (Missing, Refused, Unsure) as failure:
        log.warning("refund %s: %s", refund, failure.text)
        return
    log.info("refund %s: %s", refund, state)


@tasks.task(name="purser.buy")
def buy(tenant: str) -> None:
    """Automatic purchase, where the balance is below 0 and the rules say so."""
    try:
        automatic.consider(UUID(tenant), now=timezone.now())
    except Busy as failure:
        defer("purser.buy", at=timezone.now() + (failure.retry_after or AGAIN), tenant=tenant)
    except Refused as failure:
        log.warning("automatic purchase of %s: %s", tenant, failure.text)


@tasks.task(name="purser.visit")
def visit(tenant: str, visit: str, once: bool = False) -> None:
    """What came of a page of the provider's; it is looked at until it was used, or cannot be any more. `once`: another job
    goes on looking."""
    try:
        look = visits.look if once else visits.follow
        look(UUID(tenant), UUID(visit), _of(tenant), now=timezone.now())
    except Missing as failure:
        log.info("visit %s: %s", visit, failure.text)
    except Failure as failure:
        log.warning("visit %s: %s", visit, failure.text)
        defer("purser.visit", at=timezone.now() + AGAIN, tenant=tenant, visit=visit, once=once)


@tasks.task(name="purser.forget_card")
def forget_card(tenant: str, card: str) -> None:
    try:
        cards.forget(UUID(tenant), UUID(card), _of(tenant))
    except Failure as failure:
        log.warning("card %s: %s", card, failure.text)
        defer("purser.forget_card", at=timezone.now() + 12 * AGAIN, tenant=tenant, card=card)


@tasks.task(name="purser.card")
def card(tenant: str, card: str, once: bool = False, tries: int = 0) -> None:
    """The card on file as it is now, and whether it expires. `once`: another job watches it, and this one ends."""
    look = cards.read if once else cards.refresh
    try:
        look(UUID(tenant), UUID(card), _of(tenant), now=timezone.now())
    except Missing as failure:
        log.info("card %s: %s", card, failure.text)
    except Failure as failure:
        log.warning("card %s: %s", card, failure.text)
        if not once or tries < MOST_TRIES:
            more = {"tenant": tenant, "card": card, "once": once, "tries": tries + 1}
            defer("purser.card", at=timezone.now() + 12 * AGAIN, lock=f"card:{card}", merge=once, **more)


@tasks.task(name="purser.payment_event")
def payment_event(operator: str, event: str, tries: int = 0) -> None:
    """Look at what a webhook is about."""
    row = provider.of_operator(UUID(operator))
    if row is None:
        return
    try:
        events.follow(UUID(operator), UUID(event), ports.payments(row), now=timezone.now())
    except Failure as failure:
        log.warning("event %s: %s", event, failure.text)
        if tries < MOST_TRIES:
            at = timezone.now() + min(AGAIN * (tries + 1), timedelta(hours=1))
            defer("purser.payment_event", at=at, operator=operator, event=event, tries=tries + 1)


@tasks.task(name="purser.billing_contact")
def billing_contact(tenant: str, notice: str) -> None:
    try:
        told.mail_contact(UUID(tenant), UUID(notice))
    except OSError as failure:
        log.warning("notice %s was not mailed: %s", notice, failure)
        defer("purser.billing_contact", at=timezone.now() + AGAIN, tenant=tenant, notice=notice)


@tasks.periodic(cron="* * * * *")
@tasks.task(name="purser.payments_due", queueing_lock="payments_due")
def payments_due(timestamp: int) -> None:
    """Whatever is not finished and due for a look, whoever was to tell of it: a webhook may be lost, a worker may die."""
    now = timezone.now()
    with tenancy.listing_all():
        rows = Purchase.across.filter(state__in=[state.value for state in states.OPEN], next_at__lte=now)
        due = list(rows.order_by("next_at", "id").values_list("tenant_id", "pk"))
        open_ = [RefundState.INTENDED, RefundState.UNSURE]
        if now.minute == 0:  # a bank takes days
            open_.append(RefundState.PENDING)
        back = Refund.across.filter(state__in=open_, made_at__lte=now - AGAIN)
        given = list(back.order_by("made_at", "id").values_list("tenant_id", "pk"))
    for tenant, id in due:
        defer("purser.pay", lock=f"pay:{id}", merge=True, tenant=str(tenant), purchase=str(id))
    for tenant, id in given:
        defer("purser.refund", lock=f"refund:{id}", merge=True, tenant=str(tenant), refund=str(id))
