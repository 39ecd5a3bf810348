"""Collections, licences and Auto-License through the pages. Rows CS-13, CS-14, CS-21 to CS-29; ux 21, 23."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import pytest
from django.test import Client

from purser.access import verbs
from purser.directory import collections
from purser.directory.models import Collection, Licence, LicensingRun
from purser.jobs import licensing as jobs
from purser.partners import domain
from purser.postgres import tenancy
from tests.access import kit
from tests.access.kit import site as site
from tests.directory.licensing import Here
from tests.partners.kit import Chain, chain
from tests.portal.customers import inside

pytestmark = pytest.mark.usefixtures("site")


@pytest.fixture
def made() -> Chain:
    return chain(region="DE")


@pytest.fixture
def here(made: Chain) -> Here:
    return Here(made.customer)


@pytest.fixture
def client(made: Chain, here: Here) -> Client:
    return inside(made.admin)


def url(here: Here, path: str) -> str:
    return kit.url(here.organisation, path)


def shown(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, kit.text(answer)[-1500:]
    return kit.text(answer)


def posted(client: Client, path: str, body: dict[str, Any], status: int = 302) -> Any:
    answer = client.post(path, body)
    assert answer.status_code == status, kit.text(answer)[-1500:]
    return answer


def draft(answer: Any) -> dict[str, list[str]]:
    """What the dashboard's form would send next, buttons apart."""
    html = answer.content.decode()
    form = html[html.index('<form method="post" id="desk"') :]
    form = form[: form.index("</form>")]
    found: dict[str, list[str]] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and not ('type="checkbox"' in tag and " checked" not in tag):
            found.setdefault(name[1], []).append(value[1] if value else "on")
    return found


def ids_of(here: Here) -> list[Any]:
    with here.acting():
        return list(Collection.objects.order_by("created_at").values_list("pk", flat=True))


def run_once(here: Here) -> LicensingRun:
    """The worker takes the latest run."""
    run = here.runs()[-1]
    jobs.licensing(str(here.tenant), str(run.pk))
    return here.again(run)


def tell_permissions(made: Chain, kept: str) -> None:
    """The partner leaves the tenant's own administrators only these."""
    with tenancy.acting_in(made.customer.pk):
        domain.permit(kit.actor(made.customer, made.agent, verbs.PARTNER), kept, now=kit.now())


# CS-21 to CS-24


def test_the_plus_opens_the_dashboard_where_a_green_plus_adds_a_user_and_save_stores(here: Here, client: Client) -> None:
    ada, ben = here.user("Ada Berg"), here.user("Ben Carter")
    assert "New collection" in shown(client, url(here, "collections/"))
    answer = client.get(url(here, "collections/new/"))
    assert f'name="add" value="user:{ada.pk}"' in answer.content.decode()
    added = posted(client, url(here, "collections/new/"), {**draft(answer), "name": "Staff", "add": f"user:{ada.pk}"}, 200)
    assert ids_of(here) == []  # a draft until SAVE
    more = posted(client, url(here, "collections/new/"), {**draft(added), "add": f"user:{ben.pk}"}, 200)
    saved = posted(client, url(here, "collections/new/"), {**draft(more), "save": "1"})
    (made,) = ids_of(here)
    assert saved.headers["Location"] == url(here, f"collections/{made}/")
    page = shown(client, saved.headers["Location"])
    assert "Ada Berg" in page
    assert "2 users in it now" in page
    assert "Staff" in shown(client, url(here, "collections/"))


@pytest.mark.parametrize(("name", "words"), [("", "needs a name"), ("  ", "needs a name"), ("sTAFF", "Staff already")])
def test_a_name_is_required_and_taken_once_in_whatever_case(here: Here, client: Client, name: str, words: str) -> None:
    ada = here.user("Ada Berg")
    here.collection("Staff")
    body = {"name": name, "user": [str(ada.pk)], "save": "1"}
    answer = posted(client, url(here, "collections/new/"), body, 422)
    assert words in kit.text(answer)
    assert draft(answer)["user"] == [str(ada.pk)]  # what was put in is still there
    assert len(ids_of(here)) == 1


def test_search_finds_users_and_groups_and_one_click_adds_a_group_as_a_group(here: Here, client: Client) -> None:
    ada, ben = here.user("Ada Berg"), here.user("Ben Carter")
    sales = here.group("Sales everywhere", [ada], kind="distribution")
    ours = here.group("Sales by rule", key="", expression='department = "Sales"', kind="dynamic")
    address = url(here, "collections/new/")
    opened = posted(client, address, {"name": "S", "go": "search"}, 200)
    found = posted(client, address, {**draft(opened), "q": "sales", "find": "1"}, 200)
    words = kit.text(found)
    assert "Sales everywhere" in words
    assert "Sales by rule dynamic" in words
    assert "Ada" not in words
    assert "Ada Berg" in kit.text(posted(client, address, {**draft(opened), "q": "berg", "enter": "1"}, 200))
    added = posted(client, address, {**draft(found), "add": f"group:{sales.pk}"}, 200)
    added = posted(client, address, {**draft(added), "add": f"group:{ours.pk}"}, 200)
    posted(client, address, {**draft(added), "save": "1"})
    (made,) = ids_of(here)
    with here.acting():
        assert {item.group_id for item in collections.items(made)} == {sales.pk, ours.pk}
        assert collections.inside([made]).users == {ada.pk}
    here.join(sales, ben)
    assert "Ben Carter" in shown(client, url(here, f"collections/{made}/"))


def test_all_mailboxes_with_named_exclusions(here: Here, client: Client) -> None:
    ada, ben, _ = here.user("Ada Berg"), here.user("Ben Carter"), here.user("No Mailbox", mailbox="")
    interns = here.group("Interns", [here.user("Ida Intern")])
    body = {"name": "Everybody", "all_mailboxes": "on", "add": f"no-user:{ben.pk}"}
    added = posted(client, url(here, "collections/new/"), body, 200)
    added = posted(client, url(here, "collections/new/"), {**draft(added), "add": f"no-group:{interns.pk}"}, 200)
    assert "1 user in it now" in kit.text(added)
    posted(client, url(here, "collections/new/"), {**draft(added), "save": "1"})
    with here.acting():
        assert collections.inside(ids_of(here)).users == {ada.pk}


def test_two_tabs_on_one_collection_do_not_overwrite_each_other(here: Here, client: Client) -> None:
    ada = here.user("Ada Berg")
    made = here.collection("Staff")
    address = url(here, f"collections/{made}/edit/")
    first, second = client.get(address), client.get(address)
    posted(client, address, {**draft(first), "user": [str(ada.pk)], "save": "1"})
    late = posted(client, address, {**draft(second), "name": "Other", "save": "1"}, 422)
    assert "Somebody changed this collection meanwhile" in kit.text(late)
    with here.acting():
        assert (collections.one(made).name, collections.one(made).users) == ("Staff", 1)


def test_a_collection_that_licences_follow_is_not_deleted(here: Here, client: Client) -> None:
    made = here.collection("Staff")
    here.follow(made)
    refused = posted(client, url(here, f"collections/{made}/drop/"), {"version": "1"}, 422)
    assert "Licences follow the collection Staff" in kit.text(refused)
    here.follow()
    posted(client, url(here, f"collections/{made}/drop/"), {"version": "1"})
    assert ids_of(here) == []


# CS-25 to CS-27


def test_edit_of_the_pane_chooses_on_the_tab_and_save_returns_to_the_overview(here: Here, client: Client) -> None:
    ada, ben = here.user("Ada Berg"), here.user("Ben Carter")
    made = here.collection("Head office", users=[ada, ben])
    overview = client.get(url(here, "overview/")).content.decode()
    assert f'href="{url(here, "auto-license/")}"' in overview
    assert "No collection is chosen" in overview
    window = client.get(url(here, "auto-license/")).content.decode()
    assert "Auto-License Users" in window
    assert 'name="go" value="collections"' in window
    tab = posted(client, url(here, "auto-license/"), {"go": "collections", "version": "0", "on": "on", "hour": "5"}, 200)
    assert "Head office" in kit.text(tab)
    assert re.search(r'<input type="checkbox" name="on"[^>]* checked', tab.content.decode())  # what was typed stays
    body = {"version": "0", "on": "on", "hour": "5", "limit_percent": "20", "limit_least": "5", "collection": [str(made)]}
    saved = posted(client, url(here, "auto-license/"), body)
    assert saved.headers["Location"] == url(here, "overview/")
    page = shown(client, url(here, "overview/"))
    assert "Members of Head office are licensed" in page
    assert "every day at 5:00" in page
    assert f'value="{made}" checked' in client.get(url(here, "auto-license/?tab=collections")).content.decode()
    stale = posted(client, url(here, "auto-license/"), body, 422)
    assert "Somebody changed Auto-License meanwhile" in kit.text(stale)


def test_run_from_the_pane_reports_added_already_and_failed_and_again_changes_nothing(here: Here, client: Client) -> None:
    here.follow(here.collection(users=here.users(7)))
    asked = posted(client, url(here, "auto-license/run/"), {})
    page = asked.headers["Location"]
    assert "hx-get" in client.get(page).content.decode()
    assert run_once(here).state == "done"
    words = shown(client, page)
    assert "7 added" in words
    assert "0 already licensed" in words
    assert "0 failed" in words
    assert "hx-get" not in client.get(f"{page}progress/").content.decode()
    again = posted(client, url(here, "auto-license/run/"), {})
    run_once(here)
    words = shown(client, again.headers["Location"])
    assert "0 added" in words
    assert "7 already licensed" in words
    assert "7 users licensed" in shown(client, url(here, "overview/"))


def test_a_run_that_waits_is_read_and_approved_or_set_aside(here: Here, client: Client) -> None:
    here.follow(here.collection(users=here.users(7)), on=True)
    run = here.scheduled()
    page = url(here, f"auto-license/runs/{run.pk}/")
    assert "Read the plan and decide" in shown(client, url(here, "overview/"))
    words = shown(client, page)
    assert "Why it waits for a person" in words
    assert "User 003" in words
    posted(client, f"{page}set-aside/", {"reason": ""}, 422)
    posted(client, f"{page}approve/", {"digest": "0" * 64}, 422)
    posted(client, f"{page}approve/", {"digest": run.digest})
    run_once(here)
    assert len(here.licensed()) == 7
    posted(client, f"{page}approve/", {"digest": run.digest}, 422)


def test_a_preview_shows_what_a_run_would_do(here: Here, client: Client) -> None:
    here.follow(here.collection(users=here.users(2)))
    page = posted(client, url(here, "auto-license/run/"), {"dry": "1"}).headers["Location"]
    run_once(here)
    words = shown(client, page)
    assert "2 licences to give" in words
    assert "Approve 2 changes" in words
    assert here.licensed() == set()


# CS-29 and giving many


def test_a_single_user_is_licensed_and_the_licence_taken_from_their_page(here: Here, client: Client) -> None:
    ada = here.user("Ada Berg")
    page = url(here, f"licences/users/{ada.pk}/")
    assert "Was never licensed" in shown(client, page)
    back = posted(client, url(here, "licences/give/"), {"row": str(ada.pk), "next": page})
    assert back.headers["Location"] == page
    assert "Licensed since" in shown(client, page)
    assert here.licensed() == {"Ada Berg"}
    posted(client, url(here, "licences/take/"), {"row": str(ada.pk), "next": page})
    assert "Not licensed" in shown(client, page)
    with here.acting():
        (row,) = Licence.objects.all()
        assert (row.by_name, row.ended_by_name, row.until is not None) == (*[str(actor(client))] * 2, True)


def actor(client: Client) -> Any:
    from purser.access.models import Person

    return Person.objects.get(pk=client.session["_auth_user_id"])


def test_all_that_match_are_licensed_and_taken_at_once(here: Here, client: Client) -> None:
    sales, others = here.users(3, department="Sales"), [here.user("Olaf Other")]
    body = {"all": "1", "matching": "department.is=Sales"}
    back = posted(client, url(here, "licences/give/"), body)
    assert back.headers["Location"] == url(here, "licences/?department.is=Sales")
    assert here.licensed() == {user.display_name for user in sales}
    words = kit.text(client.get(back.headers["Location"]))
    assert "3 of 3: licensed" in words
    posted(client, url(here, "licences/give/"), {"row": [str(sales[0].pk), str(others[0].pk)]})
    assert "1 of 2: licensed" in shown(client, url(here, "licences/"))
    posted(client, url(here, "licences/take/"), {"all": "1", "matching": "licence.is=yes"})
    assert here.licensed() == set()
    with here.acting():
        assert Licence.objects.count() == 4


def test_lists_are_exported_as_files(here: Here, client: Client) -> None:
    here.follow(here.collection(users=here.users(3)))
    run = here.run()
    answer = client.get(url(here, f"auto-license/changes/export/?run.is={run.pk}"))
    rows = list(csv.DictReader(io.StringIO(b"".join(answer).decode("utf-8-sig"))))
    assert sorted(row["User"] for row in rows) == ["User 001", "User 002", "User 003"]
    for path in ("collections", "licences", "licences/history", "auto-license/runs"):
        assert client.get(url(here, f"{path}/export/")).status_code == 200, path


# CS-13, CS-14: what the partner keeps from the tenant's administrators

WRITES = {
    "a": ("auto-license/", "licences/give/", "licences/take/"),
    "b": ("auto-license/run/",),
    "d": ("collections/new/", "collections/{c}/edit/", "collections/{c}/drop/"),
}


@pytest.mark.parametrize("group", WRITES)
def test_a_permission_kept_by_the_partner_refuses_every_write_and_leaves_reading(
    made: Chain, here: Here, client: Client, group: str
) -> None:
    chosen = here.collection("Staff", users=[here.user("Ada Berg")])
    here.follow(chosen)
    tell_permissions(made, "abcd".replace(group, ""))
    made.give(kit.now())
    agent = inside(made.agent)
    for path in WRITES[group]:
        refused = client.post(url(here, path.format(c=chosen)), {})
        assert refused.status_code == 403, path
        assert agent.post(url(here, path.format(c=chosen)), {}).status_code != 403, path  # the partner itself may
    for path in ("collections/", "licences/", "auto-license/runs/", "overview/"):
        assert client.get(url(here, path)).status_code == 200, path
    tell_permissions(made, "abcd")
    for path in WRITES[group]:
        assert client.post(url(here, path.format(c=chosen)), {}).status_code != 403, path
