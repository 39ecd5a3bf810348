"""The sidebar as data: which entries there are, and which verb shows each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from django.urls import NoReverseMatch, reverse

from purser.access import permit
from purser.access.actors import Actor


@dataclass(frozen=True)
class Entry:
    """`name` is the URL's name (it takes `tenant`); `kinds` the kinds of organisation that have it."""

    label: str
    name: str
    verb: str
    icon: str
    kinds: tuple[str, ...] = ("reseller",)


@dataclass(frozen=True)
class Section:
    label: str
    entries: tuple[Entry, ...]


EVERY = ("operator", "distributor", "reseller", "customer")
PARTNERS = ("distributor", "reseller")
CUSTOMER = ("customer",)
OTHERS = ("operator", "distributor", "reseller")  # than customers

SECTIONS = (
    Section("", (Entry("Home", "home", "organisation.read", "home", OTHERS),)),
    Section(
        "Tenant",
        (
            Entry("Overview", "overview", "organisation.read", "home", CUSTOMER),
            Entry("Users and groups", "users", "users.read", "users-group", CUSTOMER),
            Entry("Collections", "collections", "collections.read", "address-book", CUSTOMER),
            Entry("Licences", "licensed_users", "licences.read", "rosette-discount-check", CUSTOMER),
            Entry("My Services", "my-services", "subscriptions.read", "apps", CUSTOMER),
            Entry("Sync Tunnels", "tunnels", "tunnels.read", "refresh", CUSTOMER),
        ),
    ),
    Section(
        "Domain",
        (
            Entry("Domain", "domain", "domain.read", "building", CUSTOMER),
            Entry("Users", "people", "people.read", "users", CUSTOMER),
            Entry("Meeting Rooms", "meeting-rooms", "rooms.read", "device-desktop", CUSTOMER),
            Entry("Telephony", "telephony", "telephony.read", "phone", CUSTOMER),
            Entry("Conferences", "conferences", "conferences.read", "users-group", CUSTOMER),
            Entry("Integrations", "integrations", "integrations.read", "plug", CUSTOMER),
            Entry("Apps and Plug-ins", "apps", "apps.read", "apps", CUSTOMER),
        ),
    ),
    Section(
        "Consent",
        (
            Entry("Who may act here", "consent", "consent.read", "shield-lock", CUSTOMER),
            Entry("Done on behalf", "consent_acts", "consent.read", "history", CUSTOMER),
        ),
    ),
    Section(
        "Customers",
        (
            Entry("Tenants", "tenants", "tenants.read", "building", PARTNERS),
            Entry("Groups of tenants", "tenant_groups", "tenants.read", "users-group", PARTNERS),
            Entry("Customers of resellers", "tenants_below", "tenants.read", "building", ("distributor",)),
            Entry("Partner administration", "administration", "tenants.read", "key", PARTNERS),
        ),
    ),
    Section(
        "Services",
        (
            Entry("Subscriptions", "held_list", "subscriptions.read", "box", EVERY),
            Entry("Commitments", "commitments", "subscriptions.read", "calendar", EVERY),
            Entry("Usage charges", "cycle_charges", "subscriptions.read", "receipt", EVERY),
            Entry("Margins", "margins", "catalog.read", "chart-bar", OTHERS),
        ),
    ),
    Section(
        "Billing",
        (
            Entry("Mapping", "mapping", "links.read", "link"),
            Entry("Manage relations", "relations", "links.read", "table"),
            Entry("Plans", "plans", "plans.read", "git-compare"),
            Entry("Drift", "drift", "links.read", "arrows-diff"),
            Entry("Check list", "checklist", "reports.read", "list-check"),
        ),
    ),
    Section(
        "Catalog",
        (
            Entry("Catalog", "catalog", "catalog.read", "book", OTHERS),
            Entry("On sale to us", "catalog_on_sale", "catalog.read", "building-store", PARTNERS),
            Entry("Prices", "selling_lists", "catalog.read", "coin", OTHERS),
        ),
    ),
    Section(
        "Orders",
        (
            Entry("Orders", "order-list", "subscriptions.read", "list-check", OTHERS),
            Entry("Approval desk", "order-desk", "orders.decide", "check", PARTNERS),
            Entry("Approval rules", "order-rules", "orders.configure", "adjustments", PARTNERS),
        ),
    ),
    Section(
        "Vendors",
        (
            Entry("Provisioning Sync Status", "to_sync", "accounts.read", "refresh", OTHERS),
            Entry("Accounts at vendors", "vendor_accounts", "accounts.read", "building-store", OTHERS),
            Entry("Half done", "vendor_desk", "accounts.read", "alert-triangle", OTHERS),
            Entry("Tasks at vendors", "vendor_tasks", "accounts.read", "list-check", OTHERS),
            Entry("Changed at the vendor", "vendor_findings", "accounts.read", "arrows-diff", OTHERS),
            Entry("Unknown tenants", "vendor_strangers", "accounts.read", "help", OTHERS),
            Entry("Instances of vendors", "instances", "instances.read", "plug", OTHERS),
        ),
    ),
    Section(
        "Daily units",
        (
            Entry("Units", "units", "usage.read", "hourglass", PARTNERS),
            Entry("Statement", "usage_days", "usage.read", "receipt", PARTNERS),
            Entry("Shares", "usage_shares", "usage.read", "chart-bar", PARTNERS),
            Entry("Adviser", "usage_adviser", "usage.read", "calendar", PARTNERS),
            Entry("Simulator", "usage_simulator", "usage.simulate", "adjustments", PARTNERS),
            Entry("Buy packages", "packages", "packages.quote", "plus", PARTNERS),
            Entry("Quotes", "quotes", "billing.read", "file-text", PARTNERS),
            Entry("Documents", "documents", "billing.read", "receipt", PARTNERS),
            Entry("Purchases", "purchases", "billing.read", "list-check", PARTNERS),
            Entry("Payment", "card", "billing.read", "lock", PARTNERS),
        ),
    ),
    Section(
        "Reports",
        (
            Entry("Success log", "success_log", "reports.read", "circle-check"),
            Entry("Failure log", "failure_log", "reports.read", "alert-triangle"),
            Entry("Subscriptions", "subscriptions", "reports.read", "report"),
            Entry("Linked", "linked", "reports.read", "link"),
            Entry("Unlinked", "unlinked", "reports.read", "unlink"),
            Entry("Movements", "movements", "reports.read", "history"),
            Entry("Passes", "runs", "reports.read", "refresh"),
        ),
    ),
    Section(
        "Configuration",
        (
            Entry("Marketplace", "marketplace", "connections.read", "building-store"),
            Entry("Autotask", "autotask", "connections.read", "plug"),
            Entry("ConnectWise", "connectwise", "connections.read", "plug"),
            Entry("Schedule", "schedule", "sync.read", "clock"),
            Entry("Dictionary", "dictionary", "organisation.read", "book"),
        ),
    ),
    Section(
        "Administration",
        (
            Entry("Organisations", "organisations", "operator.organisations.read", "building", ("operator",)),
            Entry("Requests", "requests", "operator.organisations.read", "mail", ("operator",)),
            Entry("Agreements by country", "regions", "operator.organisations.read", "file-text", ("operator",)),
            Entry("Price lists", "prices", "operator.prices.read", "coin", ("operator",)),
            Entry("Payments", "payments", "operator.prices.read", "receipt", ("operator",)),
            Entry("Payment provider", "payment_provider", "operator.payments.configure", "plug", ("operator",)),
            Entry("Terms of daily units", "operator_terms", "operator.prices.read", "adjustments", ("operator",)),
            Entry("Emergency looks", "break_glass", "operator.organisations.read", "eye", ("operator",)),
            Entry("People", "people", "people.read", "users", OTHERS),
            Entry("Roles", "roles", "roles.read", "rosette-discount-check", EVERY),
            Entry("Acts", "acts", "acts.read", "history", EVERY),
            Entry("API tokens", "tokens", "tokens.read", "key", EVERY),
            Entry("Sign-on", "sign_on", "sign_on.configure", "lock", EVERY),
            Entry("Directory", "directory", "directory.configure", "book", EVERY),
            Entry("Settings", "settings", "tenants.read", "settings", PARTNERS),
        ),
    ),
)


@dataclass(frozen=True)
class Item:
    """An entry as this actor sees it."""

    label: str
    href: str
    icon: str
    here: bool


@dataclass(frozen=True)
class Group:
    id: str
    label: str
    items: tuple[Item, ...]


def sidebar(actor: Actor, *, path: str, context: str = "") -> Iterator[Group]:
    """The sections this actor may see, with the entry marked that `path` belongs to (the longest address it begins
    with).
    """
    found = [(section, _entries(section, actor)) for section in SECTIONS]
    home = next((href for _, entries in found for entry, href in entries if entry.name == "home"), "")
    under = [href for _, entries in found for _, href in entries if path == href or (href != home and path.startswith(href))]
    here = max(under, key=len, default="")
    tail = f"?context={context}" if context else ""
    for section, entries in found:
        if entries:
            items = tuple(Item(entry.label, href + tail, entry.icon, href == here) for entry, href in entries)
            yield Group(section.label.lower(), section.label, items)


def _entries(section: Section, actor: Actor) -> list[tuple[Entry, str]]:
    return [
        (entry, href)
        for entry in section.entries
        if actor.kind in entry.kinds and permit.allows(actor, entry.verb) and (href := address(entry.name, actor))
    ]


def address(name: str, actor: Actor) -> str:
    """The address of a tenant page by its URL name; empty while no such page exists."""
    return page_of(name, actor.tenant)


def page_of(name: str, tenant: UUID) -> str:
    """The same in any organisation."""
    try:
        return reverse(name, kwargs={"tenant": tenant})
    except NoReverseMatch:
        return ""
