"""The demo's organisations and people: a distributor, three resellers, and customers in every state of consent.

All of it is made through the product's own verbs, at moments before the story begins.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from purser.access.actors import Actor
    from purser.access.models import Person
    from purser.tenants.models import Organisation

PASSWORD = "harbour lights at noon"  # noqa: S105 - of the demo, printed to whoever starts it
PAID = "UnifyEnterprise"
# Organisation, role, address, name. The first of an organisation heads it.
PEOPLE = (
    ("operator", "owner", "operator@purser.example", "Operator's desk"),
    ("operator", "support", "support@purser.example", "Operator's support"),
    ("distributor", "owner", "owner@broadwater.example", "Distributor's owner"),
    ("harbour", "owner", "owner@harbour.example", "Owner's desk"),
    ("harbour", "technician", "technician@harbour.example", "Technician's desk"),
    ("harbour", "bookkeeper", "bookkeeper@harbour.example", "Bookkeeper's desk"),
    ("harbour", "reader", "reader@harbour.example", "Reader's desk"),
    ("tide", "owner", "owner@tide.example", "Tide's owner"),
    ("beacon", "owner", "owner@beacon.example", "Beacon's owner"),
    ("alder", "administrator", "admin@alder.example", "Alder's administrator"),
    ("alder", "reader", "reader@alder.example", "Alder's reader"),
    ("birch", "administrator", "admin@birch.example", "Birch's administrator"),
    ("cedar", "administrator", "admin@cedar.example", "Cedar's administrator"),
    ("dune", "administrator", "admin@dune.example", "Dune's administrator"),
    ("elm", "administrator", "admin@elm.example", "Elm's administrator"),
    ("fern", "administrator", "admin@fern.example", "Fern's administrator"),
    ("gale", "administrator", "admin@gale.example", "Gale's administrator"),
    ("kelp", "administrator", "admin@kelp.example", "Kelp's administrator"),
)
# Word, name, domain, region, the reseller that sells to it.
CUSTOMERS = (
    ("alder", "Alder Dental Group", "alder.example", "US", "harbour"),
    ("birch", "Birch Law Partners", "birch.example", "US", "harbour"),
    ("cedar", "Cedar Foods", "cedar.example", "US", "harbour"),
    ("dune", "Dune Motors", "dune.example", "US", "harbour"),
    ("elm", "Elm Street Clinic", "elm.example", "US", "harbour"),
    ("fern", "Fern Books", "fern.example", "US", "harbour"),
    ("gale", "Gale Energie", "gale.example", "DE", "harbour"),
    ("kelp", "Kelp Studios", "kelp.example", "US", "harbour"),
    ("laurel", "Laurel Farms", "laurel.example", "US", "harbour"),
    ("hazel", "Hazel Textiles", "hazel.example", "GB", "tide"),
    ("iris", "Iris Optics", "iris.example", "GB", "beacon"),
    ("juniper", "Juniper Freight", "juniper.example", "US", "distributor"),
)
EVERYTHING = ("domain", "users", "rooms", "telephony", "conferences", "integrations", "apps", "licensing", "contacts")


@dataclass(frozen=True)
class Cast:
    """Ids by word: operator, distributor, harbour, tide, beacon and the customers'."""

    organisations: dict[str, UUID]

    @property
    def reseller(self) -> UUID:
        return self.organisations["harbour"]

    @property
    def operator(self) -> UUID:
        return self.organisations["operator"]


def sign_ins() -> list[str]:
    """What to print: the password, and a sign-in for each role."""
    lines = ["Sign in with any of these; the password is the same for all:", f"  password       {PASSWORD}"]
    return lines + [f"  {where:12} {role:14} {email}" for where, role, email, _ in PEOPLE]


def gather(now: datetime) -> Cast:
    """Make everybody. `now` is when the story begins; consents were given, asked for and ended in the months before."""
    from purser.partners import orders
    from purser.tenants import organisations
    from purser.tenants.models import Kind

    long_ago = now - timedelta(days=400)
    operator = organisations.found(kind=Kind.OPERATOR, name="Cloud Distribution Desk", parent=None, now=long_ago)
    distributor = organisations.found(
        kind=Kind.DISTRIBUTOR, name="Broadwater Distribution", parent=operator, now=long_ago, zone="America/Chicago",
        domain="broadwater.example", region="US",
    )  # fmt: skip
    made: dict[str, Organisation] = {"operator": operator, "distributor": distributor}
    for word, name, zone, region in (
        ("harbour", "Harbour IT Services", "America/New_York", "US"),
        ("tide", "Tide Networks", "Europe/London", "GB"),
        ("beacon", "Beacon Systems", "Europe/London", "GB"),
    ):
        made[word] = organisations.found(
            kind=Kind.RESELLER, name=name, parent=distributor, now=long_ago, zone=zone, domain=f"{word}.example",
            region=region,
        )  # fmt: skip
    desk = _actor(made["operator"], "Operator's desk", "owner")
    for word, name, domain, region, seller in CUSTOMERS:
        order = orders.Order(
            reseller=made[seller].partner_number,
            distributor=distributor.partner_number,
            name=name,
            domain=domain,
            region=region,
            contact_name=f"{name.split()[0]}'s administrator",
            contact_email=f"admin@{domain}",
            packages={PAID: 25, "UnifyTeam": 40, "UnifyFree": 100},
        )
        made[word] = orders.take(desk, order, now=long_ago)
    for word in ("harbour", "tide"):
        order = orders.Order(
            reseller=made[word].partner_number,
            distributor=distributor.partner_number,
            customer=made[word].number,
            packages={PAID: 10},
        )
        orders.take(desk, order, now=long_ago)
    people = _people(made, long_ago)
    _enable(made, people, long_ago)
    _consents(made, people, now)
    return Cast({word: row.pk for word, row in made.items()})


def _people(made: dict[str, Organisation], now: datetime) -> dict[str, Person]:
    from django.contrib.auth.hashers import make_password

    from purser.access import people
    from purser.access.models import Person
    from purser.postgres import tenancy

    found: dict[str, Person] = {}
    hashed = make_password(PASSWORD)  # once: it is slow on purpose
    for word, role, email, name in PEOPLE:
        found[email] = Person.objects.create(email=email, name=name, password=hashed)
        with tenancy.acting_in(made[word].pk):
            people.join(person=found[email], role=role, organisation=made[word].name, now=now)
    return found


def _enable(made: dict[str, Organisation], people: dict[str, Person], now: datetime) -> None:
    """Harbour is enabled and its technician administers; Tide's request waits; Beacon never asked."""
    from purser.access import people as members
    from purser.access.models import Membership
    from purser.partners import agreements, enabling
    from purser.postgres import tenancy

    for word in ("harbour", "tide"):
        owner = people[f"owner@{word}.example"]
        with tenancy.acting_in(made[word].pk):
            asked = enabling.request(
                _actor(made[word], owner.name, "owner", owner), signature=owner.name, email=owner.email, now=now
            )
        if word == "harbour":
            desk = _actor(made["operator"], "Operator's desk", "owner", people["operator@purser.example"])
            enabling.answer(desk, asked.pk, approve=True, why="Partner contract of this year is signed", now=now)
    owner = people["owner@harbour.example"]
    with tenancy.acting_in(made["harbour"].pk):
        technician = Membership.objects.get(person=people["technician@harbour.example"]).pk
        actor = _actor(made["harbour"], owner.name, "owner", owner)
        members.set_package(actor, technician, PAID, now=now)
        members.set_partner_administrator(actor, technician, on=True, now=now)
    with tenancy.acting_in(made["operator"].pk):
        agreements.require(_actor(made["operator"], "Operator's desk", "owner"), "DE", on=True, now=now)


def _consents(made: dict[str, Organisation], people: dict[str, Person], now: datetime) -> None:
    """Alder agrees, Birch is asked, Cedar refused, Dune's consent is over, Elm ended its, Fern was never asked, Gale agrees
    as soon as the agreement is confirmed, Kelp's consent is about to end, Laurel is suspended.
    """
    from purser.partners import consent, founding
    from purser.postgres import tenancy

    def admin(word: str) -> Actor:
        who = people[f"admin@{word}.example"]
        return _actor(made[word], who.name, "administrator", who)

    technician = people["technician@harbour.example"]
    asker = _actor(made["harbour"], technician.name, "technician", technician)

    def ask(word: str, days_ago: int, reason: str) -> UUID:
        at = now - timedelta(days=days_ago)
        return consent.ask(asker, made[word].pk, scopes=EVERYTHING, days=365, reason=reason, now=at).pk

    def give(word: str, days_ago: int, days: int, scopes: Iterable[str] = EVERYTHING) -> None:
        at = now - timedelta(days=days_ago)
        consent.give(admin(word), scopes=scopes, days=days, reason="They look after our tenant", now=at)

    ask("alder", 61, "Managed service contract 2214")
    give("alder", 60, 730)
    ask("birch", 3, "Managed service contract 2231")
    refused = ask("cedar", 30, "Offer of managed services")
    with tenancy.acting_in(made["cedar"].pk):
        consent.refuse(admin("cedar"), refused, why="We administer our tenant ourselves", now=now - timedelta(days=28))
    give("dune", 200, 90, ("users", "telephony"))
    give("elm", 120, 365)
    with tenancy.acting_in(made["elm"].pk):
        consent.end(admin("elm"), why="The contract ended", now=now - timedelta(days=10))
    ask("gale", 5, "Managed service contract 2240")
    give("kelp", 340, 365)
    desk = _actor(made["operator"], "Operator's desk", "owner", people["operator@purser.example"])
    founding.suspend(desk, made["laurel"].pk, why="Invoices of three months are open", now=now - timedelta(days=20))
    _on_behalf(made["alder"], technician, now)


def _on_behalf(customer: Organisation, technician: Person, now: datetime) -> None:
    """A few acts of the partner in a customer's tenant, for its record."""
    from django.http import HttpRequest

    from purser.access import actors, people
    from purser.access.models import Membership

    request = HttpRequest()
    request.META["REMOTE_ADDR"] = "127.0.0.1"
    request.user = technician
    for days_ago, package in ((40, "UnifyTeam"), (12, PAID)):
        at = now - timedelta(days=days_ago)
        with actors.entering(technician, tenant=customer.pk, request=request, now=at) as actor:
            reader = Membership.objects.get(person__email="reader@alder.example").pk
            people.set_package(actor, reader, package, now=at)


def _actor(organisation: Organisation, name: str, role: str, person: Person | None = None) -> Actor:
    from purser.access.actors import Actor

    return Actor(
        organisation.pk, organisation.name, person.pk if person else None, name, role, "", "", None, str(organisation.kind)
    )


def head(tenant: UUID) -> Actor:
    """The one who heads the organisation, just proven to be it; in the seat taken, or else in its own."""
    from purser.access import verbs
    from purser.access.actors import Actor
    from purser.access.models import Membership
    from purser.postgres import tenancy
    from purser.tenants import organisations

    def made() -> Actor:
        own = organisations.own()
        role = verbs.HEAD[own.kind]
        row = Membership.objects.select_related("person").filter(role=role).order_by("id").first()
        return Actor(
            tenant, own.name, row.person_id if row else None, str(row.person) if row else own.name,
            role, "", "127.0.0.1", datetime.now(UTC), str(own.kind),
        )  # fmt: skip

    if tenancy.seat() is not None:
        return made()
    with tenancy.acting_in(tenant):
        return made()
