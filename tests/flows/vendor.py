"""A distributor with an instance at the Acronis sandbox, a reseller, its customer and a direct one; a clock for all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from purser.config import wiring
from purser.connectors.acronis import HOSTS, AcronisConnector, AcronisSecrets, AcronisSettings
from purser.connectors.ports.accounts import Accounts
from purser.connectors.shared.addresses import HostRule
from purser.connectors.shared.http import Http, Timeouts
from purser.flows import ports
from purser.flows.accounts_to_vendor import run as flow
from purser.kernel.errors import Busy
from purser.postgres import ids, tenancy
from purser.provisioning.models import Account, Instance, InstanceState, Role, Step
from purser.subscriptions.models import Subscription
from purser.tenants.models import Organisation
from sandboxes.acronis import Acronis
from sandboxes.kit import Fault, Server
from tests.access import kit

NOW = datetime(2026, 7, 11, 9, 0, tzinfo=UTC)
CLIENT, SECRET = "4557d5f5-7881-44f4-83a5-212f19d355c1", "secret-that-nobody-may-see"
MSP = "0a305354-6efc-4b81-858d-000000000000"
PROTECTION, SYNC_SHARE = "6e6d758d-8e74-3ae3-ac84-50eb0dff12eb", "dfd85a5f-a464-32ab-81fd-99bcc66a070f"
BY_GIGABYTE = {"services": [PROTECTION, SYNC_SHARE], "mode": "per_gigabyte"}
BY_WORKLOAD = {"services": [PROTECTION], "mode": "per_workload"}
CHANGING = {
    "create", "open", "rename", "suspend", "resume", "delete", "start", "stop", "switch", "change_mode", "create_user",
    "assign", "mail_activation", "delete_user",
}  # fmt: skip


class Recorder:
    """A port that notes its changing calls."""

    def __init__(self, port: Accounts) -> None:
        self._port = port
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if name not in CHANGING:
            return found

        def call(*args: Any, **more: Any) -> Any:
            self.calls.append(name)
            return found(*args, **more)

        return call


@dataclass
class Rig:
    app: Acronis
    url: str
    at: datetime = NOW
    timeout: float = 5.0
    distributor: Organisation = field(default_factory=kit.distributor)
    port: Recorder = field(init=False)

    def __post_init__(self) -> None:
        self.doors: list[Http] = []
        self.reset()
        self.reseller = kit.reseller("Cedar Systems", under=self.distributor)
        self.customer = kit.customer("Alder Dental", under=self.reseller)
        self.direct = kit.customer("Birch Legal", under=self.distributor)
        with tenancy.acting_in(self.distributor.pk):
            self.instance = Instance.objects.create(
                kind="acronis", name="Acronis EU", settings={"url": self.url, "client_id": CLIENT},
                state=InstanceState.READY, created_at=NOW,
            )  # fmt: skip
        self.new_port()

    def reset(self) -> None:
        self.app.faults.clear()
        self.app.load_seed({
            "clients": {CLIENT: {"secret": SECRET, "tenant": MSP}},
            "tenants": [{"id": MSP, "name": "Broad Supply", "kind": "partner"}],
        })  # fmt: skip
        self.app.clock.set(self.at, frozen=True)
        self.app.requests.clear()

    def new_port(self, *, secret: str = SECRET) -> None:
        """As a new process has it."""
        http = Http(
            hosts=HostRule(patterns=HOSTS, sandbox=frozenset({self.url.removeprefix("http://")})),
            timeouts=Timeouts(connect=self.timeout, read=self.timeout, total=self.timeout * 2),
            clock=self.clock,
        )
        self.doors.append(http)
        settings = AcronisSettings(CLIENT, self.url)
        port = AcronisConnector(http=http, settings=settings, secrets=AcronisSecrets(secret), clock=self.clock)
        self.port = Recorder(port)

    def clock(self) -> datetime:
        return self.at

    def go(self, **by: float) -> None:
        self.at += timedelta(**by)
        self.app.clock.set(self.at, frozen=True)

    # What people do

    def synced(self, organisation: Organisation, *, username: str = "", **more: Any) -> Account:
        """As Sync Options leave it."""
        role = Role.RESELLER if organisation.kind == "reseller" else Role.USER
        under = organisation.parent_id != self.distributor.pk
        id = ids.new()
        fields: dict[str, Any] = {
            "id": id, "name": organisation.name, "provider": self.distributor.pk, "instance": self.instance.pk,
            "instance_name": self.instance.name, "kind": "acronis", "role": role,
            "bill_to": self.reseller.pk if under else None, "bill_to_name": self.reseller.name if under else "",
            "username": username or f"user-{id.hex[-12:]}", "email": f"it-{id.hex[-12:]}@example.com",
            "reference": f"purser-{id}", "synced_at": self.at, "partner_id": organisation.parent_id,
            "distributor_id": organisation.distributor_id,
        }  # fmt: skip
        with tenancy.acting_in(organisation.pk):
            made: Account = Account.objects.create(**fields | more)
        return made

    def ordered(
        self, account: Account, provides: dict[str, Any] = BY_GIGABYTE, *, name: str = "Protect", **more: Any
    ) -> Subscription:
        """An order was carried out."""
        fields: dict[str, Any] = {
            "customer_name": account.name, "number": f"S-{ids.new().hex[-10:]}", "account_id": account.pk,
            "provider": account.provider, "instance": account.instance, "offer": ids.new(), "offer_code": "P1",
            "offer_name": name, "product": ids.new(), "product_name": name, "vendor_name": "Acronis", "cycle": "monthly",
            "unit": "licence", "provides": provides, "quantity": 3, "price": Decimal(4), "currency": "EUR",
            "ordered_at": self.at, "partner_id": account.partner_id, "distributor_id": account.distributor_id,
        }  # fmt: skip
        with tenancy.acting_in(owner(account)):
            made: Subscription = Subscription.objects.create(**fields | more)
        return made

    def run(self, account: Account, **more: Any) -> flow.Result:
        return flow.run(tenant=owner(account), account_id=account.pk, clock=self.clock, **more)

    def settle(self, account: Account, *, times: int = 4, minutes: float = 5) -> flow.Result:
        """As the rhythm goes on with it: runs, with time between them."""
        for _ in range(times):
            try:
                last = self.run(account)
            except Busy:
                pass
            self.go(minutes=minutes)
        return last

    def standing_reseller(self) -> Account:
        account = self.synced(self.reseller)
        assert self.run(account).state == "provisioned"
        return account

    # What is true

    def again(self, account: Account) -> Account:
        with tenancy.acting_in(owner(account)):
            return Account.objects.get(pk=account.pk)

    def state_of(self, subscription: Subscription) -> tuple[str, str]:
        with tenancy.acting_in(UUID(str(subscription.tenant_id))):
            row = Subscription.objects.get(pk=subscription.pk)
            return row.state, row.state_text

    def steps(self, account: Account) -> list[tuple[str, str]]:
        with tenancy.acting_in(owner(account)):
            return list(Step.objects.filter(account=account.pk).order_by("first_at", "id").values_list("what", "state"))

    def step(self, account: Account, what: str) -> Step:
        with tenancy.acting_in(owner(account)):
            return Step.objects.filter(account=account.pk, what=what).latest("intended_at", "id")

    def there(self, account: Account) -> list[dict[str, Any]]:
        """The tenants at the vendor that bear the account's reference, as the sandbox itself has them."""
        rows = self.app.state["tenants"].values()
        return [row for row in rows if row["internal_tag"] == account.reference and not row["deleted_at"]]

    def person(self, account: Account) -> list[dict[str, Any]]:
        ids_ = {row["id"] for row in self.there(account)}
        return [row for row in self.app.state["users"].values() if row["tenant_id"] in ids_ and not row["deleted_at"]]

    def effects(self, what: str) -> list[dict[str, Any]]:
        return [effect for effect in self.app.effects if effect["what"] == what]

    def fail(self, kind: str, **details: Any) -> None:
        self.app.faults.arm(Fault(kind, **details))

    def tell(self, verb: str, **data: Any) -> Any:
        return self.app.control(verb, data)

    def asked(self) -> list[str]:
        """Calls since the last time, without those for a token."""
        found = [f"{r['method']} {r['path'].removeprefix('/api/2')}" for r in self.app.requests if "token" not in r["path"]]
        self.app.requests.clear()
        return found


def owner(account: Account) -> UUID:
    return UUID(str(account.tenant_id))


@contextmanager
def served(wrap: Callable[[Rig], Accounts] | None = None) -> Iterator[Rig]:
    """The flow gets the rig's port, whatever instance it asks for."""
    app = Acronis()
    with Server(app) as server:
        rig = Rig(app, server.url)
        before = ports.vendors()
        ports.use(replace(wiring.vendors, accounts=lambda instance: wrap(rig) if wrap else rig.port))
        try:
            yield rig
        finally:
            ports.use(before)
            for door in rig.doors:
                door.close()
