"""A customer's own administration, by its administrators and by a partner on its behalf.

Rows CS-11 to CS-17, CS-20, UC-1, UC-11, UC-15 to UC-19; ux 2, 34. Users and roles: test_users_and_roles.py.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from purser.access import actors, permit, verbs
from purser.access.models import Membership
from purser.partners import break_glass, consent, domain, orders
from purser.postgres import ids, tenancy
from purser.tenants import grants, tree
from purser.tenants.models import Organisation, PackageStock
from tests.access import kit
from tests.access.kit import site as site
from tests.partners.kit import Chain, chain, enters

pytestmark = pytest.mark.usefixtures("site")

ROOMS = {
    "domain": "domain.read",
    "people": "people.read",
    "meeting-rooms": "rooms.read",
    "telephony": "telephony.read",
    "conferences": "conferences.read",
    "integrations": "integrations.read",
    "apps": "apps.read",
}
GROUPED = [verb.name for verb in verbs.VERBS.values() if verb.group]


@pytest.fixture
def now() -> datetime:
    return kit.now()


@pytest.fixture
def made() -> Chain:
    return chain(domain="alder.example", region="US")


def inside(who: Any) -> Client:
    """Signed in; a second factor is set up where there is none, as partners need one."""
    from allauth.mfa.models import Authenticator
    from allauth.mfa.totp.internal import auth as totp

    if not Authenticator.objects.filter(user_id=who.pk).exists():
        totp.TOTP.activate(who, kit.SECRET)
    return kit.sign_in(who)


def agent_in(made: Chain, now: datetime, **more: Any) -> Client:
    made.give(now, **more)
    return inside(made.agent)


def at(made: Chain, path: str) -> str:
    return kit.url(made.customer, path)


def page(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, kit.text(answer)[-1200:]
    return answer.content.decode()


def test_home_of_a_customer_is_its_overview_with_the_left_navigation_everywhere(made: Chain) -> None:
    client = inside(made.admin)
    assert client.get(at(made, "")).headers["Location"] == at(made, "overview/")
    for room in ("overview", *ROOMS, "collections", "tunnels", "consent", "consent/acts", "roles"):
        shown = page(client, at(made, f"{room}/"))
        sidebar = shown[shown.index('id="sidebar"') : shown.index("<main")]
        for words in ("Overview", "Collections", "Sync Tunnels"):
            assert f"{words}</a>" in sidebar, (room, words)


def test_the_partner_has_exactly_the_administrators_rooms(made: Chain, now: datetime) -> None:
    agent, admin = agent_in(made, now), inside(made.admin)
    for room in (*ROOMS, "overview", "collections", "tunnels", "roles", "acts", "consent"):
        assert agent.get(at(made, f"{room}/")).status_code == admin.get(at(made, f"{room}/")).status_code == 200, room


def test_a_scope_closes_every_room_it_does_not_name(made: Chain, now: datetime) -> None:
    agent = agent_in(made, now, scopes=["telephony"])
    for room, verb in ROOMS.items():
        wanted = 200 if verbs.find(verb).area == "telephony" else 403
        assert agent.get(at(made, f"{room}/")).status_code == wanted, room
    assert [act.verb for act in kit.acts_of(made.customer) if act.outcome == "denied"]


def test_a_room_that_is_not_built_says_what_will_be_here_and_who_may(made: Chain, now: datetime) -> None:
    shown = page(inside(made.admin), at(made, "tunnels/"))
    assert "Not built yet" in shown
    guards = set(re.findall(r'<tr role="row" data-verb="([^"]+)">', shown))
    assert guards == {verb for verb in verbs.VERBS if verb.startswith("tunnels.")} | {
        *("tasks.sync_tenant", "tasks.sync_mailbox", "tasks.purge", "tasks.restore", "tasks.cleanup"),
        "contact_fields.write",
        "schedule.write",
        "reporting.write",
        "service_account.write",
    }
    assert "Not allowed" not in shown


def test_every_grouped_permission_stands_in_a_room(made: Chain) -> None:
    client = inside(made.admin)
    there = set(re.findall(r'data-verb="([^"]+)"', page(client, at(made, "tunnels/"))))
    built = {f"collections.{what}" for what in ("create", "edit", "delete")}
    assert set(GROUPED) - there == built | {"licences.write", "auto_licence.write", "tasks.auto_licence"}


def test_a_customers_pages_are_nobody_elses(made: Chain) -> None:
    owner = inside(made.owner)
    for room in ("overview", "consent"):
        assert owner.get(kit.url(made.reseller, f"{room}/")).status_code in (403, 404), room
    assert owner.get(at(made, "overview/")).status_code == 404


# The frame


def test_the_bar_names_both_and_leads_away_on_every_page(made: Chain, now: datetime) -> None:
    agent = agent_in(made, now)
    for room in ("overview", *ROOMS, "collections", "tunnels", "consent", "consent/acts", "roles", "acts", "report-issue"):
        shown = page(agent, at(made, f"{room}/"))
        bar = shown[shown.index('id="on-behalf"') : shown.index("</aside>")]
        for words in (str(made.agent), made.reseller.name, made.customer.name, made.customer.number):
            assert words in bar, (room, words)
        assert f"/t/{made.reseller.pk}/" in bar
        title = re.search("<title>(.*?)</title>", shown, re.S)
        assert title
        assert made.customer.name in title[1]
        assert made.customer.number in title[1]
        head = shown[shown.index("<header") : shown.index("</header>")]
        assert f"Tenant ID {made.customer.number}" in head


def test_a_refusal_on_behalf_keeps_the_bar(made: Chain, now: datetime) -> None:
    shown = page(agent_in(made, now, scopes=["telephony"]), at(made, "domain/"), 403)
    assert made.customer.name in shown
    assert "does not let you see the domain" in shown


def test_the_administrator_sees_no_bar(made: Chain) -> None:
    assert 'id="on-behalf"' not in page(inside(made.admin), at(made, "overview/"))


def test_an_emergency_look_has_words_of_its_own(made: Chain, now: datetime) -> None:
    from purser.partners import break_glass

    asker, colleague = kit.member(made.operator, verbs.SUPPORT), kit.member(made.operator)
    break_glass.ask(
        kit.actor(made.operator, asker, verbs.SUPPORT), made.customer.pk, reason="Nobody there can sign in", now=now
    )
    break_glass.approve(kit.actor(made.operator, colleague), made.customer.pk, now=now)
    shown = page(inside(asker), at(made, "overview/"))
    bar = shown[shown.index('id="on-behalf"') : shown.index("</aside>")]
    assert "Emergency look" in bar
    assert "to read only" in bar
    assert "on behalf of" not in bar
    assert made.operator.name in bar


def test_after_the_end_an_open_page_gets_nothing_on_its_next_request(made: Chain, now: datetime) -> None:
    agent = agent_in(made, now)
    path = at(made, "consent/acts/")
    page(agent, path)
    made.end(kit.now())
    for headers in ({}, {"HX-Request": "true", "HX-Target": "on_behalf"}):
        answer = agent.get(path, headers=headers)
        assert answer.status_code == 404
        assert made.admin.email not in answer.content.decode()
        assert f"Your access to {made.customer.name} has ended" in kit.text(answer)
        assert f"The consent of {made.customer.name} was ended on" in kit.text(answer)
        assert "<form" not in answer.content.decode().partition("<main")[2].partition("</main>")[0]
    posted = agent.post(at(made, "domain/settings/"), {"contact_name": "x", "zone": "UTC"}, headers={"HX-Request": "true"})
    assert (posted.status_code, posted.headers["HX-Retarget"]) == (404, "#messages")
    with tenancy.acting_in(made.customer.pk):
        assert Organisation.objects.get().contact_name != "x"


def test_an_open_page_goes_as_a_whole_when_its_consent_is_over(made: Chain, now: datetime) -> None:
    agent = agent_in(made, now)
    made.end(kit.now())
    here = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{at(made, 'domain/')}?x=1"}
    answer = agent.get(at(made, "consent/acts/"), headers=here)
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (404, f"{at(made, 'domain/')}?x=1")
    elsewhere = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{kit.url(made.reseller, 'people/')}"}
    assert "HX-Redirect" not in agent.get(at(made, "consent/acts/"), headers=elsewhere).headers


def ending(made: Chain, how: str) -> None:
    if how == "it was ended":
        made.end(kit.now())
    elif how == "the tenant was suspended":
        with tenancy.acting_in(made.customer.pk):
            tree.suspend(now=kit.now())
    elif how == "no package":
        with tenancy.acting_in(made.reseller.pk):
            Membership.objects.filter(person=made.agent).update(package="")


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("its time", "ran until"),
        ("it was ended", "was ended on"),
        ("the tenant was suspended", "is suspended"),
        ("no package", "your own organisation or package no longer allows it"),
    ],
)
def test_it_says_how_the_access_ended(made: Chain, how: str, words: str) -> None:
    given = kit.now() - timedelta(days=2)
    agent = agent_in(made, given, days=1 if how == "its time" else 9)
    ending(made, how)
    shown = page(agent, at(made, "overview/"), 404)
    assert "Your access to Alder Dental has ended" in shown
    assert words in shown


def test_an_emergency_look_that_ended_says_so_to_whom_it_was_for(made: Chain) -> None:
    asker, colleague = kit.member(made.operator, verbs.SUPPORT), kit.member(made.operator, verbs.OWNER)
    asking = kit.actor(made.operator, asker, verbs.SUPPORT)
    break_glass.ask(asking, made.reseller.pk, reason="They cannot sign in and asked for help", now=kit.now())
    break_glass.approve(kit.actor(made.operator, colleague), made.reseller.pk, now=kit.now())
    client, where = kit.sign_in(asker), kit.url(made.reseller, "people/")
    page(client, where)
    break_glass.end(asking, made.reseller.pk, now=kit.now())
    shown = page(client, where, 404)
    assert f"Your access to {made.reseller.name} has ended" in shown
    assert "The emergency look was ended on" in shown
    assert kit.url(made.operator, "break-glass/") in shown
    assert "has ended" not in page(kit.sign_in(colleague), where, 404)


def test_whoever_had_no_access_is_told_nothing_of_its_end(made: Chain, now: datetime) -> None:
    agent = agent_in(made, now)
    made.end(kit.now())
    absent = inside(made.owner).get(f"/t/{ids.new()}/overview/")
    for stranger in (made.owner, chain().agent, chain().admin):
        answer = inside(stranger).get(at(made, "overview/"))
        assert answer.status_code == 404
        assert main(answer) == main(absent)
    other = chain(operator=made.operator)
    orders.move(kit.actor(made.operator), made.customer.pk, other.reseller.partner_number, now=kit.now())
    assert main(agent.get(at(made, "overview/"))) == main(absent)  # nobody's customer of theirs any more


def main(answer: Any) -> str:
    """What the page says, without the number that is to be quoted."""
    return re.sub(r"[0-9a-f]{32}", "", answer.content.decode().partition("<main")[2].partition("</main>")[0])


def test_two_tabs_on_two_customers_show_each_its_own(made: Chain, now: datetime) -> None:
    other = kit.customer("Birch Law", under=made.reseller)
    boss = kit.member(other, verbs.ADMINISTRATOR, factor=False)
    consent.give(kit.actor(other, boss, verbs.ADMINISTRATOR), scopes=grants.AREAS, days=9, reason="contract", now=now)
    agent = agent_in(made, now)
    for _ in range(2):
        for mine, theirs in ((made.customer, other), (other, made.customer)):
            shown = page(agent, kit.url(mine, "domain/"))
            assert mine.number in shown
            assert theirs.number not in shown
            assert theirs.name not in shown


def test_the_user_menu_holds_what_the_figure_shows(made: Chain, now: datetime) -> None:
    words = ["My profile", "Settings", "Report Issue", "Help", "About", "Sign out"]

    def menu(client: Client, path: str) -> list[str]:
        shown = page(client, path)
        part = shown[shown.index("account menu") : shown.index("</details>", shown.index("account menu"))]
        return [entry for entry in [*words, "Partner administration"] if f"{entry}</" in part]

    assert menu(inside(made.admin), at(made, "overview/")) == words
    assert menu(inside(made.owner), kit.url(made.reseller, "people/")) == words
    agent = agent_in(made, now)
    assert menu(agent, kit.url(made.reseller, "people/")) == [*words, "Partner administration"]
    assert menu(agent, at(made, "overview/")) == [*words, "Partner administration"]


def test_the_pages_of_the_user_menu_open(made: Chain) -> None:
    client = inside(made.admin)
    for path in ("/account/", "/account/settings/", "/help/", "/about/"):
        page(client, path)
    assert "named none" in page(client, at(made, "report-issue/"))
    with tenancy.acting_in(made.operator.pk):
        Organisation.objects.update(contact_email="desk@operator.example")
    shown = page(client, at(made, "report-issue/"))
    assert "mailto:desk%40operator.example" in shown
    assert made.customer.number in shown
    for path in ("/account/settings/", "/help/", "/about/"):
        assert kit.browser().get(path).headers["Location"].startswith("/sign-in/")


# Tenant permissions


def test_the_window_has_four_boxes_and_save_works_at_once(made: Chain, now: datetime) -> None:
    agent, admin = agent_in(made, now), inside(made.admin)
    shown = page(agent, at(made, "overview/"))
    window = shown[shown.index('<dialog id="tenant-permissions"') : shown.index("</dialog>")]
    assert re.findall(r'name="group" value="(.)" checked', window) == ["a", "b", "c", "d"]
    assert "SAVE" in window
    assert '<dialog id="tenant-permissions"' not in page(admin, at(made, "overview/"))
    saved = agent.post(at(made, "overview/permissions/"), {"group": ["a", "c"]})
    assert saved.status_code == 302, kit.text(saved)
    [act] = kit.acts_of(made.customer, "tenant.permit")
    assert (act.before, act.after) == ({"groups": ["a", "b", "c", "d"]}, {"groups": ["a", "c"]})
    assert act.home_name == made.reseller.name
    left = page(admin, at(made, "overview/"))
    assert left.count("Left to the tenant") == 2
    assert admin.post(at(made, "overview/permissions/"), {"group": ["a", "b"]}).status_code == 403


def test_an_unknown_tenant_permission_is_refused_and_nothing_kept(made: Chain, now: datetime) -> None:
    agent = agent_in(made, now)
    assert agent.post(at(made, "overview/permissions/"), {"group": ["a", "z"]}).status_code == 422
    assert kit.acts_of(made.customer, "tenant.permit") == []


def test_each_verb_of_a_group_is_allowed_and_refused_with_its_group(made: Chain, now: datetime) -> None:
    made.give(now)
    assert {verb.group for verb in verbs.VERBS.values() if verb.group} == set("abcd")
    for gone in ("", *verbs.GROUPS):
        kept = [name for name in verbs.GROUPS if name != gone]
        with tenancy.acting_in(made.customer.pk):
            domain.permit(kit.actor(made.customer, made.agent, verbs.PARTNER), kept, now=now)
        admin, agent = enters(made.admin, made.customer, now), enters(made.agent, made.customer, now)
        for name in GROUPED:
            assert permit.allows(agent, name), name
            if verbs.find(name).group == gone:
                with pytest.raises(permit.Denied, match="Your partner keeps it to itself") as refusal:
                    permit.check(admin, name)
                assert refusal.value.code == "tenant_permission"
            else:
                assert permit.allows(admin, name), name
        for name in ("licences.read", "tunnels.read", "collections.read"):
            assert permit.allows(admin, name), name


def test_what_purser_runs_by_itself_is_not_bound_by_tenant_permissions(made: Chain, now: datetime) -> None:
    with tenancy.acting_in(made.customer.pk):
        domain.permit(kit.actor(made.customer, made.agent, verbs.PARTNER), [], now=now)
    job = actors.system("sync", tenant=made.customer.pk, organisation=made.customer.name)
    assert job.allowed is None
    assert job.role == verbs.SYSTEM


# The domain


def test_the_domain_shows_the_eight_packages_the_facts_and_the_partner_ids(made: Chain) -> None:
    with tenancy.acting_in(made.customer.pk):
        PackageStock.objects.create(package="UnifyTeam", total=40)
        Membership.objects.update(package="UnifyTeam")
    shown = page(inside(made.admin), at(made, "domain/"))
    cards = re.findall(r"<h3>(\w+)</h3>\s*<p class=\"figure\">(\d+).*?</p>\s*<p>(\d+) used of (\d+)", shown, re.S)
    assert [name for name, *_ in cards] == [
        *("UnifyEnterprise", "UnifyEnterpriseV", "UnifyProfessional", "UnifyProfessionalV"),
        *("UnifyTeam", "UnifyTeamV", "UnifyEssentialV", "UnifyFree"),
    ]
    assert ("UnifyTeam", "39", "1", "40") in cards
    for words in (made.customer.number, "alder.example", made.reseller.partner_number, made.distributor.partner_number):
        assert words in shown


def test_the_settings_of_the_domain_are_changed_on_behalf_with_before_and_after(made: Chain, now: datetime) -> None:
    agent = agent_in(made, now)
    form = {"contact_name": "Ada Adler", "contact_email": "ADA@alder.example", "zone": "Europe/Berlin"}
    assert agent.post(at(made, "domain/settings/"), form).status_code == 302
    [act] = kit.acts_of(made.customer, "domain.write")
    assert act.before == {"contact_name": "", "contact_email": "", "zone": "UTC"}
    assert act.after == {"contact_name": "Ada Adler", "contact_email": "ada@alder.example", "zone": "Europe/Berlin"}
    assert (act.person_id, act.home) == (made.agent.pk, made.reseller.pk)
    wrong = agent.post(at(made, "domain/settings/"), {**form, "contact_email": "no address"})
    assert wrong.status_code == 422
    assert "Ada Adler" in wrong.content.decode()


def test_the_overview_asks_the_database_four_things(made: Chain, now: datetime) -> None:
    """Beside session, person and place: consent with tenant, people and packages, Auto-License, the latest acts."""
    client = agent_in(made, now)
    page(client, at(made, "overview/"))
    with CaptureQueriesContext(connection) as seen:
        page(client, at(made, "overview/"))
    asked = [one["sql"] for one in seen.captured_queries]
    last_seat = max(n for n, sql in enumerate(asked) if "set_config" in sql)
    own = [sql for sql in asked[last_seat + 1 :] if sql.lstrip("(").startswith("SELECT")][
        1:
    ]  # the first reads the grant again
    assert len(own) == 4, "\n".join(own)
