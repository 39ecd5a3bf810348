"""Instances, Sync Options and accounts at vendors through the pages. Rows AC-1 to AC-7, AC-16 to AC-18, AC-24 to AC-32."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from purser.access import verbs
from purser.postgres import tenancy
from purser.provisioning import accounts
from purser.provisioning.models import Step
from purser.tenants.models import Organisation
from tests.access import kit
from tests.access.kit import site as site
from tests.connectors.acronis import CLIENT, SECRET
from tests.provisioning.kit import World, waiting
from tests.provisioning.kit import world as made_world

pytestmark = pytest.mark.usefixtures("site")


@pytest.fixture
def world() -> Iterator[World]:
    with made_world() as made:
        yield made


@pytest.fixture
def distributor(world: World) -> Client:
    return kit.sign_in(kit.member(world.made.distributor))


@pytest.fixture
def reseller(world: World) -> Client:
    return kit.sign_in(kit.member(world.made.reseller))


def shown(client: Client, path: str, status: int = 200, **more: Any) -> str:
    answer = client.get(path, **more)
    assert answer.status_code == status, (answer.headers.get("Location"), kit.text(answer)[-1500:])
    return kit.text(answer)


def posted(client: Client, path: str, body: dict[str, Any] | None = None, status: int = 302) -> str:
    answer = client.post(path, body or {})
    assert answer.status_code == status, (answer.headers.get("Location"), kit.text(answer)[-1500:])
    return kit.text(answer) if status != 302 else str(answer.headers["Location"])


def at(whose: Organisation, path: str = "") -> str:
    return kit.url(whose, f"vendor-accounts/{path}")


def options(world: World, whose: Organisation, whom: Organisation) -> str:
    return at(whose, f"of/{whom.pk}/{world.instance.pk}/options/")


def typed(username: str, **more: str) -> dict[str, str]:
    return {"version": "0", "username": username, "email": f"{username}@mail.example", **more}


def test_an_instance_is_added_tested_changed_and_paused(world: World, distributor: Client) -> None:
    mine = world.made.distributor
    assert "Acronis" in shown(distributor, kit.url(mine, "instances/add/"))
    form = {"version": "0", "name": "Acronis EU", "url": world.url, "client_id": CLIENT, "client_secret": SECRET}
    form |= {"roles_partner": "readonly_admin", "roles_customer": "", "drift_policy": "heal"}
    posted(distributor, kit.url(mine, "instances/add/acronis/"), form | {"client_id": ""}, 422)
    there = posted(distributor, kit.url(mine, "instances/add/acronis/"), form)
    page = shown(distributor, there)
    assert "Not tested" in page
    assert "readonly_admin" in page
    assert "company_admin" in page, "the usual role of a customer's user"
    assert SECRET not in distributor.get(there).content.decode()
    assert posted(distributor, f"{there}test/") == there
    assert kit.acts_of(mine, "instances.test")[-1].summary.startswith("Tested the instance Acronis EU")
    assert "It works. Acronis: partner tenant Harbour IT." in shown(distributor, there)
    assert SECRET not in distributor.get(f"{there}change/").content.decode()
    posted(distributor, f"{there}change/", form | {"version": "1", "client_secret": "", "name": "Acronis Europe"})
    page = shown(distributor, there)
    assert "Acronis Europe" in page
    assert "Ready" in page, "a name is nothing to test again"
    assert "meanwhile" in posted(distributor, f"{there}change/", form | {"version": "1"}, 422)
    posted(distributor, f"{there}pause/", {"why": "audit"})
    page = shown(distributor, there)
    assert "Nothing is called by this instance" in page
    assert "audit" in page
    assert "Acronis Europe" in shown(distributor, kit.url(mine, "instances/"))


def test_a_list_without_an_instance_says_what_to_do(world: World, reseller: Client) -> None:
    page = shown(reseller, kit.url(world.made.reseller, "instances/"))
    assert "No instance yet" in page
    assert "Add an instance" in page


def test_the_partners_page_of_a_customer_opens_all_provisioning_systems(world: World, reseller: Client) -> None:
    mine, customer = world.made.reseller, world.made.customer
    world.another("Acronis, Swiss data centre")
    page = reseller.get(kit.url(mine, f"tenants/{customer.pk}/")).content.decode()
    there = at(mine, f"of/{customer.pk}/")
    assert re.search(rf'href="{there}"[^>]*data-dialog="sync-status"', page)
    part = reseller.get(there, headers={"HX-Request": "true", "HX-Target": "div#sync-status-body"}).content.decode()
    assert "<html" not in part
    for name in ("Acronis", "Acronis, Swiss data centre"):
        assert f"<strong>{name}</strong>" in part
    assert part.count("Not synced") == 2
    assert options(world, mine, customer) in part
    whole = shown(reseller, there)
    assert f"{mine.name} is to be synced first." in whole


def opens_all_systems(client: Client, page: str, there: str) -> None:
    """The page has the link that opens the pop-up, and the pop-up shows each system with its Sync Options."""
    assert re.search(rf'<a [^>]*href="{there}" data-dialog="sync-status"[^>]*hx-target="#sync-status-body"', page)
    assert page.count('<dialog id="sync-status"') == 1
    part = client.get(there, headers={"HX-Request": "true", "HX-Target": "div#sync-status-body"}).content.decode()
    assert "<strong>Acronis</strong>" in part
    assert "Sync Options" in part


def test_the_distributor_opens_all_systems_of_everybody_below_it(world: World, distributor: Client) -> None:
    """In the list, as it has no page of a reseller; and on each account's own page. Source: acceptance AC-1."""
    mine = world.made.distributor
    world.save(world.provider, world.made.reseller, "rita")
    listed = distributor.get(at(mine, "to-sync/")).content.decode()
    for whom in (world.made.reseller, world.made.customer, world.direct):
        opens_all_systems(distributor, listed, at(mine, f"of/{whom.pk}/"))
        assert f'data-fill-name="{whom.name}"' in listed
    account = distributor.get(at(mine, f"of/{world.made.reseller.pk}/{world.instance.pk}/")).content.decode()
    opens_all_systems(distributor, account, at(mine, f"of/{world.made.reseller.pk}/"))


def test_the_operator_opens_them_on_the_page_of_an_organisation(world: World) -> None:
    """Source: acceptance AC-1."""
    person = kit.member(world.made.operator)
    operator = kit.sign_in(person)
    world.another("Acronis", of=kit.actor(world.made.operator, person))
    for whom in (world.made.reseller, world.made.customer):
        page = operator.get(kit.url(world.made.operator, f"organisations/{whom.pk}/")).content.decode()
        opens_all_systems(operator, page, at(world.made.operator, f"of/{whom.pk}/"))


def test_sync_options_of_a_reseller_are_saved_and_its_tenant_is_made_at_once(world: World, distributor: Client) -> None:
    mine, whom = world.made.distributor, world.made.reseller
    page = distributor.get(options(world, mine, whom)).content.decode()
    for label in ("Parent Account", "Role", "Username", "Email", "Save &amp; Synchronize"):
        assert label in page
    assert 'value="Reseller"' in page
    refused = posted(distributor, options(world, mine, whom), typed("rita", parent="Broad Supply"), 422)
    assert "Parent Account stays empty: Acme IT is a reseller of Broad Supply." in refused
    assert world.account(whom) is None
    there = posted(distributor, options(world, mine, whom), typed("rita", role="Reseller"))
    row = world.account(whom)
    assert row is not None
    assert waiting(row.pk) == 1
    assert [act.summary for act in kit.acts_of(whom, "accounts.sync")] == ["Synced with Acronis"]
    assert [act.summary for act in kit.acts_of(mine, "accounts.sync")] == ["Synced Acme IT with Acronis"]
    page = shown(distributor, there)
    assert "its partner tenant is created now" in page
    assert 'hx-trigger="every 3s"' in distributor.get(there).content.decode()


def test_sync_options_of_a_customer_are_saved_and_it_says_when_the_tenant_comes(world: World, distributor: Client) -> None:
    mine, whom = world.made.distributor, world.direct
    body = typed("bea@birch.example", email="bea@birch.example", role="User")
    there = posted(distributor, options(world, mine, whom), body)
    page = shown(distributor, there)
    assert "Username and Email are the same" in page
    assert "Synced" in page
    assert "Synced; the tenant is created with the first subscription" in page
    assert "in production and not as a trial" in page
    assert "every 3s" not in distributor.get(there).content.decode()
    with tenancy.acting_in(whom.pk):
        row = accounts.of(world.instance.pk)
        assert row is not None
        accounts.step(row, "provisioning")
        Step.objects.create(account=row, what="tenant", state="busy", text="The vendor is busy: 4711.", attempts=3,
                            first_at=kit.now(), intended_at=kit.now())  # fmt: skip
        accounts.step(row, "provisioned", remote="tenant-1", remote_user="user-1", provisioned_at=kit.now())
    page = shown(distributor, there)
    assert "Provisioned" in page
    assert "with the first subscription" not in page
    assert "The vendor is busy: 4711." in page
    assert "To be tried again" in page
    form = distributor.get(options(world, mine, whom)).content.decode()
    assert len(re.findall(r"readonly", form)) == 4
    assert "cannot be changed any more" in posted(
        distributor, options(world, mine, whom), body | {"version": "3", "username": "other"}, 422
    )


def test_a_customer_of_a_reseller_that_is_not_synced_is_refused_with_a_link_to_its_reseller(
    world: World, distributor: Client, reseller: Client
) -> None:
    customer = world.made.customer
    page = distributor.post(options(world, world.made.distributor, customer), typed("amy"))
    assert page.status_code == 422
    assert f"{world.made.reseller.name} is not synced with Acronis" in kit.text(page)
    assert options(world, world.made.distributor, world.made.reseller) in page.content.decode()
    page = reseller.post(options(world, world.made.reseller, customer), typed("amy"))
    assert at(world.made.reseller, f"of/{world.made.reseller.pk}/") in page.content.decode()
    assert "Whoever sells to Acme IT changes its Sync Options." in shown(
        reseller, at(world.made.reseller, f"of/{world.made.reseller.pk}/")
    )
    world.save(world.provider, world.made.reseller, "rita")
    form = reseller.get(options(world, world.made.reseller, customer)).content.decode()
    assert re.search(r'name="parent" value="Acme IT"', form), "filled by itself"
    posted(reseller, options(world, world.made.reseller, customer), typed("amy", parent="Acme IT", role="User"))
    row = world.account(customer)
    assert row is not None
    assert row.bill_to == world.made.reseller.pk


def test_a_taken_username_is_said_at_its_field(world: World, distributor: Client) -> None:
    answer = distributor.post(options(world, world.made.distributor, world.direct), typed("taken"))
    assert answer.status_code == 422
    wrong = re.search(r'id="id_username_wrong".*?</div>', answer.content.decode(), re.DOTALL)
    assert wrong
    assert "taken at the vendor" in wrong.group(0)
    assert world.account(world.direct) is None


def test_while_the_vendor_is_away_the_page_says_so_and_keeps_what_was_typed(world: World, distributor: Client) -> None:
    world.fail("status", status=503, times=1)
    answer = distributor.post(options(world, world.made.distributor, world.direct), typed("bea"))
    assert answer.status_code == 503
    assert 'value="bea"' in answer.content.decode()
    assert world.account(world.direct) is None


def test_the_lists_show_whom_one_may_sync_and_who_is(world: World, distributor: Client, reseller: Client) -> None:
    world.save(world.provider, world.made.reseller, "rita")
    world.save(world.provider, world.direct, "bea")
    world.save(world.reseller, world.made.customer, "amy")
    page = shown(distributor, at(world.made.distributor))
    assert all(name in page for name in ("rita", "bea", "amy"))
    page = shown(distributor, at(world.made.distributor, "to-sync/"))
    assert all(row.name in page for row in (world.made.reseller, world.direct, world.made.customer))
    page = shown(reseller, at(world.made.reseller, "to-sync/"))
    assert world.made.customer.name in page
    assert world.direct.name not in page
    page = shown(reseller, at(world.made.reseller))
    assert "amy" in page
    assert "rita" not in page
    assert "bea" not in page
    desk = kit.sign_in(kit.member(world.made.operator))
    assert "Nobody is synced yet" in shown(desk, at(world.made.operator)), "the operator is no provider here"
    file = distributor.get(at(world.made.distributor, "export/"))
    assert "amy" in b"".join(file.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]


def test_what_a_reseller_buys_by_itself_stands_in_nobody_elses_list(
    world: World, distributor: Client, reseller: Client
) -> None:
    own = world.another("Our own Acronis", of=world.reseller)
    world.save(world.reseller, world.made.customer, "amy", instance=own)
    assert "amy" in shown(reseller, at(world.made.reseller))
    assert "amy" not in shown(distributor, at(world.made.distributor))
    shown(distributor, at(world.made.distributor, f"of/{world.made.customer.pk}/{own.pk}/"), 404)


def test_nobody_but_those_above_opens_it(world: World) -> None:
    stranger = kit.reseller()
    client = kit.sign_in(kit.member(stranger))
    for path in (f"of/{world.made.customer.pk}/", f"of/{world.made.customer.pk}/{world.instance.pk}/options/"):
        shown(client, at(stranger, path), 404)
    admin = kit.sign_in(kit.member(world.made.customer, verbs.ADMINISTRATOR))
    shown(admin, at(world.made.customer), 403)
    reader = kit.sign_in(kit.member(world.made.distributor, verbs.READER))
    assert "Sync Options" not in reader.get(at(world.made.distributor, f"of/{world.direct.pk}/")).content.decode()
    shown(reader, options(world, world.made.distributor, world.direct), 403)


def test_the_reseller_reads_how_its_distributors_instance_stands_but_not_its_settings(world: World, reseller: Client) -> None:
    shown(reseller, kit.url(world.made.reseller, f"instances/{world.instance.pk}/"), 404)
