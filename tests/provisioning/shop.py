"""A distributor that buys at the vendor without an interface, and at Bucketry's sandbox: instances, accounts, orders."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.test import override_settings

from purser.access import verbs
from purser.access.actors import Actor
from purser.access.models import Person
from purser.flows import ports
from purser.flows.accounts_to_vendor import run as flow
from purser.flows.accounts_to_vendor import sync_options, testing
from purser.postgres import ids, tenancy
from purser.provisioning import confirming, instances
from purser.provisioning.instances import Wanted
from purser.provisioning.models import Account, Instance, Step, Task
from purser.subscriptions.models import Subscription
from purser.tenants.models import Organisation
from sandboxes.bucketry import Bucketry
from sandboxes.kit import Server
from tests.access import kit
from tests.connectors import bucketry
from tests.partners.kit import Chain, chain

BACKUP = {"services": ["backup"]}


@dataclass
class Shop:
    made: Chain
    app: Bucketry
    url: str
    distributors: Person
    direct: Organisation
    byhand: Instance = field(init=False)
    storage: Instance = field(init=False)
    ahead: timedelta = timedelta(0)

    def __post_init__(self) -> None:
        self.byhand = self.instance("byhand", "Faxnet", products="backup: Backup\nphones: Phones", due_days="3")
        self.storage = self.instance("bucketry", "Bucketry", url=self.url, api_key=bucketry.KEY)

    @property
    def provider(self) -> Actor:
        return kit.actor(self.made.distributor, self.distributors)

    def instance(self, kind: str, name: str, **values: str) -> Instance:
        with tenancy.acting_in(self.made.distributor.pk):
            row = instances.make(self.provider, kind, Wanted(name=name, values=values, roles={}), now=kit.now()).instance
        assert testing.test(self.provider, row.pk, port_of=ports.accounts, now=kit.now()).ok
        with tenancy.acting_in(self.made.distributor.pk):
            return instances.find(row.pk)

    def clock(self) -> datetime:
        return kit.now() + self.ahead

    def saved(self, whom: Organisation, instance: Instance, username: str) -> Account:
        asked = sync_options.Asked(username=username, email=f"{username}@mail.example")
        return sync_options.save(self.provider, whom.pk, instance.pk, asked, port_of=ports.accounts, now=self.clock()).account

    def ordered(self, account: Account, provides: dict[str, Any] = BACKUP, name: str = "Backup") -> Subscription:
        fields: dict[str, Any] = {
            "customer_name": account.name, "number": f"S-{ids.new().hex[-10:]}", "account_id": account.pk,
            "provider": account.provider, "instance": account.instance, "offer": ids.new(), "offer_code": "B1",
            "offer_name": name, "product": ids.new(), "product_name": name, "vendor_name": "Faxnet", "cycle": "monthly",
            "unit": "licence", "provides": provides, "quantity": 3, "price": Decimal(4), "currency": "EUR",
            "ordered_at": self.clock(), "partner_id": account.partner_id, "distributor_id": account.distributor_id,
        }  # fmt: skip
        with tenancy.acting_in(self.owner(account)):
            made: Subscription = Subscription.objects.create(**fields)
        return made

    def owner(self, account: Account) -> UUID:
        return UUID(str(account.tenant_id))

    def run(self, account: Account) -> flow.Result:
        return flow.run(tenant=self.owner(account), account_id=account.pk, clock=self.clock)

    def again(self, account: Account) -> Account:
        with tenancy.acting_in(self.owner(account)):
            return Account.objects.get(pk=account.pk)

    def step(self, account: Account, what: str) -> Step:
        with tenancy.acting_in(self.owner(account)):
            return Step.objects.get(account=account, what=what)

    def subscription(self, row: Subscription) -> tuple[str, str]:
        with tenancy.acting_in(UUID(str(row.tenant_id))):
            now = Subscription.objects.get(pk=row.pk)
        return now.state, now.state_text

    def tasks(self, state: str = "open") -> list[Task]:
        with tenancy.acting_in(self.made.distributor.pk):
            return list(Task.objects.select_related("instance").filter(state=state).order_by("made_at", "id"))

    def confirm(self, row: Task, **answers: str) -> Task:
        return confirming.confirm(self.provider, row.pk, answers=answers, version=row.version, now=self.clock())


@contextmanager
def shop() -> Iterator[Shop]:
    app = Bucketry()
    app.load_seed(bucketry.seed())
    with Server(app) as server, override_settings(SANDBOX_HOSTS=frozenset({server.url.removeprefix("http://")})):
        made = chain()
        direct = kit.customer("Birch Law", under=made.distributor)
        yield Shop(made, app, server.url, kit.member(made.distributor, verbs.OWNER, factor=False), direct)
