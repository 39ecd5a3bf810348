"""Every address of the site, with another organisation's ids wherever it takes one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from purser.postgres import ids
from tests.tenancy.planting import Planted

# What each name in an address stands for. A new name must be added: else nobody would try a foreign id there.
TABLE_OF = {
    "act": "access_act",
    "asked": "partners_enablingrequest",
    "invited": "partners_tenantinvitation",
    "organisation": "tenants_organisation",
    "partner": "tenants_organisation",
    "agreement": "links_targetagreement",
    "connection": "links_connection",
    "customer": "links_sourcecustomer",
    "api_key": "access_apitoken",
    "bearer": "access_directorytoken",
    "domain": "access_domain",
    "drift": "links_drift",
    "group": "access_directorygroup",
    "grant": "tenants_grant",
    "invitation": "access_invitation",
    "link": "links_link",
    "membership": "access_membership",
    "notice": "notices_delivery",
    "follow": "notices_follow",
    "pair": "links_sync",
    "order": "partners_ordertaken",
    "plan": "links_storedplan",
    "posting": "links_receipt",
    "receipt": "links_receipt",
    "resource": "links_sourceresource",
    "role": "access_customrole",
    "run": "links_run",
    "subscription": "links_sourcesubscription",
    "sync": "links_sync",
    "tenant_group": "partners_tenantgroup",
    "collection": "directory_collection",
    "licensing_run": "directory_licensingrun",
    "user": "directory_user",
    "user_group": "directory_group",
    "quote": "billing_quote",
    "document": "billing_document",
    "price_list": "billing_pricelist",
    "purchase": "billing_purchase",
    "visit": "billing_visit",
    "operator": "tenants_organisation",
    "token": "access_apitoken",
    "advice": "billing_adviceplan",
    "vendor": "catalog_vendor",
    "product": "catalog_product",
    "offer": "catalog_offer",
    "selling_list": "catalog_pricelist",
    "price_version": "catalog_priceversion",
    "instance": "provisioning_instance",
    "finding": "provisioning_finding",
    "task": "provisioning_task",
    "stranger": "provisioning_stranger",
    "held": "subscriptions_subscription",
    "planned": "subscriptions_plannedchange",
    "feed": "subscriptions_calendarfeed",
    "placed": "subscriptions_order",
    "buyer": "tenants_organisation",
    # named in bodies and queries only
    "account": "links_targetaccount",
    "service": "links_targetservice",
    "successor": "links_targetagreement",
}

# Words in an address that are no ids.
WORDS = {"field": "password", "item": "unlinked", "kind": "autotask", "screen": "acts", "pk": "1", "uidb36": "1"} | {
    "rest": "Users",
    "session": "1",
    "side": "customer",
    "source_kind": "graph",
    "vendor_kind": "acronis",
    "on": "2026-07-01",
}


@dataclass(frozen=True)
class Address:
    """A pattern of the resolver, as Django writes it, with the names it takes."""

    route: str
    names: tuple[str, ...]

    @property
    def in_tenant(self) -> bool:
        return "tenant" in self.names

    @property
    def is_api(self) -> bool:
        return self.route.startswith("api/v1/t/")

    @property
    def words(self) -> tuple[str, ...]:
        """Those of its names that stand for a word which opens something, as a mail bears it, and for no id."""
        return tuple(name for name in ("token", "key") if name in self.names and f"<uuid:{name}>" not in self.route)

    @property
    def things(self) -> tuple[str, ...]:
        return tuple(name for name in self.names if name not in WORDS and name != "tenant")

    def path(self, values: Mapping[str, str]) -> str:
        filled = re.sub(r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>[^)]*\)", lambda m: values[m.group(1) or m.group(2)], self.route)
        return "/" + re.sub(r"[\^$\\]|\\Z", "", filled)


def every() -> list[Address]:
    """All patterns, each once, in their order."""
    return list(dict.fromkeys(_walk(get_resolver(), "")))


def _walk(resolver: URLResolver, before: str) -> Iterator[Address]:
    for pattern in resolver.url_patterns:
        route = before + str(pattern.pattern).removeprefix("^")
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern, route)
        elif isinstance(pattern, URLPattern):
            yield Address(route, tuple(re.findall(r"<(?:\w+:)?(\w+)>", route)))


def values_of(address: Address, *, tenant: str, of: Planted | None) -> dict[str, str]:
    """What stands in the path: the things of `of`, or ids of nothing."""
    found = {"tenant": tenant}
    for name in address.names:
        if name in WORDS:
            found[name] = WORDS[name]
        elif name in address.words:
            found[name] = of.tokens.get(address.route.partition("/")[0], "0" * 43) if of else "0" * 43
        elif name != "tenant":
            found[name] = str(thing(name, address.route, of))
    return found


def thing(name: str, route: str, of: Planted | None) -> Any:
    """An id for a name. A relation is of the level that the route speaks of, a reseller is the organisation."""
    if of is None:
        return ids.new()
    if name == "reseller":
        return of.tenant
    if name == "relation":
        return of.one("links_companylink" if "company" in route else "links_subscriptionlink")
    return of.one(TABLE_OF[name])
