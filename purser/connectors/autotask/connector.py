"""The PSA port, spoken by Autotask."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from purser.connectors.autotask import rows, wire, writes
from purser.connectors.autotask.client import PAGE, AutotaskSecrets, AutotaskSettings, Client
from purser.connectors.autotask.fields import Malformed
from purser.connectors.autotask.rows import Units
from purser.connectors.autotask.wire import BUNDLE, KINDS, Kind, Line, Thing
from purser.connectors.ports.psa import (
    Account,
    Adjustment,
    Agreement,
    BillingPeriod,
    Segment,
    Service,
    Traits,
    service_key,
)
from purser.connectors.ports.tested import Tested
from purser.connectors.shared.http import Http
from purser.connectors.shared.pages import Pages
from purser.kernel.errors import Busy, Failure, Missing, Refused, Unsure
from purser.reconcile.model import Delay, Done, Doubtful, Outcome, Reading, Refusal

DESCRIPTIONS_HOLD = timedelta(hours=1)  # picklists and access levels change when a person changes them

_ALL: Sequence[Mapping[str, Any]] = ({"op": "gte", "field": "id", "value": 0},)


class AutotaskConnector:
    """Implements `Psa`. Segments say whether they are invoiced; `Agreement.invoiced_through` stays empty: it
    would cost a reading of all unit rows, those of contracts that nobody linked included."""

    traits = Traits(lag=timedelta(minutes=2), keyed=False, one_change_a_day=True, whole_units=True)
    words = {"account": "company", "agreement": "contract", "service": "service or bundle"}

    def __init__(
        self,
        *,
        http: Http,
        settings: AutotaskSettings,
        secrets: AutotaskSecrets,
        clock: Callable[[], datetime],
    ) -> None:
        self._client = Client(http=http, settings=settings, secrets=secrets)
        self._company_id = settings.company_id.strip()
        self._clock = clock
        self._described: dict[str, tuple[datetime, Any]] = {}

    def test(self) -> Tested:
        """Look the zone up and read one company with the credentials. Source: acceptance ID-3."""
        if not writes.whole(self._company_id):
            text = f"The company ID {self._company_id!r} is not a number; 0 is that of your own company."
            return Tested(ok=False, text=text, code="validation")
        try:
            company = self._client.item("Companies", int(self._company_id))
        except Failure as e:
            return Tested(ok=False, text=e.text, code=e.code)
        if company is None:
            text = f"Autotask has no company {self._company_id}; 0 is that of your own company."
            return Tested(ok=False, text=text, code="not_found")
        name = company.get("companyName")
        known = f"as a user of {name[:100]}" if isinstance(name, str) and name else ""
        return Tested(ok=True, text=f"Connected to Autotask {known}".rstrip() + ".")

    def accounts(self) -> Reading[Account]:
        at = self._clock()
        found = self._client.query("Companies", _ALL, wire.ACCOUNT_FIELDS)
        read = rows.read("Companies", found, wire.account, lambda a: a.id)
        return _reading(read.items, at, [*read.cuts, *self._hidden("Companies")])

    def agreements(self) -> Reading[Agreement]:
        at = self._clock()
        words = self._words()
        found = self._client.query("Contracts", _ALL, wire.AGREEMENT_FIELDS)
        read = rows.read("Contracts", found, lambda row: wire.agreement(row, words), lambda a: a.id)
        return _reading(rows.succession(read.items), at, [*read.cuts, *self._hidden("Contracts")])

    def services(self, agreement_ids: Sequence[str], *, since: date) -> Reading[Service]:
        """Costs, for services and for bundles: one call for each 500 lines and each 500 unit rows, at most one
        more for every 500 contracts, and one for each 500 entries of the catalogue that are used.

        A service whose units could not all be read is left out: with fewer units it would be a wrong value.
        """
        at = self._clock()
        wanted = sorted({int(id) for id in agreement_ids if writes.whole(id)})
        items: dict[str, Service] = {}
        cuts: list[str] = []
        for kind in KINDS:
            lines, faults = self._lines(kind, wanted, first=kind is KINDS[0])
            cuts += faults
            read: list[tuple[Line, tuple[Segment, ...]]] = []
            for chunk in _chunks(sorted({line.contract_id for line in lines})):
                units = self._units(kind, {"op": "in", "field": "contractID", "value": chunk}, since)
                cuts += units.cuts
                here = frozenset(chunk)
                known = ((line, units.of(line.id)) for line in lines if line.contract_id in here)
                read += [(line, segments) for line, segments in known if segments is not None]
            things = self._things(kind, sorted({line.thing_id for line, _ in read}), cuts)
            periods = self._periods(kind, cuts) if read else {}
            for line, segments in read:
                service = _service(kind, line, segments, things.get(line.thing_id), periods)
                items[service_key(service.agreement_id, service.id)] = service
        return _reading(items, at, cuts)

    def service(self, agreement_id: str, service_id: str, *, since: date) -> Service | None:
        """One call: its units. Name, prices and billing period are not given. A second one only where no units are to
        come: whether the line is there at all."""
        found = writes.line_of(service_id)
        if found is None or not writes.whole(agreement_id):
            return None
        kind, number = found
        own = {"op": "eq", "field": kind.line_id, "value": number}
        units = self._units(kind, own, since, first=True, contract=int(agreement_id))
        segments = units.of(number)
        if segments is None:
            raise Busy(" ".join(units.cuts), code="malformed")
        if not segments and not self._is_there(kind, number, int(agreement_id)):
            return None
        return Service(f"{kind.word}:{number}", agreement_id, product_id="", name="", kind=kind.word, segments=segments)

    def find(self, adjustment: Adjustment, *, once: str) -> bool | None:
        """None: an adjustment cannot be read back, and Autotask keeps no mark of ours."""
        return None

    def adjust(self, adjustment: Adjustment, *, once: str) -> Outcome:
        """POST one adjustment. Done: Autotask accepted it, and the units show it up to `traits.lag` later."""
        try:
            path, body = writes.adjustment(adjustment)
            reference = self._client.create(path, body)
        except (Refused, Missing) as e:
            return Refusal(e.text, e.code or "validation", e.hint)
        except Busy as e:
            return Delay(e.text, e.code or "network", e.retry_after, e.hint)
        except Unsure as e:
            return Doubtful(e.text, e.code or "unsure", e.hint)
        priced = adjustment.unit_price is not None or adjustment.unit_cost is not None
        kept = adjustment.service_id.startswith(f"{BUNDLE.word}:") and priced
        note = "not read back; the price of a bundle stays as it is" if kept else "not read back"
        return Done(reference, note)

    def _query(self, entity: str, filters: Sequence[Mapping[str, Any]], fields: Sequence[str], *, first: bool) -> Pages[Any]:
        """A query whose failure cuts a reading short, unless it is the first: then nothing could be read."""
        try:
            return self._client.query(entity, filters, fields)
        except Failure as e:
            if first:
                raise
            return Pages((), e.text)

    def _lines(self, kind: Kind, wanted: Sequence[int], *, first: bool) -> tuple[list[Line], tuple[str, ...]]:
        """The lines of these contracts; those of all contracts are read where that takes fewer calls."""
        chunks = list(_chunks(wanted))
        if len(chunks) > 1 and self._pages_of_all(kind, first=first) < len(chunks):
            pages = self._query(kind.lines, _ALL, (), first=first)
            every = rows.read(kind.lines, pages, partial(wire.line, kind=kind), lambda line: line.id)
            asked = frozenset(wanted)
            return [line for line in every.items.values() if line.contract_id in asked], every.cuts
        found: list[Line] = []
        cuts: tuple[str, ...] = ()
        for place, chunk in enumerate(chunks):
            inside = {"op": "in", "field": "contractID", "value": chunk}
            pages = self._query(kind.lines, [inside], (), first=first and place == 0)
            read = rows.read(kind.lines, pages, partial(_line, kind, frozenset(chunk)), lambda line: line.id)
            found += read.items.values()
            cuts += read.cuts
        return found, cuts

    def _pages_of_all(self, kind: Kind, *, first: bool) -> float:
        try:
            return -(-self._client.count(kind.lines, _ALL) // PAGE)
        except Failure:
            if first:
                raise
            return math.inf

    def _units(
        self, kind: Kind, of: Mapping[str, Any], since: date, *, first: bool = False, contract: int | None = None
    ) -> Units:
        filters = [of, {"op": "gte", "field": "endDate", "value": writes.day(since)}]
        if contract is not None:
            filters.append({"op": "eq", "field": "contractID", "value": contract})
        return rows.units(kind, self._query(kind.units, filters, wire.unit_fields(kind), first=first))

    def _is_there(self, kind: Kind, number: int, contract: int) -> bool:
        row = self._client.item(kind.lines, number)
        if row is None:
            return False
        try:
            line = wire.line(row, kind)
        except Malformed as e:
            raise Busy(f"{kind.lines} {number} cannot be used: {e}.", code="malformed") from None
        if line.id != number:
            raise Busy(f"{kind.lines} {number} was asked for and {line.id} came.", code="malformed")
        return line.contract_id == contract

    def _things(self, kind: Kind, ids: Sequence[int], cuts: list[str]) -> dict[int, Thing]:
        found: dict[int, Thing] = {}
        for chunk in _chunks(ids):
            inside = {"op": "in", "field": "id", "value": chunk}
            pages = self._query(kind.things, [inside], wire.THING_FIELDS, first=False)
            read = rows.read(kind.things, pages, wire.thing, lambda thing: thing.id)
            cuts += read.cuts
            found |= read.items
        return found

    def _words(self) -> wire.Words:
        try:
            return wire.words(self._hold("Contracts", self._client.picklists))
        except Malformed as e:
            raise Refused(
                f"Contracts cannot be read: {e}.",
                code="validation",
                hint="Check that the Recurring Service contracts of this Autotask are switched on.",
            ) from None

    def _periods(self, kind: Kind, cuts: list[str]) -> Mapping[int, BillingPeriod]:
        try:
            lists = self._hold(kind.things, self._client.picklists)
        except Failure as e:
            cuts.append(f"{kind.things}: {e.text}")
            return {}
        return wire.billing_periods(lists.get("periodType", {}))

    def _hidden(self, entity: str) -> list[str]:
        """Why a list of this entity may lack rows that exist: an empty list is no proof of none."""
        try:
            hidden = self._hold(f"{entity} access", lambda _: self._client.restricted(entity))
        except Failure as e:
            return [f"Whether all {entity} may be seen could not be read: {e.text}"]
        return [f"The security level of the API user hides {entity} from it."] if hidden else []

    def _hold(self, name: str, read: Callable[[str], Any]) -> Any:
        now = self._clock()
        held = self._described.get(name)
        if held is None or now - held[0] >= DESCRIPTIONS_HOLD:
            held = self._described[name] = (now, read(name))
        return held[1]


def _service(
    kind: Kind,
    line: Line,
    segments: tuple[Segment, ...],
    thing: Thing | None,
    periods: Mapping[int, BillingPeriod],
) -> Service:
    return Service(
        id=f"{kind.word}:{line.id}",
        agreement_id=str(line.contract_id),
        product_id=str(line.thing_id),
        name=(thing.name if thing else "") or line.text,
        kind=kind.word,
        segments=segments,
        unit_price=line.price,
        unit_cost=line.cost,
        catalog_price=thing.price if thing else None,
        catalog_cost=thing.cost if thing else None,
        billing_period=periods.get(thing.period) if thing and thing.period is not None else None,
    )


def _line(kind: Kind, contracts: frozenset[int], row: Mapping[str, Any]) -> Line:
    line = wire.line(row, kind)
    if line.contract_id not in contracts:
        raise Malformed(f"it belongs to contract {line.contract_id}, which was not asked for")
    return line


def _chunks(ids: Sequence[int]) -> Iterator[list[int]]:
    for start in range(0, len(ids), PAGE):
        yield list(ids[start : start + PAGE])


def _reading(items: Mapping[str, Any], at: datetime, cuts: Sequence[str]) -> Reading[Any]:
    return Reading(items=items, at=at, whole=not cuts, cut=" ".join(cuts))
