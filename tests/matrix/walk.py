"""One call of every door that changes something, each in a state in which it takes effect: what P18 is tested with.

Here is the ground and who walks on it; the steps are in steps.py. Ids in an address are the planted ones of the tenant, or
what the step's function finds or makes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from allauth.mfa.totp.internal import auth as totp
from django.test import Client

from purser.access import verbs
from purser.access.actors import Actor
from purser.access.models import Person
from purser.postgres import ids, tenancy
from purser.tenants import grants
from purser.tenants.models import Organisation, PackageStock
from tests.access import kit
from tests.partners.kit import PAID, Chain, chain
from tests.tenancy.planting import Planted, another, plant

AREAS = list(grants.AREAS)
ASK = {"scopes": AREAS, "days": 30, "reason": "Managed service contract 42"}


@dataclass
class Walker:
    """Somebody acting in a tenant; `home` is where they come from on behalf of it."""

    person: Person
    tenant: Organisation
    client: Client
    role: str = verbs.OWNER
    home: Organisation | None = None


@dataclass
class Ground:
    """A chain of organisations; the reseller and its customer have a row in every table."""

    made: Chain
    reseller: Planted
    customer: Planted
    second: Organisation
    walkers: dict[str, Walker] = field(default_factory=dict)

    def planted(self, who: str) -> Planted:
        return self.customer if who in ("agent", "administrator") else self.reseller

    def actor(self, who: str) -> Actor:
        found = self.walkers[who]
        return kit.actor(found.tenant, found.person, found.role)


Said = tuple[dict[str, Any], dict[str, Any]]  # what stands in the address, and what is sent
Find = Callable[[Ground, str], Said]
Step = tuple[str, str, Find | dict[str, Any]]


def ground() -> Ground:
    made = chain(region="DE")
    second = kit.customer("Birch Law", under=made.reseller)
    desk = kit.member(made.operator)
    for person in (made.owner, made.agent, made.admin):
        totp.TOTP.activate(person, kit.SECRET)
    made.give(kit.now())
    found = Ground(made, plant("MINE-A", made.reseller), plant("MINE-C", made.customer), second)
    with tenancy.acting_in(made.customer.pk):
        PackageStock.objects.create(package=PAID, total=10)
    for name, walker in {
        "owner": Walker(made.owner, made.reseller, kit.sign_in(made.owner)),
        "agent": Walker(made.agent, made.customer, kit.sign_in(made.agent), verbs.PARTNER, made.reseller),
        "administrator": Walker(made.admin, made.customer, kit.sign_in(made.admin), verbs.ADMINISTRATOR),
        "desk": Walker(desk, made.operator, kit.sign_in(desk)),
    }.items():
        found.walkers[name] = walker
    return found


def sent(body: dict[str, Any], **at: Any) -> Said:
    return {name: str(id) for name, id in at.items()}, body


def on(table: str, body: dict[str, Any] | None = None, *, name: str = "", **given: Any) -> Find:
    """A row of the table made for the step, in the state `given`, under the `name` that the address has for it."""

    def find(g: Ground, who: str) -> Said:
        row = another(g.planted(who), table, **given)
        return sent({"digest": row.digest} if table == "links_storedplan" and body is None else body or {}, **{name: row.pk})

    return find


def first(table: str, name: str, body: dict[str, Any] | None = None) -> Find:
    """The planted row of a table, as the only one ticked."""
    return lambda g, who: sent({**(body or {}), name: [str(g.planted(who).one(table))]})


def new(name: str, body: dict[str, Any]) -> Find:
    """With an address, or a domain, that nobody has."""

    def find(g: Ground, who: str) -> Said:
        return sent({**body, name: f"d{ids.new().hex[-12:]}.example" if name == "name" else kit.address()})

    return find
