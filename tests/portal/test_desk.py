"""The desk: failures, hand edits, the check list, passes, home, and why a number is what it is."""

from __future__ import annotations

import html
import re
from decimal import Decimal
from uuid import uuid4

import pytest
from django.utils import timezone

from purser.access import verbs
from purser.links.models import Drift, Link, Receipt, Run
from purser.postgres import tenancy
from tests.access import kit
from tests.access.kit import site as site
from tests.portal import desk
from tests.portal.browser import Open, sound
from tests.portal.desk import Desk

pytestmark = pytest.mark.usefixtures("site")


def failing(here: Desk) -> Receipt:
    """The posting for Hall fails once, with the PSA's own words."""
    here.world.link("S1/EXO1", desk.SERVICE)
    here.world.psa(
        "faults",
        kind="status",
        method="POST",
        path="ServiceAdjustments",
        status=500,
        body={"errors": ["The quantity of this service is locked by the billing department."]},
    )
    assert here.pass_over(cause="link").failed == 1
    return here.receipt()


def edited(here: Desk) -> Drift:
    """Somebody adds two units in the PSA by hand."""
    here.linked()
    here.go(days=1)
    here.world.psa("units", contractServiceID=12, unitChange=2, effectiveDate="2026-07-12")
    here.pass_over()
    with tenancy.acting_in(here.tenant):
        found: Drift = Drift.objects.get()
        return found


def test_it_shows_a_failure_in_the_vendors_words_and_tries_again_on_request() -> None:
    with desk.at() as here:
        receipt = failing(here)
        assert "locked by the billing department" in here.text("failure_log")
        assert "locked by the billing department" in here.text("failure", receipt=receipt.pk)
        assert here.receipt().retry_at > here.world.clock()
        assert here.post("failure_retry", receipt=receipt.pk).status_code == 302
        assert here.receipt().retry_at == here.world.clock()
        name, arguments = here.jobs()[-1]
        assert (name, arguments["cause"]) == ("purser.sync", "retry")
        assert here.pass_over(cause="retry").posted == 1
        assert here.post("failure_retry", receipt=receipt.pk).status_code == 302
        assert "Only a failed posting can be tried again" in here.text("failure", receipt=receipt.pk)


def test_it_tries_many_again_at_once() -> None:
    with desk.at() as here:
        receipt = failing(here)
        answer = here.post("failure_log_retry", {"row": [str(receipt.pk)]})
        assert answer.status_code == 302
        assert "1 of 1: tried again with the next pass" in here.text("failure_log")
        assert here.receipt().retry_at == here.world.clock()
        assert here.post("failure_log_retry", {}).status_code == 422


@pytest.mark.parametrize(("said", "state"), [("yes", "done"), ("no", "busy")])
def test_it_lets_a_person_settle_a_lost_answer(said: str, state: str) -> None:
    with desk.at() as here:
        failing(here)
        with tenancy.acting_in(here.tenant):
            # as a pass leaves it whose answer never came
            Receipt.objects.update(state="unsure", intended_at=timezone.now())
            Link.objects.update(state="unsure")
        receipt = here.receipt()
        assert "Purser looks into the PSA itself" in here.text("failure", receipt=receipt.pk)
        with tenancy.acting_in(here.tenant):
            Receipt.objects.update(looked_at=timezone.now())
        assert "It was applied" in here.text("failure", receipt=receipt.pk)
        assert here.post("failure_decide", {"applied": "maybe"}, receipt=receipt.pk).status_code == 422
        assert here.post("failure_decide", {"applied": said}, receipt=receipt.pk).status_code == 302
        assert here.receipt().state == state
        assert here.post("failure_decide", {"applied": said}, receipt=receipt.pk).status_code == 422
        act = kit.acts_of(here.world.organisation, "receipts.retry")[-1]
        assert act.after == {"applied": said == "yes"}


def test_it_shows_three_counts_of_a_hand_edit_and_puts_the_marketplaces_back() -> None:
    with desk.at(drift_policy="ask") as here:
        drift = edited(here)
        row = here.file("drift_export").splitlines()[1]
        assert ",8,8,10,2,Open," in row
        shown = here.text("drift_one", drift=drift.pk)
        assert "8 the marketplace says 8 posted by us 10 the PSA shows" in shown
        assert "Somebody changed 8 to 10 by hand" in shown
        assert here.post("drift_marketplace", {"row": [str(drift.pk)]}).status_code == 302
        assert here.jobs()[-1][1]["cause"] == "drift"
        here.go(days=1)
        assert here.pass_over().healed == 1
        here.go(minutes=3)
        here.pass_over()
        with tenancy.acting_in(here.tenant):
            assert Drift.objects.get().state == "healed"
            assert Link.objects.select_related("service").get().service.final_units == 8
        assert "already" in kit.text(here.client.get(here.post("drift_psa", {"row": [str(drift.pk)]}).headers["Location"]))


def test_it_keeps_the_psas_count_when_the_psa_wins() -> None:
    with desk.at(drift_policy="ask") as here:
        drift = edited(here)
        here.post("drift_psa", {"row": [str(drift.pk)]})
        here.go(minutes=3)
        assert here.pass_over().posted == 0
        with tenancy.acting_in(here.tenant):
            link = Link.objects.get()
            assert (link.offset, link.state) == (2, "in_step")
        here.world.marketplace("quantity", subscription="S1", mpn="EXO1", quantity=9)
        here.go(days=1)
        assert here.pass_over().posted == 1
        chain = here.client.get(here.url("why_link", "?format=json", link=link.pk)).json()
        assert chain["sum"] == {"baseline": "1", "posted": "8", "hand": "2", "expected": "11", "ledger": "11"}


def test_it_refuses_decisions_of_those_who_only_read() -> None:
    with desk.at(drift_policy="ask") as here:
        drift = edited(here)
        reader = here.as_a(verbs.READER)
        assert reader.post(here.url("drift_psa"), {"row": [str(drift.pk)]}).status_code == 403
        assert reader.post(here.url("run_now", sync=here.world.sync.pk)).status_code == 403
        accept = here.url("checklist_accept", sync=here.world.sync.pk, item="unlinked")
        assert reader.post(accept, {"count": "1", "reason": "no"}).status_code == 403
        with tenancy.acting_in(here.tenant):
            assert Drift.objects.get().state == "open"


def test_it_says_what_is_missing_and_when_the_invoices_may_go() -> None:
    with desk.at() as here:
        sync = here.world.sync.pk
        shown = here.text("checklist")
        assert "Not ready to invoice" in shown
        assert "Resources that are bought and not linked: 2" in shown
        assert "Customers with no account in the PSA: 2" in shown
        here.linked()
        shown = here.text("checklist")
        assert "Resources that are bought and not linked: 1" in shown
        assert "Ready to invoice" not in shown
        here.post("checklist_accept", {"count": "1", "reason": "Alder pays elsewhere"}, sync=sync, item="unlinked")
        here.post("checklist_accept", {"count": "1", "reason": "Alder pays elsewhere"}, sync=sync, item="unmapped")
        shown = here.text("checklist")
        assert "Ready to invoice" in shown
        assert "Alder pays elsewhere" in shown
        assert kit.acts_of(here.world.organisation, "checklist.accept")

        # more than was accepted: open again, and nobody may accept what they were not shown
        here.world.marketplace("add_subscription", id="S3", customerId="C2", products=[{"mpn": "E3", "quantity": 2}])
        here.pass_over()
        shown = here.text("checklist")
        assert "Not ready to invoice" in shown
        assert "1 was accepted; there are more by now" in shown
        late = here.post("checklist_accept", {"count": "1", "reason": "as before"}, sync=sync, item="unlinked")
        assert late.status_code == 422
        assert "There are 2 by now" in kit.text(late)


def test_each_count_of_the_check_list_leads_to_the_rows_it_counts() -> None:
    with desk.at() as here:
        page = here.get("checklist").content.decode()
        [href] = re.findall(r'<a href="([^"]+)">Resources that are bought and not linked</a>', page)
        shown = kit.text(here.client.get(html.unescape(href)))
        assert "2 rows" in shown
        here.linked()
        assert "1 row" in kit.text(here.client.get(html.unescape(href)))


def test_it_counts_a_stale_reading_and_a_failure_as_missing() -> None:
    with desk.at() as here:
        failing(here)
        shown = here.text("checklist")
        assert "Postings that failed: 1" in shown
        assert "New relations that were not reconciled yet: 1" in shown
        here.go(hours=2)
        assert "Sides whose last reading is old or not whole: 2" in here.text("checklist")
        assert "Stale" in here.text("home")
        here.post("run_now", {"next": here.url("checklist")}, sync=here.world.sync.pk)
        assert here.jobs()[-1][1]["cause"] == "person"
        here.pass_over(cause="person")
        assert "Sides whose last reading is old or not whole: 2" not in here.text("checklist")


@pytest.mark.parametrize("item", ["nothing", "plans"])
def test_it_accepts_no_item_that_is_unknown_or_empty(item: str) -> None:
    with desk.at() as here:
        answer = here.post("checklist_accept", {"count": "1", "reason": "why"}, sync=here.world.sync.pk, item=item)
        assert answer.status_code == 422


def test_it_marks_in_the_head_of_a_page_which_billing_system_it_speaks_of() -> None:
    """Source: acceptance ID-5."""
    with desk.at() as here:
        for name, query, label in (
            ("checklist", "", "Autotask"),
            ("mapping", "", "Autotask"),
            ("runs", "", "Both"),
            ("runs", "?context=autotask", "Autotask"),
        ):
            answer = here.get(name, query).content.decode()
            assert re.findall(r'aria-current="true">(\w+)</a>', answer.partition("</header>")[0]) == [label]


def test_it_asks_for_one_pass_however_often_the_button_is_pressed() -> None:
    with desk.at() as here:
        here.post("run_now", sync=here.world.sync.pk)
        here.post("run_now", sync=here.world.sync.pk)
        assert len(here.jobs()) == 1
        assert here.post("run_now", sync=uuid4()).status_code == 404


def test_it_keeps_what_each_pass_did() -> None:
    with desk.at() as here:
        here.linked()
        line = here.file("runs_export").splitlines()[1]
        assert ",Autotask,A new relation,Done," in line
        with tenancy.acting_in(here.tenant):
            run = Receipt.objects.get().run_id
        shown = here.text("run", run=run)
        assert "1 Posted" in shown
        assert "was 1 becomes 8" in shown


def test_it_says_what_a_pass_without_a_change_left_alone_and_why_until_that_is_mended() -> None:
    """No plan is stored for such a pass, and nothing is sent: the reason is kept with the relation."""
    with desk.at() as here:
        here.linked()
        with tenancy.acting_in(here.tenant):
            first = Run.objects.latest("started_at")
        here.go(minutes=2)
        here.world.psa("access", entity="ContractServices", level=2, hide=[12])
        result = here.pass_over()
        assert (result.aside, result.changes) == (1, 0)
        with tenancy.acting_in(here.tenant):
            run, link = Run.objects.latest("started_at"), Link.objects.get()
        shown = here.text("run", run=run.pk)
        reason = "Exchange Online (Plan 1) is not on the agreement any more, or was not read."
        assert f"Exchange Online (Plan 1) of Hall Bros. Transportation Co, Inc.: {reason}" in shown
        assert reason in here.text("why_link", link=link.pk)
        assert reason not in here.text("run", run=first.pk)
        assert link.state == "behind"
        here.go(minutes=2)
        here.world.psa("access", entity="ContractServices", level=1)
        assert here.pass_over().aside == 0
        assert reason not in here.text("why_link", link=link.pk)
        with tenancy.acting_in(here.tenant):
            assert Link.objects.get().state == "in_step"


def test_it_explains_a_posted_number_from_the_reading_to_the_reading() -> None:
    with desk.at() as here:
        here.linked()
        receipt = here.receipt()
        shown = here.text("why_receipt", receipt=receipt.pk)
        for words in (
            "Marketplace then 8",
            "8 at 3.20 USD per unit",
            "1 in the PSA when linked + 7 posted = 8",
            "The books agree",
            f"Plan {here.plan().digest[:8]}",
            "2026 Cloud Services",
            "was 1 becomes 8",
        ):
            assert words in shown
        chain = here.client.get(here.url("why_receipt", "?format=json", receipt=receipt.pk)).json()
        assert chain["about"] == str(receipt.pk)
        assert chain["postings"][0]["seen"]["marketplace"]["count"] == "8"
        assert Decimal(chain["sum"]["baseline"]) + Decimal(chain["sum"]["posted"]) == Decimal(chain["sum"]["expected"])
        assert here.client.get(here.url("why_receipt", receipt=uuid4())).status_code == 404


def test_it_leads_a_newcomer_through_the_set_up_and_then_shows_the_figures() -> None:
    with desk.at() as here:
        fresh = kit.reseller("New IT")
        page = kit.text(kit.sign_in(kit.member(fresh)).get(here.url("home").replace(str(here.tenant), str(fresh.pk))))
        assert "Set up, 0 of 6 done" in page
        assert "billed automatically" not in page
        here.linked()
        shown = here.text("home")
        assert "Set up" not in shown
        assert "1 in step" in shown
        assert "50.0 % of what is bought is billed automatically" in shown
        assert "92.00 USD a month" in shown
        assert "Read as a whole" in shown


def test_it_shows_an_operator_a_home_without_a_resellers_figures() -> None:
    operator = kit.operator()
    client = kit.sign_in(kit.member(operator))
    answer = client.get(kit.url(operator, ""))
    assert answer.status_code == 200
    assert "billed automatically" not in kit.text(answer)


@pytest.mark.browser
def test_it_is_sound_in_both_themes_and_sizes(screen: Open) -> None:
    with desk.at(limit_percent=0, limit_least=1, limit_down=0) as here:
        here.linked()
        here.world.marketplace("quantity", subscription="S1", mpn="EXO1", quantity=12)
        here.go(days=1)
        here.pass_over()
        pages = {
            "home": {},
            "success_log": {},
            "failure_log": {},
            "subscriptions": {},
            "unlinked": {},
            "movements": {},
            "plans": {},
            "plan": {"plan": here.plan(state="waiting").pk},
            "drift": {},
            "checklist": {},
            "runs": {},
            "run": {"run": here.receipt().run_id},
            "why_receipt": {"receipt": here.receipt().pk},
            "failure": {"receipt": here.receipt().pk},
        }
        window = screen(here.client)
        faults = []
        for name, more in pages.items():
            window.go(here.url(name, **more))
            faults += [f"{name}: {fault}" for fault in sound(window, f"desk-{name}")]
            window.faults.clear()
        assert faults == []
