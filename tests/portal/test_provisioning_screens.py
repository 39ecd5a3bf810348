"""Instances, Sync Options and accounts at vendors in a real browser: both themes, both widths, sound for a screen reader."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client
from playwright.sync_api import expect

from purser.postgres import tenancy
from purser.provisioning import accounts
from purser.provisioning.models import Finding, Step, Stranger
from purser.tenants.models import Organisation
from tests.access import kit
from tests.access.kit import site as site
from tests.portal.browser import Open, assets, axe, browser, live, look, screen, sound
from tests.portal.test_provisioning import at
from tests.provisioning.kit import World
from tests.provisioning.kit import world as made_world

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("site")]
__all__ = ["assets", "browser", "live", "screen"]


@pytest.fixture
def world() -> Iterator[World]:
    with made_world() as made:
        made.another("Acronis, Swiss data centre", ready=False)
        made.save(made.provider, made.made.reseller, "rita")
        made.save(made.provider, made.direct, "bea")
        half_done(made, made.direct)
        yield made


def half_done(world: World, whom: Organisation) -> None:
    """A tenant that stands, offerings that the vendor refused, a mail that nobody can tell of; and a renaming there."""
    now = kit.now()
    with tenancy.acting_in(whom.pk):
        row = accounts.of(world.instance.pk)
        assert row is not None
        accounts.step(row, "provisioning", remote="tenant-1")
        told = {
            "tenant": {"state": "done", "after": "customer “Birch Law”"},
            "offerings": {"state": "refused", "after": "12: backup", "text": "1108: not available", "hint": "Switch it on."},
            "user": {"state": "busy", "after": "bea", "text": "503", "retry_at": now, "attempts": 3},
            "mail": {"state": "asked", "after": "mailed", "text": "Nobody can tell whether the activation mail went out."},
        }
        for what, said in told.items():
            Step.objects.create(account=row, partner_id=row.partner_id, distributor_id=row.distributor_id, what=what,
                                first_at=now, intended_at=now, **said)  # fmt: skip
        Finding.objects.create(account=row, partner_id=row.partner_id, distributor_id=row.distributor_id, what="name",
                               ours="Birch Law", theirs="Birch & Sons", seen_at=now)  # fmt: skip
        accounts.step(row, "failed")


@pytest.fixture
def client(world: World) -> Client:
    return kit.sign_in(kit.member(world.made.distributor))


PAGES = (
    "instances/",
    "instances/add/",
    "instances/add/acronis/",
    "instances/{instance}/",
    "instances/{instance}/change/",
    "vendor-accounts/",
    "vendor-accounts/to-sync/",
    "vendor-accounts/of/{direct}/",
    "vendor-accounts/of/{direct}/{instance}/",
    "vendor-accounts/of/{direct}/{instance}/options/",
    "vendor-accounts/of/{direct}/{instance}/preview/",
    "vendor-accounts/of/{customer}/{instance}/options/",
    "vendor-accounts/of/{direct}/{instance}/remove/",
    "vendor-accounts/half-done/",
    "vendor-findings/",
    "vendor-findings/{direct}/{finding}/",
    "vendor-strangers/",
    "vendor-strangers/{stranger}/",
)


def test_it_shows_every_page_soundly(world: World, client: Client, screen: Open) -> None:
    window = screen(client)
    ids = {"instance": world.instance.pk, "direct": world.direct.pk, "customer": world.made.customer.pk}
    with tenancy.acting_in(world.direct.pk):
        ids["finding"] = Finding.objects.get().pk
    with tenancy.acting_in(world.made.distributor.pk):
        seen = {
            "remote": "t-9",
            "parent": "t-1",
            "kind": "customer",
            "name": "Elm Dental",
            "enabled": True,
            "seen_at": kit.now(),
        }
        ids["stranger"] = Stranger.objects.create(instance_id=world.instance.pk, **seen).pk
    faults = []
    for n, path in enumerate(PAGES):
        window.go(kit.url(world.made.distributor, path.format(**ids)))
        name = path.replace("/", "-").replace("{", "").replace("}", "").strip("-")
        faults += [f"{path}: {fault}" for fault in sound(window, f"provisioning-{n:02}-{name}")]
    assert faults == []


def test_the_link_opens_a_dialog_with_all_systems_and_sync_options_says_what_is_wrong(world: World, screen: Open) -> None:
    reseller, customer = world.made.reseller, world.made.customer
    window = screen(kit.sign_in(kit.member(reseller)))
    page = window.go(kit.url(reseller, f"tenants/{customer.pk}/"))
    page.get_by_role("link", name="all provisioning systems").click()
    dialog = page.get_by_role("dialog", name="Provisioning Sync Status")
    expect(dialog.get_by_text("Acronis, Swiss data centre").first).to_be_visible()
    look(page, "provisioning-dialog")
    assert axe(page) == []
    dialog.get_by_role("link", name="Sync Options for Acronis", exact=True).click()
    expect(page.get_by_label("Parent Account")).to_have_value(reseller.name)
    page.get_by_label("Username").fill("taken")
    page.get_by_label("Email").fill("amy@alder.example")
    page.get_by_role("button", name="Save & Synchronize").click()
    expect(page.locator("#id_username_wrong")).to_contain_text("taken at the vendor")
    look(page, "provisioning-taken")
    assert axe(page) == []
    page.get_by_label("Username").fill("amy")
    page.get_by_role("button", name="Save & Synchronize").click()
    expect(page.get_by_text("the tenant is created with the first subscription").first).to_be_visible()


def test_a_row_of_the_list_opens_the_dialog_of_its_organisation(world: World, client: Client, screen: Open) -> None:
    page = screen(client).go(at(world.made.distributor, "to-sync/"))
    page.get_by_role("link", name=f"All systems of {world.made.reseller.name}").click()
    dialog = page.get_by_role("dialog", name=f"Provisioning Sync Status of {world.made.reseller.name}")
    expect(dialog.get_by_role("link", name="Sync Options for Acronis", exact=True)).to_be_visible()
    look(page, "provisioning-list-dialog")
    assert axe(page) == []


def test_the_next_calls_are_shown_where_they_are_asked_for(world: World, client: Client, screen: Open) -> None:
    page = screen(client).go(at(world.made.distributor, f"of/{world.made.reseller.pk}/{world.instance.pk}/"))
    page.get_by_role("link", name="Show the next calls").click()
    expect(page.locator("#next-calls")).to_contain_text("Make the tenant")
    expect(page.locator("#next-calls")).to_contain_text("create_user")
