"""What a person does with accounts at vendors, through the pages: go on, mail again, decide, adopt, take back, remove.
Rows AC-8, AC-10, AC-14, AC-18, AC-30, AC-33.
"""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client

from purser.access import verbs
from purser.flows.accounts_to_vendor.run import run
from purser.postgres import tenancy
from purser.provisioning.models import Account, Step
from tests.access import kit
from tests.access.kit import site as site
from tests.connectors.acronis import MSP
from tests.portal.provisioning import client as client
from tests.portal.provisioning import here, on, provisioned, row, work
from tests.portal.provisioning import world as world
from tests.portal.test_provisioning import at, posted, shown
from tests.provisioning.kit import World, ordered, taken_up, waiting

pytestmark = pytest.mark.usefixtures("site")


def test_the_page_says_what_a_first_subscription_waits_for(world: World, client: Client) -> None:
    """Source: acceptance AC-18, AC-30."""
    world.save(world.provider, world.made.reseller, "rita")
    whom = world.made.customer
    account = world.save(world.reseller, whom, "amy").account
    assert " waits" not in shown(client, here(world, whom=whom))
    ordered(account, {"services": []})
    assert run(tenant=whom.pk, account_id=account.pk, clock=kit.now).state == "prepared"
    page = shown(client, here(world, whom=whom))
    assert "Protect waits" in page
    assert "The tenant of Acme IT at Acronis has to stand first." in page
    posted(client, kit.url(world.made.distributor, f"instances/{world.instance.pk}/pause/"), {"why": "Audit of roles"})
    page = shown(client, here(world))
    assert "Nothing is called by this instance now" in page
    assert "Audit of roles" in page


def test_a_reseller_is_provisioned_and_each_step_is_shown_with_its_state(world: World, client: Client) -> None:
    provisioned(world)
    page = shown(client, here(world))
    for words in ("Provisioned", "Tenant", "Offerings", "User", "Roles", "Activation mail", "readonly_admin"):
        assert words in page
    assert "every 3s" not in client.get(here(world)).content.decode()
    part = client.get(here(world, "progress/")).content.decode()
    assert "<html" not in part
    assert "Provisioned" in part
    assert "Nothing is to be changed at the vendor" in shown(client, here(world, "preview/"))


def test_the_next_calls_are_those_that_are_then_done(world: World, client: Client) -> None:
    world.save(world.provider, world.made.reseller, "rita")
    page = client.get(here(world, "preview/")).content.decode()
    told = re.findall(r'<span class="mono">(\w+)</span>', page)
    assert told[:2] == ["create", "open"]
    work(world)
    methods = {"tenant": "create", "production": "open", "offerings": "switch", "user": "create_user", "roles": "assign"}
    with tenancy.acting_in(world.made.reseller.pk):
        done = [methods.get(step.what, "mail_activation") for step in Step.objects.order_by("intended_at", "id")]
    assert told == done


def test_what_failed_is_on_the_desk_with_the_vendors_words_and_is_gone_on_with(world: World, client: Client) -> None:
    world.save(world.provider, world.made.reseller, "rita")
    world.app.control("refuse", {"number": 1026, "method": "PUT", "path": "offering_items", "times": 9})
    state = work(world)
    assert state in ("failed", "provisioning")
    desk = shown(client, at(world.made.distributor, "half-done/"))
    assert world.made.reseller.name in desk
    assert "Offerings" in desk
    assert here(world) in client.get(at(world.made.distributor, "half-done/")).content.decode()
    page = shown(client, here(world))
    assert "Try again now" in page
    world.app.state["armed"].clear()
    taken_up(row(world).pk)
    posted(client, here(world, "retry/"))
    assert waiting(row(world).pk) == 1
    assert work(world, later=timedelta(hours=1)) == "provisioned"
    assert "Nothing is half done" in shown(client, at(world.made.distributor, "half-done/"))
    tenants = [t for t in world.app.state["tenants"].values() if t.get("internal_tag") == row(world).reference]
    assert len(tenants) == 1


def test_the_activation_is_mailed_again_when_somebody_asks(world: World, client: Client) -> None:
    provisioned(world)
    mails = [e for e in world.app.effects if "mail" in e["what"]]
    with tenancy.acting_in(world.made.reseller.pk):
        Account.objects.update(mailed_at=kit.now() - timedelta(hours=1))
    there = posted(client, here(world, "mail/"))
    assert "mailed the activation again" in shown(client, there)
    assert len([e for e in world.app.effects if "mail" in e["what"]]) == len(mails) + 1
    assert [act.actor for act in kit.acts_of(world.made.reseller, "accounts.sync")][-1].endswith("(Broad Supply)")
    answer = client.post(here(world, "mail/"))
    assert answer.status_code == 503, "not twice within a minute"


def test_a_mail_of_which_nobody_can_tell_waits_for_a_person_who_says(world: World, client: Client) -> None:
    provisioned(world)
    account = row(world)
    with tenancy.acting_in(world.made.reseller.pk):
        Step.objects.create(account=account, partner_id=account.partner_id, distributor_id=account.distributor_id,
                            what="mail", state="asked", after="mailed 2 times", text="Nobody can tell.",
                            first_at=kit.now(), intended_at=kit.now())  # fmt: skip
    assert "Activation mail: did it happen?" in shown(client, here(world))
    assert client.post(here(world, "decide/"), {"stage": "mail", "happened": "perhaps"}).status_code == 422
    there = posted(client, here(world, "decide/"), {"stage": "mail", "happened": "yes", "note": "They have it"})
    page = shown(client, there)
    assert "did it happen?" not in page
    assert "They have it" in page
    assert client.post(here(world, "decide/"), {"stage": "mail", "happened": "yes"}).status_code == 422


def test_a_tenant_that_is_there_already_is_adopted_by_its_id(world: World, client: Client) -> None:
    world.save(world.provider, world.made.reseller, "rita")
    theirs = "0a305354-6efc-4b81-858d-000000000077"
    world.app.control("tenant", {"id": theirs, "name": "Acme at Acronis", "kind": "partner", "parent_id": MSP})
    assert "Adopt a tenant" in shown(client, here(world))
    refused = client.post(here(world, "adopt/"), {"remote": "0a305354-6efc-4b81-858d-000000000099"})
    assert refused.status_code == 422
    posted(client, here(world, "adopt/"), {"remote": theirs})
    for whose in (world.made.distributor, world.made.reseller):
        assert "Adopted the tenant Acme at Acronis" in kit.acts_of(whose, "accounts.decide")[-1].summary
    assert row(world).remote == theirs
    assert work(world) == "provisioned"
    assert row(world).remote == theirs
    assert [t for t in world.app.state["tenants"].values() if t.get("internal_tag") == row(world).reference] == []


def test_what_is_half_done_is_taken_back_with_a_reason(world: World, client: Client) -> None:
    world.save(world.provider, world.made.reseller, "rita")
    world.app.control("refuse", {"number": 1026, "method": "PUT", "path": "offering_items", "times": 9})
    work(world)
    assert "Take it back" in shown(client, here(world))
    assert client.post(here(world, "take-back/"), {"why": " "}).status_code == 422
    posted(client, here(world, "take-back/"), {"why": "Ordered by mistake"})
    assert row(world).state == "removing"
    assert "every 3s" in client.get(here(world)).content.decode()
    work(world, later=timedelta(hours=1))
    assert (row(world).state, row(world).remote) == ("removed", ""), "a reseller's would be made at once again"
    world.app.state["armed"].clear()
    world.save(world.provider, world.made.reseller, "rita2", version=row(world).version)
    assert work(world, later=timedelta(hours=2)) == "provisioned"


def test_a_tenant_is_removed_only_by_its_own_action_which_names_what_is_lost(world: World, client: Client) -> None:
    account = provisioned(world)
    page = shown(client, here(world, "remove/"))
    assert "The vendor deletes the tenant of Acme IT with all that is in it" in page
    assert "rita" in page
    assert "Type the name to confirm" in posted(client, here(world, "remove/"), {"name": "Acme", "why": "Left"}, 422)
    assert row(world).state == "provisioned"
    posted(client, here(world, "remove/"), {"name": "Acme IT", "why": "They left"})
    assert work(world) == "removed"
    assert world.app.state["tenants"][account.remote].get("deleted_at")
    assert "Removed" in shown(client, here(world))
    shown(client, here(world, "remove/"), 404)
    technician = kit.sign_in(kit.member(world.made.distributor, verbs.TECHNICIAN))
    shown(technician, here(world, "remove/"), 403)


def test_additions_are_pushed_on_to_all_resellers_of_an_instance(world: World, client: Client) -> None:
    world.app.control("item", {"tenant": MSP, "name": "notarizations", "status": 0})
    account = provisioned(world)
    taken_up(account.pk)
    world.app.control("item", {"tenant": MSP, "name": "notarizations", "status": 1})
    path = kit.url(world.made.distributor, f"instances/{world.instance.pk}/")
    assert "notarizations" not in on(world, account)
    there = posted(client, f"{path}push/")
    assert "pushed on to 1 resellers" in shown(client, there)
    assert waiting(account.pk) == 1
    assert work(world) == "provisioned"
    assert "notarizations" in on(world, account)
    other = kit.sign_in(kit.member(world.made.reseller))
    answer = other.post(kit.url(world.made.reseller, f"instances/{world.instance.pk}/push/"))
    assert answer.status_code == 404


def test_a_tenant_that_somebody_deleted_there_is_replaced_and_a_removal_that_stands_still_goes_on(
    world: World, client: Client
) -> None:
    account = provisioned(world)
    assert "Adopt a tenant" not in shown(client, here(world))
    world.app.control("remove", {"tenant": account.remote})
    assert work(world) == "failed"
    page = shown(client, here(world))
    assert ("Adopt a tenant" in page, "Take it back" in page, "Try again now" in page) == (True, False, True)
    theirs = "0a305354-6efc-4b81-858d-000000000077"
    world.app.control("tenant", {"id": theirs, "name": "Acme again", "kind": "partner", "parent_id": MSP, "locked": True})
    posted(client, here(world, "adopt/"), {"remote": theirs})
    assert row(world).remote == theirs
    posted(client, here(world, "remove/"), {"name": "Acme IT", "why": "They left"})
    assert work(world) == "removing"
    assert "Try again now" in shown(client, here(world))
    world.app.control("tenant", {"id": theirs, "locked": False})
    posted(client, here(world, "retry/"))
    assert work(world) == "removed"


def test_a_removal_that_stands_still_is_given_up_with_a_reason(world: World, client: Client) -> None:
    account = provisioned(world)
    assert "Give up the removal" not in shown(client, here(world))
    posted(client, here(world, "remove/"), {"name": "Acme IT", "why": "They left"})
    world.app.control("tenant", {"id": account.remote, "locked": True})
    assert work(world) == "removing"
    assert "Give up the removal" in shown(client, here(world))
    assert client.post(here(world, "give-up/"), {"why": " "}).status_code == 422
    there = posted(client, here(world, "give-up/"), {"why": "They stay"})
    page = shown(client, there)
    assert "is not removed any more" in page
    assert "Gave up the removal at the vendor" in page
    assert row(world).state == "provisioned"
    for whose in (world.made.distributor, world.made.reseller):
        assert "Gave up the removal" in kit.acts_of(whose, "accounts.decide")[-1].summary


def test_a_login_that_is_taken_is_changed_in_sync_options_though_the_tenant_stands(world: World, client: Client) -> None:
    """Source: acceptance AC-30, AC-32."""
    world.save(world.provider, world.made.reseller, "rita")
    world.app.control("take_login", {"login": "rita"})
    assert work(world) == "failed"
    page = client.get(here(world, "options/")).content.decode()
    assert "Its user is not made yet" in page
    (username,) = re.findall(r'<input[^>]*name="username"[^>]*>', page)
    assert "readonly" not in username
    held = row(world)
    form = {"username": "rita.two", "email": held.email, "parent": "", "role": "Reseller", "version": held.version}
    posted(client, here(world, "options/"), form)
    assert work(world) == "provisioned"
    page = client.get(here(world, "options/")).content.decode()
    (username,) = re.findall(r'<input[^>]*name="username"[^>]*>', page)
    assert "readonly" in username


def test_who_is_not_above_does_none_of_it(world: World) -> None:
    provisioned(world)
    stranger = kit.reseller()
    client = kit.sign_in(kit.member(stranger))
    base = f"of/{world.made.reseller.pk}/{world.instance.pk}/"
    for path in ("retry/", "decide/", "adopt/", "take-back/", "give-up/", "mail/", "remove/"):
        body = {"stage": "mail", "happened": "yes", "remote": "x", "why": "y", "name": "Acme IT"}
        assert client.post(at(stranger, base + path), body).status_code == 404, path
    reseller = kit.sign_in(kit.member(world.made.reseller))
    assert reseller.post(at(world.made.reseller, base + "retry/")).status_code == 404, "nobody does it to himself"
