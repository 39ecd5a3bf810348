"""Users and groups of a customer's directory through the pages and the API: lists, one of them, dynamic groups.

Source: issue "Licences follow the directory", 1; rows CS-22, CS-23, UC-15.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from purser.access import verbs
from purser.directory import collections
from purser.directory.models import Item, Licence, User
from purser.postgres import tenancy
from tests.access import kit
from tests.access.kit import site as site
from tests.partners.kit import Chain
from tests.portal.customers import inside
from tests.portal.directory import STAFF, call, file, group, loaded, people, posted, shown, url
from tests.portal.directory import client as client
from tests.portal.directory import made as made

pytestmark = pytest.mark.usefixtures("site")


def test_users_can_be_filtered_by_licence_and_exported(made: Chain, client: Client) -> None:
    loaded(client, made)
    with tenancy.acting_in(made.customer.pk):
        Licence.objects.create(user=people_row("Ada Stone"), since=kit.now(), cause="hand", by_name="Ada")
    page = shown(client, url(made) + "?licensed.is=yes")
    assert "Ada Stone" in page
    assert "Ben Moss" not in page
    answer: Any = client.get(url(made, "export/") + "?licensed.is=no&all=1")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert "Ben Moss" in text
    assert "Ada Stone" not in text
    rows = call(client, made, "GET", "users?licensed.is=yes")["rows"]
    assert [row["name"] for row in rows] == ["Ada Stone"]


def people_row(name: str) -> User:
    found: User = User.objects.get(display_name=name)
    return found


def test_one_user_shows_the_card_and_the_groups(made: Chain, client: Client) -> None:
    loaded(client, made)
    posted(client, url(made, "groups/new/"), {"name": "Surgeons", "expression": 'department = "surgery"'})
    ada = people(made)["Ada Stone"]
    page = shown(client, url(made, f"{ada.pk}/"))
    for words in ("Bremen", "Surgery", "Board", "Staff", "Surgeons", "Not licensed"):
        assert words in page
    held = call(client, made, "GET", f"users/{ada.pk}")
    assert [one["name"] for one in held["groups"]] == ["Board", "Staff", "Surgeons"]
    assert held["licensed"] is False


def test_a_dynamic_group_is_made_changed_and_dropped(made: Chain, client: Client) -> None:
    loaded(client, made)
    posted(client, url(made, "groups/new/"), {"name": "Sellers", "expression": 'department="Sales" and enabled = true'})
    row = group(made, "Sellers")
    page = shown(client, url(made, f"groups/{row.pk}/"))
    assert "Ben Moss" in page
    assert "Eve Hill" not in page
    changed = {"name": "Sellers", "expression": 'department = "Sales"', "version": "1"}
    posted(client, url(made, f"groups/{row.pk}/change/"), changed)
    assert "Eve Hill" in shown(client, url(made, f"groups/{row.pk}/"))
    assert "meanwhile" in kit.text(posted(client, url(made, f"groups/{row.pk}/change/"), changed, 422))
    assert "Sellers" in shown(client, url(made, "groups/") + "?kind.is=dynamic")
    posted(client, url(made, f"groups/{row.pk}/drop/"))
    shown(client, url(made, f"groups/{row.pk}/"), 404)
    assert [act.summary for act in kit.acts_of(made.customer, "users.group")] == [
        "Made the dynamic group Sellers", "Changed the dynamic group Sellers", "Dropped the dynamic group Sellers",
    ]  # fmt: skip


def test_an_expression_is_tried_before_it_is_saved(made: Chain, client: Client) -> None:
    loaded(client, made)
    tried = kit.text(posted(client, url(made, "groups/preview/"), {"expression": 'city = "bremen"'}, 200))
    assert "2 of 3 users." in tried
    assert "Ada Stone" in tried
    assert "Ben Moss" not in tried
    wrong = kit.text(posted(client, url(made, "groups/preview/"), {"expression": "city is bremen"}, 200))
    assert "Column 9: expected “empty” after “is”" in wrong
    found = call(client, made, "POST", "user-groups/matches", {"expression": 'city="bremen"'})
    assert (found["written"], found["count"], found["of"]) == ('city = "bremen"', 2, 3)
    failed = call(client, made, "POST", "user-groups/matches", {"expression": "city is bremen"}, 422)
    assert failed["error"]["code"] == "expression"


@pytest.mark.parametrize(
    ("name", "expression", "says"),
    [
        ("", 'city = "x"', "required"),
        ("Sellers", 'city = "x', "Column 8"),
        ("Taken", 'city = "x"', "There is a dynamic group Taken already"),
    ],
)
def test_a_group_that_cannot_be_is_refused_in_the_form(
    made: Chain, client: Client, name: str, expression: str, says: str
) -> None:
    posted(client, url(made, "groups/new/"), {"name": "Taken", "expression": "enabled = true"})
    assert says in kit.text(posted(client, url(made, "groups/new/"), {"name": name, "expression": expression}, 422))


def test_a_group_of_the_directory_or_in_a_collection_is_not_dropped(made: Chain, client: Client) -> None:
    loaded(client, made)
    staff = group(made, "Staff")
    assert "change it there" in kit.text(posted(client, url(made, f"groups/{staff.pk}/drop/"), status=422))
    row = call(client, made, "POST", "user-groups", {"name": "Ours", "expression": "enabled = true"}, 201)
    with tenancy.acting_in(made.customer.pk):
        made_one = collections.make(made.as_admin(), collections.Draft("Everybody"), now=kit.now())
        Item.objects.create(collection=made_one, group_id=row["id"])
    failed = call(client, made, "DELETE", f"user-groups/{row['id']}", status=422)
    assert "Everybody" in failed["error"]["text"]


def test_the_api_does_what_the_pages_do(made: Chain, client: Client) -> None:
    none = call(client, made, "GET", "user-source")
    assert (none["kind"], none["version"]) == ("", 0)
    kept = call(client, made, "PUT", "user-source", {"kind": "file", "version": 0, "values": {}})
    assert (kept["source"]["kind"], kept["source"]["state"]) == ("file", "ready")
    sent: Any = client.post(f"/api/v1/t/{made.customer.pk}/user-source/file", {"file": file(STAFF)})
    assert sent.status_code == 200, sent.content
    preview = sent.json()
    assert (preview["rows"], preview["new"], preview["ignored"]) == (3, 3, ["Fax machine"])
    assert call(client, made, "GET", "user-source/file")["rows"] == [preview]
    call(client, made, "POST", "user-source/file/apply", {"digest": "0" * 64}, 422)
    call(client, made, "POST", "user-source/file/apply", {"digest": preview["digest"]})
    assert len(call(client, made, "GET", "users?state.is=present")["rows"]) == 3
    assert {row["name"]: row["members"] for row in call(client, made, "GET", "user-groups")["rows"]} == {
        "Staff": "2",
        "Board": "1",
    }
    row = call(client, made, "POST", "user-groups", {"name": "Sellers", "expression": 'department = "Sales"'}, 201)
    assert [one["display_name"] for one in row["members"]] == ["Ben Moss", "Eve Hill"]
    call(client, made, "PUT", f"user-groups/{row['id']}", {"name": "All", "expression": "enabled = true", "version": 1})
    call(client, made, "DELETE", f"user-groups/{row['id']}", status=204)
    call(client, made, "POST", "user-source/readings", status=422)
    call(client, made, "POST", "user-source/file/apply", {"digest": preview["digest"]}, 404)


def test_the_partner_sees_them_with_consent_and_a_reader_changes_nothing(made: Chain, client: Client) -> None:
    loaded(client, made)
    made.give(kit.now())
    agent = inside(made.agent)
    assert "Ada Stone" in shown(agent, url(made))
    posted(agent, url(made, "groups/new/"), {"name": "Sellers", "expression": "enabled = true"})
    reader = inside(kit.member(made.customer, verbs.READER, factor=False))
    assert "Ada Stone" in shown(reader, url(made))
    shown(reader, url(made, "groups/new/"), 403)
    posted(reader, url(made, "source/file/load/"), {"file": file(STAFF)}, 403)
    made.end(kit.now())
    assert "Ada Stone" not in kit.text(agent.get(url(made)))
