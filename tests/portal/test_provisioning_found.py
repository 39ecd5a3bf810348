"""What a comparison with the vendor shows, by pages: what somebody changed there, and tenants that no account has."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from purser.access import verbs
from purser.flows.accounts_to_vendor.comparing import compare
from purser.postgres import tenancy
from purser.provisioning import accounts
from purser.provisioning.models import Finding
from tests.access import kit
from tests.access.kit import site as site
from tests.connectors.acronis import MSP
from tests.portal.provisioning import client as client
from tests.portal.provisioning import here, provisioned, row, work
from tests.portal.provisioning import world as world
from tests.portal.test_provisioning import posted, shown
from tests.provisioning.kit import World

pytestmark = pytest.mark.usefixtures("site")


def drifted(world: World) -> Finding:
    """Somebody renamed the reseller's tenant in the vendor's portal, and it was compared."""
    account = provisioned(world)
    world.app.control("tenant", {"id": account.remote, "name": "Acme & Sons"})
    client = kit.sign_in(kit.member(world.made.distributor, verbs.TECHNICIAN))
    answer = client.post(kit.url(world.made.distributor, f"instances/{world.instance.pk}/compare/"))
    assert "1 account compared. 1 difference" in kit.text(answer)
    assert "Cedar Systems" in kit.text(answer), "a tenant that no account has"
    with tenancy.acting_in(world.made.reseller.pk):
        (found,) = accounts.findings_of(account.pk)
    return found


def test_a_tenant_that_no_account_has_is_listed_and_adopted_or_ignored(world: World, client: Client) -> None:
    mine = world.made.distributor
    world.save(world.provider, world.direct, "bea")
    world.app.control("tenant", {"name": "Birch at Acronis", "kind": "customer", "parent_id": MSP})
    compared = client.post(kit.url(mine, f"instances/{world.instance.pk}/compare/")).content.decode()
    page = client.get(kit.url(mine, "vendor-strangers/?state.is=open")).content.decode()
    paths = dict(re.findall(r'<a[^>]*href="([^"]*vendor-strangers/[^/"]{36}/)"[^>]*>([^<]*)</a>', page))
    named = {name: path for path, name in paths.items()}
    assert {"Cedar Systems", "Birch at Acronis"} <= set(named)
    assert all(path in compared for path in paths)
    other = named["Cedar Systems"]
    assert client.post(f"{other}ignore/", {"why": " "}).status_code == 422
    posted(client, f"{other}ignore/", {"why": "A test of ours"})
    assert kit.acts_of(mine, "accounts.decide")[-1].summary == "Ignored the tenant Cedar Systems at Acronis"
    assert "A test of ours" in shown(client, other)
    there = named["Birch at Acronis"]
    assert "Birch Law" in shown(client, there)
    assert client.post(f"{there}adopt/", {"organisation": str(world.made.customer.pk)}).status_code == 422
    posted(client, f"{there}adopt/", {"organisation": str(world.direct.pk)})
    held = row(world, world.direct)
    assert world.app.state["tenants"][held.remote]["name"] == "Birch at Acronis"
    shown(client, there, 404)
    assert "Adopted" in shown(client, kit.url(mine, "vendor-strangers/?state.is=adopted"))
    stranger = kit.sign_in(kit.member(kit.reseller()))
    assert stranger.post(f"{other}ignore/", {"why": "Mine"}).status_code == 404


def test_what_somebody_changed_at_the_vendor_is_shown_and_put_right(world: World, client: Client) -> None:
    found = drifted(world)
    mine = world.made.distributor
    path = kit.url(mine, f"vendor-findings/{world.made.reseller.pk}/{found.pk}/")
    page = client.get(kit.url(mine, "vendor-findings/")).content.decode()
    assert "Acme &amp; Sons" in page
    assert path in page
    assert "Acme IT" in shown(client, path)
    assert path in client.get(here(world)).content.decode()
    posted(client, f"{path}heal/")
    work(world, heal=True)
    compare(provider=mine.pk, instance_id=world.instance.pk, clock=kit.now)
    assert world.app.state["tenants"][row(world).remote]["name"] == "Acme IT"
    shown(client, path, 404)


def test_or_accepted_with_a_reason(world: World, client: Client) -> None:
    found = drifted(world)
    path = kit.url(world.made.distributor, f"vendor-findings/{world.made.reseller.pk}/{found.pk}/")
    assert client.post(f"{path}accept/", {"why": ""}).status_code == 422
    posted(client, f"{path}accept/", {"why": "It is their name now"})
    compare(provider=world.made.distributor.pk, instance_id=world.instance.pk, clock=kit.now)
    with tenancy.acting_in(world.made.reseller.pk):
        assert accounts.findings_of(row(world).pk) == []
    file = client.get(kit.url(world.made.distributor, "vendor-findings/export/?all=1"))
    assert "It is their name now" in b"".join(file.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
