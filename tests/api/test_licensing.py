"""Collections, licences and Auto-License through the API. Rows CS-13, CS-14, CS-21 to CS-29."""

from __future__ import annotations

from typing import Any

import pytest

from purser.access import verbs
from purser.partners import domain
from purser.postgres import ids
from tests.access import kit
from tests.access.kit import site as site
from tests.api.kit import Caller, caller, code, data
from tests.directory.licensing import Here

pytestmark = pytest.mark.usefixtures("site")


@pytest.fixture
def here() -> Here:
    return Here()


@pytest.fixture
def admin(here: Here) -> Caller:
    return caller(here.organisation, verbs.ADMINISTRATOR)


def made(admin: Caller, **body: Any) -> dict[str, Any]:
    return dict(data(admin.post("/collections", {"name": "Staff", **body}), 201))


def run_of(here: Here, admin: Caller, *, dry: bool = False) -> dict[str, Any]:
    """RUN, the worker's part, and the run as it is read then."""
    run = data(admin.post("/auto-licence/runs", {"dry": dry}), 202)["run"]
    here.work(run)
    return dict(data(admin.get(f"/auto-licence/runs/{run}")))


def test_it_keeps_collections_with_users_groups_and_exclusions(here: Here, admin: Caller) -> None:
    ada, ben = here.user("Ada"), here.user("Ben")
    group, interns = here.group("Sales", [ada, ben]), here.group("Interns", [ben])
    row = made(admin, groups=[str(group.pk)], left_out_groups=[str(interns.pk)])
    named = {"id": str(group.pk), "name": "Sales", "kind": "group", "left_out": False}
    assert row["items"] == [named, {**named, "id": str(interns.pk), "name": "Interns", "left_out": True}]
    inside = data(admin.get(f"/collections/{row['id']}/inside"))
    assert ([one["name"] for one in inside["users"]], inside["count"], inside["cut"]) == (["Ada"], 1, "")
    cleo = here.user("Cleo")
    here.join(group, cleo)
    assert data(admin.get(f"/collections/{row['id']}/inside"))["count"] == 2
    body = {"name": "Everybody", "all_mailboxes": True, "left_out_users": [str(cleo.pk)], "version": 1}
    changed = data(admin("PUT", f"/collections/{row['id']}", body))
    assert (changed["version"], changed["name"], len(changed["items"])) == (2, "Everybody", 1)
    assert data(admin.get(f"/collections/{row['id']}/inside"))["count"] == 2
    assert code(admin("PUT", f"/collections/{row['id']}", body), 422) == "version"
    (listed,) = data(admin.get("/collections"))["rows"]
    assert (listed["name"], listed["all_mailboxes"], listed["excluded"]) == ("Everybody", "yes", "1")
    assert admin("DELETE", f"/collections/{row['id']}?version=2").status_code == 204
    assert data(admin.get("/collections"))["rows"] == []


def test_a_name_is_required_and_taken_once_in_whatever_case(here: Here, admin: Caller) -> None:
    made(admin)
    assert code(admin.post("/collections", {"name": "sTaFF "}), 422) == "name_taken"
    assert code(admin.post("/collections", {"name": "  "}), 422) == "name"
    assert code(admin.post("/collections", {}), 422) == "invalid"


def test_it_finds_users_and_groups_by_a_part_of_the_name(here: Here, admin: Caller) -> None:
    here.user("Ada Berg")
    here.group("Sales Bergen")
    here.group("Berg by rule", key="", expression='department = "Sales"', kind="dynamic")
    found = data(admin.get("/collections/find?text=berg"))
    assert [one["name"] for one in found["users"]] == ["Ada Berg"]
    assert [one["name"] for one in found["groups"]] == ["Berg by rule", "Sales Bergen"]


def test_what_is_not_here_cannot_be_put_in(here: Here, admin: Caller) -> None:
    other = Here().user("Somebody else's")
    for id in (other.pk, ids.new()):
        assert code(admin.post("/collections", {"name": "S", "users": [str(id)]}), 404) == "missing"
        assert code(admin.post("/licences/give", {"users": [str(id)]}), 404) == "missing"


def test_auto_license_follows_what_is_chosen_and_run_says_what_it_did(here: Here, admin: Caller) -> None:
    everybody = here.users(8)
    row = made(admin, users=[str(user.pk) for user in everybody])
    begins = data(admin.get("/auto-licence"))
    assert (begins["on"], begins["version"], begins["collections"]) == (False, 0, [])
    assert code(admin.post("/auto-licence/runs", {"dry": False}), 422) == "collections"
    chosen = {"collections": [row["id"]], "on": True, "take_back": True, "hour": 4, "version": 0}
    saved = data(admin("PUT", "/auto-licence", chosen))
    assert (saved["collections"], saved["hour"], saved["version"]) == ([row["id"]], 4, 1)
    assert code(admin("PUT", "/auto-licence", chosen), 422) == "version"
    preview = run_of(here, admin, dry=True)
    assert (preview["state"], len(preview["changes"]), preview["open"], here.licensed()) == ("done", 8, True, set())
    run = run_of(here, admin)
    assert [run[name] for name in ("state", "added", "already", "removed", "failed")] == ["done", 8, 0, 0, 0]
    assert {step["state"] for step in run["steps"]} == {"done"}
    again = run_of(here, admin)
    assert [again[name] for name in ("added", "already", "changes")] == [0, 8, []]
    rows = data(admin.get("/auto-licence/runs?sort=started_at"))["rows"]
    assert [(one["cause"], one["added"]) for one in rows] == [("preview", "0"), ("hand", "8"), ("hand", "0")]
    changes = data(admin.get(f"/auto-licence/changes?run.is={run['id']}"))["rows"]
    assert {(one["what"], one["state"]) for one in changes} == {("give", "done")}
    assert len(data(admin.get("/licences?state.is=open"))["rows"]) == 8


def test_a_plan_that_waits_is_approved_by_its_digest_or_set_aside(here: Here, admin: Caller) -> None:
    here.follow(here.collection(users=here.users(8)), on=True)
    first = here.scheduled()
    path = f"/auto-licence/runs/{first.pk}"
    shown = data(admin.get(path))
    assert (shown["state"], shown["open"], shown["doubts"][0]["code"]) == ("waits", True, "too_many")
    assert code(admin.post(f"{path}/approve", {"digest": "0" * 64}), 422) == "moved"
    assert data(admin.post(f"{path}/set-aside", {"reason": "Not now"}))["state"] == "dropped"
    assert code(admin.post(f"{path}/approve", {"digest": shown["digest"]}), 422) == "state"
    preview = run_of(here, admin, dry=True)
    path = f"/auto-licence/runs/{preview['id']}"
    assert data(admin.post(f"{path}/approve", {"digest": preview["digest"]}))["state"] == "running"
    here.work(preview["id"])
    assert data(admin.get(path))["added"] == 8


def test_one_user_is_licensed_and_the_answer_says_of_each_why_not(here: Here, admin: Caller) -> None:
    ada, gone = here.user("Ada"), here.user("Gone", gone_at=here.at)
    (answer,) = data(admin.post("/licences/give", {"users": [str(ada.pk)]}))["rows"]
    assert (answer["ok"], here.licensed()) == (True, {"Ada"})
    body = {"users": [str(ada.pk), str(gone.pk)]}
    answers = data(admin.post("/licences/give", body))["rows"]
    assert [one["ok"] for one in answers] == [False, False]
    assert answers[0]["text"].startswith("Is licensed already")
    assert answers[1]["text"] == "Has left the directory."
    assert [one["ok"] for one in data(admin.post("/licences/take", body))["rows"]] == [True, False]
    held = data(admin.get(f"/licences/users/{ada.pk}"))
    assert (held["licensed"], len(held["licences"]), held["licences"][0]["cause"]) == (False, 1, "hand")
    (row,) = data(admin.get("/licences/users"))["rows"]
    assert (row["name"], row["licence"]) == ("Ada", "no")


GUARDED = {
    "a": [("POST", "/licences/give"), ("POST", "/licences/take"), ("PUT", "/auto-licence")],
    "b": [("POST", "/auto-licence/runs")],
    "d": [("POST", "/collections"), ("PUT", "/collections/{c}"), ("DELETE", "/collections/{c}?version=1")],
}
BODIES: dict[str, Any] = {
    "/licences/give": {"users": []},
    "/licences/take": {"users": []},
    "/auto-licence": {"collections": [], "version": 1},
    "/auto-licence/runs": {"dry": True},
    "/collections": {"name": "New"},
    "/collections/{c}": {"name": "Other", "version": 1},
}


@pytest.mark.parametrize("group", GUARDED)
def test_a_permission_kept_by_the_partner_refuses_every_write_of_it(here: Here, admin: Caller, group: str) -> None:
    user = str(here.user("Ada").pk)
    chosen = here.collection("Staff")
    with here.acting():
        domain.permit(kit.actor(here.organisation, role=verbs.PARTNER), "abcd".replace(group, ""), now=kit.now())
    for method, path in GUARDED[group]:
        assert code(admin(method, path.format(c=chosen), sent(path, user)), 403) == "tenant_permission", path
    for path in ("collections", f"collections/{chosen}", "licences", "licences/users", "auto-licence", "auto-licence/runs"):
        assert admin.get(f"/{path}").status_code == 200, path
    with here.acting():
        domain.permit(kit.actor(here.organisation, role=verbs.PARTNER), "abcd", now=kit.now())
    here.follow(chosen)
    for method, path in GUARDED[group]:
        answer = admin(method, path.format(c=chosen), sent(path, user))
        assert answer.status_code != 403, path


def sent(path: str, user: str) -> Any:
    body = BODIES.get(path)
    return {**body, "users": [user]} if body and "users" in body else body
