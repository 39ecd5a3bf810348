"""The desk at both doors: the same figures, the same rows behind a count, and the list as it was after a decision.

Source: acceptance ID-30, ID-59, ID-64; ux 16.
"""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from django.urls import reverse

from purser.api.shared import SHARED
from purser.links.models import Drift, Link, Receipt, TargetAgreement
from purser.postgres import ids, tenancy
from tests.access.kit import site as site
from tests.api.kit import Caller, Place, code, data, signed_in
from tests.api.kit import place as place

pytestmark = pytest.mark.usefixtures("site")


def page(one: Caller, name: str, query: str = "", **named: Any) -> str:
    answer = one.client.get(reverse(name, kwargs={"tenant": one.tenant, **named}) + query)
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def edited(place: Place, link: str) -> str:
    """A hand edit from 8 to 11 units that waits for a person; its id."""
    with tenancy.acting_in(place.owner.tenant):
        made = Drift.objects.create(
            link_id=link,
            seen_at=place.world.clock(),
            marketplace_units=8,
            expected_units=8,
            psa_units=11,
            policy="ask",
        )
    return str(made.pk)


def test_coverage_is_the_one_of_the_home_page(place: Place) -> None:
    person = signed_in(place.world.organisation)
    assert data(place.owner.get("/figures"))["coverage"] == "0"
    assert "0.0 % of what is bought is billed automatically" in page(person, "home")
    place.linked()
    assert data(place.owner.get("/figures"))["coverage"] == "50"
    assert "50.0 % of what is bought is billed automatically" in page(person, "home")


def test_one_hand_edit_is_shown_with_its_counts_and_who_changed_what(place: Place) -> None:
    link = place.linked()
    edit = edited(place, link)
    person = signed_in(place.world.organisation)
    found = data(place.owner.get(f"/hand-edits/{edit}"))
    row = place.only("/hand-edits")
    same = (
        "id",
        "relation",
        "company",
        "resource",
        "customer",
        "agreement",
        "marketplace",
        "ours",
        "psa",
        "difference",
        "state",
    )
    assert {name: found[name] for name in same} == {name: row[name] for name in same}
    assert (found["difference"], found["waits"], found["policy"], found["decision"]) == ("3", True, "ask", "")
    (change,) = (one for one in found["events"] if one["hand_edit"] == edit)
    assert change["what"] == "Somebody changed 8 to 11 by hand"
    shown = page(person, "drift_one", drift=edit)
    assert all(one["what"] in shown for one in found["events"])
    assert found["product"] in shown
    data(place.owner.post("/hand-edits/decide", {"ids": [edit], "decision": "psa"}))
    after = data(place.owner.get(f"/hand-edits/{edit}"))
    assert (after["state"], after["waits"], after["closed_by"]) == ("accepted", False, str(place.owner.person))
    assert code(place.owner.get(f"/hand-edits/{ids.new()}"), 404) == "missing"


def test_a_count_of_the_check_list_names_the_list_of_the_rows_it_counts(place: Place) -> None:
    person, paths = signed_in(place.world.organisation), {one.path: one.table.name for one in SHARED}

    def items() -> dict[str, Any]:
        found = data(place.owner.get(f"{place.pair}/checklist"))
        return {item["name"]: item for step in found["steps"] for item in step["items"]}

    def checked(*names: str) -> None:
        """Each counts something, leads to the page that the portal leads to, and to as many rows as it counts."""
        shown, now = page(person, "checklist", "?context=autotask"), items()
        for item in (now[name] for name in names):
            path, _, query = item["list"].partition("?")
            there = reverse(paths[path], kwargs={"tenant": person.tenant})
            assert f'<a href="{there}?{query}">{item["words"]}</a>' in shown
            assert len(data(place.owner.get(item["list"]))["rows"]) == item["count"] > 0, item

    assert {name for name, item in items().items() if not item["list"]} == {"unmapped", "stale"}
    link = place.linked()
    edited(place, link)
    checked("unlinked", "drift")
    place.world.link("S2/E3", "10/service:13")
    checked("pending", "drift")
    with tenancy.acting_in(person.tenant):
        Receipt.objects.filter(link_id=link).update(state="refused", confirmed_at=None)
        Link.objects.update(state="failed")
        TargetAgreement.objects.update(active=False)
    checked("failures", "behind", "missing")


def test_after_a_decision_on_many_one_is_back_on_the_list_as_it_was(place: Place) -> None:
    link = place.linked()
    edit = edited(place, link)
    person = signed_in(place.world.organisation)
    state = "context=autotask&company.contains=Hall&sort=company"
    assert f'name="matching" value="{state}"' in page(person, "drift", f"?{state}")

    def sent(name: str, back_to: str, row: str, matching: str) -> str:
        answer = person.client.post(reverse(name, kwargs={"tenant": person.tenant}), {"row": [row], "matching": matching})
        assert answer.status_code == 302
        there = reverse(back_to, kwargs={"tenant": person.tenant})
        assert answer.headers["Location"].startswith(there)
        return str(answer.headers["Location"].removeprefix(there))

    assert sent("drift_psa", "drift", edit, state) == f"?{state}"
    with tenancy.acting_in(person.tenant):
        posting = Receipt.objects.get(link_id=link)
        Receipt.objects.filter(pk=posting.pk).update(state="refused", confirmed_at=None, code="date")
    state = "context=autotask&code.is=date&q=Hall"
    assert sent("failure_log_retry", "failure_log", str(posting.pk), state) == f"?{state}"
    assert sent("failure_log_retry", "failure_log", str(posting.pk), "") == ""


def test_only_rows_that_qualify_can_be_ticked(place: Place) -> None:
    link = place.linked()
    edit, person = edited(place, link), signed_in(place.world.organisation)
    with tenancy.acting_in(person.tenant):
        posting = Receipt.objects.get(link_id=link)
        Receipt.objects.filter(pk=posting.pk).update(state="refused", confirmed_at=None)
    assert f'name="row" value="{edit}"' in page(person, "drift")
    assert f'name="row" value="{posting.pk}"' in page(person, "failure_log")
    data(place.owner.post("/hand-edits/decide", {"ids": [edit], "decision": "psa"}))
    with tenancy.acting_in(person.tenant):
        Receipt.objects.filter(pk=posting.pk).update(state="unsure")
    for name in ("drift", "failure_log"):
        shown = page(person, name)
        assert '<td class="tick" role="cell" data-label="Select"></td>' in shown
        assert 'name="row"' not in shown


def test_a_date_does_not_break_within(place: Place) -> None:
    place.linked()
    shown = page(signed_in(place.world.organisation), "success_log", "?columns=company,effective,first_failed")
    assert re.findall(r'<td role="cell" data-label="Effective" class="date">.*?(\d{4}-\d\d-\d\d)</a></td>', shown)
    assert '<td role="cell" data-label="Failed First"></td>' in shown, "a card leaves an empty cell out: it has no space in it"
