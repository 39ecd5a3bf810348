"""The port to a PSA: accounts, agreements, the services on them, and dated changes of their units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal, Protocol

from purser.connectors.ports.tested import Tested
from purser.reconcile.model import Outcome, Reading

BillingPeriod = Literal["month", "quarter", "half_year", "year"]


@dataclass(frozen=True)
class Account:
    """A company of the PSA."""

    id: str
    name: str
    active: bool = True
    contact: str = ""
    currency: str = ""


@dataclass(frozen=True)
class Agreement:
    """A contract (Autotask) or agreement (ConnectWise).

    `ends_on` is the last day it covers, None for no end. `takes_services` is false for kinds that cannot carry
    recurring services. `prorates` is false where the PSA would not prorate a dated change.
    `invoiced_through` is the last day of the latest period already invoiced, None when none is.
    `renewed_by` is the id of the successor agreement where the PSA records one.
    """

    id: str
    account_id: str
    name: str
    starts_on: date | None
    ends_on: date | None
    active: bool
    number: str = ""
    takes_services: bool = True
    prorates: bool = True
    currency: str = ""
    billing_period: BillingPeriod | None = None
    invoiced_through: date | None = None
    renewed_by: str = ""


@dataclass(frozen=True)
class Segment:
    """Units that hold from `starts_on` up to but not including `ends_on` (None: open end)."""

    starts_on: date
    ends_on: date | None
    units: Decimal
    unit_price: Decimal | None = None
    unit_cost: Decimal | None = None
    invoiced: bool = False


@dataclass(frozen=True)
class Service:
    """Something on an agreement that can be billed by count: the thing a resource is linked to.

    `id` is unique within the agreement and stable over changes of units: `service:12` or `bundle:7` at
    Autotask (the contract service's own id), `product:210` at ConnectWise (additions come and go, the
    product stays). `product_id` is what a bookkeeper sees as product id, `name` as product description.
    `segments` are in order of date and do not overlap; additions of one product that overlap in time are summed.
    Only segments that end after the day before the reading's first day need be there.
    """

    id: str
    agreement_id: str
    product_id: str
    name: str
    kind: Literal["service", "bundle", "product"]
    segments: tuple[Segment, ...] = field(default=())
    unit_price: Decimal | None = None
    unit_cost: Decimal | None = None
    catalog_price: Decimal | None = None
    catalog_cost: Decimal | None = None
    billing_period: BillingPeriod | None = None
    unit: str = ""

    def units_on(self, day: date) -> Decimal:
        """Units that hold on `day`; 0 where no segment covers it."""
        for s in self.segments:
            if s.starts_on <= day and (s.ends_on is None or day < s.ends_on):
                return s.units
        return Decimal(0)


def final_units(segments: Sequence[Segment], *, ends_on: date | None) -> Decimal:
    """Units on the latest date anything is posted for, on an agreement whose last day is `ends_on`: those of the last
    segment, and 0 where that one ends before the agreement does (or there is none)."""
    if not segments:
        return Decimal(0)
    last = segments[-1]
    over = last.ends_on is not None and (ends_on is None or last.ends_on <= ends_on)
    return Decimal(0) if over else last.units


def service_key(agreement_id: str, service_id: str) -> str:
    return f"{agreement_id}/{service_id}"


@dataclass(frozen=True)
class Adjustment:
    """From `effective_on` on, the units of one service change by `units_after - units_before`.

    `units_before` is what held on that date when we looked. Prices are per unit and billing period; None leaves
    what the PSA has. `invoice_text` is shown on the PSA's record where it keeps one.
    """

    agreement_id: str
    service_id: str
    effective_on: date
    units_before: Decimal
    units_after: Decimal
    unit_price: Decimal | None = None
    unit_cost: Decimal | None = None
    invoice_text: str = ""

    @property
    def delta(self) -> Decimal:
        return self.units_after - self.units_before


@dataclass(frozen=True)
class Traits:
    """What the engine must know of a PSA, as data.

    `lag`: how long after an accepted write a read may still show the old state, and the longest time a write whose
    answer was lost may still take effect. `keyed`: a repeat with the same `once` cannot apply twice (the connector
    finds its own mark first), so an unsure write may be sent again at once. `one_change_a_day`: a second change of a
    service effective on the same date is refused. `whole_units`: units are integers. `largest`: the most units it holds.
    """

    lag: timedelta
    keyed: bool
    one_change_a_day: bool
    whole_units: bool
    largest: int = 2_147_483_647


class Psa(Protocol):
    """Reads page to the end and say whether they are whole; they raise kernel.errors when nothing could be read.

    `words` name things as this PSA does, for screens (keys: account, agreement, service).
    """

    traits: Traits
    words: dict[str, str]

    def test(self) -> Tested: ...

    def accounts(self) -> Reading[Account]: ...

    def agreements(self) -> Reading[Agreement]:
        """All agreements of all accounts, expired ones included, keyed by id."""
        ...

    def services(self, agreement_ids: Sequence[str], *, since: date) -> Reading[Service]:
        """Services of these agreements keyed by `service_key`, with the segments that end after `since`."""
        ...

    def service(self, agreement_id: str, service_id: str, *, since: date) -> Service | None:
        """One service, with the fewest calls the PSA allows; None when it is not there."""
        ...

    def find(self, adjustment: Adjustment, *, once: str) -> bool | None:
        """Whether the adjustment sent as `once` has taken effect: True or False where the PSA keeps our mark, None where
        it keeps none (then the caller compares units)."""
        ...

    def adjust(self, adjustment: Adjustment, *, once: str) -> Outcome:
        """Make the change. `once` is our id of this attempt, at most 40 characters. Never retries."""
        ...
