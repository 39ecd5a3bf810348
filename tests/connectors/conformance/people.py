"""Who signs in: users, their roles, and the mail that lets them in."""

from __future__ import annotations

from purser.connectors.ports.accounts import Accounts, Role
from purser.kernel.errors import Missing, Refused
from tests.connectors.conformance.kit import code, made, person, through
from tests.connectors.vendors import Vendor


def users(vendor: Vendor, port: Accounts) -> None:
    tenant, other = made(vendor, port), made(vendor, port, "Cedar", reference="purser-10")
    user = person(vendor, port, tenant)
    assert (user.tenant, user.login, user.roles, user.elsewhere) == (tenant.id, "bea.birch", frozenset(), 0)
    assert vendor.count("mail") == 0
    read = port.users(tenant.id)
    assert (read.whole, list(read.items)) == (True, [user.id])
    assert port.users(other.id).items == {}
    assert port.user(user.id).login == "bea.birch"
    assert code(Refused, lambda: person(vendor, port, other, "BEA.birch")) == "login_taken"
    through(vendor, lambda: port.delete_user(user))
    assert port.users(tenant.id).items == {}
    assert code(Missing, lambda: port.user(user.id)) == "not_found"
    assert person(vendor, port, tenant).login == "bea.birch", "the login is free again"


def roles(vendor: Vendor, port: Accounts) -> None:
    if "roles" not in port.traits.can:
        return
    for kind in sorted(port.traits.kinds):
        tenant = made(vendor, port, f"A {kind}", kind=kind, reference=f"purser-{kind}")
        user = person(vendor, port, tenant, f"bea.{kind}")
        wanted = frozenset(port.traits.roles[kind])
        assert wanted
        assert port.assign(user, wanted) == wanted
        assert port.user(user.id).roles == wanted
        refused = (*wanted, Role("no_such_role"))
        assert code(Refused, lambda user=user, refused=refused: port.assign(port.user(user.id), refused)) == "role"  # type: ignore[misc]
        assert port.user(user.id).roles == wanted, "all or nothing"


def mails_when_asked(vendor: Vendor, port: Accounts) -> None:
    if "activation" not in port.traits.can:
        return
    user = person(vendor, port, made(vendor, port))
    for n in (1, 2):
        port.mail_activation(user.id)
        assert vendor.count("mail") == n
