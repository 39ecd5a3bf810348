"""Plans as pages: read, decide, and post exactly what was read. Source: issue, "preview equals result"; ux 24, 25."""

from __future__ import annotations

import re
from uuid import UUID

import pytest

from purser.access import verbs
from purser.links.models import Link, Receipt
from purser.postgres import tenancy
from tests.access import kit
from tests.access.kit import site as site
from tests.portal import desk
from tests.portal.desk import Desk

pytestmark = pytest.mark.usefixtures("site")

# One link at most may change by itself, and no unit may go: what follows a first link waits for a person.
TIGHT = {"limit_percent": 0, "limit_least": 1, "limit_down": 0, "decrease": "today"}


def waiting(here: Desk, count: int = 12) -> str:
    """Hall buys; the change is beyond the limits and waits. Gives the digest of the plan."""
    here.linked()
    here.go(days=1)
    here.world.marketplace("quantity", subscription="S1", mpn="EXO1", quantity=count)
    assert here.pass_over().waiting == 1
    return here.plan(state="waiting").digest


def test_it_shows_a_waiting_plan_with_its_doubts_rows_and_money() -> None:
    with desk.at(**TIGHT) as here:
        waiting(here)
        assert "1 change for Autotask waits for a person" in here.text("plans").replace("wait s", "waits")
        shown = here.text("plan", plan=here.plan(state="waiting").pk)
        assert "1 of 1 would change" in shown
        assert "was 8 becomes 12" in shown
        # 4 units at 4.00 from 12 July: 20 of the month's 31 days now, then 16.00 a month
        assert "10.32 USD" in shown
        assert "16.00 USD" in shown
        assert "2026-07-12" in shown
        assert "Approve 1 change" in shown


def test_it_posts_an_approved_plan_and_nothing_else() -> None:
    with desk.at(**TIGHT) as here:
        digest = waiting(here)
        plan = here.plan(state="waiting")
        answer = here.post("plan_approve", {"digest": digest}, plan=plan.pk)
        assert answer.status_code == 302
        name, arguments = here.jobs()[-1]
        assert name == "purser.sync"
        assert arguments["approved"] == str(plan.pk)
        assert "0 posted, of 1" in here.text("plan_progress", plan=plan.pk)
        assert here.pass_over(approved=UUID(arguments["approved"])).posted == 1
        assert "1 of 1 posted" in here.text("plan_progress", plan=plan.pk)
        with tenancy.acting_in(here.tenant):
            receipt = Receipt.objects.get(plan=plan.pk)
        row = plan.changes[0]
        assert (str(receipt.units_before.normalize()), str(receipt.units_after.normalize())) == ("8", "12")
        assert (row["before"], row["after"], row["effective_on"]) == ("8", "12", str(receipt.effective_on))
        assert here.post("plan_approve", {"digest": digest}, plan=plan.pk).status_code == 422
        act = kit.acts_of(here.world.organisation, "plans.approve")[-1]
        assert act.after == {"state": "approved", "digest": digest}
        assert act.person_id == here.person.pk


def test_it_refuses_an_approval_of_another_plan_than_the_one_shown() -> None:
    with desk.at(**TIGHT) as here:
        waiting(here)
        plan = here.plan(state="waiting")
        answer = here.post("plan_approve", {"digest": "0" * 64}, plan=plan.pk)
        assert answer.status_code == 422
        assert "not the plan you were shown" in kit.text(answer)
        assert here.plan(pk=plan.pk).state == "waiting"
        assert [name for name, _ in here.jobs()] == []


def test_it_plans_again_when_the_target_has_moved_and_says_what_is_different() -> None:
    with desk.at(**TIGHT) as here:
        digest = waiting(here)
        plan = here.plan(state="waiting")
        here.post("plan_approve", {"digest": digest}, plan=plan.pk)
        here.world.marketplace("quantity", subscription="S1", mpn="EXO1", quantity=14)
        here.go(minutes=1)
        assert here.pass_over(approved=plan.pk).posted == 0
        assert "did not fit any more" in here.text("plan_progress", plan=plan.pk)
        shown = here.text("plan", plan=here.plan(state="waiting").pk)
        assert "What is different from the plan before" in shown
        assert re.search(r"2026-07-12 8 to 12 8 to 14", shown)


def test_it_rejects_with_a_reason_and_does_not_ask_again() -> None:
    with desk.at(**TIGHT) as here:
        waiting(here)
        plan = here.plan(state="waiting")
        assert here.post("plan_reject", {"reason": " "}, plan=plan.pk).status_code == 422
        assert here.post("plan_reject", {"reason": "a typing error at the marketplace"}, plan=plan.pk).status_code == 302
        assert "a typing error at the marketplace" in here.text("plan", plan=plan.pk)
        here.go(minutes=3)
        here.pass_over()
        assert "waits for a person" not in here.text("plans", "?state.is=waiting").split("Plans", 3)[-1]
        with tenancy.acting_in(here.tenant):
            assert Receipt.objects.count() == 1


@pytest.mark.parametrize("role", [verbs.TECHNICIAN, verbs.READER])
def test_it_lets_only_those_decide_who_may(role: str) -> None:
    with desk.at(**TIGHT) as here:
        digest = waiting(here)
        plan = here.plan(state="waiting")
        other = here.as_a(role)
        page = kit.text(other.get(here.url("plan", plan=plan.pk)))
        assert "Approve 1 change" not in page
        answer = other.post(here.url("plan_approve", plan=plan.pk), {"digest": digest})
        assert answer.status_code == 403
        assert here.plan(pk=plan.pk).state == "waiting"


def test_it_previews_without_posting_and_leads_to_the_plan() -> None:
    with desk.at() as here:
        here.world.link("S1/EXO1", desk.SERVICE)
        asked = here.post("plan_preview_ask", sync=here.world.sync.pk)
        name, arguments = here.jobs()[-1]
        assert (name, arguments["sync"]) == ("purser.preview", str(here.world.sync.pk))
        waits = here.client.get(asked.headers["Location"])
        assert "Waits for a worker" in kit.text(waits)
        here.pass_over(dry=True, cause="preview")
        found = here.client.get(asked.headers["Location"])
        plan = here.plan(state="preview")
        assert found.headers["Location"] == here.url("plan", plan=plan.pk)
        assert "was 1 becomes 8" in here.text("plan", plan=plan.pk)
        assert "18.97 USD" in here.text("plan", plan=plan.pk)
        with tenancy.acting_in(here.tenant):
            assert Receipt.objects.count() == 0
            assert Link.objects.get().state == "pending"
        body = here.client.get(here.url("plan", "?format=json", plan=plan.pk)).json()
        assert body["digest"] == plan.digest
        assert body["changes"][0]["prorated"] == "18.97"


def test_it_says_when_a_preview_finds_nothing_to_post() -> None:
    with desk.at() as here:
        here.linked()
        here.go(minutes=5)
        asked = here.post("plan_preview_ask", sync=here.world.sync.pk)
        here.pass_over(dry=True, cause="preview")
        assert "Nothing would be posted" in kit.text(here.client.get(asked.headers["Location"]))
        assert here.client.get(here.url("plan_preview", "?since=x", sync=here.world.sync.pk)).status_code == 422
