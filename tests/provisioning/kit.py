"""A tree whose distributor buys at Acronis' sandbox: an instance of it, and who acts.

operator -- distributor (the provider) -- reseller -- customer
                                      `-- direct customer
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.test import override_settings

from purser.access import verbs
from purser.access.actors import Actor
from purser.access.models import Person
from purser.flows import ports
from purser.flows.accounts_to_vendor import sync_options, testing
from purser.flows.accounts_to_vendor.sync_options import Asked, Saved
from purser.postgres import ids, tenancy
from purser.provisioning import accounts, instances
from purser.provisioning.instances import Wanted
from purser.provisioning.models import Account, Instance
from purser.subscriptions.models import Subscription
from purser.tenants.models import Organisation
from sandboxes.acronis import Acronis
from sandboxes.kit import Fault, Server
from tests.access import kit
from tests.connectors.acronis import CLIENT, SECRET, seed
from tests.partners.kit import Chain, chain


@dataclass
class World:
    made: Chain
    direct: Organisation
    distributors: Person
    app: Acronis
    url: str
    instance: Instance = field(init=False)

    def __post_init__(self) -> None:
        self.instance = self.another("Acronis")

    @property
    def provider(self) -> Actor:
        """The distributor's owner."""
        return kit.actor(self.made.distributor, self.distributors)

    @property
    def reseller(self) -> Actor:
        return kit.actor(self.made.reseller, self.made.owner)

    def wanted(self, name: str = "Acronis", **values: str) -> Wanted:
        typed = {"url": self.url, "client_id": CLIENT, "client_secret": SECRET, **values}
        return Wanted(name=name, values=typed, roles={})

    def another(self, name: str, *, of: Actor | None = None, ready: bool = True) -> Instance:
        actor = of or self.provider
        with tenancy.acting_in(actor.tenant):
            row = instances.make(actor, "acronis", self.wanted(name), now=kit.now()).instance
        if ready:
            assert testing.test(actor, row.pk, port_of=ports.accounts, now=kit.now()).ok
        with tenancy.acting_in(actor.tenant):
            return instances.find(row.pk)

    def save(self, actor: Actor, whom: Organisation, username: str, *, instance: Instance | None = None, **more: Any) -> Saved:
        asked = Asked(**{"username": username, "email": f"{username}@mail.example", **more})
        at = (instance or self.instance).pk
        return sync_options.save(actor, whom.pk, at, asked, port_of=ports.accounts, now=kit.now())

    def account(self, whom: Organisation, instance: Instance | None = None) -> Account | None:
        with tenancy.acting_in(whom.pk):
            return accounts.of((instance or self.instance).pk)

    def calls(self) -> list[str]:
        """What the vendor was asked since the last time, without signing in."""
        found = [f"{r['method']} {r['path'].removeprefix('/api/2')}" for r in self.app.requests if "token" not in r["path"]]
        self.app.requests.clear()
        return found

    def fail(self, kind: str, **details: Any) -> None:
        self.app.faults.arm(Fault(kind, **details))


def waiting(account: UUID) -> int:
    """How often work on an account is asked for."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'purser.account' AND args->>'account' = %s",
            [str(account)],
        )
        return int(cursor.fetchone()[0])


def taken_up(account: UUID) -> None:
    """As if a worker had taken up all that is asked for."""
    with connection.cursor() as cursor:
        of = "task_name = 'purser.account' AND args->>'account' = %s"
        cursor.execute(f"DELETE FROM procrastinate_jobs WHERE {of}", [str(account)])


def ordered(account: Account, provides: dict[str, Any], name: str = "Protect") -> Subscription:
    """An order was carried out."""
    fields: dict[str, Any] = {
        "customer_name": account.name, "number": f"S-{ids.new().hex[-10:]}", "account_id": account.pk,
        "provider": account.provider, "instance": account.instance, "offer": ids.new(), "offer_code": "P1", "offer_name": name,
        "product": ids.new(), "product_name": name, "vendor_name": "Acronis", "cycle": "monthly", "unit": "licence",
        "provides": provides, "quantity": 3, "price": Decimal(4), "currency": "EUR", "ordered_at": kit.now(),
        "partner_id": account.partner_id, "distributor_id": account.distributor_id,
    }  # fmt: skip
    with tenancy.acting_in(UUID(str(account.tenant_id))):
        made: Subscription = Subscription.objects.create(**fields)
    return made


@contextmanager
def world() -> Iterator[World]:
    app = Acronis()
    app.load_seed(seed())
    with Server(app) as server, override_settings(SANDBOX_HOSTS=frozenset({server.url.removeprefix("http://")})):
        made = chain()
        direct = kit.customer("Birch Law", under=made.distributor)
        yield World(made, direct, kit.member(made.distributor, verbs.OWNER, factor=False), app, server.url)
