"""Each kind of instance at a vendor of accounts: what it is configured with, where it may call, and how its port is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from purser.access.vendor_settings import Field, Kinds
from purser.config import wiring
from purser.connectors import acronis, bucket, byhand
from purser.connectors.ports.accounts import Accounts
from purser.connectors.shared.addresses import HostRule
from purser.kernel.errors import Refused
from purser.provisioning import tasks
from purser.provisioning.models import Instance


@dataclass(frozen=True)
class Vendor:
    """`make(settings, secrets, instance)` answers the port; `hosts` are where it may call."""

    name: str
    fields: tuple[Field, ...]
    hosts: tuple[str, ...]
    make: Callable[[Mapping[str, str], Mapping[str, str], Instance], Accounts]
    check: Callable[[Mapping[str, str]], object] = dict  # raises Refused for what cannot be kept


def _acronis(values: Mapping[str, str], secrets: Mapping[str, str], instance: Instance) -> Accounts:
    return wiring.accounts_at(
        client_id=values.get("client_id", ""),
        client_secret=secrets.get("client_secret", ""),
        url=values.get("url") or acronis.ACRONIS_URL,
    )


def _bucketry(values: Mapping[str, str], secrets: Mapping[str, str], instance: Instance) -> Accounts:
    return wiring.storage_at(api_key=secrets.get("api_key", ""), url=values.get("url") or bucket.BUCKETRY_URL)


def _byhand(values: Mapping[str, str], secrets: Mapping[str, str], instance: Instance) -> Accounts:
    return byhand.ByHandConnector(
        tasks=tasks.Desk(instance, days=_days(values), clock=timezone.now),
        products=byhand.products(values.get("products", "")),
        clock=timezone.now,
        name=instance.name,
    )


def _days(values: Mapping[str, str]) -> int:
    typed = values.get("due_days") or "2"
    if not (typed.isascii() and typed.isdigit() and len(typed) < 4 and 1 <= int(typed) <= tasks.MOST_DAYS):
        raise Refused(f"A task is due in 1 to {tasks.MOST_DAYS} working days, not {typed[:20]}.", code="due_days")
    return int(typed)


def _by_hand_checked(values: Mapping[str, str]) -> None:
    _days(values)
    byhand.products(values.get("products", ""))


VENDORS: dict[str, Vendor] = {
    "acronis": Vendor(
        "Acronis",
        (
            Field(
                "url", "Address", address=True, default=acronis.ACRONIS_URL,
                help="Of your data centre, as the management portal's address begins.",
            ),
            Field("client_id", "Client ID", address=True, help="Of an API client of your own partner tenant."),
            Field("client_secret", "Client secret", secret=True, help="Shown once, when the API client is made."),
        ),
        acronis.HOSTS,
        _acronis,
    ),
    "bucketry": Vendor(
        "Bucketry",
        (
            Field("url", "Address", address=True, default=bucket.BUCKETRY_URL, help="Of the reseller API."),
            Field("api_key", "API key", secret=True, help="Of your own reseller account."),
        ),
        bucket.HOSTS,
        _bucketry,
    ),
    "byhand": Vendor(
        "By hand",
        (
            Field(
                "products", "Products", long=True,
                help="What the vendor sells, a line each: its code, a colon and its name. Offers name the codes.",
            ),
            Field("due_days", "Working days for a task", default="2", required=False),
        ),
        (),
        _byhand,
        _by_hand_checked,
    ),
}  # fmt: skip


def check(kind: str, values: dict[str, str]) -> None:
    """Refuses an address that this kind of instance may not call, before it is kept."""
    rule = HostRule(VENDORS[kind].hosts, settings.SANDBOX_HOSTS)
    for field in VENDORS[kind].fields:
        if field.name == "url" and values.get(field.name):
            rule.admit(values[field.name])
    VENDORS[kind].check(values)


def accounts_of(instance: Instance) -> Accounts:
    """The port to an instance's vendor. Raises Refused(code="kind") for a kind that is not known."""
    vendor = VENDORS.get(instance.kind)
    if vendor is None:
        raise Refused(f"{instance.name} is of a kind that is not known here: {instance.kind}.", code="kind")
    held = _made.get(instance.pk)
    if held is None or held[0] != instance.version:
        tenant: UUID | None = instance.tenant_id
        held = (instance.version, vendor.make(instance.settings, wiring.of_vault(tenant, OF_TABLE, instance.pk), instance))
        _made[instance.pk] = held
    return held[1]


# Each in the version it was made for: another one may have other secrets.
_made: dict[UUID, tuple[int, Accounts]] = {}
OF_TABLE = "provisioning_instance"  # in the vault
NAMES = {kind: vendor.name for kind, vendor in VENDORS.items()}
kinds = Kinds({kind: vendor.fields for kind, vendor in VENDORS.items()}, check)
