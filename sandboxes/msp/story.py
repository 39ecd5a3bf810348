"""Twelve days in the life of the book: what people and vendors do to the sandboxes, day by day.

Nothing here is Purser's doing. Each event is a control verb of one sandbox, told at an hour of the day (UTC). Whoever plays
it sets the sandboxes' clocks to that hour and, for the one event at LATER, lets Purser make a pass before. All that fails
on the way can succeed by the last day.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from random import Random
from typing import Any

from sandboxes.msp.autotask import Autotask
from sandboxes.msp.billed import Billed, month_end, months_on
from sandboxes.msp.book import Book, Customer, dates
from sandboxes.msp.connectwise import ConnectWise
from sandboxes.msp.contracts import Contract, posted_through

DAYS = 12
MORNING, LATER = "09:00", "15:00"
CANCELLED_AT_MOST = 60  # units: a larger fall would rightly wait for a person
NOT_POSTED_EVERY = 11
NEW_CUSTOMER = "200990"
NEW_SUBSCRIPTIONS = ("300991", "300992")


class Cast:
    """Linked services that the days may change, each subscription once, so that no two changes meet by chance."""

    def __init__(self, rng: Random, items: Sequence[Billed]) -> None:
        self._free = rng.sample(list(items), len(items))

    def take(self, wanted: Callable[[Billed], bool], *, least: int = 6) -> Billed:
        """One whose units equal the marketplace's, of at least `least`. Raises ValueError when none is left."""
        fits = (i for i in self._free if i.even and i.units >= least and wanted(i))
        found = next(fits, None)
        if found is None:
            raise ValueError(f"no linked service of {least} or more units is left for the story; draw with another seed")
        self._free = [i for i in self._free if i.subscription.id != found.subscription.id]
        return found


class Days:
    """The events as they are written down."""

    def __init__(self, start: date) -> None:
        self.start = start
        self.events: list[tuple[int, dict[str, Any]]] = []

    def on(self, offset: int) -> date:
        return self.start + timedelta(days=offset)

    def tell(self, offset: int, sandbox: str, verb: str, data: dict[str, Any], why: str, at: str = MORNING) -> None:
        self.events.append((offset, {"at": at, "sandbox": sandbox, "verb": verb, "data": data, "why": why}))

    def quantity(self, offset: int, item: Billed, to: int, why: str, at: str = MORNING) -> None:
        data = {"subscription": item.subscription.id, "mpn": item.resource.product.mpn, "quantity": to}
        self.tell(offset, "marketplace", "quantity", data, f"{item.subscription.customer.company.name}: {why}", at)

    def change(self, offset: int, item: Billed, by: int) -> None:
        """Somebody buys more, or fewer, of something."""
        count = item.resource.quantity
        verb = "buys" if by > 0 else "gives back"
        why = f"{verb} {abs(by)} of {item.resource.product.name}, {count} before."
        self.quantity(offset, item, count + by, why)

    def edit(self, offset: int, item: Billed, by: int) -> None:
        """A person at Autotask's screen changes units that nobody bought."""
        line = int(item.service.removeprefix("service:"))
        data = {"contractServiceID": line, "unitChange": by, "effectiveDate": self.on(offset).isoformat()}
        why = f"{item.subscription.customer.company.name}: units of {item.resource.product.name} are edited by hand."
        self.tell(offset, "autotask", "units", data, why)

    def rows(self) -> list[dict[str, Any]]:
        return [
            {"offset": day, "events": sorted((e for d, e in self.events if d == day), key=lambda e: str(e["at"]))}
            for day in range(DAYS + 1)
        ]


def days(
    rng: Random, book: Book, autotask: Autotask, connectwise: ConnectWise, items: Sequence[Billed], activated: str,
    *, start: date,
) -> list[dict[str, Any]]:  # fmt: skip
    """`items` are all services; `activated` the pending subscription that becomes active."""
    told = Days(start)
    linked = [i for i in items if not i.unlinked and i.subscription.status == "active"]
    special = {str(c.id) for c in autotask.contracts if c.role in ("ends_in_story", "advance", "ends_soon", "renewed")}
    ordinary = [i for i in linked if i.contract not in {*special, connectwise.unprorated}]
    plain = [i for i in ordinary if not i.metered]
    cast, by_use = Cast(rng, plain), Cast(rng, [i for i in ordinary if i.metered])
    _invoices(told, autotask.contracts)
    _cancellation(told, cast, plain)
    _turnover(told, cast)
    _hand_edits(told, cast)
    _contracts(told, Cast(rng, linked), autotask.contracts, connectwise.unprorated)
    _arrivals(told, book, activated)
    _usage(told, by_use)
    _trouble(told)
    return told.rows()


def _invoices(told: Days, contracts: Sequence[Contract]) -> None:
    for contract in contracts:
        through = posted_through(contract, told.start)
        if through is not None and contract.id % NOT_POSTED_EVERY:
            data = {"contractID": contract.id, "through": through.isoformat()}
            told.tell(0, "autotask", "post_period", data, f"{contract.name} was invoiced through {through}.")


def _turnover(told: Days, cast: Cast) -> None:
    """Purchases up and down; one resource is changed twice on day 5."""
    for offset, changes in {
        1: (4, 2, -2), 2: (1, 3), 3: (-3, 5), 4: (2, 2), 6: (3, -1), 7: (2, 1, 4, -2), 8: (1,), 9: (2, -4), 10: (6, -2, 1),
        11: (3,), 12: (2, 1),
    }.items():  # fmt: skip
        for by in changes:
            told.change(offset, cast.take(_in_autotask), by)
    for offset, by in ((2, 3), (4, -2), (5, 1), (7, 2), (10, -1), (12, 1)):
        told.change(offset, cast.take(_in_connectwise), by)
    twice = cast.take(_in_autotask)
    count = twice.resource.quantity
    told.quantity(5, twice, count + 3, f"buys 3 of {twice.resource.product.name} in the morning.")
    told.quantity(5, twice, count + 5, f"buys 2 more of {twice.resource.product.name} in the afternoon.", LATER)


def _hand_edits(told: Days, cast: Cast) -> None:
    for offset, by in ((4, -2), (8, 3), (11, -1), (11, 2)):
        told.edit(offset, cast.take(lambda i: _in_autotask(i) and i.service.startswith("service:")), by)


def _contracts(told: Days, cast: Cast, contracts: Sequence[Contract], unprorated: str) -> None:
    """A contract that runs out, one that is invoiced ahead, and an agreement without proration."""
    ending = next(c for c in contracts if c.role == "ends_in_story")
    last = months_on(ending.ends, 12)
    told.change(6, cast.take(lambda i: i.contract == str(ending.id), least=2), 2)
    data = {"id": ending.id, "endDate": last.isoformat()}
    told.tell(8, "autotask", "contract", data, f"{ending.name} ended on {ending.ends} and is extended to {last}.")

    ahead = next(c for c in contracts if c.role == "advance")
    through = month_end(told.on(6))
    data = {"contractID": ahead.id, "through": through.isoformat()}
    told.tell(5, "autotask", "post_period", data, f"{ahead.name} is invoiced ahead, through {through}.")
    told.change(6, cast.take(lambda i: i.contract == str(ahead.id) and not i.metered), 2)

    told.change(3, cast.take(lambda i: i.contract == unprorated and not i.metered, least=3), 2)
    why = "The bookkeeper switches proration on."
    told.tell(6, "connectwise", "agreement", {"id": int(unprorated), "prorateFlag": True}, why)


def _cancellation(told: Days, cast: Cast, plain: Sequence[Billed]) -> None:
    def small(item: Billed) -> bool:
        """A few lines of a customer who keeps other subscriptions on the same contract."""
        lines = [i for i in plain if i.subscription.id == item.subscription.id]
        beside = [i for i in plain if i.contract == item.contract and i not in lines]
        few = len(lines) >= 2 and sum(i.units for i in lines) <= CANCELLED_AT_MOST
        return _in_autotask(item) and few and bool(beside)

    item = cast.take(small)
    why = f"{item.subscription.customer.company.name} cancels a subscription."
    told.tell(6, "marketplace", "subscription", {"id": item.subscription.id, "status": "terminated"}, why)
    on_hold = cast.take(_in_autotask)
    why = f"{on_hold.subscription.customer.company.name} is late with a payment; its counts stay as they are."
    told.tell(10, "marketplace", "subscription", {"id": on_hold.subscription.id, "status": "hold"}, why)


def _arrivals(told: Days, book: Book, activated: str) -> None:
    """What is new is not linked by itself: a customer on day 2, a subscription on day 9."""
    told.tell(2, "marketplace", "customer", {"id": NEW_CUSTOMER, "name": "Kestrel Hill Opticians Ltd"}, "A new customer.")
    lines = [{"mpn": "M365-BPRE-P1M", "quantity": 9}, {"mpn": "BKP-MBX-M", "quantity": 9}]
    _arrival(told, 2, NEW_SUBSCRIPTIONS[0], NEW_CUSTOMER, lines, "The new customer's first subscription.")
    why = "The vendor has provisioned the order that was pending."
    told.tell(3, "marketplace", "subscription", {"id": activated, "status": "active"}, why)
    known: Customer = book.customers[0]
    lines = [{"mpn": "SEC-AWARE-M", "quantity": 30}, {"mpn": "SEC-PWD-M", "quantity": 12}]
    why = f"{known.company.name} subscribes to something new, and nobody has linked it."
    _arrival(told, 9, NEW_SUBSCRIPTIONS[1], known.id, lines, why)


def _arrival(told: Days, offset: int, id: str, customer: str, lines: list[dict[str, Any]], why: str) -> None:
    on = told.on(offset)
    data = {"id": id, "customerId": customer, "status": "active", **dates(on, on), "products": lines}
    told.tell(offset, "marketplace", "add_subscription", data, why)


def _usage(told: Days, by_use: Cast) -> None:
    for offset, percent in ((2, 104), (6, 109), (9, 97)):
        item = by_use.take(lambda _: True)
        used = item.resource.quantity * percent // 100
        told.quantity(offset, item, used, f"{used} of {item.resource.product.name} this month so far.")


def _trouble(told: Days) -> None:
    """Day 7 is the vendors' bad day. Each fault is used up after a few calls; what is left of it ends on day 8."""
    down = {"errors": ["An internal server error occurred."]}
    posts = {"method": "POST", "path": "(?i)/contracts/[0-9]+/service(bundle)?adjustments"}
    for sandbox, fault, why in (
        ("marketplace", {"kind": "throttle", "path": "/customers", "retry_after": "0"}, "The marketplace throttles."),
        ("autotask", {"kind": "status", "status": 500, "body": down, **posts}, "Autotask loses a posting."),
        ("autotask", {"kind": "throttle", "retry_after": "1", **posts}, "Autotask throttles a posting."),
        ("connectwise", {"kind": "status", "status": 500, "method": "GET", "path": "/agreements", "times": 2},
         "ConnectWise breaks down twice."),
    ):  # fmt: skip
        told.tell(7, sandbox, "faults", {"times": 1, **fault}, why)
    for sandbox in ("marketplace", "autotask", "connectwise"):
        told.tell(8, sandbox, "faults", {"clear": True}, "The vendor is well again.")


def _in_autotask(item: Billed) -> bool:
    return item.context == "autotask"


def _in_connectwise(item: Billed) -> bool:
    return item.context == "connectwise"
