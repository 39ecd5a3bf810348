"""Tasks at vendors without an interface, through the pages and the API: done, declined, opened again. Row AC-36."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client

from purser.access import verbs
from purser.provisioning.models import Task
from tests.access import kit
from tests.access.kit import site as site
from tests.api.kit import caller, code, data
from tests.portal.browser import Open, assets, browser, live, screen, sound
from tests.portal.test_provisioning import posted, shown
from tests.provisioning.shop import Shop
from tests.provisioning.shop import shop as made_shop

pytestmark = pytest.mark.usefixtures("site")
__all__ = ["assets", "browser", "live", "screen"]


@pytest.fixture
def shop() -> Iterator[Shop]:
    with made_shop() as made:
        account = made.saved(made.direct, made.byhand, "bea")
        made.ordered(account)
        made.run(account)
        yield made


@pytest.fixture
def client(shop: Shop) -> Client:
    return kit.sign_in(kit.member(shop.made.distributor))


def here(shop: Shop, row: Task | None = None, path: str = "") -> str:
    return kit.url(shop.made.distributor, f"vendor-tasks/{f'{row.pk}/' if row else ''}{path}")


def test_a_task_is_listed_read_and_confirmed(shop: Shop, client: Client) -> None:
    (row,) = shop.tasks()
    page = shown(client, here(shop))
    for words in ("Make Birch Law", "To be done", "Faxnet", str(row.due_on)):
        assert words in page
    page = shown(client, here(shop, row))
    for words in ("What is to be done", "Birch Law", "bea@mail.example", "id of the tenant", row.words["reference"]):
        assert words in page
    wrong = posted(client, here(shop, row, "confirm/"), {"version": "1", "answer_id": ""}, 422)
    assert "This field is required" in wrong
    answer = posted(client, here(shop, row, "confirm/"), {"version": "1", "answer_id": "own"}, 422)
    assert "is another one already" in answer
    posted(client, here(shop, row, "confirm/"), {"version": "1", "answer_id": "FX-1", "note": "By phone"})
    page = shown(client, here(shop, row))
    for words in ("Done", "FX-1", "By phone", "Confirmed: Make Birch Law"):
        assert words in page
    assert "It is done" not in page
    file = client.get(here(shop, path="export/"))
    assert "Make Birch Law" in b"".join(file.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]


def test_one_that_cannot_be_done_says_why_and_is_opened_again(shop: Shop, client: Client) -> None:
    (row,) = shop.tasks()
    posted(client, here(shop, row, "decline/"), {"version": "1", "note": ""}, 422)
    posted(client, here(shop, row, "decline/"), {"version": "1", "note": "Sold out"})
    page = shown(client, here(shop, row))
    assert "Sold out" in page
    assert "Cannot be done" in page
    posted(client, here(shop, row, "confirm/"), {"version": "2", "answer_id": "FX-1"}, 422)
    posted(client, here(shop, row, "reopen/"), {"version": "2"})
    assert "It is done" in shown(client, here(shop, row))


def test_who_may_only_read_sees_it_and_others_do_not(shop: Shop) -> None:
    (row,) = shop.tasks()
    reader = kit.sign_in(kit.member(shop.made.distributor, verbs.READER))
    page = shown(reader, here(shop, row))
    assert "Make Birch Law" in page
    assert "Confirm" not in page
    posted(reader, here(shop, row, "confirm/"), {"version": "1", "answer_id": "FX-1"}, 403)
    other = kit.sign_in(kit.member(shop.made.reseller))
    shown(other, kit.url(shop.made.reseller, f"vendor-tasks/{row.pk}/"), 404)
    assert "Nothing is to be done" in shown(other, kit.url(shop.made.reseller, "vendor-tasks/"))


def test_the_api_has_them_as_well(shop: Shop) -> None:
    (row,) = shop.tasks()
    api = caller(shop.made.distributor)
    assert [one["title"] for one in data(api.get("/vendor-tasks?state.is=open"))["rows"]] == ["Make Birch Law"]
    path = f"/vendor-tasks/{row.pk}"
    assert data(api.get(path))["answer"] == {"id": ""}
    assert code(api.post(f"{path}/confirm", {"version": 1}), 422) == "answer"
    assert code(api.post(f"{path}/confirm", {"version": 7, "answers": {"id": "FX-1"}}), 422) == "version"
    assert data(api.post(f"{path}/decline", {"version": 1, "note": "Sold out"}))["state"] == "declined"
    assert data(api.post(f"{path}/reopen", {"version": 2}))["state"] == "open"
    done = data(api.post(f"{path}/confirm", {"version": 3, "answers": {"id": "FX-1"}, "note": "By phone"}))
    assert (done["state"], done["answer"], done["ended_by"] != "") == ("done", {"id": "FX-1"}, True)
    assert data(caller(shop.made.reseller).get("/vendor-tasks"))["rows"] == []
    assert caller(shop.made.reseller).get(path).status_code == 404


@pytest.mark.browser
def test_it_shows_every_page_soundly(shop: Shop, client: Client, screen: Open) -> None:
    window = screen(client)
    (row,) = shop.tasks()
    faults = []
    for n, path in enumerate((here(shop), here(shop, row), kit.url(shop.made.distributor, "instances/add/byhand/"))):
        window.go(path)
        faults += [f"{path}: {fault}" for fault in sound(window, f"tasks-{n}")]
    assert faults == []
