"""It shows the pages of sign-on, directory and tokens in a real browser: both themes, both widths, axe clean."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.access import kit
from tests.access.kit import site as site
from tests.identity import kit as identity
from tests.identity.test_bringing import provider as provider
from tests.identity.test_bringing import stage as stage
from tests.portal.browser import assets as assets
from tests.portal.browser import browser as browser
from tests.portal.browser import live as live
from tests.portal.browser import screen as screen
from tests.portal.browser import sound

if TYPE_CHECKING:
    from purser.access.models import Person
    from purser.tenants.models import Organisation
    from tests.identity.test_bringing import Stage
    from tests.portal.browser import Open

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("site")]


def test_it_is_sound_on_every_page_of_identity(screen: Open) -> None:
    from purser.access import sign_on, verbs
    from purser.postgres import tenancy

    found = identity.directory(kit.customer("Alder Dental"))
    admin = kit.member(found.organisation, verbs.ADMINISTRATOR)
    client = kit.sign_in(admin)
    window = screen(client)
    faults: dict[str, list[str]] = {}

    def seen(name: str, path: str) -> None:
        window.faults.clear()
        window.go(path)
        faults[name] = sound(window, f"identity-{name}")

    seen("sign-on-empty", kit.url(bare(admin), "sign-on/"))
    found.add("ada")
    found.add("x", userName="bob@elsewhere.example")
    found.group("Administrators")
    with tenancy.acting_in(found.organisation.pk):
        sign_on.save(
            kit.actor(found.organisation, admin, role=verbs.ADMINISTRATOR),
            name="Microsoft Entra",
            issuer="11111111-2222-3333-4444-555555555555",
            client_id="9a8b7c6d-1111-2222-3333-444455556666",
            secret="a client secret",
            require_mfa=True,
            on=True,
            version=0,
            sandbox=frozenset(),
            now=kit.now(),
        )
    client.post(kit.url(found.organisation, "sign-on/domains/"), {"name": "waiting.example"})
    for name, path in (
        ("sign-on", "sign-on/"),
        ("provider", "sign-on/provider/"),
        ("policy", "sign-on/policy/"),
        ("domain", "sign-on/domains/"),
        ("directory", "directory/"),
        ("directory-token", "directory/token/"),
        ("token", "tokens/make/"),
    ):
        seen(name, kit.url(found.organisation, path))
    seen("sessions", "/sign-in/sessions/")
    window.page.context.clear_cookies()
    seen("sign-in", "/sign-in/")
    seen("find", "/sign-in/sso/")
    seen("start", f"/sign-in/sso/{found.organisation.pk}/")
    assert {name: lines for name, lines in faults.items() if lines} == {}


def test_it_is_sound_in_each_state_of_a_tenant_that_comes_by_an_invitation(screen: Open, stage: Stage) -> None:
    """CS-8: not signed in, signed in there without the role, with it, and once the tenant is here."""
    client = kit.browser()
    faults: dict[str, list[str]] = {}

    def seen(name: str) -> None:
        window = screen(client if client.cookies else None)
        window.go(stage.path)
        faults[name] = [one for one in sound(window, f"bringing-{name}") if "422" not in one]

    seen("not-signed-in")
    stage.says()
    assert stage.page(client).status_code == 422
    seen("without-the-role")
    stage.administers()
    assert stage.page(client).status_code == 200
    seen("with-the-role")
    window = screen(client)
    window.go(stage.path)
    for label, value in (
        ("Your company's name", "Birch Law"),
        ("Your name", "Bea Birch"),
        ("A password", "a brand new long sentence"),
    ):
        window.page.get_by_label(label).fill(value)
    window.page.get_by_role("button", name="Bring the tenant here").click()
    window.page.get_by_role("button", name="administer it").wait_for()
    assert stage.exists()
    faults["here"] = sound(window, "bringing-here")
    assert {name: lines for name, lines in faults.items() if lines} == {}


def bare(admin: Person) -> Organisation:
    """An organisation where nothing is set up, with the same administrator."""
    from purser.access import people, verbs
    from purser.postgres import tenancy

    made = kit.customer("Birch Legal")
    with tenancy.acting_in(made.pk):
        people.join(person=admin, role=verbs.ADMINISTRATOR, organisation=made.name, now=kit.now())
    return made
