"""The customer decides who may act in its tenant, reads everything that was decided and done, and can check it alone.

Rows UC-12, UC-13, UC-18, UC-20, UC-21; decision F-14; reliability P17, P18.
"""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from purser.access import verbs
from purser.access.models import Act
from purser.audit import paper
from purser.partners import agreements
from purser.partners.models import Side
from purser.postgres import tenancy
from purser.tenants.models import Grant
from tests.access import kit
from tests.access.kit import site as site
from tests.partners.kit import ALL, Chain, chain
from tests.portal.customers import agent_in, at, inside, page

pytestmark = pytest.mark.usefixtures("site")

SENTENCE = "can administer your domain on behalf of your company."
PDF = b"%PDF-1.7 an agreement"


@pytest.fixture
def now() -> datetime:
    return kit.now()


@pytest.fixture
def made() -> Chain:
    mail.outbox.clear()
    return chain(region="DE")


def form(**more: Any) -> dict[str, Any]:
    return {"scopes": list(ALL), "days": "730", "reason": "They run our tenant", **more}


def switch(client: Client, made: Chain) -> str:
    shown = page(client, at(made, "domain/"))
    return shown[shown.index("Domain administration settings") :]


def grant(made: Chain) -> Grant:
    with tenancy.acting_in(made.customer.pk):
        found: Grant = Grant.objects.order_by("-asked_at", "-id")[0]
        return found


def letters(to: Any) -> list[str]:
    return [str(one.subject) for one in mail.outbox if one.to == [to.email]]


# The switch


def test_the_switch_says_its_sentence_is_off_at_first_and_works_at_once(made: Chain) -> None:
    admin, agent = inside(made.admin), inside(made.agent)
    shown = switch(admin, made)
    assert f"Administration by partner {made.reseller.name}" in shown
    assert f"Partner {made.reseller.name} {SENTENCE}" in re.sub(r"\s+", " ", shown)
    assert 'aria-checked="false"' in shown
    page(agent, at(made, "overview/"), 404)
    assert admin.post(at(made, "consent/give/"), form()).status_code == 302
    page(agent, at(made, "overview/"))
    assert 'aria-checked="true"' in switch(admin, made)
    assert admin.post(at(made, "consent/end/"), {"why": "We parted"}).status_code == 302
    page(agent, at(made, "overview/"), 404)
    assert 'aria-checked="false"' in switch(admin, made)
    assert grant(made).closed_why == "We parted"


def test_only_that_domains_administrator_can_move_it(made: Chain, now: datetime) -> None:
    reader = inside(kit.member(made.customer, verbs.READER))
    agent = agent_in(made, now)
    for client in (reader, agent):
        shown = switch(client, made)
        assert "Only an administrator of this domain can move the switch." in shown
        assert 'role="switch"' not in shown
        for path in ("consent/give/", "consent/end/"):
            assert client.post(at(made, path), form()).status_code == 403
    foreign = chain()
    assert inside(foreign.admin).post(at(made, "consent/end/")).status_code == 404
    assert grant(made).closed_at is None


def test_before_operations_enabled_the_partner_there_is_no_switch() -> None:
    made = chain(enabled=False)
    shown = switch(inside(made.admin), made)
    assert SENTENCE not in shown
    assert "no partner that could administer" in shown
    assert inside(made.admin).post(at(made, "consent/give/"), form()).status_code == 422


def test_it_asks_again_who_it_is_after_five_minutes(made: Chain) -> None:
    admin = inside(made.admin)
    kit.age_proofs(admin, timedelta(minutes=6))
    answer = admin.post(at(made, "consent/give/"), form())
    assert "reauthenticate" in answer.headers["Location"]
    with tenancy.acting_in(made.customer.pk):
        assert not Grant.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"days": "0"}, "greater than or equal to 1"),
        ({"days": "731"}, "less than or equal to 730"),
        ({"days": "soon"}, "whole number"),
        ({"reason": ""}, "required"),
        ({"reason": "   "}, "required"),
        ({"scopes": []}, "at least one area"),
        ({"scopes": ["money"]}, "money"),
        ({"request": "not-an-id"}, "UUID"),
    ],
)
def test_a_consent_that_cannot_be_is_refused_with_what_to_do_and_keeps_what_was_typed(
    made: Chain, wrong: dict[str, Any], words: str
) -> None:
    answer = inside(made.admin).post(at(made, "consent/give/"), form(**wrong))
    assert answer.status_code == 422
    assert words in answer.content.decode()
    if "reason" not in wrong:
        assert "They run our tenant" in answer.content.decode()
    with tenancy.acting_in(made.customer.pk):
        assert not Grant.objects.exists()


def test_its_defaults_are_two_years_and_every_area(made: Chain) -> None:
    shown = switch(inside(made.admin), made)
    assert re.search(r'name="days"[^>]*value="730"|value="730"[^>]*name="days"', shown)
    assert shown.count('name="scopes"') == shown.count("checked> ") == len(ALL)


# Requests


def test_a_request_is_approved_with_fewer_areas_and_a_nearer_end(made: Chain, now: datetime) -> None:
    asked = made.ask(now, scopes=["users", "telephony"], days=365)
    assert letters(made.admin) == [f"{made.reseller.name} asks for your consent"]
    admin = inside(made.admin)
    shown = page(admin, at(made, "consent/"))
    assert "Managed service contract 42" in shown
    assert str(asked.pk) in shown
    answer = admin.post(at(made, "consent/give/"), form(scopes=["users"], days="30", request=str(asked.pk)))
    assert answer.status_code == 302, kit.text(answer)
    row = grant(made)
    assert (row.pk, row.scopes, row.asked_by, row.approved_by) == (asked.pk, ["users"], made.agent.pk, made.admin.pk)
    assert row.ends_at is not None
    assert timedelta(days=29) < row.ends_at - now < timedelta(days=31)
    page(inside(made.agent), at(made, "telephony/"), 403)


def test_a_refusal_is_told_to_the_partner_with_its_reason(made: Chain, now: datetime) -> None:
    asked = made.ask(now)
    mail.outbox.clear()
    admin = inside(made.admin)
    assert admin.post(at(made, f"consent/requests/{asked.pk}/refuse/"), {"why": "We do it ourselves"}).status_code == 302
    for who in (made.owner, made.agent):
        assert letters(who) == [f"{made.customer.name} refused your request"]
    assert "We do it ourselves" in str(mail.outbox[0].body)
    assert "Refused" in page(admin, at(made, "consent/"))
    assert admin.post(at(made, f"consent/requests/{asked.pk}/refuse/")).status_code == 404
    page(inside(made.agent), at(made, "overview/"), 404)


def test_the_partner_is_told_when_a_consent_is_given_and_when_it_ends(made: Chain) -> None:
    admin = inside(made.admin)
    bystander = kit.member(made.reseller, verbs.READER)
    admin.post(at(made, "consent/give/"), form(scopes=["users"]))
    admin.post(at(made, "consent/end/"), {"why": "The contract ended"})
    for who in (made.owner, made.agent):
        assert letters(who) == [f"{made.customer.name} gave its consent", f"{made.customer.name} ended its consent"]
    assert letters(bystander) == []
    given, ended = (str(one.body) for one in mail.outbox if one.to == [made.agent.email])
    assert "Scope: Users" in given
    assert "Until:" in given
    assert "The contract ended" in ended


def test_a_consent_that_was_not_given_mails_nobody(made: Chain) -> None:
    inside(made.admin).post(at(made, "consent/give/"), form(days="9999"))
    assert letters(made.agent) == []


def test_an_extension_is_a_new_consent_and_both_stay_in_the_ledger(made: Chain, now: datetime) -> None:
    made.give(now, days=10, scopes=["users"])
    admin = inside(made.admin)
    assert "Extend or change it" in switch(admin, made)
    assert admin.post(at(made, "consent/give/"), form(reason="One more year")).status_code == 302
    shown = page(admin, at(made, "consent/"))
    for words in ("Given", "Replaced", "They run our tenant", "One more year"):
        assert words in shown, words


def test_the_ledger_is_read_by_the_reader_and_by_nobody_of_another_customer(made: Chain, now: datetime) -> None:
    made.give(now)
    page(inside(kit.member(made.customer, verbs.READER)), at(made, "consent/"))
    other = kit.customer("Birch Law", under=made.reseller)
    boss = inside(kit.member(other, verbs.ADMINISTRATOR))
    for path in ("consent/", "consent/acts/", "consent/acts/export/", "consent/record/", "consent/agreement/customer/"):
        assert boss.get(at(made, path)).status_code == 404, path
    assert "They run our tenant" not in page(boss, kit.url(other, "consent/"))


# What was done


def worked(made: Chain, now: datetime) -> Client:
    agent = agent_in(made, now)
    agent.post(at(made, "domain/settings/"), {"contact_name": "Ada", "contact_email": "", "zone": "UTC"})
    agent.post(at(made, "domain/settings/"), {"contact_name": "Berta", "contact_email": "", "zone": "UTC"})
    return agent


def test_every_act_on_behalf_stands_in_the_list_with_before_and_after(made: Chain, now: datetime) -> None:
    worked(made, now)
    admin = inside(made.admin)
    shown = kit.text(admin.get(at(made, "consent/acts/")))
    assert "contact_name: Ada" in shown
    assert "contact_name: Berta" in shown
    assert made.reseller.name in shown
    assert str(made.agent) in shown
    with tenancy.acting_in(made.customer.pk):
        kept = list(Act.objects.filter(verb="domain.write").values_list("person_id", "home", "grant_id", "tenant_id"))
    assert kept == [(made.agent.pk, made.reseller.pk, grant(made).pk, made.customer.pk)] * 2
    none = kit.text(admin.get(at(made, "consent/acts/?home_name.is=Somebody")))
    assert "Nothing matches" in none


def test_the_list_is_exported_by_the_customer_and_not_by_the_partner(made: Chain, now: datetime) -> None:
    agent = worked(made, now)
    path = at(made, "consent/acts/export/?format=csv&all=1&verb.is=domain.write")
    answer = inside(made.admin).get(path)
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["From"], row["Consent"]) for row in rows] == [(made.reseller.name, str(grant(made).pk))] * 2
    assert sorted(row["Before"].partition(";")[0] for row in rows) == ["contact_email: ", "contact_email: "]
    assert inside(made.admin).get(path.replace("csv", "xlsx")).status_code == 200
    assert agent.get(path).status_code == 403


def test_the_whole_record_is_a_file_that_anybody_can_verify(made: Chain, now: datetime, tmp_path: Any) -> None:
    worked(made, now)
    answer = inside(made.admin).get(at(made, "consent/record/"))
    assert answer.headers["Content-Disposition"] == f'attachment; filename="purser-acts-{made.customer.number}.jsonl"'
    text = b"".join(answer.streaming_content).decode()
    verdict = paper.verify(text.splitlines())
    assert (verdict.problem, verdict.tenant) == ("", str(made.customer.pk))
    assert verdict.on_behalf == 2
    with tenancy.acting_in(made.customer.pk):
        assert verdict.acts == Act.objects.count()
    lines = text.splitlines()
    changed = json.loads(lines[2])
    changed["act"]["actor"] = "Nobody"
    lines[2] = json.dumps(changed)
    assert "not what was sealed" in paper.verify(lines).problem
    assert "missing" in paper.verify([*text.splitlines()[:2], *text.splitlines()[3:]]).problem
    assert "purser verify-audit FILE" in page(inside(made.admin), at(made, "consent/"))


def test_the_partner_cannot_take_the_record_away(made: Chain, now: datetime) -> None:
    assert worked(made, now).get(at(made, "consent/record/")).status_code == 403


def test_an_acts_page_says_for_whom_it_was_done_and_by_which_consent(made: Chain, now: datetime) -> None:
    worked(made, now)
    [first, _] = kit.acts_of(made.customer, "domain.write")
    shown = kit.text(inside(made.admin).get(at(made, f"acts/{first.pk}/")))
    assert f"for {made.reseller.name}, by the consent {grant(made).pk}" in shown
    assert "was nothing becomes Ada" in shown


# The data-processing agreement


def test_a_missing_agreement_is_said_and_does_not_block(made: Chain) -> None:
    admin = inside(made.admin)
    assert "The confirmation of the customer and of the partner is missing." in page(admin, at(made, "consent/"))
    assert admin.post(at(made, "consent/give/"), form()).status_code == 302


def test_where_the_operator_requires_it_nothing_is_given_before_both_confirmed(made: Chain, now: datetime) -> None:
    with tenancy.acting_in(made.operator.pk):
        agreements.require(kit.actor(made.operator), "DE", on=True, now=now)
    admin = inside(made.admin)
    refused = admin.post(at(made, "consent/give/"), form())
    assert refused.status_code == 422
    assert "data-processing agreement comes first" in kit.text(refused)
    assert admin.post(at(made, "consent/agreement/")).status_code == 302
    assert admin.post(at(made, "consent/give/"), form()).status_code == 422
    with tenancy.acting_in(made.customer.pk):
        agreements.confirm(kit.actor(made.customer), partner=made.reseller.pk, side=Side.PARTNER, now=now)
    assert admin.post(at(made, "consent/give/"), form()).status_code == 302


def test_the_customer_attaches_its_paper_and_reads_both(made: Chain, now: datetime) -> None:
    admin = inside(made.admin)
    file = SimpleUploadedFile("../../evil\r\nX: y.pdf", PDF, content_type="application/pdf")
    assert admin.post(at(made, "consent/agreement/"), {"paper": file}).status_code == 302
    answer = admin.get(at(made, "consent/agreement/customer/"))
    assert answer.content == PDF
    assert answer.headers["Content-Disposition"] == 'attachment; filename="agreement-customer.pdf"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert admin.get(at(made, "consent/agreement/partner/")).status_code == 404
    with tenancy.acting_in(made.customer.pk):
        agreements.confirm(
            kit.actor(made.customer), partner=made.reseller.pk, side=Side.PARTNER, name="a.pdf", paper=PDF + b"2", now=now
        )
    assert admin.get(at(made, "consent/agreement/partner/")).content == PDF + b"2"
    assert page(admin, at(made, "consent/")).count("Agreement of this side (PDF)") == 2


@pytest.mark.parametrize("content", [b"MZ not a pdf", b"<html>", b" %PDF-1.7"])
def test_a_paper_that_is_no_pdf_is_refused(made: Chain, content: bytes) -> None:
    file = SimpleUploadedFile("a.pdf", content)
    assert inside(made.admin).post(at(made, "consent/agreement/"), {"paper": file}).status_code == 422
    with tenancy.acting_in(made.customer.pk):
        assert agreements.of_partner(made.reseller.pk) == {}


def test_the_partner_does_not_confirm_for_the_customer(made: Chain, now: datetime) -> None:
    assert agent_in(made, now).post(at(made, "consent/agreement/")).status_code == 403
