"""Refunds: the operator gives back money of a paid purchase, whole or in part, and takes its units back.

Row and entry are there before the provider is called: the units are taken back and the money is on its way, in the books,
from the intention on; a refund that fails is reversed. Each has a key of its own and is looked for before it is sent again.
Source: acceptance CS-62; reliability P1; law 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db.models import Sum

from purser.access import actors, acts
from purser.access.actors import Actor
from purser.billing.buying import numbers, quotes
from purser.billing.models import Purchase, PurchaseState, QuoteLine, Refund, RefundState
from purser.billing.paying import attempts, cardless, purchases, settling, states, told
from purser.connectors.ports import payment as port
from purser.connectors.ports.payment import Payments
from purser.kernel import points
from purser.kernel.errors import Busy, Failure, Missing, Refused, Unsure
from purser.kernel.money import Money
from purser.ledger import chart, entries
from purser.ledger.entries import Draft, Leg
from purser.ledger.models import Entry
from purser.postgres import queue, tenancy
from purser.tenants import organisations
from purser.tenants.models import PARTNERS

MOST_REASON = 300
GIVE_UP = timedelta(hours=23)


def _given(row: Purchase) -> tuple[int, Decimal]:
    every = Refund.objects.filter(purchase=row).exclude(state=RefundState.FAILED)
    sums = every.aggregate(units=Sum("units"), money=Sum("money"))
    return int(sums["units"] or 0), sums["money"] or Decimal(0)


def price(lines: Sequence[QuoteLine], units: int, currency: str) -> Decimal:
    """What the first `units` of a purchase cost, in the order of its lines, each at its line's unit price, rounded once."""
    total, rest = Money(Decimal(0), currency), units
    for line in lines:
        taken = min(rest, line.count * line.units)
        total += Money(line.unit_price, currency).times(taken)
        rest -= taken
    return total.rounded().amount


def ask(actor: Actor, partner: UUID, purchase: UUID, *, units: int, reason: str, key: UUID, now: datetime) -> Refund:
    """Begin a refund of so many units, as the operator above the partner; sent twice with one key it is one refund. Takes
    its seats.

    Raises Missing for no such purchase below; Refused: "text" and "card_number" for the reason, "key", "state" for one that
    is not paid, "units" for more than is left or more than the balance, "amount" where they cost nothing.
    """
    reason = cardless.plain(reason, most=MOST_REASON, what="The reason")
    below = organisations.below(actor.tenant, partner)
    if below.kind not in PARTNERS:
        raise Missing("There is no such purchase.")
    with tenancy.acting_in(partner):
        guest = actors.guest(actor, tenant=partner, organisation=below.name, kind=below.kind)
        made, new = _ask(guest, purchase, units=units, reason=reason, key=key, now=now)
        summary = f"Refund {made.number} of {made.money:f} for {made.units} units"
    if new:
        with tenancy.acting_in(actor.tenant):
            acts.record(
                actor, "operator.payments.refund", summary=f"{summary} to {below.name}", of=("refund", made.pk),
                after={"partner": below.name, "reason": reason}, now=now,
            )  # fmt: skip
    return made


def _ask(guest: Actor, purchase: UUID, *, units: int, reason: str, key: UUID, now: datetime) -> tuple[Refund, bool]:
    balance = purchases.hold()
    row = Purchase.objects.select_for_update().filter(pk=purchase).first()
    if row is None:
        raise Missing("There is no such purchase.")
    if (made := Refund.objects.filter(key=key).first()) is not None:
        if (made.purchase_id, made.units) != (row.pk, units):
            raise Refused(f"This form was sent before, for {made.number}.", code="key", hint="Open the purchase again.")
        return made, False
    if row.state != PurchaseState.PAID:
        raise Refused(f"{row.number} is not paid, so there is nothing to give back.", code="state")
    given, returned = _given(row)
    if not 1 <= units <= row.units - given:
        raise Refused(
            f"{row.units - given:,} of the {row.units:,} units of {row.number} can be given back, not {units:,}.", code="units"
        )
    if units > balance:
        raise Refused(
            f"The balance is {balance:,} units, so {units:,} cannot be taken back.", code="units",
            hint="Units that are used stay paid.",
        )  # fmt: skip
    lines = quotes.lines_of(row.quote)
    # by sums, so that all the parts together are what was paid, to the cent
    money = (row.total if given + units == row.units else price(lines, given + units, row.currency)) - returned
    if money <= 0:
        raise Refused(f"{units:,} units cost less than the smallest amount of {row.currency}.", code="amount")
    made = Refund(
        number=numbers.next("F", now), purchase=row, key=key, once="", money=money, units=units, reason=reason,
        made_at=now, made_by_name=guest.name,
    )  # fmt: skip
    made.once = f"purser-refund-{made.pk}"
    after = {"number": made.number, "money": money, "currency": row.currency, "units": units, "reason": reason}
    summary = f"Refund {made.number} of {row.number}"
    acts.record(guest, "operator.payments.refund", summary=summary, of=("refund", made.pk), after=after, now=now)
    made.save(force_insert=True)
    entries.post_all([intended(made, row, on=_today(now))], now=now)
    _go(made)
    return made, True


def _today(now: datetime) -> date:
    return organisations.today(organisation=organisations.own(), now=now)


def _go(row: Refund) -> None:
    queue.defer("purser.refund", lock=f"refund:{row.pk}", merge=True, tenant=str(row.tenant_id), refund=str(row.pk))


def intended(made: Refund, row: Purchase, *, on: date) -> Draft:
    """The sale's mirror, for the part that is given back; the money is on its way from the card's account."""
    units = Decimal(made.units)
    return Draft("refund", on, f"refund:{made.pk}", [
        Leg("balance", None, chart.DSU, -units),
        Leg("sold", None, chart.DSU, units),
        Leg("card", made.pk, row.currency, -made.money),
        Leg("revenue", None, row.currency, made.money),
    ], made.number)  # fmt: skip


def repaid(made: Refund, row: Purchase, *, on: date) -> Draft:
    return Draft("payment", on, f"repaid:{made.pk}", [
        Leg("card", made.pk, row.currency, made.money),
        Leg("paid", None, row.currency, -made.money),
    ], made.number)  # fmt: skip


# By a worker


def carry(tenant: UUID, id: UUID, payments: Payments, *, clock: attempts.Clock) -> str:
    """Take a refund as far as it goes now; its state afterwards. Takes its seats, and leaves them for each call. May be
    called again at any time. Raises Missing, and Busy.
    """
    with attempts.alone(tenant):
        with tenancy.acting_in(tenant):
            made: Refund | None = Refund.objects.select_related("purchase").filter(pk=id).first()
        if made is None:
            raise Missing("There is no such refund.")
        if made.state == RefundState.FAILED:
            return str(made.state)
        points.reach("refund:begins")
        found: Answer | None = _looked(made, payments)
        if found is None and made.state not in (RefundState.PENDING, RefundState.DONE):
            found = _sent(made, payments, now=clock())
        points.reach("refund:answered")
        if found is not None:
            _settle(tenant, id, found, now=clock())
        with tenancy.acting_in(tenant):
            return str(Refund.objects.values_list("state", flat=True).get(pk=id))


Answer = port.Refund | Failure


def _looked(made: Refund, payments: Payments) -> port.Refund | None:
    return next((one for one in payments.refunds(made.purchase.payment) if one.once == made.once), None)


def _sent(made: Refund, payments: Payments, *, now: datetime) -> Answer | None:
    if now - made.made_at > GIVE_UP:
        return Refused("The provider knows of no such refund, a day after it was asked for.", code="no_refund")
    try:
        return payments.refund(made.purchase.payment, Money(made.money, made.purchase.currency), once=made.once)
    except Busy:
        return None  # nothing happened: the periodic job comes round again
    except Unsure as failure:
        return failure
    except (Refused, Missing) as failure:
        # a key or a right that is wrong is set right by a person, and the refund then goes on
        return None if failure.code in ("credentials", "permission", "address") else failure


def _settle(tenant: UUID, id: UUID, answer: Answer, *, now: datetime) -> None:
    with tenancy.acting_in(tenant):
        row = Purchase.objects.select_for_update().get(refunds__pk=id)
        made = Refund.objects.select_for_update().get(pk=id)
        to, told_id, text = _outcome(answer)
        if made.state == to or (made.state == RefundState.DONE and to != RefundState.FAILED):
            return
        summary = f"Refund {made.number} is {to.label.lower()}. {text}".strip()
        acts.record(
            settling.worker(), "operator.payments.refund", summary=summary, of=("refund", made.pk),
            before={"state": made.state}, after={"state": to.value}, now=now,
        )  # fmt: skip
        was = made.state
        done = {"settled_at": now} if to in (RefundState.DONE, RefundState.FAILED) else {}
        states.step(made, to, provider_id=told_id or made.provider_id, text=text, **done)
        if to == RefundState.DONE:
            entries.post_all([repaid(made, row, on=_today(now))], now=now)
            told.of_purchase(
                "refund_made", row, subject=f"{made.money:f} {row.currency} are given back",
                lines=[f"Refund {made.number} of purchase {row.number}: {made.units:,} units were taken back.", made.reason],
                contact=False, now=now,
            )  # fmt: skip
            queue.defer("purser.papers", tenant=str(tenant), of="refund", id=str(made.pk))
        elif to == RefundState.FAILED:
            _undo(made, text, now)
            if was == RefundState.DONE:
                told.of_purchase(
                    "refund_made", row, subject=f"{made.money:f} {row.currency} did not arrive",
                    lines=[f"Refund {made.number} of purchase {row.number} failed: {made.units:,} units are yours again.",
                           "Where a credit note was issued, a debit note takes it back. The seller was told."],
                    contact=False, now=now,
                )  # fmt: skip
                queue.defer("purser.papers", tenant=str(tenant), of="undone", id=str(made.pk))
            told.of_operator(
                f"Refund {made.number} failed",
                [f"{made.money:f} {row.currency} of purchase {row.number} did not arrive. {text}".strip()], now=now,
            )  # fmt: skip


def _outcome(answer: Answer) -> tuple[RefundState, str, str]:
    if isinstance(answer, port.Refund):
        return RefundState(answer.state), answer.id, ""
    return (RefundState.UNSURE if isinstance(answer, Unsure) else RefundState.FAILED), "", answer.text[:500]


def _undo(made: Refund, text: str, now: datetime) -> None:
    """The money did not arrive: units and money are as before, each entry mirrored once."""
    sources = [f"repaid:{made.pk}", f"refund:{made.pk}"]
    on = _today(now)
    for entry in Entry.objects.filter(source__in=sources).order_by("-made_at", "-pk"):
        entries.reverse(entry_id=entry.pk, reason=f"Refund {made.number} failed. {text}".strip()[:300], now=now, on=on)
