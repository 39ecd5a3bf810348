"""The PSA port at ConnectWise."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from purser.connectors.connectwise import change, units, wire, writing
from purser.connectors.connectwise.client import (
    DATES,
    Client,
    ConnectWiseSecrets,
    ConnectWiseSettings,
)
from purser.connectors.connectwise.wire import Addition, CatalogItem, Malformed
from purser.connectors.connectwise.writing import additions_path, agreement_path
from purser.connectors.ports.psa import Account, Adjustment, Agreement, Service, Traits, service_key
from purser.connectors.ports.tested import Tested
from purser.connectors.shared.http import Http
from purser.connectors.shared.pages import Pages
from purser.kernel.errors import Busy, Failure, Missing, Refused, Unsure
from purser.reconcile.model import Delay, Done, Doubtful, Outcome, Reading, Refusal

_ACCOUNT_FIELDS = "id,name,status,deletedFlag,defaultContact,currency"
_CATALOG_FIELDS = "id,identifier,description,price,cost"
_IDS_A_CALL = 100  # keeps the URL below 2,000 characters
_FAULTS_SHOWN = 5


class ConnectWiseConnector:
    """Companies, agreements and additions of one ConnectWise server, as the port `Psa` says.

    A service is a product on an agreement (`product:<catalogue id>`). ConnectWise lists additions only per
    agreement: `services` makes at least one call for each.

    A repeat finds our mark, but ConnectWise has no key that keeps a late first call from adding a second
    addition beside the repeat: `keyed` is false, and a lost answer waits for `lag` before `find` is asked.
    """

    traits = Traits(lag=timedelta(minutes=1), keyed=False, one_change_a_day=False, whole_units=False)
    words = {"account": "company", "agreement": "agreement", "service": "addition"}

    def __init__(
        self,
        *,
        http: Http,
        settings: ConnectWiseSettings,
        secrets: ConnectWiseSecrets,
        clock: Callable[[], datetime],
    ) -> None:
        self._client = Client(http=http, settings=settings, secrets=secrets)
        self._settings = settings
        self._clock = clock

    def test(self) -> Tested:
        """Sign-in, and whether the role may see what we read."""
        try:
            version = wire.required(self._one("/system/info"), "version")
            companies = wire.number(self._one("/company/companies/count"), "count")
            agreements = wire.number(self._one("/finance/agreements/count"), "count")
        except Malformed as e:
            return Tested(False, f"The answer of ConnectWise {e}.", "malformed")
        except Failure as e:
            return Tested(False, e.text, e.code)
        return Tested(True, f"ConnectWise PSA {version}: {companies} companies, {agreements} agreements.")

    def accounts(self) -> Reading[Account]:
        pages = self._client.pages("/company/companies", {"fields": _ACCOUNT_FIELDS})
        rows = wire.read(pages.rows, wire.account, "company")
        return self._reading({a.id: a for a in rows.items.values()}, pages, rows.faults)

    def agreements(self) -> Reading[Agreement]:
        """`renewed_by` is a child agreement of the same company that starts after its parent has ended."""
        pages = self._client.pages("/finance/agreements")
        rows = wire.read(pages.rows, wire.agreement, "agreement")
        found = {a.id: a for a, _ in rows.items.values()}
        by_start = sorted(rows.items.values(), key=lambda pair: (str(pair[0].starts_on), pair[0].id))
        for successor, parent in by_start:
            old = found.get(parent)
            if (
                old is not None
                and not old.renewed_by
                and old.account_id == successor.account_id
                and old.ends_on is not None
                and successor.starts_on is not None
                and successor.starts_on > old.ends_on
            ):
                found[parent] = replace(old, renewed_by=successor.id)
        return self._reading(found, pages, rows.faults)

    def services(self, agreement_ids: Sequence[str], *, since: date) -> Reading[Service]:
        """An agreement that cannot be read leaves the reading not whole, with the services of the others."""
        found: dict[str, dict[int, list[Addition]]] = {}
        cuts: list[str] = []
        for n, agreement_id in enumerate(dict.fromkeys(agreement_ids)):
            try:
                found[agreement_id], faults = self._additions(agreement_id)
                cuts += faults
            except Missing as e:
                cuts.append(f"agreement {agreement_id}: {e.text}")
            except Failure as e:
                if not n:
                    raise
                cuts.append(f"stopped at agreement {agreement_id}: {e.text}")
                break
        catalog = self._catalog([a for products in found.values() for adds in products.values() for a in adds])
        today = self._clock().date()
        services = {
            service_key(agreement_id, units.service_id(product)): units.service(
                agreement_id, adds, since=since, today=today, catalog=catalog
            )
            for agreement_id, products in found.items()
            for product, adds in products.items()
        }
        return self._reading(services, Pages(()), tuple(cuts))

    def service(self, agreement_id: str, service_id: str, *, since: date) -> Service | None:
        try:
            additions = self._of(agreement_id, service_id)
        except Missing:
            return None
        if not additions:
            return None
        catalog, today = self._catalog(additions), self._clock().date()
        return units.service(agreement_id, additions, since=since, today=today, catalog=catalog)

    def find(self, adjustment: Adjustment, *, once: str) -> bool | None:
        """By our mark; where a foreign serial number left no room for it, by the count.

        None where the count is neither that before nor that after: somebody else changed it as well.
        """
        additions = self._of(adjustment.agreement_id, adjustment.service_id)
        try:
            return not change.course(additions, adjustment, once=once, dated=True).steps
        except Refused:
            return None

    def adjust(self, adjustment: Adjustment, *, once: str) -> Outcome:
        """Made again with the same `once`, it takes up where it stopped.

        Two calls read, then usually one (a quantity written) to three (add, confirm, end) make the change.
        """
        begun = False
        taken: list[change.Step] = []
        reference = ""
        try:
            agreement = self._agreement(adjustment.agreement_id)
            additions = self._of(adjustment.agreement_id, adjustment.service_id)
            begun = any(a.serial == change.mark(once) for a in additions)
            course = change.course(additions, adjustment, once=once, dated=self._dated(agreement, adjustment))
            if course.steps and not begun:
                _guard(agreement, adjustment)
            reference = course.reference
            for step in course.steps:
                made = writing.take(self._client, step, adjustment, once=once)
                # the first call is the one that makes the new count
                reference = reference if begun or taken else made
                taken.append(step)
        except Unsure as e:
            return Doubtful(e.text, code=e.code or "unsure", hint=e.hint)
        except Failure as e:
            refused = isinstance(e, Refused | Missing) and not begun
            if refused and writing.take_back(self._client, taken, reference, adjustment):
                taken = []
            if begun or taken:
                text = f"The change was begun ({len(taken)} calls made now) and not finished: {e.text}"
                return Doubtful(text, code=e.code or "unsure", hint="It goes on where it stopped when sent again.")
            return _nothing(e)
        note = "" if taken else "The units were already there."
        if taken and not reference:
            note = "ConnectWise took it, but the new addition could not be read back under the id it gave."
        return Done(reference=reference, note=note)

    # Reading

    def _reading(self, items: Mapping[str, Any], pages: Pages[Any], faults: Sequence[str]) -> Reading[Any]:
        reasons = [pages.cut] if pages.cut else []
        reasons += faults[:_FAULTS_SHOWN]
        if len(faults) > _FAULTS_SHOWN:
            reasons.append(f"and {len(faults) - _FAULTS_SHOWN} more")
        return Reading(items=items, at=self._clock(), whole=not reasons, cut="; ".join(reasons))

    def _one(self, path: str) -> dict[str, Any]:
        row = self._client.get(path)
        if not isinstance(row, dict):
            raise Malformed("is not an object")
        return row

    def _agreement(self, id: str) -> Agreement:
        row = self._client.get(agreement_path(id), record=True)
        rows = wire.read([row], wire.agreement, "agreement")
        found = next((a for a, _ in rows.items.values()), None)
        if found is None or found.id != id:
            raise Busy(
                f"Agreement {id} cannot be read: {'; '.join(rows.faults) or 'another came'}.",
                code="malformed",
            )
        return found

    def _additions(self, agreement_id: str) -> tuple[dict[int, list[Addition]], list[str]]:
        """Additions by product, and what is missing from them. A product with a broken row is left out: its
        sum would be wrong; so is the whole agreement where the broken row's product cannot be read, or where
        the list was cut."""
        path = additions_path(agreement_id)
        pages = self._client.pages(path, record=True)
        rows = wire.read(pages.rows, wire.addition_of(int(agreement_id)), f"agreement {agreement_id}: addition")
        faults = [f"agreement {agreement_id}: {pages.cut}"] if pages.cut else []
        faults += rows.faults
        spoiled = {wire.product_of(row) for row in rows.rejected}
        if pages.cut or None in spoiled:
            return {}, faults
        kept = units.by_product(rows.items.values())
        return {product: adds for product, adds in kept.items() if product not in spoiled}, faults

    def _of(self, agreement_id: str, service_id: str) -> list[Addition]:
        """All additions of one service. Raises Busy when they could not all be read."""
        product = units.product_id(service_id)
        if product is None:
            raise Missing(f"{service_id!r} is no service of ConnectWise.", code="not_found")
        found, faults = self._additions(agreement_id)
        if product not in found and faults:
            raise Busy(f"The additions cannot be counted: {'; '.join(faults[:_FAULTS_SHOWN])}.", code="malformed")
        return found.get(product, [])

    def _catalog(self, additions: Sequence[Addition]) -> dict[int, CatalogItem]:
        """The catalogue's entries for products that the additions do not name. Where the role may not read
        them, the product id stands for the name."""
        wanted = sorted({a.product_id for a in additions if not a.name})
        found: dict[int, CatalogItem] = {}
        for n in range(0, len(wanted), _IDS_A_CALL):
            ids = ",".join(map(str, wanted[n : n + _IDS_A_CALL]))
            try:
                pages = self._client.pages("/procurement/catalog", {"conditions": f"id in ({ids})", "fields": _CATALOG_FIELDS})
            except Failure:
                break
            found |= wire.read(pages.rows, wire.catalog_item, "catalogue item").items
        return found

    # Writing

    def _dated(self, agreement: Agreement, adjustment: Adjustment) -> bool:
        """Whether the days before the change must keep their count."""
        return agreement.prorates or self._settings.dated or adjustment.effective_on > self._clock().date()


def _guard(agreement: Agreement, adjustment: Adjustment) -> None:
    """What ConnectWise would let pass or fail at half way, refused before the first call."""
    on, after = adjustment.effective_on, adjustment.units_after
    if not 0 <= after <= ConnectWiseConnector.traits.largest:
        text = f"{after:f} units are not between 0 and {ConnectWiseConnector.traits.largest}."
        raise Refused(text, code="limit", hint="Check the count at the marketplace.")
    if writing.double(after) != after:
        text = f"ConnectWise keeps counts as doubles, and {after:f} has more digits than that."
        raise Refused(text, code="limit", hint="Check the count at the marketplace.")
    if (agreement.starts_on and on < agreement.starts_on) or (agreement.ends_on and on > agreement.ends_on):
        span = f"{agreement.starts_on or 'no start'} to {agreement.ends_on or 'no end'}"
        text = f"{on} is outside agreement {agreement.id} ({agreement.name}), which covers {span}."
        raise Refused(text, code="date_outside_agreement", hint=DATES)
    if agreement.invoiced_through and on <= agreement.invoiced_through:
        text = f"Agreement {agreement.id} is invoiced through {agreement.invoiced_through}; {on} lies before."
        hint = f"Let the change take effect on {agreement.invoiced_through + timedelta(days=1)} or later."
        raise Refused(text, code="invoiced", hint=hint)


def _nothing(e: Failure) -> Outcome:
    """The outcome of a failure that changed nothing."""
    if isinstance(e, Busy):
        return Delay(e.text, code=e.code or "network", retry_after=e.retry_after, hint=e.hint)
    code = "not_found" if isinstance(e, Missing) else e.code or "validation"
    return Refusal(e.text, code=code, hint=e.hint or "Read the agreement again, or link another one.")
