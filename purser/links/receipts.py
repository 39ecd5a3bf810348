"""Receipts: the intention before each call, the outcome after it, and what a person or a later reading makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import F

from purser.kernel import digest
from purser.kernel.errors import Missing, Refused
from purser.ledger import entries
from purser.links import drift
from purser.links.models import Link, Receipt, Run, TargetService
from purser.links.models.relations import LinkState
from purser.links.models.runs import (
    FAILED_RECEIPTS,
    OPEN_RECEIPTS,
    POSTED_RECEIPTS,
    RECEIPT_STEPS,
    Movement,
    ReceiptState,
)
from purser.links.standing import Standing
from purser.postgres import ids, tenancy
from purser.reconcile.model import Change, Delay, Done, Outcome, Refusal

FIRST_RETRY = timedelta(seconds=30)
# A lost answer is a person's to decide when Purser has looked into the PSA and could not tell, or could not look for so long.
UNSEEN = timedelta(days=1)
# A cause that is gone is noticed within five minutes: this, and a pass every two. Source: acceptance ID-41.
LAST_RETRY = timedelta(seconds=150)


def step(receipt: Receipt, to: str) -> None:
    """Move a receipt to another state; refuses what RECEIPT_STEPS does not name."""
    if to not in RECEIPT_STEPS[receipt.state]:
        raise Refused(f"A receipt that is {receipt.state} cannot become {to}.", code="state")
    receipt.state = to


@dataclass(frozen=True)
class Facts:
    """What a receipt keeps of the moment, per link: the names for the log, and the readings behind the number."""

    company: str
    subscription: str
    resource: str
    customer: str
    agreement: str
    product: str
    currency: str
    healing: bool
    seen: Mapping[str, Any]


class Journal:
    """The engine's memory for one run. Every method commits a transaction of its own, and raises InsideTransaction when
    another is open, so that law 3 cannot be broken by a caller."""

    def __init__(self, *, tenant: UUID, run: Run, facts: Mapping[str, Facts], clock: Any, plan_id: UUID | None = None) -> None:
        self._tenant = tenant
        self._run = run
        self._facts = facts
        self._clock = clock
        self._plan_id = plan_id

    def intend(self, change: Change[Standing]) -> UUID:
        at = change.after or change.before
        assert at is not None
        before = change.before.units if change.before else Decimal(0)
        after = change.after.units if change.after else Decimal(0)
        now: datetime = self._clock()
        with tenancy.committing_in(self._tenant):
            failed = Receipt.objects.select_for_update().filter(link_id=at.link, state__in=FAILED_RECEIPTS).first()
            if failed and (failed.effective_on, failed.units_before, failed.units_after) == (
                at.effective_on,
                before,
                after,
            ):
                step(failed, ReceiptState.INTENDED)
                failed.attempts += 1
                failed.intended_at, failed.answered_at, failed.looked_at = now, None, None
                failed.run_id = self._run.pk
                failed.plan_id = self._plan_id or failed.plan_id
                failed.unit_price, failed.unit_cost = at.unit_price, at.unit_cost
                failed.save()
                return failed.pk
            facts = self._facts[str(at.link)]
            id = ids.new()
            if failed:
                # Closed first: a link has one open receipt. The new one takes over its history.
                step(failed, ReceiptState.SETTLED)
                failed.save()
            Receipt.objects.create(
                id=id,
                link_id=at.link,
                run=self._run,
                plan_id=self._plan_id,
                effective_on=at.effective_on,
                units_before=before,
                units_after=after,
                amount=after - before,
                unit_price=at.unit_price,
                unit_cost=at.unit_cost,
                note=at.note[:500],
                intended_at=now,
                first_failed_at=failed.first_failed_at if failed else None,
                company=facts.company,
                subscription=facts.subscription,
                resource=facts.resource,
                customer=facts.customer,
                agreement=facts.agreement,
                product=facts.product,
                currency=facts.currency,
                healing=facts.healing,
                seen=dict(facts.seen),
            )
            if failed:
                Receipt.objects.filter(pk=failed.pk).update(settled_by_id=id)
            return id

    def once(self, receipt: UUID) -> str:
        return receipt.hex

    def settle(self, receipt: UUID, outcome: Outcome) -> None:
        with tenancy.committing_in(self._tenant):
            settle(receipt, outcome, now=self._clock())

    def confirm(self, receipt: UUID) -> None:
        with tenancy.committing_in(self._tenant):
            link = confirm(receipt, now=self._clock()).link
            # The mirror as well: the agreement of a link that ends here may never be read again.
            TargetService.objects.filter(pk=link.service_id).update(final_units=link.expected_units)

    def moved(self, change: Change[Standing], seen: Standing | None) -> None:
        """Nothing was sent: the run plans this link again from what is there now."""

    def unread(self, change: Change[Standing], outcome: Outcome) -> None:
        """Nothing was sent, but the posting is due: the failure log must say so."""
        self.settle(self.intend(change), outcome)


def settle(receipt_id: UUID, outcome: Outcome, *, now: datetime) -> Receipt:
    """Note the target's answer. A failure is retried by itself: soon at first, at least every five minutes."""
    receipt = _locked(receipt_id)
    receipt.answered_at = now
    if isinstance(outcome, Done):
        step(receipt, ReceiptState.ACCEPTED)
        receipt.reference = outcome.reference[:120]
        receipt.code = receipt.text = receipt.hint = ""
    else:
        if isinstance(outcome, Refusal):
            step(receipt, ReceiptState.REFUSED)
        else:
            step(receipt, ReceiptState.BUSY if isinstance(outcome, Delay) else ReceiptState.UNSURE)
        receipt.code, receipt.text, receipt.hint = outcome.code[:30], outcome.text[:1000], outcome.hint[:500]
        receipt.first_failed_at = receipt.first_failed_at or now
        receipt.retry_at = now + due_in(receipt.attempts, outcome)
        # a link whose first posting failed stays pending (acceptance ID-22)
        Link.objects.filter(pk=receipt.link_id).exclude(state=LinkState.PENDING).update(
            state=LinkState.UNSURE if receipt.state == ReceiptState.UNSURE else LinkState.FAILED
        )
    receipt.save()
    return receipt


def due_in(attempts: int, outcome: Outcome) -> timedelta:
    """How long a failed step rests before its next try: longer each time, as long as the vendor asks for."""
    wait: timedelta = min(FIRST_RETRY * 2 ** min(attempts - 1, 8), LAST_RETRY)
    asked = outcome.retry_after if isinstance(outcome, Delay) else None
    return max(wait, asked or wait)


def confirm(receipt_id: UUID, *, now: datetime, note: str = "") -> Receipt:
    """A reading shows the posting (or its time to show has passed, then `note` says so): it is done, and in the ledger."""
    receipt = _locked(receipt_id)
    step(receipt, ReceiptState.DONE)
    receipt.confirmed_at = now
    receipt.retry_at = None
    if note:
        receipt.note = f"{receipt.note}; {note}".strip("; ")[:500]
    receipt.save()
    Link.objects.filter(pk=receipt.link_id).update(expected_units=F("expected_units") + receipt.amount)
    entries.post(
        kind="adjustment",
        on=receipt.effective_on,
        source=f"receipt:{receipt.pk}",
        legs=[
            entries.Leg("psa", receipt.link_id, entries.UNIT, receipt.amount),
            entries.Leg("marketplace", receipt.link_id, entries.UNIT, -receipt.amount),
        ],
        now=now,
        text=f"{receipt.resource}: {digest.units(receipt.units_before)} -> {digest.units(receipt.units_after)}",
    )
    Movement.objects.filter(resource__links=receipt.link_id, receipt=None, how="").update(receipt=receipt)
    if receipt.healing:
        drift.healed(receipt.link_id, receipt_id=receipt.pk, now=now)
    return receipt


def drop(link_ids: list[UUID], *, now: datetime) -> int:
    """Close failures of links that need nothing any more (the difference went away before it could be posted)."""
    return Receipt.objects.filter(link_id__in=link_ids, state__in=(ReceiptState.REFUSED, ReceiptState.BUSY)).update(
        state=ReceiptState.DROPPED, confirmed_at=now, retry_at=None
    )


def net_out(link_ids: list[UUID]) -> int:
    """Movements of links that are in step without a posting: they cancelled each other out before one was made."""
    return Movement.objects.filter(resource__links__in=link_ids, receipt=None, how="").update(how="netted")


def looked(receipt_id: UUID, *, now: datetime) -> None:
    """A reading could not tell whether an unknown outcome took effect: a person is asked from now on."""
    Receipt.objects.filter(pk=receipt_id, state=ReceiptState.UNSURE, looked_at=None).update(looked_at=now)


def asks(receipt: Receipt, now: datetime) -> bool:
    """Whether an unknown outcome is a person's to decide. Before, Purser may find it out, or finish what is half done."""
    return receipt.state == ReceiptState.UNSURE and (receipt.looked_at is not None or now - receipt.intended_at > UNSEEN)


def decide(receipt_id: UUID, *, applied: bool, now: datetime) -> Receipt:
    """A person has looked into the PSA and says whether an unknown outcome took effect.

    Raises Missing, and Refused: code "state" when it is known, "looks_first" while Purser is still to look by itself.
    """
    receipt = _locked(receipt_id)
    if receipt.state != ReceiptState.UNSURE:
        raise Refused(f"This posting is {receipt.get_state_display().lower()}; nothing is left to decide.", code="state")
    if not asks(receipt, now):
        raise Refused(
            "Purser has not looked into the PSA itself since the answer was lost.",
            code="looks_first",
            hint="It looks with its next pass, and finishes what is half done. Decide if it cannot tell.",
        )
    if applied:
        return confirm(receipt_id, now=now, note="a person confirmed it")
    step(receipt, ReceiptState.BUSY)
    receipt.retry_at = now
    receipt.save()
    return receipt


def not_applied(receipt_id: UUID, *, now: datetime) -> Receipt:
    """A reading shows that a step whose answer was lost never took effect: it may be sent again."""
    receipt = _locked(receipt_id)
    step(receipt, ReceiptState.BUSY)
    receipt.code, receipt.text = "lost", "The answer was lost; the PSA shows that nothing happened."
    receipt.first_failed_at = receipt.first_failed_at or now
    receipt.retry_at = now
    receipt.save()
    return receipt


def reopen(receipt_id: UUID, *, now: datetime) -> Receipt:
    """An unsure step is about to be sent again under its own id."""
    receipt = _locked(receipt_id)
    step(receipt, ReceiptState.INTENDED)
    receipt.attempts += 1
    receipt.intended_at, receipt.answered_at, receipt.looked_at = now, None, None
    receipt.save()
    return receipt


def retry(receipt_id: UUID, *, now: datetime) -> Receipt:
    """Make a failed posting due at once."""
    receipt = _locked(receipt_id)
    if receipt.state not in (ReceiptState.REFUSED, ReceiptState.BUSY):
        raise Refused(
            f"Only a failed posting can be tried again; this one is {receipt.get_state_display().lower()}.",
            code="state",
        )
    receipt.retry_at = now
    receipt.save()
    return receipt


def open_by_link(sync_id: UUID) -> dict[UUID, Receipt]:
    """The one open receipt of each link that has one."""
    found = Receipt.objects.filter(link__sync_id=sync_id, state__in=OPEN_RECEIPTS, link__cleared_at=None)
    return {r.link_id: r for r in found}


def dates_taken(sync_id: UUID, *, since: date) -> dict[UUID, set[date]]:
    """Per service, the dates on which a change was posted or refused as a second one of the day. By service and not by link:
    a relation that was unset and set again is another link to the same service."""
    taken: dict[UUID, set[date]] = {}
    rows = Receipt.objects.filter(link__sync_id=sync_id, effective_on__gte=since).select_related("link")
    for receipt in rows:
        if receipt.state in POSTED_RECEIPTS or receipt.code == "same_day":
            taken.setdefault(receipt.link.service_id, set()).add(receipt.effective_on)
    return taken


def _locked(receipt_id: UUID) -> Receipt:
    receipt = Receipt.objects.select_for_update().filter(pk=receipt_id).first()
    if receipt is None:
        raise Missing("There is no such posting.")
    return receipt
