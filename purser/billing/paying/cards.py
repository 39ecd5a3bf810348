"""The card on file: a token, its brand, its last four digits, its expiry, and nothing else. In the partner's seat.

Source: decision S-1; acceptance CS-60; reliability P26.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from purser.access import acts
from purser.access.actors import Actor
from purser.billing.models import Card, PurchaseState
from purser.billing.paying import automatic, purchases, settling, states, told
from purser.connectors.ports import payment as port
from purser.connectors.ports.payment import Payments
from purser.kernel.errors import Missing, Refused
from purser.postgres import queue, tenancy

WARNINGS = (30, 7, 0)  # days before the last day it is good on


def shown(card: Card) -> str:
    """As it may be named: visa ending in 4242, good through 09/2031."""
    return f"{card.brand} ending in {card.last_four}, good through {card.expiry_month:02}/{card.expiry_year}"


def last_day(card: Card) -> date:
    return date(card.expiry_year, card.expiry_month, monthrange(card.expiry_year, card.expiry_month)[1])


def store(payer: str, card: port.Card, *, by: str, now: datetime) -> Card:
    """Put the card that somebody stored at the provider on file, in place of the one that was; what was declined for want of
    a good card is tried with it.
    """
    purchases.hold()
    old = purchases.card_on_file()
    if old is not None and old.token == card.token:
        return old
    told_ = f"{card.brand} ending in {card.last_four}"
    acts.record(
        settling.worker(), "billing.card", summary=f"Card on file: {told_}, stored by {by}", of=("card", ""),
        before={"card": shown(old)} if old else None, after={"card": told_}, now=now,
    )  # fmt: skip
    if old is not None:
        _drop(old, now)
    made: Card = Card.objects.create(
        payer=payer, token=card.token, brand=card.brand[:20], last_four=card.last_four, expiry_month=card.expiry_month,
        expiry_year=card.expiry_year, stored_at=now, stored_by_name=by,
    )  # fmt: skip
    watch(made, now)
    waiting = purchases.open_one(locked=True)
    if waiting is not None and waiting.cause == "auto" and waiting.state in (PurchaseState.DECLINED, PurchaseState.WAITS):
        states.keep(waiting, next_at=now)
        purchases.ask(waiting)
    automatic.ask(tenancy.tenant())
    return made


def remove(actor: Actor, *, now: datetime) -> Card:
    """Take the card off file; automatic purchase goes off with it. Raises Missing; Refused(code="state") while it is being
    charged.
    """
    purchases.hold()
    card = purchases.card_on_file()
    if card is None:
        raise Missing("There is no card on file.")
    waiting = purchases.open_one()
    if waiting is not None and waiting.state in states.UNDER_WAY:
        raise Refused(f"{waiting.number} is being charged to this card.", code="state", hint="Wait for the answer.")
    acts.record(
        actor, "billing.card", summary="Removed the card on file; automatic purchase is off", of=("card", card.pk),
        before={"card": shown(card)}, now=now,
    )  # fmt: skip
    automatic.switch_off(now=now)
    _drop(card, now)
    return card


def _drop(card: Card, now: datetime) -> None:
    card.removed_at = now
    card.save(update_fields=["removed_at"])
    queue.defer("purser.forget_card", tenant=str(card.tenant_id), card=str(card.pk))


def forget(tenant: UUID, id: UUID, payments: Payments) -> None:
    """Let a removed card never be charged again, at the provider. Takes the seat around the call."""
    with tenancy.acting_in(tenant):
        card = Card.objects.filter(pk=id).exclude(removed_at=None).first()
    if card is None:
        return
    try:
        payments.forget(card.token, once=f"forget-{card.pk}")
    except (Refused, Missing) as failure:
        if failure.code in ("credentials", "permission"):
            raise
        # it is detached already


def watch(card: Card, now: datetime) -> None:
    """Have the card looked at before it expires: issuers renew them, and else its owner must."""
    last = last_day(card)
    at = [datetime.combine(last - timedelta(days=days), time(8), UTC) for days in WARNINGS]
    queue.defer(
        "purser.card", at=next((one for one in at if one > now), None) or at[-1], tenant=str(card.tenant_id), card=str(card.pk)
    )


def refresh(tenant: UUID, id: UUID, payments: Payments, *, now: datetime) -> None:
    """Read the card on file as it is now, and tell when it expires soon. Takes the seat around the call."""
    read(tenant, id, payments, now=now)
    with tenancy.acting_in(tenant):
        row = Card.objects.filter(pk=id, removed_at=None).first()
        if row is None:
            return
        left = (last_day(row) - now.date()).days
        if left <= WARNINGS[0]:
            told.of_account(
                "card_expires", subject=f"The card on file is good until {last_day(row):%d %B %Y}",
                lines=[f"It is the {row.brand} ending in {row.last_four}.", "Store another one, so that purchases go on."],
                now=now,
            )  # fmt: skip
        if left > WARNINGS[-1]:
            watch(row, now)


def read(tenant: UUID, id: UUID, payments: Payments, *, now: datetime) -> None:
    """Bring the card on file in step with the provider's: what the issuer renewed, or that it is no longer there. Takes the
    seat around the call.
    """
    with tenancy.acting_in(tenant):
        card = Card.objects.filter(pk=id, removed_at=None).first()
    if card is None:
        return
    found: port.Card | None = None
    try:
        found = payments.card(card.token)
    except Missing as failure:
        if failure.code != "detached":  # of another account, say, whose key was entered
            raise
    with tenancy.acting_in(tenant):
        purchases.hold()
        row = Card.objects.select_for_update().filter(pk=id, removed_at=None).first()
        if row is None:
            return
        if found is None:
            _lost(row, now)
            return
        renewed = (found.brand[:20], found.last_four, found.expiry_month, found.expiry_year)
        if renewed != (row.brand, row.last_four, row.expiry_month, row.expiry_year):
            before = shown(row)
            row.brand, row.last_four, row.expiry_month, row.expiry_year = renewed
            acts.record(
                settling.worker(), "billing.card", summary=f"The issuer renewed the card on file: ending in {found.last_four}",
                of=("card", row.pk), before={"card": before}, after={"card": shown(row)}, now=now,
            )  # fmt: skip
            row.save(update_fields=["brand", "last_four", "expiry_month", "expiry_year"])


def _lost(row: Card, now: datetime) -> None:
    """The provider has it no more: nothing can be bought with it, by hand or automatically."""
    acts.record(
        settling.worker(), "billing.card", summary="The provider no longer has the card on file; automatic purchase is off",
        of=("card", row.pk), before={"card": shown(row)}, now=now,
    )  # fmt: skip
    was_on = automatic.switch_off(now=now)
    row.removed_at = now
    row.save(update_fields=["removed_at"])
    lines = [f"It was the {row.brand} ending in {row.last_four}, and its bank or the payment provider took it away."]
    if was_on:
        lines.append("Automatic purchase is off: store another card, and switch it on again.")
    told.of_account("card_gone", subject="The card on file is no longer there", lines=lines, now=now)
