"""The demo's commerce: Broadwater buys from Acronis, and sells through Harbour and to Juniper directly.

Harbour's tenant is made when it is synced, a customer's with its first subscription. Birch was ordered for; Alder ordered by
itself and Harbour approved it; Cedar's order waits for approval; Gale's tenant could not be made, as somebody made one of that
name in the vendor's portal. Fern has object storage from a second vendor, and Dune a domain from one that has no interface:
Harbour buys it by hand, and has a task. All of it by the product's own verbs, against the vendors' sandboxes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from purser.cli import cast
from purser.cli.cast import Cast

if TYPE_CHECKING:
    from purser.subscriptions.wanted import Asked

PROTECTION, SYNC_SHARE = "6e6d758d-8e74-3ae3-ac84-50eb0dff12eb", "dfd85a5f-a464-32ab-81fd-99bcc66a070f"
# Item code: what the vendor asks, what Broadwater asks of its resellers and of Juniper, what Harbour asks of its customers.
PRICES: Mapping[str, tuple[str, str, str, str]] = {
    "ACR-PROT-W": ("1.90", "2.60", "3.40", "4.00"),
    "ACR-PROT-WY": ("19.40", "26.50", "34.70", "40.80"),
    "ACR-PROT-G": ("0.012", "0.018", "0.024", "0.030"),
    "ACR-ADV-S": ("0.70", "1.00", "1.35", "1.60"),
    "ACR-FSS": ("0.95", "1.40", "1.90", "2.25"),
    "BKT-HOT": ("6.00", "8.00", "10.00", "12.50"),
}
DOMAIN, DOMAIN_COST, DOMAIN_PRICE = "DOM-COM", "11.00", "18.00"  # of Harbour's own
SYNCED = ("alder", "birch", "cedar", "gale")
PEOPLE = {"harbour": "owner", "juniper": "admin"} | dict.fromkeys((*SYNCED, "fern", "dune"), "admin")
MOST_RUNS = 6
VENDORS = ("acronis", "bucketry")  # whose sandboxes stand behind it


@dataclass
class Play:
    """Who plays, with what, and until when. `move` sets the vendors' sandboxes to a moment, `control` does what people do in
    Acronis' portal."""

    cast: Cast
    credentials: Mapping[str, Any]
    ports: Mapping[str, int]
    until: datetime
    move: Callable[[datetime], None]
    control: Callable[[str, dict[str, Any]], None]
    now: datetime = field(init=False)

    def at(self, days_ago: int) -> datetime:
        return self.go(self.until - timedelta(days=days_ago))

    def go(self, to: datetime) -> datetime:
        self.now = to
        self.move(to)
        return to

    def clock(self) -> datetime:
        return self.now

    def of(self, word: str) -> UUID:
        return self.cast.organisations[word]


def play(play: Play) -> dict[str, int]:
    """Six weeks of it; what there is then, by what it is."""
    play.at(42)
    given = play.credentials["acronis"]
    instance = _instance(
        play, "distributor", "acronis", "Acronis, US data centre",
        {"url": f"http://127.0.0.1:{play.ports['acronis']}", **given},
    )  # fmt: skip
    storage = _instance(
        play, "distributor", "bucketry", "Bucketry",
        {"url": f"http://127.0.0.1:{play.ports['bucketry']}", **play.credentials["bucketry"]},
    )  # fmt: skip
    offers = _catalog(play)
    _price_lists(play, offers)
    _sync(play, "harbour", instance)
    play.at(40)
    for word in ("juniper", *SYNCED):
        _sync(play, word, instance)
    play.at(39)
    for word in ("harbour", "fern"):
        _sync(play, word, storage)
    _order(play, "harbour", "fern", [_new(offers["BKT-HOT"], 3)])
    play.at(38)
    _order(play, "distributor", "juniper", [_new(offers["ACR-PROT-W"], 12)])
    play.at(31)
    _order(play, "harbour", "birch", [_new(offers["ACR-PROT-WY"], 25), _new(offers["ACR-FSS"], 10)])
    _approvals(play)
    play.at(12)
    waiting = _order(play, "alder", "alder", [_new(offers["ACR-PROT-W"], 8)])
    play.at(11)
    _approve(play, waiting)
    play.at(9)
    _somebody_made(play, "Gale Energie")
    _order(play, "harbour", "gale", [_new(offers["ACR-PROT-W"], 5)])
    play.at(4)
    _addon(play, "birch", offers["ACR-ADV-S"])
    play.at(3)
    own = _domains(play, offers)
    play.at(2)
    _order(play, "harbour", "dune", [_new(own, 1)])
    play.at(1)
    _order(play, "cedar", "cedar", [_new(offers["ACR-PROT-W"], 15), _new(offers["ACR-FSS"], 15)])
    _dearer_next_quarter(play, offers)
    return _counted(play)


def _instance(play: Play, word: str, kind: str, name: str, values: Mapping[str, str]) -> UUID:
    from purser.flows import ports
    from purser.flows.accounts_to_vendor import testing
    from purser.postgres import tenancy
    from purser.provisioning import instances

    actor = cast.head(play.of(word))
    with tenancy.acting_in(actor.tenant):
        made = instances.make(actor, kind, instances.Wanted(name, values, {}), now=play.now).instance
    testing.test(actor, made.pk, port_of=ports.accounts, now=play.now)
    return made.pk


def _catalog(play: Play) -> dict[str, UUID]:
    """The provider's offers, by item code."""
    from purser.catalog import offers, products
    from purser.postgres import tenancy

    actor, now = cast.head(play.of("distributor")), play.now
    with tenancy.acting_in(actor.tenant):
        vendor = products.make_vendor(actor, name="Acronis", kind="acronis", now=now).pk

        def product(name: str, group: str, text: str) -> UUID:
            return products.make_product(
                actor, vendor, products.Described(name, "Backup and security", group, text), now=now
            ).pk

        protection = product("Cyber Protection", "Workloads", "Backup, anti-malware and patches for computers and servers.")
        security = product("Advanced Security", "Add-ons", "Full anti-malware for workloads with Cyber Protection.")
        sharing = product("File Sync & Share", "Files", "Files shared within the company and with guests.")
        second = products.make_vendor(actor, name="Bucketry", kind="bucketry", now=now).pk
        told = products.Described("Object storage", "Storage", "Buckets", "Buckets in two regions, by the API that all speak.")
        buckets = products.make_product(actor, second, told, now=now).pk
        workload: dict[str, Any] = {"unit": "workload", "services": (PROTECTION,), "mode": "per_workload"}
        terms = (
            (protection, offers.Terms("ACR-PROT-W", "Cyber Protection, monthly", "monthly", **workload)),
            (
                protection,
                offers.Terms(
                    "ACR-PROT-WY", "Cyber Protection, one year", "yearly", 12, 7, minimum=5, maximum=5_000, **workload
                ),
            ),
            (
                protection,
                offers.Terms(
                    "ACR-PROT-G", "Cyber Protection, by storage used", "monthly", unit="GB", metered=True, meter="storage",
                    services=(PROTECTION,), mode="per_gigabyte",
                ),
            ),
            (security, offers.Terms("ACR-ADV-S", "Advanced Security", "monthly", addon_of=protection, **workload)),
            (sharing, offers.Terms("ACR-FSS", "File Sync & Share", "monthly", unit="user", services=(SYNC_SHARE,))),
            (buckets, offers.Terms("BKT-HOT", "Object storage", "monthly", unit="TB", services=("hot",))),
        )  # fmt: skip
        return {one.code: offers.make(actor, of, one, now=now).pk for of, one in terms}


def _price_lists(play: Play, offers: Mapping[str, UUID]) -> None:
    distributor, harbour = play.of("distributor"), play.of("harbour")
    _publish(play, distributor, offers, 0, name="What Acronis asks", side="cost")
    _publish(play, distributor, offers, 1, name="Resellers", side="sell", floor=Decimal(15))
    _publish(play, distributor, offers, 2, name="Juniper Freight", side="sell", buyer=play.of("juniper"))
    _publish(play, harbour, offers, 3, name="Retail", side="sell", floor=Decimal(20))


def _publish(
    play: Play, seller: UUID, offers: Mapping[str, UUID], which: int, *, name: str, side: str, buyer: UUID | None = None,
    floor: Decimal | None = None,
) -> None:  # fmt: skip
    from purser.catalog import price_lists

    actor = cast.head(seller)
    made = price_lists.make(
        actor, name=name, side=side, currency="USD", buyer=buyer, floor_percent=floor, now=play.now
    )  # fmt: skip
    rows = [price_lists.Row(offers[code], Decimal(amounts[which])) for code, amounts in PRICES.items()]
    price_lists.publish(actor, made.pk, rows, from_on=None, after=0, note="First prices", now=play.now)


def _dearer_next_quarter(play: Play, offers: Mapping[str, UUID]) -> None:
    """Harbour has published what it asks from the first of a month to come."""
    first = (play.now.date().replace(day=1) + timedelta(days=63)).replace(day=1)
    dearer = {code: (Decimal(amounts[3]) * Decimal("1.05")).quantize(Decimal("0.001")) for code, amounts in PRICES.items()}
    dearer[DOMAIN] = Decimal(DOMAIN_PRICE)
    _retail(play, offers, dearer, from_on=first, after=2, note="Five percent more")


def _retail(
    play: Play, offers: Mapping[str, UUID], amounts: Mapping[str, Decimal], *, from_on: date | None, after: int, note: str
) -> None:
    """Another version of what Harbour asks."""
    from purser.catalog import price_lists
    from purser.catalog.models import PriceList
    from purser.postgres import tenancy

    actor = cast.head(play.of("harbour"))
    with tenancy.acting_in(actor.tenant):
        held = PriceList.objects.get(name="Retail").pk
    rows = [price_lists.Row(offers[code], amount) for code, amount in amounts.items()]
    price_lists.publish(actor, held, rows, from_on=from_on, after=after, note=note, now=play.now)


def _domains(play: Play, offers: dict[str, UUID]) -> UUID:
    """Harbour sells what it buys itself, from a registrar that is written to."""
    from purser.catalog import offers as goods
    from purser.catalog import price_lists, products
    from purser.postgres import tenancy

    actor, now = cast.head(play.of("harbour")), play.now
    instance = _instance(play, "harbour", "byhand", "Registrar, by hand", {"products": "com: Domain name in .com"})
    with tenancy.acting_in(actor.tenant):
        vendor = products.make_vendor(actor, name="Registrar", kind="byhand", now=now).pk
        told = products.Described("Domain name", "Web", "Domains", "A name in .com, for a year.")
        product = products.make_product(actor, vendor, told, now=now).pk
        terms = goods.Terms(DOMAIN, "Domain name in .com", "yearly", 12, unit="name", services=("com",))
        offers[DOMAIN] = goods.make(actor, product, terms, now=now).pk
    cost = price_lists.make(actor, name="What the registrar asks", side="cost", currency="USD", now=now).pk
    price_lists.publish(
        actor, cost, [price_lists.Row(offers[DOMAIN], Decimal(DOMAIN_COST))], from_on=None, after=0, note="", now=now
    )
    asked = {code: Decimal(amounts[3]) for code, amounts in PRICES.items()} | {DOMAIN: Decimal(DOMAIN_PRICE)}
    _retail(play, offers, asked, from_on=None, after=1, note="Domains")
    _sync(play, "dune", instance)
    return offers[DOMAIN]


def _sync(play: Play, word: str, instance: UUID) -> None:
    from purser.flows import ports
    from purser.flows.accounts_to_vendor import sync_options

    actor = cast.head(play.of("distributor" if word in ("harbour", "juniper") else "harbour"))
    asked = sync_options.Asked(f"{word}-{PEOPLE[word]}", f"{PEOPLE[word]}@{word}.example")
    sync_options.save(actor, play.of(word), instance, asked, port_of=ports.accounts, now=play.now)
    _carry(play, word)


def _carry(play: Play, word: str) -> None:
    """What the worker does of it."""
    from purser.flows.accounts_to_vendor.run import run
    from purser.postgres import tenancy
    from purser.provisioning import accounts

    tenant = play.of(word)
    with tenancy.acting_in(tenant):
        ids = [row.pk for row in accounts.every()]
    for _ in range(MOST_RUNS):
        states = {run(tenant=tenant, account_id=id, clock=play.clock).state for id in ids}
        if "provisioning" not in states:
            break
        play.go(play.now + timedelta(minutes=10))  # a vendor takes its time


def _new(offer: UUID, quantity: int) -> Asked:
    from purser.subscriptions.models import LineKind
    from purser.subscriptions.wanted import Asked

    return Asked(LineKind.CREATE, quantity, offer)


def _order(play: Play, by: str, word: str, lines: Sequence[Asked]) -> UUID:
    from purser.postgres import ids
    from purser.subscriptions import orders

    once = ids.new().hex
    made = orders.place(cast.head(play.of(by)), customer=play.of(word), lines=lines, once=once, now=play.now)
    _carry(play, word)
    return made.pk


def _approvals(play: Play) -> None:
    """Harbour approves what its customers buy themselves."""
    from purser.subscriptions import approvals
    from purser.subscriptions.models import Trigger

    rule = approvals.Rule(on=True, triggers=frozenset({Trigger.PAID, Trigger.QUANTITY, Trigger.ADDON}))
    approvals.keep(cast.head(play.of("harbour")), rule, [], seen={}, now=play.now)


def _approve(play: Play, order: UUID) -> None:
    from purser.subscriptions import deciding

    deciding.approve(cast.head(play.of("harbour")), order, comment="Agreed on the phone", now=play.now)
    _carry(play, "alder")


def _addon(play: Play, word: str, offer: UUID) -> None:
    from purser.postgres import tenancy
    from purser.subscriptions.models import LineKind, Subscription
    from purser.subscriptions.wanted import Asked

    with tenancy.acting_in(play.of(word)):
        base = Subscription.objects.get(offer_code="ACR-PROT-WY").pk
    _order(play, "harbour", word, [Asked(LineKind.ADDON, 25, offer, base=base)])


def _somebody_made(play: Play, name: str) -> None:
    """In the vendor's own portal, under Harbour's tenant."""
    from purser.postgres import tenancy
    from purser.provisioning.models import Account

    with tenancy.acting_in(play.of("harbour")):
        parent = Account.objects.get(kind="acronis").remote
    play.control("tenant", {"name": name, "kind": "customer", "parent_id": parent})


def _counted(play: Play) -> dict[str, int]:
    from purser.postgres import tenancy
    from purser.provisioning.models import Account
    from purser.subscriptions.models import Order, Subscription

    models = {"synced accounts": Account, "orders": Order, "subscriptions": Subscription}
    counts = dict.fromkeys(models, 0)
    for word in PEOPLE:
        with tenancy.acting_in(play.of(word)):
            for what, model in models.items():
                counts[what] += model.objects.count()
    return counts
