"""The demo's daily units: thirteen months of three partners, played through the product's own verbs and the payment sandbox.

Harbour has eight customers with licences that come and go, buys by itself and has a quote open; Tide joined in the middle of
a month and was given money back; Beacon's card is declined. Days are closed at their own instants, as ever.
"""

from __future__ import annotations

import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from purser.cli import cast
from purser.cli.cast import Cast

if TYPE_CHECKING:
    from purser.access.actors import Actor

MONTHS = 13
STEP, DAY = timedelta(days=4), timedelta(days=1)  # between two looks at the books, which close each day by itself
LOW = 1_500  # below it the books are looked at every day, as they are in life
ALDER_RUNS = "alder"  # licensed by Auto-License; the others by hand
# Of each customer's people, in the order of their desks: how many are licensed at first, and who comes or goes how many days
# before today. Those of the last days are what the adviser speaks of.
PLANS: Mapping[str, tuple[int, tuple[tuple[int, int], ...]]] = {
    "birch": (30, ((250, 6), (190, -4), (120, 8), (40, 6), (9, 2))),
    "cedar": (36, ((300, 5), (160, 6), (75, -8), (33, 9), (5, 3))),
    "fern": (18, ((210, 4), (95, -3), (20, 4))),
    "gale": (24, ((280, 10), (200, 8), (130, -5), (60, 12), (12, 5))),
    "kelp": (10, ((150, 4), (50, 3))),
    "hazel": (20, ((100, 12), (45, 6), (11, 3))),
    "iris": (14, ((30, 2),)),
}
VISA, DECLINES_LATER = "4242424242424242", "4000000000000341"
PACKAGES = {"harbour": "CPP-DSU-10", "tide": "CPP-DSU-2", "beacon": "CPP-DSU-1"}
CAPS = {"harbour": "1500.00", "tide": "300.00", "beacon": "100.00"}
ADDRESSES: Mapping[str, dict[str, str]] = {
    "operator": {
        "company": "Cloud Distribution Desk", "street": "1 Quay Street", "city": "Boston", "state": "Massachusetts",
        "postal_code": "02110", "country": "US", "contact_name": "Billing desk",
        "contact_email": "billing@purser.example", "tax_number": "00-0000000",
    },
    "harbour": {
        "company": "Harbour IT Services", "street": "40 Wharf Road", "city": "Portland", "state": "Maine",
        "postal_code": "04101", "country": "US", "contact_name": "Bookkeeper's desk",
        "contact_email": "bookkeeper@harbour.example", "tax_number": "",
    },
    "tide": {
        "company": "Tide Networks", "street": "7 Dock Lane", "city": "Bristol", "state": "Bristol", "postal_code": "BS1 4RB",
        "country": "GB", "contact_name": "Tide's owner", "contact_email": "owner@tide.example", "tax_number": "",
    },
    "beacon": {
        "company": "Beacon Systems", "street": "3 Light Street", "city": "Hull", "state": "East Yorkshire",
        "postal_code": "HU1 2AB", "country": "GB", "contact_name": "Beacon's owner",
        "contact_email": "owner@beacon.example", "tax_number": "",
    },
}  # fmt: skip


@dataclass
class Play:
    """Who plays, with what, and until when. `at` moves the payment sandbox's clock along."""

    cast: Cast
    people: Mapping[str, str]
    credentials: Mapping[str, Any]
    ports: Mapping[str, int]
    until: datetime
    move: Callable[[str, datetime], None]
    now: datetime = field(init=False)

    @property
    def today(self) -> date:
        return self.until.date()

    def at(self, now: datetime) -> datetime:
        self.now = now
        self.move("stripe", now)
        return now

    def clock(self) -> datetime:
        return self.now

    def noon(self, days_ago: int) -> datetime:
        return datetime.combine(self.today - timedelta(days=days_ago), time(12), UTC)

    def of(self, word: str) -> UUID:
        return self.cast.organisations[word]


def play(play: Play) -> dict[str, int]:
    """From the first close to today's; what there is then, by what it is."""
    first = _months_before(play.today.replace(day=1), MONTHS - 1)
    start = datetime.combine(first, time(9), UTC)
    _provider(play, play.at(start))
    admitted = {"harbour": first, "tide": play.today - timedelta(days=163), "beacon": play.today - timedelta(days=180)}
    for word in sorted({*PLANS, ALDER_RUNS}):
        _people(play, word, play.at(start - timedelta(hours=1)))
    done: set[tuple[str, int]] = set()
    at = start
    while True:
        play.at(at)
        for word, on in sorted(admitted.items()):
            if at.date() >= on and (word, -1) not in done:
                done.add((word, -1))
                _partner(play, word, on)
        for word, (_, moves) in PLANS.items():
            for n, (days_ago, users) in enumerate(moves):
                if at >= play.noon(days_ago) and (word, n) not in done:
                    done.add((word, n))
                    _licences(play, word, users, play.noon(days_ago))
        low = _books(play, [word for word, on in admitted.items() if at.date() > on])
        if at >= play.until:
            break
        at = min(at + (DAY if low else STEP), play.until)
    _money_back(play)
    _left_the_directory(play)
    _an_open_quote(play)
    return _counted(play)


def _provider(play: Play, now: datetime) -> None:
    """The operator's account at the payment provider, which tells us by webhook, and its address on papers."""
    from purser.billing.buying import profile
    from purser.billing.paying import provider
    from purser.flows import ports
    from purser.postgres import tenancy

    given = play.credentials["stripe"]
    with tenancy.acting_in(play.of("operator")):
        desk = _actor(play, "operator")
        wanted = provider.Settings(
            url=f"http://127.0.0.1:{play.ports['stripe']}", cards_only=True, key=given["key"],
            webhook_keys=[given["webhook_key"]], version=0,
        )  # fmt: skip
        provider.configure(desk, wanted, admit=ports.payments, now=now)
        profile.store(desk, ADDRESSES["operator"], version=0, now=now)
    provider.test(_actor(play, "operator"), ports.payments, now=now)


def _people(play: Play, word: str, now: datetime) -> None:
    """Where the users are read from, and the first reading; who is licensed on the first day."""
    from purser.directory import setting
    from purser.flows import ports
    from purser.flows.vendor_to_mirror import read, upload
    from purser.postgres import tenancy

    actor = _actor(play, word)
    with tenancy.acting_in(actor.tenant):
        if word != ALDER_RUNS:
            setting.save(actor, kind="file", values={}, version=0, now=now)
        else:
            url = f"http://127.0.0.1:{play.ports['graph']}"
            values = {**play.credentials["graph"], "login_url": url, "graph_url": url}
            setting.save(actor, kind="graph", values=values, version=0, now=now)
    if word == ALDER_RUNS:
        read.run(tenant=actor.tenant, port_of=ports.directory, clock=play.clock, cause="person")
        _auto_licence(play, now)
        return
    everybody_there = play.people[word].replace(",false,", ",true,").encode()
    shown = upload.bring(actor, name="users.csv", content=everybody_there, read=ports.table, now=now)
    upload.apply(actor, digest=shown.digest, read=ports.table, now=now)
    _licences(play, word, PLANS[word][0], now)


def _auto_licence(play: Play, now: datetime) -> None:
    """A collection of all mailboxes but the meeting room's, and licences that follow it from now on."""
    from purser.directory import auto, collections, licensing_runs
    from purser.directory.models import User
    from purser.flows.directory_to_licences import run
    from purser.postgres import tenancy

    actor = _actor(play, ALDER_RUNS)
    with tenancy.acting_in(actor.tenant):
        room = User.objects.get(display_name="Meeting room").pk
        draft = collections.Draft("Everybody with a mailbox", all_mailboxes=True, no_users=(room,))
        made = collections.make(actor, draft, now=now)
        rules = replace(auto.rules_of(auto.settings()), on=True, hour=2)
        auto.save(actor, rules, [made.pk], version=0, now=now)
        asked, _ = licensing_runs.ask(actor, dry=False, now=now)
    done = run.run(tenant=actor.tenant, run_id=asked.pk, clock=play.clock)
    if done.state == "waits":  # the first run licenses everybody: a person has to read it
        with tenancy.acting_in(actor.tenant):
            approved = licensing_runs.approve(actor, asked.pk, digest=done.digest, now=now)
        run.run(tenant=actor.tenant, run_id=approved.pk, clock=play.clock)


def _licences(play: Play, word: str, users: int, now: datetime) -> None:
    """The next `users` by name get a licence, or below 0 the last ones of those who have one lose it."""
    from purser.directory import licences
    from purser.directory.models import User
    from purser.postgres import tenancy

    actor = _actor(play, word)
    with tenancy.acting_in(actor.tenant):
        held = licences.open_of()
        people = User.objects.filter(gone_at=None).exclude(display_name="Meeting room").order_by("display_name", "id")
        ids = list(people.values_list("pk", flat=True))
        if users >= 0:
            licences.give(actor, [id for id in ids if id not in held][:users], now=now)
        else:
            licences.take(actor, [id for id in ids if id in held][users:], now=now)


def _partner(play: Play, word: str, on: date) -> None:
    """Admitted, billed as somebody, a card on file and automatic purchase on."""
    from purser.billing.buying import defaults, profile
    from purser.billing.models import Visit
    from purser.billing.paying import automatic, visits
    from purser.billing.usage import programme
    from purser.postgres import tenancy

    now, owner = play.now, _actor(play, word)
    programme.admit(_actor(play, "operator"), owner.tenant, on=on, now=now)
    _copy_prices(play)
    with tenancy.acting_in(owner.tenant):
        profile.store(owner, ADDRESSES[word], version=0, now=now)
        defaults.choose(owner, PACKAGES[word], now=now)
    payments = _payments(play)
    page = visits.to_store_a_card(owner, payments, now=now)
    _type_card(page.url, DECLINES_LATER if word == "beacon" else VISA)
    with tenancy.acting_in(owner.tenant):
        visit = Visit.objects.get(page=page.id).pk
    visits.look(owner.tenant, visit, payments, now=now)
    with tenancy.acting_in(owner.tenant):
        held = automatic.programme()
        automatic.switch(owner, on=True, cap=Decimal(CAPS[word]), version=held.version, now=now)
    if word == "harbour":
        _buy(play, word, {"CPP-DSU-25": 1})


def _copy_prices(play: Play) -> None:
    from purser.billing.buying import packages

    packages.copy_to_all(play.of("operator"), play.now)


def _books(play: Play, partners: list[str]) -> bool:
    """Close what is over, post it, and buy where the balance is below 0; whether somebody's is low then."""
    from purser.billing.paying import automatic
    from purser.billing.usage import charging, closing

    closing.close_due(play.now)
    low = False
    for word in partners:
        tenant = play.of(word)
        balance = charging.post(tenant, now=play.now).balance
        charging.assert_month(tenant, now=play.now)
        if balance < 0:
            purchase = automatic.consider(tenant, now=play.now)
            if purchase is not None:
                _pay(play, tenant, purchase)
        low |= word != "beacon" and balance < LOW  # whose card is declined: it is low for weeks
    return low


def _buy(play: Play, word: str, counts: dict[str, int]) -> UUID:
    from purser.billing.buying import quotes
    from purser.billing.paying import purchases
    from purser.postgres import ids, tenancy

    owner = _actor(play, word)
    with tenancy.acting_in(owner.tenant):
        quote = quotes.ask(owner, counts, now=play.now)
    made = purchases.place(owner, quote.pk, key=ids.new(), now=play.now)
    _pay(play, owner.tenant, made.pk)
    return made.pk


def _pay(play: Play, tenant: UUID, purchase: UUID) -> None:
    from purser.billing.buying import papers
    from purser.billing.models import PurchaseState
    from purser.billing.paying import attempts

    state = attempts.carry(tenant, purchase, _payments(play), clock=play.clock)
    if state == PurchaseState.PAID:
        papers.issue(tenant, "purchase", purchase, now=play.now)


def _money_back(play: Play) -> None:
    """Tide bought by hand what it did not need; the operator gives half of it back."""
    from purser.billing.buying import papers
    from purser.billing.paying import refunds
    from purser.postgres import ids

    play.at(play.until)
    tenant = play.of("tide")
    bought = _buy(play, "tide", {"CPP-DSU-5": 1})
    row = refunds.ask(
        _actor(play, "operator"), tenant, bought, units=2_500, reason="Half of it was not needed", key=ids.new(), now=play.now
    )  # fmt: skip
    refunds.carry(tenant, row.pk, _payments(play), clock=play.clock)
    papers.issue(tenant, "refund", row.pk, now=play.now)


def _left_the_directory(play: Play) -> None:
    """The latest file of each customer says who has left since."""
    from purser.flows import ports
    from purser.flows.vendor_to_mirror import upload

    now = play.now
    for word in PLANS:
        actor = _actor(play, word)
        shown = upload.bring(actor, name="users.csv", content=play.people[word].encode(), read=ports.table, now=now)
        upload.apply(actor, digest=shown.digest, read=ports.table, now=now)


def _an_open_quote(play: Play) -> None:
    from purser.billing.buying import papers, quotes
    from purser.postgres import tenancy

    actor = _actor(play, "harbour")
    with tenancy.acting_in(actor.tenant):
        quote = quotes.ask(actor, {"CPP-DSU-100": 1, "CPP-DSU-10": 2}, now=play.now)
    papers.issue(actor.tenant, "quote", quote.pk, now=play.now)


def _counted(play: Play) -> dict[str, int]:
    from purser.billing.models import Charge, Close, Document, Purchase
    from purser.postgres import tenancy

    models = {"closes": Close, "charges": Charge, "purchases": Purchase, "papers": Document}
    counts = dict.fromkeys(models, 0)
    for word in PACKAGES:
        with tenancy.acting_in(play.of(word)):
            for name, model in models.items():
                counts[name] += model.objects.count()
    return counts


def _payments(play: Play) -> Any:
    from purser.billing.paying import provider
    from purser.flows import ports

    return ports.payments(provider.over(play.of("harbour")))


def _type_card(url: str, number: str) -> None:
    """Somebody at the provider's own page."""
    form = urllib.parse.urlencode({"number": number, "expiry": "09 / 31", "code": "123", "name": "Owner's desk"}).encode()
    request = urllib.request.Request(url, data=form)
    try:
        with urllib.request.build_opener(_Stay).open(request, timeout=30) as answer:
            answer.read()
    except urllib.error.HTTPError as sent:  # back to our page, where no browser waits
        if sent.code not in (302, 303):
            raise


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _actor(play: Play, word: str) -> Actor:
    return cast.head(play.of(word))


def _months_before(first: date, months: int) -> date:
    year, month = divmod(first.year * 12 + first.month - 1 - months, 12)
    return date(year, month + 1, 1)
