"""Users and groups of a customer's directory through the pages and the API: the source, a file, lists, dynamic groups.

Source: issue "Licences follow the directory", 1; rows CS-22, CS-23, UC-15; reliability P25, P29.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from openpyxl import Workbook

from purser.access import verbs
from purser.access.models import Sealed
from purser.directory import collections
from purser.directory.models import Group, Item, Licence, Source, Upload, User
from purser.jobs import directory as jobs
from purser.postgres import tenancy
from tests.access import kit
from tests.access.kit import site as site
from tests.connectors.test_graph import CLIENT, SECRET, TENANT
from tests.directory.kit import World, world
from tests.partners.kit import Chain, chain
from tests.portal.test_customer import inside

pytestmark = pytest.mark.usefixtures("site")

STAFF = """User principal name,Display name,Mail,Department,City,Account enabled,Groups,Fax machine
ada@alder.example,Ada Stone,ada@alder.example,Surgery,Bremen,yes,Staff;Board,x
ben@alder.example,Ben Moss,ben@alder.example,Sales,Bonn,yes,Staff,
eve@alder.example,Eve Hill,,Sales,Bremen,no,,
"""


@pytest.fixture
def made() -> Chain:
    return chain(region="DE")


@pytest.fixture
def client(made: Chain) -> Client:
    return inside(made.admin)


def url(made: Chain, path: str = "") -> str:
    return kit.url(made.customer, f"users/{path}")


def shown(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, kit.text(answer)[-1500:]
    return kit.text(answer)


def posted(client: Client, path: str, body: dict[str, Any] | None = None, status: int = 302) -> Any:
    answer = client.post(path, body or {})
    assert answer.status_code == status, kit.text(answer)[-1500:]
    return answer


def call(client: Client, made: Chain, method: str, path: str, body: Any = None, status: int = 200) -> Any:
    text = "" if body is None else json.dumps(body)
    answer: Any = client.generic(method, f"/api/v1/t/{made.customer.pk}/{path}", text, content_type="application/json")
    assert answer.status_code == status, answer.content.decode()[:1500]
    return answer.json() if answer.content else None


def file(content: str | bytes, name: str = "staff.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content.encode() if isinstance(content, str) else content)


def loaded(client: Client, made: Chain, content: str = STAFF) -> None:
    """The file as the source, and its people in the mirror."""
    with tenancy.acting_in(made.customer.pk):
        source = Source.objects.first()
    if source is None:
        posted(client, url(made, "source/file/"), {"version": "0"})
    posted(client, url(made, "source/file/load/"), {"file": file(content)})
    posted(client, url(made, "source/file/apply/"), {"digest": digest(client, made)})


def digest(client: Client, made: Chain) -> str:
    found = re.search(r'name="digest" value="([0-9a-f]{64})"', client.get(url(made, "source/file/load/")).content.decode())
    assert found
    return found.group(1)


def people(made: Chain) -> dict[str, User]:
    with tenancy.acting_in(made.customer.pk):
        return {row.display_name: row for row in User.objects.filter(gone_at=None)}


def waiting(made: Chain) -> list[dict[str, str]]:
    """Readings that were asked for."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT args::text FROM procrastinate_jobs WHERE task_name = 'purser.read_directory' AND args->>'tenant' = %s "
            "ORDER BY id",
            [str(made.customer.pk)],
        )
        return [json.loads(args) for (args,) in cursor.fetchall()]


# From a file


def test_it_says_that_nothing_is_there_yet_and_what_to_do(made: Chain, client: Client) -> None:
    page = shown(client, url(made))
    assert "No users yet" in page
    assert "Say where from" in page
    assert "Choose where users come from" in shown(client, url(made, "source/"))
    assert "Users and groups" in page


def test_a_file_is_looked_through_before_it_is_loaded(made: Chain, client: Client) -> None:
    posted(client, url(made, "source/file/"), {"version": "0"})
    posted(client, url(made, "source/file/load/"), {"file": file(STAFF)})
    page = shown(client, url(made, "source/file/load/"))
    assert "3 users can be read" in page
    assert "Not used: Fax machine" in page
    assert "Ada Stone" in page
    assert "2 new, 0 gone; 3 memberships begin" in page
    assert people(made) == {}
    posted(client, url(made, "source/file/apply/"), {"digest": digest(client, made)})
    assert people(made).keys() == {"Ada Stone", "Ben Moss", "Eve Hill"}
    page = shown(client, url(made) + "?sort=name")
    assert "ben@alder.example" in page
    (act,) = kit.acts_of(made.customer, "users.refresh")
    assert act.summary == "Loaded users from staff.csv: 3 new, 0 changed, 0 gone"


def test_the_next_file_says_who_changed_and_who_left(made: Chain, client: Client) -> None:
    loaded(client, made)
    second = STAFF.replace("Sales,Bonn", "Board,Bonn").replace("eve@alder.example,Eve Hill,,Sales,Bremen,no,,\n", "")
    posted(client, url(made, "source/file/load/"), {"file": file(second.replace("Staff;Board", "Staff"))})
    page = shown(client, url(made, "source/file/load/"))
    assert re.search(
        r"New 0 Changed 1 Who Ben Moss Has left 1 Who Eve Hill Groups 0 new, 1 gone; 0 memberships begin, 0 end", page
    )
    posted(client, url(made, "source/file/apply/"), {"digest": digest(client, made)})
    assert people(made).keys() == {"Ada Stone", "Ben Moss"}
    assert "Has left" in shown(client, url(made) + "?state.is=left")


def test_a_file_with_broken_rows_lists_them_and_takes_nobody_as_gone(made: Chain, client: Client) -> None:
    loaded(client, made)
    broken = STAFF.replace("ben@alder.example,Ben Moss,ben@", "ben@alder.example,Ben Moss,no mail ben@")
    posted(client, url(made, "source/file/load/"), {"file": file(broken)})
    page = shown(client, url(made, "source/file/load/"))
    assert "Row 3, Mail: is no mail address" in page
    assert "Nobody will be taken as gone" in page
    posted(client, url(made, "source/file/apply/"), {"digest": digest(client, made)})
    assert people(made).keys() == {"Ada Stone", "Ben Moss", "Eve Hill"}
    with tenancy.acting_in(made.customer.pk):
        assert Group.objects.get(name="Staff").members.count() == 2
        assert not Source.objects.get().whole


def test_what_is_loaded_is_what_was_shown(made: Chain, client: Client) -> None:
    """Between looking and loading somebody else loaded another file."""
    loaded(client, made)
    posted(client, url(made, "source/file/load/"), {"file": file(STAFF.replace("Surgery", "Board"))})
    seen = digest(client, made)
    with tenancy.acting_in(made.customer.pk):
        User.objects.filter(display_name="Ben Moss").update(job_title="Boss")
    assert "something else than was shown" in kit.text(posted(client, url(made, "source/file/apply/"), {"digest": seen}, 422))
    assert people(made)["Ada Stone"].department == "Surgery"
    posted(client, url(made, "source/file/drop/"))
    posted(client, url(made, "source/file/drop/"), status=404)
    with tenancy.acting_in(made.customer.pk):
        assert not Upload.objects.exists()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"Colour,Size\nred,3\n", "No column says who a row is"),
        (b"", "empty"),
        (b"PK\x03\x04 no workbook", "no workbook that can be read"),
        (b"Display name,Mail\n\xff\xfe\xfa,x\n", "not in UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_as_a_whole_is_refused_in_the_form(
    made: Chain, client: Client, content: bytes, says: str
) -> None:
    posted(client, url(made, "source/file/"), {"version": "0"})
    answer = posted(client, url(made, "source/file/load/"), {"file": file(content)}, 422)
    assert says in kit.text(answer) or "The submitted file is empty" in kit.text(answer)
    with tenancy.acting_in(made.customer.pk):
        assert not Upload.objects.exists()


def test_a_workbook_is_read_too(made: Chain, client: Client) -> None:
    book = Workbook()
    for row in (["Mail", "Display name"], ["ada@alder.example", "Ada"]):
        book.active.append(row)
    held = io.BytesIO()
    book.save(held)
    posted(client, url(made, "source/file/"), {"version": "0"})
    posted(client, url(made, "source/file/load/"), {"file": file(held.getvalue(), "staff.xlsx")})
    posted(client, url(made, "source/file/apply/"), {"digest": digest(client, made)})
    assert people(made).keys() == {"Ada"}


def test_a_directory_takes_no_file_and_a_file_is_not_read(made: Chain, client: Client) -> None:
    posted(client, url(made, "source/file/load/"), {"file": file(STAFF)}, 404)
    posted(client, url(made, "source/graph/"), {"version": "0", "tenant": TENANT, "client_id": "x", "client_secret": "y"})
    answer = posted(client, url(made, "source/file/load/"), {"file": file(STAFF)}, 422)
    assert "Users come from Microsoft 365 here, not from a file" in kit.text(answer)
    posted(client, url(made, "source/file/"), {"version": "1"})
    assert "load it again" in kit.text(posted(client, url(made, "source/read/"), status=422))


# From a directory


@pytest.fixture
def here() -> Iterator[World]:
    with world() as made:
        yield made


def graph(here: World, **more: str) -> dict[str, str]:
    version = str(here.source().version)
    given = {"tenant": TENANT, "client_id": CLIENT, "login_url": here.url, "graph_url": here.url, "every_hours": "6"}
    return {**given, "version": version, **more}


def test_a_source_is_filled_tested_and_read(here: World) -> None:
    made, client = here.made, inside(here.made.admin)
    page = shown(client, url(made, "source/"))
    assert "Not tested" in page
    assert SECRET not in client.get(url(made, "source/graph/")).content.decode() + page
    answer = client.post(url(made, "source/test/"), follow=True)
    assert "It works. Microsoft Graph: 5 users, 5 groups, 1 contacts." in kit.text(answer)
    (job,) = waiting(made)
    jobs.read_directory(**job)
    assert call(client, made, "POST", "user-source/test")["ok"]
    for act in kit.acts_of(made.customer, "users.refresh"):
        assert (act.person_id, act.outcome) == (made.admin.pk, "done")
        assert act.summary.startswith("Tested the source of users: Microsoft Graph")
    assert len(kit.acts_of(made.customer, "users.refresh")) == 2
    page = shown(client, url(made, "source/"))
    assert "Ready" in page
    assert "Whole" in page
    assert "Users 5" in page
    assert shown(client, url(made) + "?licensed.is=no").count("alder.example") >= 3
    assert "Ben Moss" in shown(client, url(made, f"groups/{group(made, 'Surgery').pk}/"))


def group(made: Chain, name: str) -> Group:
    with tenancy.acting_in(made.customer.pk):
        found: Group = Group.objects.get(name=name)
        return found


def test_it_shows_how_far_a_reading_is_and_forgets_a_dead_one(here: World) -> None:
    made, client = here.made, inside(here.made.admin)
    with tenancy.acting_in(made.customer.pk):
        Source.objects.update(stage="Members of 12 groups", stage_at=kit.now())
    answer = client.get(url(made, "source/")).content.decode()
    assert "Members of 12 groups" in answer
    assert f'hx-get="{url(made, "source/progress/")}"' in answer
    assert "Members of 12 groups" in shown(client, url(made, "source/progress/"))
    assert call(client, made, "GET", "user-source")["stage"] == "Members of 12 groups"
    with tenancy.acting_in(made.customer.pk):
        Source.objects.update(stage_at=kit.now() - timedelta(hours=1))
    assert "hx-get" not in client.get(url(made, "source/progress/")).content.decode()


def test_a_changed_address_forgets_the_secret_and_an_empty_secret_stays(here: World) -> None:
    made, client = here.made, inside(here.made.admin)
    posted(client, url(made, "source/graph/"), graph(here, every_hours="12"))
    with tenancy.acting_in(made.customer.pk):
        assert Sealed.objects.filter(of_table="directory_source").count() == 1
    answer = client.post(url(made, "source/graph/"), graph(here, tenant="birch.example"), follow=True)
    assert "this was forgotten: Client secret" in kit.text(answer)
    with tenancy.acting_in(made.customer.pk):
        assert not Sealed.objects.filter(of_table="directory_source").exists()
    assert "Client secret is missing" in kit.text(posted(client, url(made, "source/read/"), status=422))
    assert all(SECRET not in f"{act.before}{act.after}" for act in kit.acts_of(made.customer))


def test_a_paused_source_is_an_alarm_with_the_next_step(here: World) -> None:
    made, client = here.made, inside(here.made.admin)
    posted(client, url(made, "source/graph/"), graph(here, client_secret="wrong"))
    answer = client.post(url(made, "source/test/"), follow=True)
    page = answer.content.decode()
    assert 'role="alert"' in page
    assert "Enter the credentials again and test" in page
    assert "Users are not read any more" in shown(client, url(made))
    held = call(client, made, "GET", "user-source")
    assert (held["state"], held["paused_code"]) == ("paused", "credentials")


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"graph_url": "https://evil.example"}, "not one of the hosts"),
        ({"every_hours": "0"}, "from 1 to 168"),
        ({"version": "7"}, "meanwhile"),
    ],
)
def test_a_source_that_cannot_be_is_refused_and_changes_nothing(here: World, values: dict[str, str], says: str) -> None:
    made, client = here.made, inside(here.made.admin)
    before = here.source()
    assert says in kit.text(posted(client, url(made, "source/graph/"), graph(here, **values), 422))
    assert here.source().version == before.version


def test_only_after_proving_who_one_is_is_the_source_changed(here: World) -> None:
    made, client = here.made, inside(here.made.admin)
    kit.age_proofs(client, timedelta(minutes=6))
    answer = client.post(url(made, "source/graph/"), graph(here, every_hours="12"))
    assert here.source().settings.get("every_hours") == "6"
    assert answer.status_code in (302, 403)


def test_a_test_is_made_ten_times_an_hour_at_most(here: World) -> None:
    made, client = here.made, inside(here.made.admin)
    for _ in range(10):
        posted(client, url(made, "source/test/"))
    answer = client.post(url(made, "source/test/"))
    assert answer.status_code == 503
    assert "10 times within the hour" in kit.text(answer)


def test_the_rhythm_asks_once_for_each_source_that_is_due(here: World) -> None:
    here.read()
    asked = len(waiting(here.made))
    with tenancy.acting_in(here.tenant):
        Source.objects.update(next_at=kit.now() - timedelta(minutes=1))
    jobs.read_directories(timestamp=0)
    jobs.read_directories(timestamp=0)
    assert len(waiting(here.made)) - asked == 1
    with tenancy.acting_in(here.tenant):
        Source.objects.update(next_at=kit.now() + timedelta(hours=1))
    jobs.read_directory(**waiting(here.made)[-1])
    assert here.source().whole


def test_who_lost_the_right_is_not_read_for(here: World) -> None:
    made = here.made
    reader = kit.member(made.customer, verbs.READER, factor=False)
    jobs.read_directory(str(made.customer.pk), cause="person", by=str(reader.pk))
    assert here.users() == {}
    assert "Not done for" in kit.acts_of(made.customer, "users.refresh")[-1].summary


# Lists, users, groups


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
