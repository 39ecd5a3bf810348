"""What each kind of source of users is configured with, and which addresses it may call."""

from __future__ import annotations

from django.conf import settings

from purser.access.vendor_settings import Field, Kinds
from purser.connectors import graph, ldap
from purser.connectors.shared.addresses import HostRule
from purser.directory.models import SourceKind

_EVERY = Field("every_hours", "Read every so many hours", default="6", required=False, help="From 1 to 168.")
# What each kind of source of users is configured with.
FIELDS: dict[str, tuple[Field, ...]] = {
    SourceKind.GRAPH: (
        Field(
            "tenant", "Directory (tenant) id", address=True, help="Of the customer, as the Entra admin center shows it."
        ),
        Field("client_id", "Application (client) id", address=True),
        Field("client_secret", "Client secret", secret=True, help="Its value, not its id."),
        Field(
            "login_url", "Sign-in address", address=True, default=graph.LOGIN_URL, required=False, help="Of national clouds."
        ),
        Field(
            "graph_url", "Graph address", address=True, default=graph.GRAPH_URL, required=False, help="Of national clouds."
        ),
        _EVERY,
    ),
    SourceKind.LDAP: (
        Field("url", "Address", address=True, help="Like ldaps://directory.example.com."),
        Field(
            "start_tls", "StartTLS", address=True, default="no", required=False, choices=("no", "yes"),
            help="yes: the connection to an ldap:// address is encrypted before anything is said.",
        ),
        Field("base", "Base", help="Like dc=example,dc=com; what is under it is read."),
        Field("bind_dn", "Sign in as", address=True, help="The distinguished name of a user who may read."),
        Field("password", "Password", secret=True),
        Field("user_filter", "Filter for users", required=False, help="Empty: all people."),
        Field("group_filter", "Filter for groups", required=False, help="Empty: all groups."),
        Field(
            "authority", "Certificate of your authority", address=True, required=False, long=True,
            help="As PEM, where the directory's certificate is of no public authority.",
        ),
        _EVERY,
    ),
    SourceKind.FILE: (),
}  # fmt: skip


def check(kind: str, values: dict[str, str]) -> None:
    """Refuses an address that this kind of source may not call, or a filter that cannot be, before it is kept."""
    if kind == SourceKind.GRAPH:
        rule = HostRule(graph.HOSTS, settings.SANDBOX_HOSTS)
        rule.admit(values["login_url"])
        rule.admit(values["graph_url"])
    if kind == SourceKind.LDAP:
        ldap.check(
            url=values["url"],
            start_tls=values["start_tls"] == "yes",
            filters=(values["user_filter"], values["group_filter"]),
            authority=values["authority"],
            hosts=HostRule(ldap.HOSTS, settings.SANDBOX_HOSTS),
        )


kinds = Kinds(FIELDS, check)
