"""No address shows or changes another organisation's rows: not with both walls, and not with either of them alone.

Every pattern of the resolver is called by every role with ids of B while acting in A, in path, query, body and headers, and
in B itself. Source: reliability P14 to P16; acceptance ID-65.

Seen to fail on planted breaches: test_breaches.py.
"""

from __future__ import annotations

import pytest
from django.db import models
from django.urls import resolve

from purser.access import verbs
from purser.postgres.models import TenantManager
from purser.tenants.models import OwnManager
from tests.access import kit
from tests.access.kit import site as site
from tests.tenancy.addresses import every, values_of
from tests.tenancy.sayings import Body
from tests.tenancy.sweeping import ALONE, CANARY, EVERYBODY, SWEPT, Stage, call, swept, without_policies

pytestmark = pytest.mark.usefixtures("site", "unlimited")


@pytest.mark.parametrize("role", SWEPT)
def test_with_both_walls_nothing_of_another_organisation_comes_out(stage: Stage, role: str) -> None:
    found = swept(stage, role, thorough=EVERYBODY and role == "reseller owner")
    assert not found.leaks, "\n".join(found.leaks)
    assert not found.broken, "\n".join(found.broken)
    assert found.well > (60 if role.startswith("reseller") else 0)  # else nobody was let in, and nothing was tried
    wanted = {address.route for address in every() if address.in_tenant or address.things}
    assert wanted - found.called - {address.route for address in every() if address.route.startswith("sign-in/")} == set()


@pytest.mark.parametrize("role", ALONE)
def test_row_level_security_alone_holds(stage: Stage, role: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The application's filter is gone everywhere: every manager gives all rows that the database lets through."""
    for manager in (TenantManager, OwnManager):
        monkeypatch.setattr(manager, "get_queryset", models.Manager.get_queryset)
    found = swept(stage, role)
    assert not found.leaks, "\n".join(found.leaks)
    assert found.well > 30


@pytest.mark.parametrize("role", ALONE if EVERYBODY else ALONE[:1])
def test_the_application_alone_holds(stage: Stage, role: str) -> None:
    """The database lets everything through: row-level security is off on every table."""
    with without_policies():
        found = swept(stage, role)
    assert not found.leaks, "\n".join(found.leaks)
    assert found.well > 30


def test_every_address_of_a_tenant_is_called_with_ids_that_are_there(stage: Stage) -> None:
    """Else a call would end at the resolver, and a page behind it that lets everything through would not be found."""
    known = {str(stage.b.tenant), *stage.b.every_id()}
    for address in every():
        values = values_of(address, tenant=str(stage.a.tenant), of=stage.b)
        assert address.path(values).startswith("/")
        if address.in_tenant:
            assert resolve(address.path(values)).route, address.route
            assert {values[name] for name in address.things if name not in address.words} <= known, address.route


def test_the_canaries_sing_for_their_owner(stage: Stage) -> None:
    """The fuzz is not deaf: whoever belongs to B sees them on B's own pages and in B's API."""
    client = kit.sign_in(kit.member(stage.b.organisation, verbs.OWNER))
    heard = 0
    for address in every():
        if address.in_tenant and "token" not in address.words:
            _, seen = call(
                client, "GET", address.path(values_of(address, tenant=str(stage.b.tenant), of=stage.b)), Body("", ""), {}
            )
            heard += bool(CANARY.search(seen))
    assert heard > 30
