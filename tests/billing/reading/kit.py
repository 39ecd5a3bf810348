"""A partner with people, two customers with directories, and closed days: what the pages of units are read from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.test import Client

from purser.access.actors import Actor
from purser.access.models import Person
from purser.billing.buying import packages
from purser.billing.usage import charging, programme
from purser.directory.models import Cause, Licence, Source, SourceKind, SourceState, User
from purser.partners import consent
from purser.postgres import ids, tenancy
from purser.tenants import grants
from purser.tenants.models import Organisation, Selling
from tests.access import kit as people
from tests.billing.usage import kit as engine
from tests.partners.kit import Chain, chain

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass
class Desk:
    """`alder` agrees when told to (`made.give`), `birch` never does. `agent` may administer customers who agree."""

    made: Chain
    alder: Organisation
    birch: Organisation
    clients: dict[UUID, Client] = field(default_factory=dict)

    @property
    def partner(self) -> UUID:
        return self.made.reseller.pk

    @property
    def owner(self) -> Actor:
        return people.actor(self.made.reseller, self.made.owner)

    @property
    def agent(self) -> Actor:
        return self.made.as_agent()

    def client(self, who: Person | None = None) -> Client:
        who = who or self.made.owner
        if who.pk not in self.clients:
            self.clients[who.pk] = people.sign_in(who)
        return self.clients[who.pk]

    def page(self, path: str = "", *, who: Person | None = None) -> Any:
        return self.client(who).get(people.url(self.made.reseller, f"usage/{path}"))

    def call(self, path: str = "", *, who: Person | None = None, **more: Any) -> Any:
        return self.client(who).get(f"/api/v1/t/{self.partner}/usage{path}", **more)

    def send(self, path: str, body: Any, *, who: Person | None = None) -> Any:
        address = f"/api/v1/t/{self.partner}/usage{path}"
        return self.client(who).post(address, body, content_type="application/json")

    def begin(self, on: date, *, zone: str = "UTC") -> None:
        """The programme, as operations admits to it, from a day that may lie behind."""
        with tenancy.acting_in(self.partner):
            programme.begin(on=on, zone=zone, since=LONG_AGO, now=engine.at(on, zone=zone))
        packages.copy_to(self.partner, LONG_AGO)

    def closed(self, first: date, counts: Sequence[Mapping[UUID, int]], *, zone: str = "UTC", post: bool = True) -> None:
        """Days closed and charged with these counts by tenant, and booked."""
        engine.plant(self.made.reseller, first, counts, zone=zone)
        if post:
            charging.post(self.partner, now=engine.over(first + timedelta(days=len(counts) - 1), zone))

    def agrees(self, now: datetime, *, scopes: Sequence[str] = tuple(grants.AREAS)) -> None:
        consent.give(self.made.as_admin(), scopes=scopes, days=700, reason="They run our tenant", now=now)


def desk() -> Desk:
    made = chain()
    birch = people.customer("Birch Law", under=made.reseller)
    for one in (made.customer, birch):
        with tenancy.acting_in(one.pk):
            Selling.objects.update(since=LONG_AGO)
    return Desk(made, made.customer, birch)


def user(tenant: Organisation, name: str, *, since: datetime = LONG_AGO, cause: Cause = Cause.AUTO, **more: Any) -> User:
    """A licensed person of the tenant's directory, with a mailbox and switched on unless told otherwise."""
    account = f"{name.lower().replace(' ', '.')}@{tenant.pk.hex[-6:]}.example"
    with tenancy.acting_in(tenant.pk):
        fields = {"mailbox": "user", "enabled": True, **more}
        made: User = User.objects.create(
            key=str(ids.new()), principal_name=account, display_name=name, seen_at=since, **fields
        )  # fmt: skip
        Licence.objects.create(user=made, since=since, cause=cause, by_name="Auto-License")
        return made


def read_whole(tenant: Organisation) -> None:
    """The tenant's directory has been read as a whole."""
    with tenancy.acting_in(tenant.pk):
        Source.objects.create(
            kind=SourceKind.FILE, state=SourceState.READY, whole=True, read_at=LONG_AGO, created_at=LONG_AGO
        )  # fmt: skip


def licensed(tenant: Organisation) -> set[str]:
    """Names of those who are licensed there now."""
    with tenancy.acting_in(tenant.pk):
        return set(Licence.objects.filter(until=None).values_list("user__display_name", flat=True))


def october(tenant: UUID) -> list[dict[UUID, int]]:
    """The month of docs/life-of/a-unit.md: 100 users, 150 from the 5th, 80 from the 15th, 90 on the 31st."""
    return [{tenant: 100 if day < 5 else 150 if day < 15 else 80 if day < 31 else 90} for day in range(1, 32)]
