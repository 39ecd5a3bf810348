"""Settle what was left open: answers that were lost, and postings that a reading has yet to confirm. Source: acceptance
ID-31; reliability P9, section 3 (readback)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from purser.connectors.ports.psa import Adjustment, Psa, Service, service_key
from purser.flows.marketplace_to_contracts.target import Contracts
from purser.kernel import digest
from purser.kernel.errors import Failure
from purser.links import receipts
from purser.links.models import Link, Receipt
from purser.links.models.runs import ReceiptState
from purser.links.receipts import Journal
from purser.links.standing import Standing, key
from purser.postgres import tenancy
from purser.reconcile import drive
from purser.reconcile.model import Change, Doubtful, Reading

UNSETTLED = (ReceiptState.INTENDED, ReceiptState.ACCEPTED, ReceiptState.UNSURE)


@dataclass
class Settled:
    """How many steps were `sent` once more, and the links that are `newer` than the reading: what the PSA was asked or sent
    after it. A count of that reading may show our own change half done, and is no hand edit."""

    sent: int = 0
    newer: set[UUID] = field(default_factory=set)


def settle(
    *,
    tenant: UUID,
    links: Mapping[UUID, Link],
    open_receipts: Mapping[UUID, Receipt],
    services: Reading[Service],
    psa: Psa,
    journal: Journal,
    read_at: datetime,
    clock: Callable[[], datetime],
) -> Settled:
    """Bring each unsettled receipt to rest if a reading allows it.

    A difference that was accepted or lost is judged by the units on its date: those after it mean done, those before it
    (once the time in which it could still show has passed) mean that nothing happened, anything else is a person's to say.
    """
    settled = Settled()
    for link_id, receipt in open_receipts.items():
        link = links.get(link_id)
        if link is None or receipt.state not in UNSETTLED:
            continue
        service = services.items.get(service_key(link.service.agreement.external_id, link.service.service_id))
        now = clock()
        waited = read_at - (receipt.answered_at or receipt.intended_at)
        if service is None:
            if services.whole and waited > psa.traits.lag and receipt.state != ReceiptState.ACCEPTED:
                _leave_to_person(tenant, receipt, f"The answer was lost, and {link.service.name} cannot be read.", now)
            continue
        units = service.units_on(receipt.effective_on)
        if receipt.state == ReceiptState.ACCEPTED:
            if units == receipt.units_after:
                _confirm(tenant, receipt, now)
            elif waited > psa.traits.lag:
                _confirm(tenant, receipt, now, note=f"the PSA showed {digest.units(units)} when it was read back")
            continue
        if units != receipt.units_after and waited <= psa.traits.lag and not psa.traits.keyed:
            continue  # it may still show
        _find(tenant, link, receipt, units, waited, psa, journal, now, settled)
    return settled


def _confirm(tenant: UUID, receipt: Receipt, now: datetime, note: str = "") -> None:
    with tenancy.acting_in(tenant):
        receipts.confirm(receipt.pk, now=now, note=note)


def _judge(tenant: UUID, receipt: Receipt, units: Decimal, now: datetime) -> None:
    """The time for a lost call to show is over: either it plainly never happened, or a person must look."""
    if units == receipt.units_before:
        with tenancy.acting_in(tenant):
            receipts.not_applied(receipt.pk, now=now)
    else:
        text = (
            f"The answer was lost, and the PSA shows {digest.units(units)} where "
            f"{digest.units(receipt.units_before)} or {digest.units(receipt.units_after)} was expected."
        )
        _leave_to_person(tenant, receipt, text, now)


def _leave_to_person(tenant: UUID, receipt: Receipt, text: str, now: datetime) -> None:
    hint = "Look at the adjustments in the PSA and say whether this one is there."
    with tenancy.acting_in(tenant):
        if receipt.state == ReceiptState.INTENDED:
            receipts.settle(receipt.pk, Doubtful(text, hint=hint), now=now)
        receipts.looked(receipt.pk, now=now)


def _find(
    tenant: UUID,
    link: Link,
    receipt: Receipt,
    units: Decimal,
    waited: timedelta,
    psa: Psa,
    journal: Journal,
    now: datetime,
    settled: Settled,
) -> None:
    """Ask the PSA for our mark where it keeps one; else go by the units."""
    adjustment = Adjustment(
        agreement_id=link.service.agreement.external_id,
        service_id=link.service.service_id,
        effective_on=receipt.effective_on,
        units_before=receipt.units_before,
        units_after=receipt.units_after,
        unit_price=receipt.unit_price,
        unit_cost=receipt.unit_cost,
    )
    try:
        there = psa.find(adjustment, once=journal.once(receipt.pk))
    except Failure as failure:
        if receipt.state == ReceiptState.INTENDED:
            with tenancy.acting_in(tenant):
                receipts.settle(receipt.pk, Doubtful(failure.text, failure.code, failure.hint), now=now)
        return
    if there or (there is None and units == receipt.units_after):
        _confirm(tenant, receipt, now, note="found in the PSA after the answer was lost")
        if there:
            settled.newer.add(link.pk)
    elif there is None:
        _judge(tenant, receipt, units, now)
    elif waited > psa.traits.lag or psa.traits.keyed:
        _repeat(tenant, link, receipt, adjustment, psa, journal, now)
        settled.sent += 1
        settled.newer.add(link.pk)


def _repeat(
    tenant: UUID,
    link: Link,
    receipt: Receipt,
    adjustment: Adjustment,
    psa: Psa,
    journal: Journal,
    now: datetime,
) -> None:
    """A PSA that keeps our mark is sent the same step again: it completes what is half done and doubles nothing."""
    at = Standing(
        link.pk,
        adjustment.agreement_id,
        adjustment.service_id,
        receipt.effective_on,
        receipt.units_before,
        receipt.unit_price,
        receipt.unit_cost,
    )
    at_key = key(link.pk, receipt.effective_on)
    after = None if not receipt.units_after else _with(at, receipt.units_after)
    change = Change(at_key, at if receipt.units_before else None, after)
    if receipt.state != ReceiptState.INTENDED:
        with tenancy.acting_in(tenant):
            receipts.reopen(receipt.pk, now=now)
    target = Contracts(psa, {at_key: at}, text_of=lambda _: receipt.resource)
    drive.again(change, receipt.pk, target=target, journal=journal)


def _with(at: Standing, units: Decimal) -> Standing:
    return Standing(at.link, at.agreement_id, at.service_id, at.effective_on, units, at.unit_price, at.unit_cost)
