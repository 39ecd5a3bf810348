"""The partner's and the operator's pages in a browser: both themes, wide and on a phone, and nothing for axe to find."""

from __future__ import annotations

import pytest

from purser.partners import break_glass, enabling, joining
from purser.postgres import tenancy
from tests.access import kit
from tests.partners.kit import Chain, chain
from tests.portal.browser import Open, assets, browser, live, screen, sound

pytestmark = pytest.mark.browser
__all__ = ["assets", "browser", "live", "screen"]

PARTNERS = {
    "home": "",
    "tenants": "tenants/",
    "tenant": "tenants/{customer}/",
    "ask": "tenants/{customer}/ask/",
    "invite": "tenants/invite/",
    "administration": "administration/",
    "settings": "settings/",
    "package": "settings/package/",
    "owners": "heads/",
}
OPERATORS = {
    "organisations": "organisations/",
    "organisation": "organisations/{customer}/",
    "found": "organisations/found/",
    "order": "orders/",
    "requests": "requests/",
    "answer": "requests/{asked}/",
    "regions": "regions/",
    "looks": "break-glass/",
}


@pytest.fixture
def made() -> Chain:
    """A chain with something to show everywhere."""
    found = chain(domain="alder.example", contact_name="Ada Alder")
    found.give(kit.now())
    kit.customer("Birch Law Partners of the Northern Shore", under=found.reseller)
    with tenancy.acting_in(found.reseller.pk):
        joining.invite(kit.actor(found.reseller, found.owner), email="admin@juniper.example", now=kit.now())
    return found


@pytest.mark.parametrize("name", PARTNERS)
def test_it_shows_the_partners_pages_soundly(screen: Open, made: Chain, name: str) -> None:
    window = screen(kit.sign_in(made.owner))
    window.go(kit.url(made.reseller, PARTNERS[name].format(customer=made.customer.pk)))
    assert sound(window, f"partners-{name}") == []


@pytest.mark.parametrize("name", OPERATORS)
def test_it_shows_the_operators_pages_soundly(screen: Open, made: Chain, name: str) -> None:
    other = chain(enabled=False, operator=made.operator)
    with tenancy.acting_in(other.reseller.pk):
        row = enabling.request(kit.actor(other.reseller, other.owner), signature="", email=other.owner.email, now=kit.now())
    asker, desk = kit.person(factor=False), kit.member(made.operator)
    break_glass.ask(kit.actor(made.operator, asker), made.customer.pk, reason="They called us about it", now=kit.now())
    window = screen(kit.sign_in(desk))
    window.go(kit.url(made.operator, OPERATORS[name].format(customer=made.customer.pk, asked=row.pk)))
    assert sound(window, f"operators-{name}") == []


def test_it_shows_the_invitation_soundly(screen: Open, made: Chain) -> None:
    with tenancy.acting_in(made.reseller.pk):
        issued = joining.invite(kit.actor(made.reseller, made.owner), email=made.admin.email, now=kit.now())
    window = screen(kit.sign_in(made.admin))
    window.go(f"/tenants/accept/{made.reseller.pk}/{issued.token}/")
    assert sound(window, "partners-accept") == []
