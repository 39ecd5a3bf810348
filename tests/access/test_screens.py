"""It can be used: every page of sign-in and people in a browser, both themes, wide and on a phone; and
passkeys work.
"""

from __future__ import annotations

import pytest

from purser.access import invitations, verbs
from purser.access.models import Person
from tests.access import kit
from tests.access.kit import site as site
from tests.portal.browser import PHONE, WIDE, Open, assets, browser, live, look, screen, sound

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("site")]
__all__ = ["PHONE", "assets", "browser", "live", "screen"]

OUTSIDE = {"sign-in": "/sign-in/", "forgotten": "/sign-in/password/reset/", "spent": "/join/{org}/wrong/"}
INSIDE = {
    "people": "/t/{org}/people/",
    "invite": "/t/{org}/people/invite/",
    "acts": "/t/{org}/acts/",
    "tokens": "/t/{org}/tokens/",
    "account": "/account/",
    "sessions": "/sign-in/sessions/",
    "confirm": "/sign-in/reauthenticate/",
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_it_shows_pages_outside_soundly(screen: Open, name: str):
    window = screen()
    window.go(OUTSIDE[name].format(org=kit.reseller().pk))
    faults = [one for one in sound(window, f"access-{name}") if "status of 404" not in one]
    assert faults == []


@pytest.mark.parametrize("name", INSIDE)
def test_it_shows_pages_inside_soundly(screen: Open, name: str):
    org = kit.reseller()
    who = kit.member(org)
    kit.member(org, verbs.TECHNICIAN, factor=False)
    window = screen(kit.sign_in(who))
    window.go(INSIDE[name].format(org=org.pk))
    assert sound(window, f"access-{name}") == []


@pytest.mark.parametrize("path", ["organisations/", "organisations/found/", "organisations/{org}/licence/"])
def test_it_shows_the_operators_pages_soundly(screen: Open, path: str):
    operator = kit.operator()
    org = kit.reseller("Blue Managed IT", under=operator)
    window = screen(kit.sign_in(kit.member(operator)))
    window.go(kit.url(operator, path.format(org=org.pk)))
    assert sound(window, "access-" + path.strip("/").replace("/", "-").replace("{org}", "one"), sizes=(WIDE,)) == []


def test_it_sets_up_a_passkey_and_signs_in_with_it(screen: Open):
    org = kit.reseller()
    who = kit.member(org, factor=False)
    window = screen()
    window.address = window.address.replace("127.0.0.1", "localhost")  # a passkey belongs to a name, not to a number
    window.page.set_default_timeout(15_000)
    devices = window.page.context.new_cdp_session(window.page)
    devices.send("WebAuthn.enable")
    device = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": device})

    page = window.go(kit.url(org, "people/"))
    page.get_by_label("E-mail address").fill(who.email)
    page.get_by_label("Password").fill(kit.PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("link", name="A passkey of this device").click()
    page.get_by_label("Let it sign me in without my password").check()
    look(page, "access-passkey-add")
    page.get_by_role("button", name="Add the passkey").click()
    page.get_by_role("heading", name="Recovery codes").wait_for()
    look(page, "access-recovery-codes")
    page.get_by_role("link", name="Continue").click()
    page.get_by_role("heading", name="People").wait_for()

    page.context.clear_cookies()
    page = window.go(kit.url(org, "people/"))
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.get_by_role("heading", name="People").wait_for()
    ours = f"foreign {window.address}"  # the watch for foreign hosts knows the server by its number
    assert [one for one in window.faults if not one.startswith(ours)] == []


def test_it_asks_before_it_removes_somebody(screen: Open):
    org = kit.reseller()
    who, other = kit.member(org), kit.member(org, verbs.READER, factor=False)
    window = screen(kit.sign_in(who))
    page = window.go(kit.url(org, "people/"))
    page.get_by_role("link", name=str(other)).click()
    page.get_by_role("button", name="Remove").click()
    dialog = page.get_by_role("dialog")
    assert str(other) in dialog.inner_text()
    look(page, "access-remove")
    dialog.get_by_role("button", name="Remove").click()
    page.get_by_text("The person is removed").wait_for()
    assert other.email not in page.locator("table").first.inner_text()


def test_it_joins_by_an_invitation_in_a_browser(screen: Open):
    """What the page says of its address must not keep its own form from being sent."""
    org = kit.reseller()
    issued = invitations.invite(kit.actor(org), email=kit.address(), role=verbs.READER, kind="reseller", now=kit.now())
    window = screen()
    page = window.go(f"/join/{org.pk}/{issued.token}/")
    page.get_by_label("Your name").fill("Ada")
    page.get_by_label("A password").fill("a brand new long sentence")
    page.get_by_role("button", name="Join").click()
    page.get_by_text("second factor").first.wait_for()
    assert kit.membership(org, Person.objects.get(email=issued.invitation.email)).role == verbs.READER
    assert window.faults == []
