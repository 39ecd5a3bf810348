"""A PSA as the engine's target: standings are looked up and adjusted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from purser.connectors.ports.psa import Adjustment, Psa
from purser.kernel import errors
from purser.links.standing import Standing
from purser.reconcile.drive import outcome_of
from purser.reconcile.model import Change, Key, Outcome


class Contracts:
    """`addresses` holds, per key of the plan, any standing of it: where to look."""

    def __init__(self, psa: Psa, addresses: Mapping[Key, Standing], *, text_of: Callable[[Standing], str]) -> None:
        self._psa = psa
        self._addresses = addresses
        self._text_of = text_of

    def look(self, key: Key) -> Standing | None:
        at = self._addresses[key]
        service = self._psa.service(at.agreement_id, at.service_id, since=at.effective_on - timedelta(days=1))
        units = service.units_on(at.effective_on) if service else Decimal(0)
        return replace(at, units=units) if units else None

    def apply(self, change: Change[Standing], *, once: str) -> Outcome:
        try:
            return self._psa.adjust(adjustment(change, text_of=self._text_of), once=once)
        except errors.Failure as failure:
            return outcome_of(failure, sent=True)


def adjustment(change: Change[Standing], *, text_of: Callable[[Standing], str]) -> Adjustment:
    """The PSA's words for a change; a removal brings the units to nought."""
    at = change.after or change.before
    assert at is not None  # a change has a side
    return Adjustment(
        agreement_id=at.agreement_id,
        service_id=at.service_id,
        effective_on=at.effective_on,
        units_before=change.before.units if change.before else Decimal(0),
        units_after=change.after.units if change.after else Decimal(0),
        unit_price=at.unit_price,
        unit_cost=at.unit_cost,
        invoice_text=text_of(at),
    )
