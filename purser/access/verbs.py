"""What can be done, and which roles may do it: the one table behind every permission.

A role means nothing by itself; it is the set of verbs that name it. Screens that explain a role, the
matrix on the people page and the matrix in docs/ are made from this table, so they cannot say anything else
than what is enforced.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

OWNER, TECHNICIAN, BOOKKEEPER, READER, SUPPORT = "owner", "technician", "bookkeeper", "reader", "support"
ADMINISTRATOR = "administrator"  # of a customer: the Tenant Admin
CUSTOM = "custom"  # a role the organisation made itself, out of this table (roles.py)
PARTNER = "partner administrator"  # acts in a customer's tenant by its consent; nobody is a member as such
SYSTEM = "system"  # Purser itself, in a job; it passes no door, so no verb names it

_PARTNER_ROLES = MappingProxyType(
    {
        OWNER: "Does everything, and decides who works here.",
        TECHNICIAN: "Sets up connections and relations and runs the sync.",
        BOOKKEEPER: "Approves plans, decides drift and reads every report.",
        READER: "Sees everything but people's keys, and changes nothing.",
    }
)
# Which roles an organisation of each kind has, strongest first, and what to tell a person who chooses one.
ROLES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "operator": MappingProxyType(
            {
                OWNER: "Founds partners, issues licences, answers requests and decides who works here.",
                SUPPORT: "Sees the organisations and what was done, and changes nothing.",
            }
        ),
        "distributor": _PARTNER_ROLES,
        "reseller": _PARTNER_ROLES,
        "customer": MappingProxyType(
            {
                ADMINISTRATOR: "Administers this tenant, and decides whether the partner may.",
                READER: "Sees the tenant and what was done in it, and changes nothing.",
            }
        ),
    }
)
KINDS = tuple(ROLES)
# The role that no organisation with people may be without.
HEAD: Mapping[str, str] = MappingProxyType({kind: next(iter(roles)) for kind, roles in ROLES.items()})

# What a partner may leave to the tenant's own administrators, or not. Source: acceptance CS-12 to CS-17.
GROUPS: Mapping[str, str] = MappingProxyType(
    {
        "a": "Change User License and AutoLicense collection",
        "b": "Run tasks: Sync Tenant, Sync Mailbox, Auto-License, Purge, Restore, Cleanup",
        "c": "Change Schedule, Reporting, Contact Fields, Service account",
        "d": "Manage Sync Tunnels and Collections",
    }
)


@dataclass(frozen=True)
class Verb:
    """`sentence` completes "may ..."; `operator` to `customer` are the roles that may, in an organisation
    of that kind.

    `sensitive`: only with a password or second factor re-entered in the last five minutes. `area`: the part
    of a customer's administration that a consent must name before a partner may. `group`: the tenant
    permission without which the tenant's own administrators may not. Source: reliability P21; acceptance
    UC-15, CS-12.
    """

    name: str
    sentence: str
    operator: frozenset[str] = frozenset()
    distributor: frozenset[str] = frozenset()
    reseller: frozenset[str] = frozenset()
    customer: frozenset[str] = frozenset()
    sensitive: bool = False
    area: str = ""
    group: str = ""

    def roles(self, kind: str) -> frozenset[str]:
        """The roles that may, in an organisation of this kind; none where the kind has no roles."""
        return getattr(self, kind) if kind in KINDS else frozenset()


_none: frozenset[str] = frozenset()
_owner = frozenset({OWNER})
_technical = frozenset({OWNER, TECHNICIAN})
_money = frozenset({OWNER, BOOKKEEPER})
_working = frozenset({OWNER, TECHNICIAN, BOOKKEEPER})
_all = frozenset({OWNER, TECHNICIAN, BOOKKEEPER, READER})
_desk = frozenset({OWNER, SUPPORT})
_admin = frozenset({ADMINISTRATOR})
_inside = frozenset({ADMINISTRATOR, READER})
_both = frozenset({ADMINISTRATOR, PARTNER})
_seen = frozenset({ADMINISTRATOR, READER, PARTNER, SUPPORT})


def _everywhere(
    name: str,
    sentence: str,
    partner: frozenset[str],
    operator: frozenset[str],
    customer: frozenset[str],
    *,
    sensitive: bool = False,
    area: str = "",
) -> Verb:
    return Verb(name, sentence, operator, partner, partner, customer, sensitive=sensitive, area=area)


def _partners(name: str, sentence: str, roles: frozenset[str], *, sensitive: bool = False) -> Verb:
    return Verb(name, sentence, distributor=roles, reseller=roles, sensitive=sensitive)


def _resellers(name: str, sentence: str, roles: frozenset[str], *, sensitive: bool = False) -> Verb:
    return Verb(name, sentence, reseller=roles, sensitive=sensitive)


def _operators(name: str, sentence: str, roles: frozenset[str], *, sensitive: bool = False) -> Verb:
    return Verb(name, sentence, operator=roles, sensitive=sensitive)


def _customers(
    name: str, sentence: str, roles: frozenset[str], *, area: str = "", group: str = "", sensitive: bool = False
) -> Verb:
    return Verb(name, sentence, customer=roles, area=area, group=group, sensitive=sensitive)


_COMMON = (
    _everywhere("organisation.read", "open this organisation", _all | {SUPPORT}, _desk, _seen),
    _everywhere("people.read", "see who works here", _all | {SUPPORT}, _desk, _seen, area="users"),
    _everywhere("people.invite", "invite people", _owner, _owner, _both, sensitive=True, area="users"),
    _everywhere("people.change_role", "change what people may do", _owner, _owner, _both, sensitive=True, area="users"),
    _everywhere("people.remove", "remove people", _owner, _owner, _both, area="users"),
    _everywhere("people.suspend", "suspend people and let them in again", _owner, _owner, _both, area="users"),
    _everywhere("people.package", "give people a package", _owner, _none, _both, area="users"),
    _everywhere("roles.read", "see the roles and what they allow", _all | {SUPPORT}, _desk, _seen, area="users"),
    _everywhere("roles.write", "make roles of the organisation's own", _owner, _owner, _both, sensitive=True, area="users"),
    _everywhere("sign_on.configure", "set up how people sign in", _owner, _owner, _admin, sensitive=True),
    _everywhere("directory.configure", "let a directory keep the list of people", _owner, _owner, _admin, sensitive=True),
    _everywhere("tokens.read", "see API tokens", _working, _desk, _admin),
    _everywhere("tokens.make", "make API tokens", _technical, _owner, _admin, sensitive=True),
    _everywhere("tokens.revoke", "revoke API tokens", _technical, _owner, _admin),
    _everywhere("acts.read", "see what was done and by whom", _all | {SUPPORT}, _desk, _seen, area="domain"),
    _everywhere("views.write", "save views of lists", _all, _desk, frozenset({ADMINISTRATOR, READER, PARTNER})),
    _everywhere("notices.read", "read their own notices", _all, _desk, _inside),
    _everywhere("notices.choose", "choose which notices reach them, and what they follow", _all, _desk, _inside),
)

_BILLING = (
    _resellers("connections.read", "see connections", _all | {SUPPORT}),
    _resellers("connections.write", "change connections and their passwords", _technical, sensitive=True),
    _resellers("connections.test", "test connections", _technical),
    _resellers("connections.reveal", "show the secrets of a connection", _technical, sensitive=True),
    _resellers("links.read", "see relations", _all | {SUPPORT}),
    _resellers("links.write", "set and remove relations", _working),
    _resellers("plans.read", "read plans", _all | {SUPPORT}),
    _resellers("plans.approve", "approve plans", _money),
    _resellers("receipts.read", "see what was written where", _all | {SUPPORT}),
    _resellers("receipts.retry", "try failed steps again", _working),
    _resellers("sync.read", "see the schedule and its runs", _all | {SUPPORT}),
    _resellers("sync.configure", "change the schedule and the limits", _technical),
    _resellers("sync.run", "run the sync now", _working),
    _resellers("drift.decide", "decide which side is right when counts differ", _working),
    _resellers("checklist.accept", "accept items of the check list", _working),
    _resellers("reports.read", "see reports", _all | {SUPPORT}),
    _resellers("reports.export", "export reports", _all),
    _resellers("mapping.import", "import relations from a file", _working),
    _resellers("mapping.export", "export relations to a file", _all),
)

# Money is the partner's and the operator's. A customer has no verb here: it never sees a balance, a price or a receipt.
# Source: acceptance CS-2, CS-67; decision F-7.
_UNITS = (
    _partners("usage.read", "see daily units, what they cost and the balance", _all | {SUPPORT}),
    _partners("usage.export", "export daily units and shares", _all),
    _partners("usage.simulate", "compare policies and price lists over past days", _working),
    _partners("usage.advise", "have the adviser look for licences to take back, and take them back", _technical),
    _partners("billing.read", "see packages, quotes, purchases and receipts", _all | {SUPPORT}),
    _partners("billing.configure", "change billing info, the default package and the billing contact", _owner, sensitive=True),
    _partners("billing.card", "store and remove the card on file", _owner, sensitive=True),
    _partners("billing.automate", "switch automatic purchase on and off, and set its daily cap", _owner, sensitive=True),
    _partners("packages.quote", "put packages together and get a quote", _money),
    _partners("packages.buy", "buy packages with the card on file", _owner),
    _operators("operator.prices.read", "see the price lists, terms and purchases of partners", _desk),
    _operators("operator.prices.publish", "publish price lists and terms", _owner, sensitive=True),
    _operators("operator.programme.admit", "admit partners to daily units, and end it", _owner),
    _operators("operator.usage.correct", "correct the count of a closed day", _owner, sensitive=True),
    _operators("operator.payments.configure", "set up the payment provider", _owner, sensitive=True),
    _operators("operator.payments.refund", "refund purchases", _owner, sensitive=True),
)

# What is bought from vendors and sold on. Costs and margins are the sellers'; a customer sees what it is asked to pay.
# Source: acceptance CM-2, CM-42 to CM-44; AC-1 to AC-3, AC-30.
_COMMERCE = (
    _everywhere("catalog.read", "see the catalog, price lists and margins", _all | {SUPPORT}, _desk, _none),
    _everywhere("catalog.write", "change vendors, products and offers", _working, _owner, _none),
    _everywhere("prices.publish", "publish price lists", _money, _owner, _none),
    _everywhere("subscriptions.read", "see subscriptions and orders", _all | {SUPPORT}, _desk, _inside),
    _everywhere("subscriptions.export", "export subscriptions and orders", _all, _desk, _inside),
    _everywhere("orders.place", "order, change and end subscriptions", _working, _none, _admin),
    _partners("orders.decide", "approve and reject the orders of customers", _money),
    _partners("orders.configure", "choose which orders of customers need approval", _owner),
    _partners("subscriptions.price", "change the sales price of subscriptions", _money),
    _everywhere("instances.read", "see instances of vendors", _all | {SUPPORT}, _desk, _none),
    _everywhere("instances.write", "change instances of vendors and their secrets", _technical, _owner, _none, sensitive=True),
    _everywhere("instances.test", "test instances of vendors", _technical, _owner, _none),
    _everywhere("accounts.read", "see which accounts are synced with vendors", _all | {SUPPORT}, _desk, _none),
    _everywhere("accounts.sync", "sync accounts with vendors", _technical, _owner, _none),
    _everywhere("accounts.decide", "retry, adopt and take back what is half done at vendors", _technical, _owner, _none),
    _everywhere("accounts.remove", "delete tenants at vendors", _owner, _owner, _none, sensitive=True),
    _everywhere("tasks.confirm", "do and confirm tasks at vendors that have no interface", _working, _owner, _none),
)

_PARTNERSHIP = (
    _partners("tenants.read", "see the tenants of customers", _all),
    _partners("tenants.invite", "invite tenants and withdraw invitations", _owner),
    _partners("tenants.group", "keep groups of tenants", _working),
    _partners("people.partner_administrator", "choose partner administrators", _owner, sensitive=True),
    _partners("consent.ask", "ask a customer for its consent", _technical),
    _partners("administration.request", "ask to be enabled to administer customers", _owner),
    _operators("operator.organisations.read", "see the organisations", _desk),
    _operators("operator.organisations.found", "found partners", _owner),
    _operators("operator.organisations.suspend", "suspend organisations", _owner, sensitive=True),
    _operators("operator.customers.order", "take orders that make customers", _owner),
    _operators("operator.customers.move", "move customers between partners", _owner, sensitive=True),
    _operators("operator.requests.decide", "answer partners' requests to be enabled", _owner),
    _operators("operator.agreements.require", "require data-processing agreements by region", _owner),
    _operators("operator.licences.issue", "issue licences", _owner, sensitive=True),
    _operators("break_glass.ask", "ask to look into an organisation in an emergency", _desk),
    _operators("break_glass.approve", "let a colleague look into an organisation", _desk, sensitive=True),
)

_CUSTOMER = (
    _customers("consent.read", "see who may act here and what was done on behalf of the company", _seen),
    _customers("consent.decide", "decide whether the partner may administer this tenant", _admin, sensitive=True),
    _customers("consent.export", "export what was done on behalf of the company", _inside),
    Verb("agreements.confirm", "confirm data-processing agreements", distributor=_owner, reseller=_owner, customer=_admin),
    _customers("tenant.permit", "choose what the tenant's own administrators may do", frozenset({PARTNER})),
    _customers("domain.read", "see the domain and its packages", _seen, area="domain"),
    _customers("domain.write", "change the settings of the domain", _both, area="domain"),
    _customers("rooms.read", "see meeting rooms", _seen, area="rooms"),
    _customers("rooms.write", "change meeting rooms", _both, area="rooms"),
    _customers("telephony.read", "see telephony", _seen, area="telephony"),
    _customers("telephony.write", "change telephony and phones", _both, area="telephony"),
    _customers("conferences.read", "see conferences", _seen, area="conferences"),
    _customers("conferences.write", "change conferences", _both, area="conferences"),
    _customers("integrations.read", "see integrations", _seen, area="integrations"),
    _customers("integrations.write", "change integrations", _both, area="integrations"),
    _customers("apps.read", "see apps and plug-ins", _seen, area="apps"),
    _customers("apps.write", "change apps and plug-ins", _both, area="apps"),
    _customers("users.read", "see the users and groups of the directory", _seen, area="users"),
    _customers("users.source", "set up where users are read from", _both, area="users", sensitive=True),
    _customers("users.refresh", "read users now, or from a file", _both, area="users"),
    _customers("users.group", "make dynamic groups", _both, area="users"),
    _customers("licences.read", "see licences", _seen, area="licensing"),
    _customers("licences.write", "give and take user licences", _both, area="licensing", group="a"),
    _customers("auto_licence.write", "change the AutoLicense collection", _both, area="licensing", group="a"),
    _customers("tasks.sync_tenant", "run Sync Tenant", _both, area="contacts", group="b"),
    _customers("tasks.sync_mailbox", "run Sync Mailbox", _both, area="contacts", group="b"),
    _customers("tasks.auto_licence", "run Auto-License", _both, area="licensing", group="b"),
    _customers("tasks.purge", "run Purge", _both, area="contacts", group="b"),
    _customers("tasks.restore", "run Restore", _both, area="contacts", group="b"),
    _customers("tasks.cleanup", "run Cleanup", _both, area="contacts", group="b"),
    _customers("schedule.write", "change the schedule", _both, area="contacts", group="c"),
    _customers("reporting.write", "change reporting", _both, area="contacts", group="c"),
    _customers("contact_fields.write", "change the contact fields", _both, area="contacts", group="c"),
    _customers("service_account.write", "change the service account", _both, area="contacts", group="c", sensitive=True),
    _customers("tunnels.read", "see sync tunnels", _seen, area="contacts"),
    _customers("tunnels.create", "make sync tunnels", _both, area="contacts", group="d"),
    _customers("tunnels.edit", "change sync tunnels", _both, area="contacts", group="d"),
    _customers("tunnels.delete", "delete sync tunnels", _both, area="contacts", group="d"),
    _customers("collections.read", "see collections", _seen, area="contacts"),
    _customers("collections.create", "make collections", _both, area="contacts", group="d"),
    _customers("collections.edit", "change collections", _both, area="contacts", group="d"),
    _customers("collections.delete", "delete collections", _both, area="contacts", group="d"),
)

_TABLE = (*_COMMON, *_BILLING, *_UNITS, *_COMMERCE, *_PARTNERSHIP, *_CUSTOMER)
VERBS: Mapping[str, Verb] = MappingProxyType({verb.name: verb for verb in _TABLE})


def find(name: str) -> Verb:
    """Raises LookupError for a verb that is not in the table: a typo must never read as "no"."""
    try:
        return VERBS[name]
    except KeyError:
        raise LookupError(f"There is no verb {name!r}; add it to purser/access/verbs.py.") from None


def allowed(kind: str, role: str) -> list[Verb]:
    """What a role allows in an organisation of this kind, in the order of the table: "what will this
    allow?".
    """
    return [verb for verb in _TABLE if role in verb.roles(kind)]


def of_kind(kind: str) -> list[Verb]:
    """What can be done at all in an organisation of this kind, by its own people."""
    return [verb for verb in _TABLE if verb.roles(kind) & ROLES[kind].keys()]


def of_member(kind: str, role: str, *, custom: Iterable[str] = (), groups: str = "".join(GROUPS)) -> frozenset[str]:
    """What a member may: the role's verbs (or those of the organisation's own role), less what the partner keeps to
    itself of the groups a to d.
    """
    names = set(custom) & {verb.name for verb in of_kind(kind)} if role == CUSTOM else {v.name for v in allowed(kind, role)}
    return frozenset(name for name in names if not VERBS[name].group or VERBS[name].group in groups)


def of_grant(kind: str, role: str, scopes: Iterable[str]) -> frozenset[str]:
    """What somebody from outside may: the verbs of the role, each only where its area is within the scopes. Without an
    area a verb comes with any consent.
    """
    within = set(scopes)
    return frozenset(verb.name for verb in allowed(kind, role) if not verb.area or verb.area in within)
