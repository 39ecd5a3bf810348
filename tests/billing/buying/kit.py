"""Makers for the tests of buying: a partner in the programme, with its price list and its billing information."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from purser.access.actors import Actor
from purser.access.models import Person
from purser.billing.buying import packages, profile
from purser.billing.models import Programme
from purser.postgres import tenancy
from purser.tenants.models import Organisation
from tests.access import kit

NOW = datetime(2026, 7, 11, 12, 0, tzinfo=UTC)
BILLED = {
    "company": "Harbour IT Ltd",
    "street": "1 Quay Street",
    "city": "Cork",
    "state": "Munster",
    "country": "IE",
    "postal_code": "T12 X4Y2",
    "tax_number": "IE1234567T",
    "contact_name": "Bea Booker",
    "contact_email": "bea@harbour.example",
}
SELLER = {
    **BILLED,
    "company": "Northern Cloud GmbH",
    "city": "Hamburg",
    "country": "DE",
    "contact_email": "desk@north.example",
}


@dataclass
class Buyer:
    operator: Organisation
    partner: Organisation
    owner: Person

    @property
    def actor(self) -> Actor:
        return kit.actor(self.partner, self.owner)

    @property
    def desk(self) -> Actor:
        return kit.actor(self.operator)


def buyer(*, under: Organisation | None = None, billed: bool = True, now: datetime = NOW, **programme: Any) -> Buyer:
    """A partner admitted to the programme; `under` is its operator, or a distributor of it."""
    operator = under or kit.operator()
    partner = kit.reseller("Harbour IT", under=operator)
    made = Buyer(operator, partner, kit.member(partner, factor=False))
    with tenancy.acting_in(partner.pk):
        Programme.objects.create(created_at=now, **programme)
        if billed:
            profile.store(made.actor, BILLED, now=now)
    packages.copy_to(partner.pk, now)
    return made


def publish(
    made: Buyer, rows: Any = None, *, now: datetime = NOW, from_at: datetime | None = None, currency: str = "USD"
) -> int:
    """The operator publishes a list, and the job copies it."""
    with tenancy.acting_in(made.operator.pk):
        found = packages.publish(made.desk, rows or packages.standard(), currency=currency, from_at=from_at or now, now=now)
    packages.copy_to_all(made.operator.pk, now)
    return int(found.number)
