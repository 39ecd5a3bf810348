"""Finding one's way: the switcher, links by Tenant ID, search, bookmarks. Source: ux 1 to 10; reliability P16."""

from __future__ import annotations

import re
import time
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from purser.access import verbs
from purser.partners import break_glass
from purser.postgres import ids, tenancy
from purser.tenants import tree
from purser.tenants.models import Organisation
from tests.access import kit
from tests.access.kit import site as site
from tests.partners.kit import Chain

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.portal.browser import Screen


from tests.portal.finding import closed, found, made, now

__all__ = ["closed", "made", "now"]  # fixtures


def test_it_finds_own_organisations_and_customers_by_name_domain_and_tenant_id(made: Chain, closed: Organisation) -> None:
    client = kit.sign_in(made.agent)
    for typed in ("al den", "ALDER.EXAMPLE", made.customer.number):
        assert "Alder Dental" in found(client, typed), typed
        assert "Birch" not in found(client, typed)
    assert "Acme IT" in found(client, "acm")
    assert "Acme IT" in found(client, made.reseller.number)


def test_it_shows_customers_without_consent_and_says_so(made: Chain, closed: Organisation) -> None:
    client = kit.sign_in(made.agent)
    assert f"Tenant ID {closed.number} · Consent: never asked" in found(client, "birch")
    assert "Consent" not in found(client, "alder")
    owner = kit.sign_in(made.owner)  # of the same partner, and no partner administrator
    assert "You are no partner administrator" in found(owner, "alder")


def test_it_shows_nothing_of_anybody_elses(made: Chain) -> None:
    other = kit.customer("Alder Foreign")
    client = kit.sign_in(made.agent)
    assert "Foreign" not in found(client, "alder")
    assert "None of your organisations" in found(client, other.number)
    assert "Alder Dental" not in found(kit.sign_in(made.admin), "acme")
    assert kit.browser().get("/go/tenants/").headers["Location"].startswith("/sign-in/")


def test_it_pins_a_tenant_and_remembers_the_recent_ones(made: Chain, closed: Organisation) -> None:
    client = kit.sign_in(made.agent)
    assert "Favourites" not in found(client)
    client.post("/go/star/", {"place": str(closed.pk), "on": "1"})
    assert client.get(f"/go/tenant/{made.customer.number}/").status_code == 302
    seen = found(client)
    assert seen.index("Favourites") < seen.index("Birch Law") < seen.index("Recent") < seen.index("Alder Dental")
    assert seen.count("Birch Law") == seen.count("Pin Birch Law") + 1
    client.post("/go/star/", {"place": str(closed.pk), "on": "0"})
    assert "Favourites" not in found(client)
    assert client.post("/go/star/", {"place": str(kit.customer().pk), "on": "1"}).status_code == 404


@pytest.mark.parametrize("by", ["number", "pk"])
def test_it_leads_to_a_page_by_tenant_id_and_by_id(made: Chain, by: str) -> None:
    client = kit.sign_in(made.agent)
    answer = client.get(f"/go/tenant/{getattr(made.customer, by)}/people/?q=x")
    assert answer.headers["Location"] == f"/t/{made.customer.pk}/people/?q=x"
    assert client.get(answer.headers["Location"]).status_code == 200
    assert client.get(f"/go/tenant/{made.customer.number}/no-such-page/").status_code == 404


def test_it_leads_to_what_is_known_of_a_tenant_that_does_not_let_one_in(made: Chain, closed: Organisation) -> None:
    answer = kit.sign_in(made.agent).get(f"/go/tenant/{closed.number}/people/")
    assert answer.headers["Location"] == f"/t/{made.reseller.pk}/tenants/{closed.pk}/"


def test_it_says_the_same_of_a_foreign_tenant_as_of_none(made: Chain) -> None:
    other, client = kit.customer(), kit.sign_in(made.agent)
    foreign, none = (
        client.get(f"/go/tenant/{number}/", headers={"Accept": "application/json"}) for number in (other.number, "1" * 12)
    )
    assert (foreign.status_code, none.status_code) == (404, 404)
    assert foreign.json()["text"] == none.json()["text"]
    for id in (other.pk, ids.new()):
        assert client.get(f"/go/tenant/{id}/people/", follow=True).status_code == 404


@pytest.mark.usefixtures("site")
def test_its_links_survive_sign_in_and_second_factor(made: Chain) -> None:
    person = kit.member(made.customer, verbs.ADMINISTRATOR)
    client, link = kit.browser(), f"/go/tenant/{made.customer.number}/people/"
    answer = client.get(link)
    assert answer.status_code == 302
    answer = client.post(answer.headers["Location"], {"login": person.email, "password": kit.PASSWORD, "next": link})
    assert "2fa" in answer.headers["Location"]
    kit.forget_code(person)
    answer = client.post(answer.headers["Location"], {"code": kit.code()}, follow=True)
    assert answer.redirect_chain[-1][0] == f"/t/{made.customer.pk}/people/"
    assert answer.status_code == 200


@pytest.mark.usefixtures("site")
def test_it_leads_to_the_second_factor_first_where_one_is_missing(made: Chain) -> None:
    client = kit.sign_in(kit.member(made.customer, verbs.ADMINISTRATOR, factor=False))
    assert "Alder Dental" not in found(client, "alder")
    answer = client.get(f"/go/tenant/{made.customer.number}/people/")
    assert answer.headers["Location"].startswith("/account/second-factor/?next=/go/tenant/")


# Below a distributor


@pytest.fixture
def above(made: Chain) -> Client:
    """Somebody of the distributor, who sells to Cedar Foods itself."""
    kit.customer("Cedar Foods", under=made.distributor)
    return kit.sign_in(kit.member(made.distributor))


def test_a_distributor_finds_its_resellers_customers_and_gets_into_none(made: Chain, above: Client) -> None:
    """Even where the reseller has the consent, and where the distributor administers its own. Source: acceptance UC-8."""
    with tenancy.acting_in(made.distributor.pk):
        tree.enable_administration()
    for typed in ("al den", made.customer.number, "alder.example", ""):
        shown = found(above, typed)
        assert "Alder Dental" in shown, typed
        assert "Customer of Acme IT, which alone can have its consent" in shown, typed
    assert "Consent: never asked" in found(above, "cedar")
    assert "Customer of" not in found(above, "cedar")
    answer = above.get(f"/go/tenant/{made.customer.number}/people/")
    assert answer.headers["Location"] == f"/t/{made.distributor.pk}/tenants/below/?number.is={made.customer.number}"
    shown = kit.text(above.get(answer.headers["Location"]))
    assert made.customer.number in shown
    assert "Alder Dental cannot be opened" in shown
    assert above.get(kit.url(made.customer, "overview/")).status_code == 404
    with tenancy.acting_in(made.customer.pk):
        tree.suspend(now=kit.now())
    assert "Suspended. Customer of Acme IT" in found(above, "alder")


def test_a_distributor_finds_own_and_resellers_customers_in_one_order(made: Chain, above: Client) -> None:
    kit.customer("Alder Books", under=made.distributor)
    shown = found(above, "alder")
    assert shown.index("Alder Books") < shown.index("Alder Dental")
    shown = found(above)
    assert shown.index("Alder Books") < shown.index("Alder Dental") < shown.index("Cedar Foods")


def test_a_reseller_finds_nothing_of_another_below_the_same_distributor(made: Chain) -> None:
    other = kit.reseller(under=made.distributor)
    client = kit.sign_in(kit.member(other))
    assert "Alder Dental" not in found(client, "alder")
    assert client.get(f"/go/tenant/{made.customer.number}/").status_code == 404


def test_a_group_of_a_distributor_takes_none_of_its_resellers_customers(made: Chain, above: Client) -> None:
    groups = f"/t/{made.distributor.pk}/tenants/groups/"
    where = str(above.post(f"{groups}make/", {"name": "Gold"}).headers["Location"])
    assert "Cedar Foods" in kit.text(above.get(where, {"q": "cedar"}))
    assert "Alder Dental" not in kit.text(above.get(where, {"q": "alder"})).partition("Put customers in")[2]
    assert above.post(f"{where}put/", {"place": str(made.customer.pk)}).status_code == 404


def asked(client: Client, where: str) -> list[str]:
    """The queries about tenants that a page makes; those about the session and its person are the same on every page."""
    client.get(where)
    with CaptureQueriesContext(connection) as seen:
        assert client.get(where).status_code == 200
    tables = re.compile(r' FROM "(tenants|access|partners|links)_(?!person")')
    return [one["sql"] for one in seen.captured_queries if tables.search(one["sql"])]


def test_opening_a_tenant_costs_eight_queries_at_most(made: Chain, now: datetime) -> None:
    """Door and overview. On behalf the door asks three more than for a member: the grant, the place at home, and the grant
    once more in the seat taken, so that a consent which ended meanwhile opens nothing. Source: issue, "opening a tenant".
    """
    where = kit.url(made.customer, "overview/")
    assert len(asked(kit.sign_in(made.admin), where)) <= 5
    on_behalf = asked(kit.sign_in(made.agent), where)
    assert len(on_behalf) <= 8, "\n".join(on_behalf)
    asker = kit.member(made.operator, verbs.SUPPORT)
    break_glass.ask(kit.actor(made.operator, asker), made.customer.pk, reason="They cannot sign in", now=now)
    break_glass.approve(kit.actor(made.operator, kit.person(factor=False)), made.customer.pk, now=now)
    looking = asked(kit.sign_in(asker), where)
    assert len(looking) <= 8, "\n".join(looking)


def hits(client: Client, tenant: UUID, text: str) -> str:
    return kit.text(client.get(f"/t/{tenant}/find/", {"q": text, "part": "1"}))


def test_it_searches_pages_people_and_organisations_that_the_person_may_open(made: Chain) -> None:
    client = kit.sign_in(made.owner)
    assert "Mapping" in hits(client, made.reseller.pk, "map")
    assert made.agent.email in hits(client, made.reseller.pk, made.agent.email[:12])
    assert "Alder Dental" in hits(client, made.reseller.pk, "alder")
    assert "Nothing that you may open" in hits(client, made.reseller.pk, "zzzz")


def test_it_does_not_search_what_the_consent_leaves_out(made: Chain, now: datetime) -> None:
    client = kit.sign_in(made.agent)
    typed = made.admin.email[:12]
    assert made.admin.email in hits(client, made.customer.pk, typed)
    made.give(now, scopes=("rooms",))
    assert made.admin.email not in hits(client, made.customer.pk, typed)
    assert "People" not in hits(client, made.customer.pk, "peo")


def test_it_finds_companies_and_subscriptions_of_the_marketplace() -> None:
    from tests.tenancy.planting import plant

    planted = plant(f"Zeder{ids.new().hex[-6:]}")
    seen = hits(kit.sign_in(planted.person), planted.tenant, planted.mark)
    assert f"{planted.mark}-links_sourcecustomer-name" in seen
    assert f"{planted.mark}-links_sourcesubscription-name" in seen


def test_it_keeps_searches_and_offers_them_again(made: Chain) -> None:
    client = kit.sign_in(made.owner)
    client.get(f"/t/{made.reseller.pk}/find/", {"q": "contracts of alder"})
    assert "contracts of alder" in hits(client, made.reseller.pk, "")
    assert "contracts of alder" not in hits(kit.sign_in(made.agent), made.reseller.pk, "")


def titles(client: Client) -> list[str]:
    content = client.get("/go/bookmarks/").content.decode()
    return [one.partition("</strong>")[0] for one in content.split("<strong>")[1:]]


def test_it_keeps_bookmarks_in_the_order_that_buttons_give(made: Chain) -> None:
    client, base = kit.sign_in(made.owner), f"/t/{made.reseller.pk}/"
    for title, path in (("One", "people/"), ("Two", "acts/?sort=at"), ("Three", "tokens/")):
        assert client.post("/go/bookmarks/keep/", {"title": title, "path": base + path}).status_code == 302
    assert titles(client) == ["One", "Two", "Three"]
    client.post("/go/bookmarks/change/", {"path": f"{base}tokens/", "do": "up"})
    assert titles(client) == ["One", "Three", "Two"]
    client.post("/go/bookmarks/change/", {"path": f"{base}people/", "do": "down"})
    client.post("/go/bookmarks/change/", {"path": f"{base}people/", "do": "down"})
    client.post("/go/bookmarks/change/", {"path": f"{base}people/", "do": "down"})
    assert titles(client) == ["Three", "Two", "One"]
    client.post("/go/bookmarks/change/", {"path": f"{base}tokens/", "do": "remove"})
    assert titles(client) == ["Two", "One"]
    assert "Two" in hits(client, made.reseller.pk, "two")
    assert titles(kit.sign_in(made.agent)) == []


@pytest.mark.parametrize("path", ["https://elsewhere.example/", "//elsewhere.example/x", "/no/such/page/", ""])
def test_it_keeps_no_address_but_its_own_pages(made: Chain, path: str) -> None:
    client = kit.sign_in(made.owner)
    assert client.post("/go/bookmarks/keep/", {"title": "Out", "path": path}).status_code == 422
    assert titles(client) == []


def test_a_customer_never_holds_what_the_partner_keeps_at_hand(made: Chain) -> None:
    from purser.access.models import Preference

    client = kit.sign_in(made.agent)
    client.get(f"/go/tenant/{made.customer.number}/")
    client.get(f"/t/{made.customer.pk}/find/", {"q": "secret plan"})
    for organisation, count in ((made.customer, 0), (made.reseller, 1)):
        with tenancy.acting_in(organisation.pk):
            assert Preference.objects.filter(screen="finding").count() == count


@pytest.mark.browser
def test_two_keystrokes_and_enter_change_the_tenant(made: Chain, closed: Organisation, screen: Callable[..., Screen]) -> None:
    """However slowly the list comes."""
    page = screen(kit.sign_in(made.agent)).go(f"/t/{made.reseller.pk}/people/")
    page.route("**/go/tenants/?*", lambda route: (time.sleep(0.3), route.continue_()))
    page.keyboard.press("Control+Alt+k")
    page.keyboard.type("al")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/t/{made.customer.pk}/**")
    assert "Alder Dental" in page.inner_text(".where")


@pytest.mark.browser
def test_no_shortcut_fires_while_somebody_types(made: Chain, screen: Callable[..., Screen]) -> None:
    page = screen(kit.sign_in(made.agent)).go(f"/t/{made.reseller.pk}/people/")
    page.keyboard.press("Control+k")
    page.keyboard.type("?map")
    assert page.input_value("#palette-text") == "?map"
    assert not page.locator("#shortcuts").is_visible()
    page.fill("#palette-text", "mapp")
    page.locator("#palette a[data-go]", has_text="Mapping").wait_for()
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.innerText").startswith("Mapping")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    page.locator("#shortcuts").wait_for()


@pytest.mark.browser
def test_its_pages_are_sound(made: Chain, closed: Organisation, screen: Callable[..., Screen]) -> None:
    from tests.portal.browser import axe, sound

    window = screen(kit.sign_in(made.agent))
    window.go("/go/bookmarks/")
    assert sound(window, "bookmarks") == []
    window.go(f"/t/{made.reseller.pk}/find/?q=al")
    assert sound(window, "find") == []
    for keys, seen in (("Control+Alt+k", "#switcher a[data-go]"), ("Control+k", "#palette a[data-go]")):
        window.page.keyboard.press(keys)
        window.page.locator(seen).first.wait_for()
        assert axe(window.page) == []
        assert not window.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        window.page.keyboard.press("Escape")
