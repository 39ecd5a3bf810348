"""Users from a file: looked through, loaded, forgotten, refused.

Source: issue "Licences follow the directory", 1; reliability P29.
"""

from __future__ import annotations

import io
import re
from datetime import timedelta

import pytest
from django.test import Client
from openpyxl import Workbook

from purser.connectors.ports import rows
from purser.directory.models import Group, Source, Upload, User
from purser.jobs import directory as jobs
from purser.postgres import tenancy
from tests.access import kit
from tests.access.kit import site as site
from tests.connectors.test_graph import TENANT
from tests.partners.kit import Chain
from tests.portal.directory import STAFF, digest, file, loaded, people, posted, shown, url
from tests.portal.directory import client as client
from tests.portal.directory import made as made

pytestmark = pytest.mark.usefixtures("site")


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
    assert [act.summary for act in kit.acts_of(made.customer, "users.refresh")] == [
        "Brought users from staff.csv to be looked through",
        "Loaded users from staff.csv: 3 new, 0 changed, 0 gone",
    ]


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


def test_a_file_that_is_too_large_is_refused_at_both_doors(
    made: Chain, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "MOST_BYTES", len(STAFF) - 1)
    posted(client, url(made, "source/file/"), {"version": "0"})
    says = f"The file has {len(STAFF)} bytes; at most {len(STAFF) - 1} are read."
    assert says in kit.text(posted(client, url(made, "source/file/load/"), {"file": file(STAFF)}, 422))
    answer = client.post(f"/api/v1/t/{made.customer.pk}/user-source/file", {"file": file(STAFF)})
    assert (answer.status_code, answer.json()["error"]["text"]) == (422, says)


def test_a_file_that_is_sent_to_the_api_leaves_its_act_too(made: Chain, client: Client) -> None:
    posted(client, url(made, "source/file/"), {"version": "0"})
    answer = client.post(f"/api/v1/t/{made.customer.pk}/user-source/file", {"file": file(STAFF)})
    assert answer.status_code == 200, answer.content
    (act,) = kit.acts_of(made.customer, "users.refresh")
    assert act.summary == "Brought users from staff.csv to be looked through"


def test_a_file_that_nobody_loads_is_forgotten_after_a_week(made: Chain, client: Client) -> None:
    """With the people in it."""
    posted(client, url(made, "source/file/"), {"version": "0"})
    posted(client, url(made, "source/file/load/"), {"file": file(STAFF)})
    for days, left in ((6, True), (8, False)):
        with tenancy.acting_in(made.customer.pk):
            Upload.objects.update(made_at=kit.now() - timedelta(days=days))
        jobs.forget_uploads(timestamp=0)
        with tenancy.acting_in(made.customer.pk):
            assert Upload.objects.exists() == left
    act = kit.acts_of(made.customer, "users.refresh")[-1]
    assert (act.summary, act.person_id) == ("Forgot staff.csv: nobody loaded its users within 7 days", None)


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
