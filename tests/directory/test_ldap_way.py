"""The whole way from a real OpenLDAP server into the mirror: set up through the page's own calls, read, read again."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import ldap3  # type: ignore[import-untyped]
import pytest
from django.test import override_settings

from purser.connectors.ldap import connector
from purser.directory import groups, setting, sources
from purser.directory.models import Group, Source, User
from purser.flows import ports
from purser.flows.vendor_to_mirror import read
from purser.kernel.errors import Refused
from purser.postgres import tenancy
from tests.access import kit
from tests.connectors import slapd
from tests.connectors.slapd import ADMIN, BASE, NAME, PASSWORD, Slapd
from tests.connectors.test_ldap import TREE, group, person
from tests.partners.kit import Chain, chain

pytestmark = slapd.needed
PEOPLE = ("ada", "ben", "eve")
LDIF = TREE + "".join(
    [*(person(uid, f"mail: {uid}@alder.example", "departmentNumber: Sales") for uid in PEOPLE),
     group("Inner", "uid=ada", "uid=eve"), group("Outer", "cn=Inner", "uid=ben")]
)  # fmt: skip


@pytest.fixture
def server() -> Iterator[Slapd]:
    with tempfile.TemporaryDirectory(prefix="slapd") as home, slapd.running(Path(home), LDIF) as found:
        local = mock.patch.object(connector.LdapConnector.__init__, "__kwdefaults__", {
            **connector.LdapConnector.__init__.__kwdefaults__, "resolver": lambda *_: ["127.0.0.1"],
        })  # fmt: skip
        with override_settings(SANDBOX_HOSTS=found.sandbox), local:  # no name server knows the name in its certificate
            yield found


def saved(made: Chain, server: Slapd, **more: str) -> setting.Saved:
    values = {"url": f"ldaps://{NAME}:{server.secure}", "base": BASE, "bind_dn": ADMIN, "password": PASSWORD}
    values |= {"authority": server.authority, **more}
    with tenancy.acting_in(made.customer.pk):
        own = sources.own()
        version = own.version if own else 0
        return setting.save(made.as_admin(), kind="ldap", values=values, version=version, now=kit.now())


def read_it(made: Chain) -> read.Read | None:
    return read.run(tenant=made.customer.pk, port_of=ports.directory, clock=kit.now, cause="person")


def picture(made: Chain) -> tuple[set[str], dict[str, set[str]]]:
    with tenancy.acting_in(made.customer.pk):
        names = dict(User.objects.filter(gone_at=None).values_list("pk", "display_name"))
        every = {row.pk: row.name for row in Group.objects.filter(gone_at=None)}
        held = groups.members_of(every)
        return set(names.values()), {every[id]: {names[one] for one in found} for id, found in held.items()}


def test_users_and_groups_in_groups_come_into_the_mirror_and_leave_it(server: Slapd) -> None:
    made = chain()
    saved(made, server)
    result = read_it(made)
    assert result is not None
    assert (result.new, result.cut) == (3, "")
    assert picture(made) == ({"ada", "ben", "eve"}, {"Inner": {"ada", "eve"}, "Outer": {"ada", "ben", "eve"}})
    with administering(server) as one:
        assert one.delete(f"uid=eve,{BASE}")
        assert one.modify(f"cn=Inner,{BASE}", {"member": [("MODIFY_DELETE", [f"uid=eve,{BASE}"])]})
    result = read_it(made)
    assert result is not None
    assert (result.new, result.changed, result.gone) == (0, 0, 1)
    assert picture(made) == ({"ada", "ben"}, {"Inner": {"ada"}, "Outer": {"ada", "ben"}})


def test_a_wrong_password_pauses_and_an_address_inside_is_not_even_kept(server: Slapd) -> None:
    made = chain()
    saved(made, server, password="wrong")
    with pytest.raises(Refused):
        read_it(made)
    with tenancy.acting_in(made.customer.pk):
        row = Source.objects.get()
        assert (row.state, row.paused_code) == ("paused", "credentials")
    for url in ("ldaps://10.0.0.7", "ldap://directory.example", "ldaps://directory.example:8443"):
        with pytest.raises(Refused) as refused:
            saved(made, server, url=url)
        assert refused.value.code == "address"


def administering(server: Slapd) -> Any:
    """The directory's own administrator at work."""
    return ldap3.Connection(ldap3.Server("127.0.0.1", port=server.port), ADMIN, PASSWORD, auto_bind=True)
