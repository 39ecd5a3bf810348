"""Users from a directory: the source filled, tested, read on its rhythm, paused.

Source: issue "Licences follow the directory", 1; reliability P25.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection

from purser.access import verbs
from purser.access.models import Sealed
from purser.access.testing import TooManyTests
from purser.connectors.ports.directory import Directory
from purser.directory.models import Source
from purser.flows.vendor_to_mirror import testing
from purser.jobs import directory as jobs
from purser.postgres import tenancy
from tests.access import kit
from tests.access.kit import site as site
from tests.connectors.test_graph import CLIENT, SECRET, TENANT
from tests.directory.kit import World, world
from tests.partners.kit import Chain
from tests.portal.customers import inside
from tests.portal.directory import call, group, posted, shown, url

pytestmark = pytest.mark.usefixtures("site")


@pytest.fixture
def here() -> Iterator[World]:
    with world() as made:
        yield made


def waiting(made: Chain) -> list[dict[str, str]]:
    """Readings that were asked for."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT args::text FROM procrastinate_jobs WHERE task_name = 'purser.read_directory' AND args->>'tenant' = %s "
            "ORDER BY id",
            [str(made.customer.pk)],
        )
        return [json.loads(args) for (args,) in cursor.fetchall()]


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
    acts = kit.acts_of(made.customer, "users.refresh")
    assert {(act.person_id, act.outcome) for act in acts} == {(made.admin.pk, "done")}
    twice = ["Tests the source of users", "Tested the source of users: Microsoft Graph"] * 2
    assert [act.summary[: len(said)] for act, said in zip(acts, twice, strict=True)] == twice
    page = shown(client, url(made, "source/"))
    assert "Ready" in page
    assert "Whole" in page
    assert "Users 5" in page
    assert shown(client, url(made) + "?licensed.is=no").count("alder.example") >= 3
    assert "Ben Moss" in shown(client, url(made, f"groups/{group(made, 'Surgery').pk}/"))


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
    refused = client.post(f"/api/v1/t/{made.customer.pk}/user-source/test")
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "too_many")
    assert 3500 < int(refused["Retry-After"]) <= 3600


def test_a_test_that_never_ends_is_counted_too(here: World) -> None:
    """The password has been tried, whatever became of whoever waited for the answer."""
    actor = here.made.as_admin()

    def hangs(source: Source) -> Directory:
        raise SystemExit  # as when a worker is stopped in the call

    for _ in range(10):
        with pytest.raises(SystemExit):
            testing.test(actor, port_of=hangs, now=kit.now())
    with pytest.raises(TooManyTests):
        testing.test(actor, port_of=hangs, now=kit.now())


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
