"""The lists that the portal shows too: where the API has each, and the rights that it and its file need."""

from __future__ import annotations

from dataclasses import dataclass

from purser.billing.buying import lists as buying
from purser.billing.paying import lists as paying
from purser.billing.usage import lists as usage
from purser.catalog import lists as catalog
from purser.directory import lists as directory
from purser.directory import lists_licensing
from purser.links.lists import bought, drift, logs, passes
from purser.lists import acts
from purser.lists.model import Table
from purser.notices import lists as notices
from purser.partners import lists as partners
from purser.provisioning import lists as provisioning
from purser.provisioning import lists_tasks
from purser.subscriptions import lists as held
from purser.subscriptions import lists_metered, lists_orders


@dataclass(frozen=True)
class Shared:
    path: str
    verb: str
    table: Table
    export: str = "reports.export"


SHARED = (
    Shared("/reports/subscriptions", "reports.read", bought.SUBSCRIPTIONS),
    Shared("/reports/linked", "reports.read", bought.LINKED),
    Shared("/reports/unlinked", "reports.read", bought.UNLINKED),
    Shared("/reports/success-log", "reports.read", logs.SUCCESS),
    Shared("/reports/failure-log", "reports.read", logs.FAILURES),
    Shared("/reports/movements", "reports.read", logs.MOVEMENTS),
    Shared("/hand-edits", "links.read", drift.DRIFT),
    Shared("/plans", "plans.read", passes.PLANS),
    Shared("/runs", "sync.read", passes.RUNS),
    Shared("/acts", "acts.read", acts.ACTS, export="acts.read"),
    Shared("/notices", "notices.read", notices.NOTICES, export="notices.read"),
    Shared("/consent/acts", "consent.read", acts.ON_BEHALF, export="consent.export"),
    Shared("/users", "users.read", directory.USERS, export="users.read"),
    Shared("/user-groups", "users.read", directory.GROUPS, export="users.read"),
    Shared("/collections", "collections.read", lists_licensing.COLLECTIONS, export="collections.read"),
    Shared("/licences", "licences.read", lists_licensing.LICENCES, export="licences.read"),
    Shared("/licences/users", "licences.read", lists_licensing.LICENSED_USERS, export="licences.read"),
    Shared("/auto-licence/runs", "licences.read", lists_licensing.LICENSING_RUNS, export="licences.read"),
    Shared("/auto-licence/changes", "licences.read", lists_licensing.LICENSING_STEPS, export="licences.read"),
    Shared("/tenants", "tenants.read", partners.TENANTS, export="tenants.read"),
    Shared("/tenants/below", "tenants.read", partners.BELOW, export="tenants.read"),
    Shared("/organisations", "operator.organisations.read", partners.ORGANISATIONS, export="operator.organisations.read"),
    Shared("/usage/days", "usage.read", usage.DAYS, export="usage.export"),
    Shared("/usage/charges", "usage.read", usage.CHARGES, export="usage.export"),
    Shared("/usage/entries", "usage.read", usage.ENTRIES, export="usage.export"),
    Shared("/quotes", "billing.read", buying.QUOTES, export="billing.read"),
    Shared("/documents", "billing.read", buying.DOCUMENTS, export="billing.read"),
    Shared("/price-lists", "operator.prices.read", buying.PRICE_LISTS, export="operator.prices.read"),
    Shared("/catalog/offers", "catalog.read", catalog.OFFERS, export="catalog.read"),
    Shared("/catalog/products", "catalog.read", catalog.PRODUCTS, export="catalog.read"),
    Shared("/catalog/price-lists", "catalog.read", catalog.SELLING_LISTS, export="catalog.read"),
    Shared("/purchases", "billing.read", paying.PURCHASES, export="billing.read"),
    Shared("/payments", "operator.prices.read", paying.PARTNERS_PURCHASES, export="operator.prices.read"),
    Shared("/instances", "instances.read", provisioning.INSTANCES, export="instances.read"),
    Shared("/vendor-accounts", "accounts.read", provisioning.ACCOUNTS, export="accounts.read"),
    Shared("/vendor-accounts/to-sync", "accounts.read", provisioning.TO_SYNC, export="accounts.read"),
    Shared("/vendor-accounts/half-done", "accounts.read", provisioning.HALF_DONE, export="accounts.read"),
    Shared("/vendor-findings", "accounts.read", provisioning.FINDINGS, export="accounts.read"),
    Shared("/vendor-strangers", "accounts.read", provisioning.STRANGERS, export="accounts.read"),
    Shared("/vendor-tasks", "accounts.read", lists_tasks.TASKS, export="accounts.read"),
    Shared("/sales-orders", "subscriptions.read", lists_orders.ORDERS, export="subscriptions.export"),
    Shared("/sales-orders/waiting", "orders.decide", lists_orders.WAITING, export="orders.decide"),
    Shared("/cycle-charges", "subscriptions.read", lists_metered.CHARGES, export="subscriptions.export"),
    Shared("/subscriptions", "subscriptions.read", held.SUBSCRIPTIONS, export="subscriptions.export"),
)
TABLES = {one.table.name: one.table for one in SHARED}
