"""The one place that names vendors: from a connection's row to its port."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from purser.access import vault
from purser.access.vendor_settings import Field, Kinds
from purser.billing.models import Provider
from purser.connectors import acronis, autotask, bucket, connectwise, graph, ldap, marketplace, stripe, table
from purser.connectors.autotask.client import PER_HOUR, THREADS
from purser.connectors.ports.accounts import Accounts
from purser.connectors.ports.directory import Directory, Followed, Loaded
from purser.connectors.ports.marketplace import Marketplace
from purser.connectors.ports.payment import Payments
from purser.connectors.ports.psa import Psa
from purser.connectors.shared import budget
from purser.connectors.shared.addresses import HostRule
from purser.connectors.shared.circuit import Circuit
from purser.connectors.shared.http import Http
from purser.directory.models import Source, SourceKind
from purser.flows.marketplace_to_contracts.run import Ports
from purser.flows.ports import Vendors
from purser.kernel.errors import Missing, Refused
from purser.links.connections import OF_TABLE
from purser.links.models import Connection
from purser.links.models.connections import ConnectionKind
from purser.postgres import tenancy
from purser.provisioning.models import Instance

# What each kind of connection is configured with. Source: acceptance ID-1, ID-3, ID-4.
FIELDS: dict[str, tuple[Field, ...]] = {
    ConnectionKind.MARKETPLACE: (
        Field("account_number", "Account Number"),
        Field("gateway_secret", "Subscription + Gateway Secret", secret=True),
        Field("license_customer", "License Customer"),
        Field("license_key", "License Key", secret=True),
        Field("gateway_url", "Gateway URL", address=True),
        Field("gateway_user", "Gateway User"),
        Field("gateway_password", "Gateway Password", secret=True),
        Field("market", "Market", default="us", required=False),
        Field("version", "Version", default="1.1", required=False),
        Field("token_url", "Token URL", address=True, required=False),
        Field("client_id", "Client ID", required=False),
        Field("client_secret", "Client Secret", secret=True, required=False),
        Field("launch_secret", "Launch Secret", secret=True, required=False),
    ),
    ConnectionKind.AUTOTASK: (
        Field("user", "Account User", help="The API user, as username@domain."),
        Field("password", "Account Password", secret=True),
        Field("company_id", "Company ID", default="0", help="0 is your own company."),
        Field("integration_code", "Tracking identifier", secret=True, help="Of the API user's integration."),
        Field(
            "zone_lookup_url",
            "Address",
            address=True,
            default="https://webservices2.autotask.net/atservicesrest",
        ),
    ),
    ConnectionKind.CONNECTWISE: (
        Field("site", "Site", address=True, default="https://api-na.myconnectwise.net"),
        Field("company_id", "Company", help="As typed when signing in to ConnectWise."),
        Field("integrator_user", "Integrator user", help="The API member's public key."),
        Field("integrator_password", "Integrator password", secret=True, help="The API member's private key."),
        Field("client_id", "Client ID", help="The integration's clientId."),
        Field(
            "dated",
            "Date every change",
            default="no",
            required=False,
            help="yes: also on agreements without proration, which ConnectWise refuses until it is switched on.",
        ),
    ),
}

HOSTS: dict[str, tuple[str, ...]] = {
    ConnectionKind.MARKETPLACE: marketplace.HOSTS,
    ConnectionKind.AUTOTASK: autotask.HOSTS,
    ConnectionKind.CONNECTWISE: connectwise.HOSTS,
}


def hosts(kind: str) -> HostRule:
    """Where connections of this kind may call."""
    extra = settings.MARKETPLACE_HOSTS if kind == ConnectionKind.MARKETPLACE else ()
    return HostRule((*HOSTS[kind], *extra), settings.SANDBOX_HOSTS)


def check_addresses(kind: str, values: dict[str, str]) -> None:
    """Refuses an address that this kind of connection may not call, before it is kept."""
    for field in FIELDS[kind]:
        if field.address and values.get(field.name):
            hosts(kind).admit(values[field.name])


def _secrets(connection: Connection) -> dict[str, str]:
    kept = of_vault(connection.tenant_id, OF_TABLE, connection.pk)
    return {field.name: kept.get(field.name, "") for field in FIELDS[connection.kind] if field.secret}


# One client per connection and version in a process: tokens and zones live as long as it.
_ports: dict[UUID, tuple[str, Any]] = {}
_circuit = Circuit(clock=timezone.now)


def _made(connection: Connection, make: Any) -> Any:
    secrets = _secrets(connection)
    stamp = hashlib.sha256(repr((connection.settings, sorted(secrets.items()))).encode()).hexdigest()
    held = _ports.get(connection.pk)
    if held is None or held[0] != stamp:
        held = (stamp, make(connection, secrets, stamp))
        _ports[connection.pk] = held
    return held[1]


def _http(
    connection: Connection, stamp: str, *, threads: int, per_hour: int | None = None, per_minute: int | None = None
) -> Http:
    return Http(
        hosts=hosts(connection.kind),
        budget=budget.shared(stamp, threads=threads, per_hour=per_hour, per_minute=per_minute),
        circuit=_circuit,
        clock=timezone.now,
    )


def _marketplace(connection: Connection, secrets: dict[str, str], stamp: str) -> Marketplace:
    s = connection.settings
    return marketplace.MarketplaceConnector(
        http=_http(connection, stamp, threads=4),
        settings=marketplace.MarketplaceSettings(
            gateway_url=s.get("gateway_url", ""),
            market=s.get("market") or "us",
            version=s.get("version") or "1.1",
            token_url=s.get("token_url", ""),
        ),
        secrets=marketplace.MarketplaceSecrets(
            user=s.get("gateway_user", ""),
            password=secrets["gateway_password"],
            subscription_key=secrets["gateway_secret"],
            client_id=s.get("client_id", ""),
            client_secret=secrets["client_secret"],
        ),
        clock=timezone.now,
    )


def _autotask(connection: Connection, secrets: dict[str, str], stamp: str) -> Psa:
    s = connection.settings
    return autotask.AutotaskConnector(
        http=_http(connection, stamp, threads=THREADS, per_hour=PER_HOUR),
        settings=autotask.AutotaskSettings(zone_lookup_url=s["zone_lookup_url"], company_id=s.get("company_id", "0")),
        secrets=autotask.AutotaskSecrets(
            user=s.get("user", ""), secret=secrets["password"], integration_code=secrets["integration_code"]
        ),
        clock=timezone.now,
    )


def _connectwise(connection: Connection, secrets: dict[str, str], stamp: str) -> Psa:
    s = connection.settings
    return connectwise.ConnectWiseConnector(
        http=_http(connection, stamp, threads=4, per_minute=connectwise.PER_MINUTE),
        settings=connectwise.ConnectWiseSettings(
            site=s["site"],
            company_id=s.get("company_id", ""),
            client_id=s.get("client_id", ""),
            dated=s.get("dated") == "yes",
        ),
        secrets=connectwise.ConnectWiseSecrets(
            public_key=s.get("integrator_user", ""), private_key=secrets["integrator_password"]
        ),
        clock=timezone.now,
    )


_MAKERS = {ConnectionKind.AUTOTASK: _autotask, ConnectionKind.CONNECTWISE: _connectwise}


def marketplace_of(connection: Connection) -> Marketplace:
    if connection.kind != ConnectionKind.MARKETPLACE:
        raise Refused(f"{connection.name} is no marketplace.", code="kind")
    port: Marketplace = _made(connection, _marketplace)
    return port


def psa_of(connection: Connection) -> Psa:
    maker = _MAKERS.get(ConnectionKind(connection.kind))
    if maker is None:
        raise Missing(f"{connection.name} is no PSA.")
    port: Psa = _made(connection, maker)
    return port


def directory_at(
    *,
    tenant: str,
    client_id: str,
    client_secret: str,
    login_url: str = graph.LOGIN_URL,
    graph_url: str = graph.GRAPH_URL,
) -> Followed:
    """A customer's directory at Microsoft, read as our application. `tenant` is the directory's id or a domain of it; the
    addresses are other ones in national clouds. Raises Refused(code="address") for one that may not be called."""
    rule = HostRule(graph.HOSTS, settings.SANDBOX_HOSTS)
    rule.admit(login_url)
    rule.admit(graph_url)
    return _graph(graph.GraphSettings(tenant, client_id, login_url, graph_url), graph.GraphSecrets(client_secret), rule)


@lru_cache(maxsize=500)  # with their tokens
def _graph(settings: graph.GraphSettings, secrets: graph.GraphSecrets, rule: HostRule) -> Followed:
    stamp = hashlib.sha256(repr((settings, secrets.client_secret)).encode()).hexdigest()
    return graph.GraphConnector(
        http=Http(hosts=rule, budget=budget.shared(stamp, threads=graph.THREADS), circuit=_circuit, clock=timezone.now),
        settings=settings,
        secrets=secrets,
        clock=timezone.now,
    )


def accounts_at(*, client_id: str, client_secret: str, url: str = acronis.ACRONIS_URL) -> Accounts:
    """A partner's tenants at Acronis, by an API client of that partner's. `url` is its data centre's. Raises
    Refused(code="address") for one that may not be called."""
    rule = HostRule(acronis.HOSTS, settings.SANDBOX_HOSTS)
    rule.admit(url)
    return _acronis(acronis.AcronisSettings(client_id, url), acronis.AcronisSecrets(client_secret), rule)


@lru_cache(maxsize=500)  # with their tokens
def _acronis(settings: acronis.AcronisSettings, secrets: acronis.AcronisSecrets, rule: HostRule) -> Accounts:
    stamp = hashlib.sha256(repr((settings, secrets.client_secret)).encode()).hexdigest()
    return acronis.AcronisConnector(
        http=Http(hosts=rule, budget=budget.shared(stamp, threads=acronis.THREADS), circuit=_circuit, clock=timezone.now),
        settings=settings,
        secrets=secrets,
        clock=timezone.now,
    )


def storage_at(*, api_key: str, url: str = bucket.BUCKETRY_URL) -> Accounts:
    """A reseller's accounts at Bucketry, by an API key of its own. Raises Refused(code="address") for an address that may not
    be called."""
    rule = HostRule(bucket.HOSTS, settings.SANDBOX_HOSTS)
    rule.admit(url)
    return _bucketry(bucket.BucketrySettings(url), bucket.BucketrySecrets(api_key), rule)


@lru_cache(maxsize=500)
def _bucketry(settings: bucket.BucketrySettings, secrets: bucket.BucketrySecrets, rule: HostRule) -> Accounts:
    stamp = hashlib.sha256(repr((settings, secrets.api_key)).encode()).hexdigest()
    return bucket.BucketryConnector(
        http=Http(hosts=rule, budget=budget.shared(stamp, threads=bucket.THREADS), circuit=_circuit, clock=timezone.now),
        settings=settings,
        secrets=secrets,
        clock=timezone.now,
    )


def payments_at(
    *, key: str, webhook_keys: tuple[str, ...] = (), url: str = stripe.STRIPE_URL, cards_only: bool = True
) -> Payments:
    """The operator's account at the payment provider. `url` differs where a sandbox stands in, and `cards_only` is false for
    one that knows no such word. Raises Refused(code="address") for an address that may not be called."""
    rule = HostRule(stripe.HOSTS, settings.SANDBOX_HOSTS)
    rule.admit(url)
    return _stripe(stripe.StripeSettings(url, cards_only), stripe.StripeSecrets(key, webhook_keys), rule)


@lru_cache(maxsize=50)
def _stripe(settings: stripe.StripeSettings, secrets: stripe.StripeSecrets, rule: HostRule) -> Payments:
    stamp = hashlib.sha256(repr((settings, secrets.key)).encode()).hexdigest()
    return stripe.StripeConnector(
        http=Http(hosts=rule, budget=budget.shared(stamp, threads=stripe.THREADS), circuit=_circuit, clock=timezone.now),
        settings=settings,
        secrets=secrets,
    )


def directory_of(source: Source) -> Directory:
    """The directory of a tenant. Raises Refused(code="kind") for one that comes as a file: there is nobody to ask."""
    maker = _DIRECTORIES.get(SourceKind(source.kind))
    if maker is None:
        raise Refused("These users come from a file: load it again.", code="kind")
    return maker(source, of_vault(source.tenant_id, "directory_source", source.pk))


def _graph_of(source: Source, secrets: dict[str, str]) -> Directory:
    s = source.settings
    return directory_at(
        tenant=s["tenant"],
        client_id=s["client_id"],
        client_secret=secrets.get("client_secret", ""),
        login_url=s.get("login_url") or graph.LOGIN_URL,
        graph_url=s.get("graph_url") or graph.GRAPH_URL,
    )


def _ldap_of(source: Source, secrets: dict[str, str]) -> Directory:
    s = source.settings
    return ldap.LdapConnector(
        settings=ldap.LdapSettings(
            url=s["url"],
            base=s["base"],
            user=s.get("bind_dn", ""),
            users=s.get("user_filter", ""),
            groups=s.get("group_filter", ""),
            start_tls=s.get("start_tls", "no") == "yes",
            authority=s.get("authority", ""),
        ),
        secrets=ldap.LdapSecrets(secrets.get("password", "")),
        hosts=HostRule(ldap.HOSTS, settings.SANDBOX_HOSTS),
        clock=timezone.now,
    )


_DIRECTORIES: dict[str, Callable[[Source, dict[str, str]], Directory]] = {
    SourceKind.GRAPH: _graph_of,
    SourceKind.LDAP: _ldap_of,
}


def table_of(content: bytes, at: datetime) -> Loaded:
    return table.read(content, at=at)


def payments_of(provider: Provider) -> Payments:
    """The operator's account at the payment provider. Secrets: "key", and "webhook_keys", one a line."""
    secrets = of_vault(provider.tenant_id, "billing_provider", provider.pk)
    return payments_at(
        key=secrets.get("key", ""),
        webhook_keys=tuple(secrets.get("webhook_keys", "").split()),
        url=provider.url,
        cards_only=provider.cards_only,
    )


def accounts_of(instance: Instance) -> Accounts:
    """An instance at a vendor of accounts; config.vendors knows its kind."""
    from purser.config import vendors  # which stands on this module

    return vendors.accounts_of(instance)


def of_vault(tenant: UUID | None, of_table: str, of_id: UUID) -> dict[str, str]:
    """All secrets of a row by field, read in the seat taken or else in its tenant's own."""

    def read() -> dict[str, str]:
        return {name: vault.reveal(of_table, of_id, name) for name in vault.kept(of_table, of_id)}

    if tenancy.seat() is not None:
        return read()
    assert tenant is not None
    with tenancy.acting_in(tenant):
        return read()


ports = Ports(marketplace=marketplace_of, psa=psa_of)
vendors = Vendors(ports, directory_of, payments_of, table_of, accounts_of, table.rows)
kinds = Kinds(FIELDS, check_addresses)
