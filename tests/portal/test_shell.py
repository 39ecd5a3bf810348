"""The frame, the door and the failures, through the addresses. A name finishes the sentence "it ..."."""

from __future__ import annotations

import logging

import pytest
from django.test import Client

from purser.access import verbs
from purser.access.models import Act
from purser.portal import middleware, navigation, requests
from purser.portal.doors import page
from purser.postgres import ids, tenancy
from tests.access import kit
from tests.portal import sample
from tests.portal.sample import Signed

PAGE = "sample/"


def test_it_keeps_the_deep_link_when_it_asks_to_sign_in(pages: None) -> None:
    answer = kit.browser().get(f"/t/{ids.new()}/sample/?count.min=5&company.is=A%26B")
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/sign-in/?next=%2Ft%2F")
    assert answer.headers["Location"].endswith("sample%2F%3Fcount.min%3D5%26company.is%3DA%2526B")


def test_it_tells_htmx_and_programs_to_sign_in_in_their_own_way(pages: None) -> None:
    path = f"/t/{ids.new()}/sample/"
    told = kit.browser().get(path, headers={"HX-Request": "true"})
    assert (told.status_code, told.content) == (200, b"")
    assert told.headers["HX-Redirect"].startswith("/sign-in/?next=")
    program = kit.browser().get(path, headers={"Accept": "application/json"})
    assert program.status_code == 401
    assert program.json()["reference"] == program.headers["X-Request-ID"]


def test_it_answers_alike_for_an_absent_and_a_foreign_organisation(signed: Signed) -> None:
    foreign = kit.reseller("Somebody Else")
    answers = [signed.client.get(f"/t/{id}/sample/") for id in (foreign.pk, ids.new())]
    assert [answer.status_code for answer in answers] == [404, 404]
    texts = [kit.text(answer).replace(answer.headers["X-Request-ID"], "") for answer in answers]
    assert texts[0] == texts[1]
    assert "Somebody Else" not in texts[0]
    assert signed.client.get(signed.url(PAGE)).status_code == 200


def test_it_shows_each_tab_its_own_organisation(signed: Signed) -> None:
    other = kit.reseller("Birch MSP")
    with tenancy.acting_in(other.pk):
        kit.people.join(person=signed.person, role=verbs.READER, organisation=other.name, now=kit.now())
    for _ in range(2):
        assert "Harbour IT" in kit.text(signed.client.get(signed.url(PAGE)))
        assert "Birch MSP" in kit.text(signed.client.get(f"/t/{other.pk}/sample/"))


def test_it_refuses_what_the_role_may_not_and_keeps_the_refusal(pages: None) -> None:
    reader = sample.sign_in(verbs.READER)
    answer = reader.client.get(reader.url("reveal/"))
    assert answer.status_code == 403
    assert "show the secrets of a connection" in kit.text(answer)
    [act] = kit.acts_of(reader.organisation, "connections.reveal")
    assert (act.outcome, act.person_id, act.request_id) == ("denied", reader.person.pk, answer.headers["X-Request-ID"])


def test_it_asks_for_a_fresh_proof_and_comes_back(signed: Signed) -> None:
    assert signed.client.get(signed.url("reveal/")).content == b"the secret"
    kit.age_proofs(signed.client, by=kit.timedelta(minutes=6))
    answer = signed.client.get(signed.url("reveal/"))
    assert answer.status_code == 302
    assert answer.headers["Location"].endswith(f"?next=%2Ft%2F{signed.organisation.pk}%2Freveal%2F")
    posted = signed.client.post(signed.url("reveal/"), headers={"Referer": "http://evil.example/t/x/"})
    assert posted.headers["Location"].endswith("?next=%2F"), "a foreign address must not be led to"
    htmx = signed.client.post(
        signed.url("reveal/"),
        headers={"HX-Request": "true", "HX-Current-URL": f"http://testserver{signed.url(PAGE)}?page=2"},
    )
    assert htmx.headers["HX-Redirect"].endswith("sample%2F%3Fpage%3D2")


def test_it_refuses_an_unknown_verb_when_the_page_is_written() -> None:
    with pytest.raises(LookupError, match=r"no verb 'reports\.raed'"):
        page("reports.raed")


def test_it_opens_no_transaction_around_a_view_that_calls_a_vendor(signed: Signed) -> None:
    assert signed.client.get(signed.url("vendor/")).content == b"no seat"


@pytest.mark.parametrize(
    ("how", "status", "words"),
    [
        ("refused", 422, "3 of 9 rows do not fit. Mend rows 2, 5 and 7."),
        ("missing", 404, "There is nothing here"),
        ("busy", 503, "Try again in 42 seconds."),
        ("bug", 500, "Nothing of this step was kept"),
    ],
)
def test_it_says_what_happened_and_keeps_nothing_of_a_failed_step(
    signed: Signed, how: str, status: int, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    answer = signed.client.get(signed.url(f"fail/{how}/"))
    assert answer.status_code == status
    text = kit.text(answer)
    assert words in text
    assert answer.headers["X-Request-ID"] in text
    assert "secret-looking detail" not in text, "a defect's detail belongs into the log"
    assert answer.headers.get("Retry-After", "") == ("42" if how == "busy" else "")
    with tenancy.acting_in(signed.organisation.pk):
        assert not Act.objects.filter(verb="left").exists()
    assert ("secret-looking detail" in caplog.text) == (how == "bug")


def test_it_gives_htmx_an_alert_in_place_of_the_messages(signed: Signed) -> None:
    answer = signed.client.get(signed.url("fail/refused/"), headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Retarget"]) == (422, "#messages")
    assert "<html" not in answer.content.decode()
    assert "3 of 9 rows do not fit." in kit.text(answer)


def test_it_sends_its_headers_with_every_answer(signed: Signed) -> None:
    for path in (signed.url(PAGE), signed.url("fail/bug/"), "/nowhere/", "/sign-in/"):
        answer = signed.client.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy
        assert answer.headers["Permissions-Policy"].startswith("accelerometer=()")
        assert answer.headers["Cache-Control"] == "no-store" or "no-cache" in answer.headers["Cache-Control"]
        assert len(answer.headers["X-Request-ID"]) == 32
    assert "'nonce-abc'" in middleware.policy("abc")


def test_it_takes_no_request_id_from_outside_and_stamps_its_log_lines(signed: Signed) -> None:
    answer = signed.client.get(signed.url("fail/bug/"), headers={"X-Request-ID": "f" * 32})
    assert answer.headers["X-Request-ID"] != "f" * 32
    record = logging.LogRecord("purser", logging.INFO, "", 0, "", (), None)
    assert requests.RequestIds().filter(record)
    assert record.request_id == answer.headers["X-Request-ID"]


def test_it_refuses_a_form_without_its_safety_mark(signed: Signed) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = signed.client.cookies
    assert strict.post("/theme/", {"theme": "dark"}).status_code == 403
    assert "purser_theme" not in strict.cookies


def test_it_keeps_the_theme_and_never_leads_to_a_foreign_host(signed: Signed) -> None:
    answer = signed.client.post("/theme/", {"theme": "dark", "next": "https://evil.example/"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    body = signed.client.get(signed.url(PAGE)).content.decode()
    assert '<html lang="en" data-theme="dark" data-bs-theme="dark">' in body
    signed.client.post("/theme/", {"theme": "<script>", "next": "/"})
    assert 'data-theme="dark"' in signed.client.get(signed.url(PAGE)).content.decode()


def test_it_names_the_organisation_in_title_and_header_and_keeps_the_context(signed: Signed) -> None:
    body = signed.client.get(signed.url(f"{PAGE}?context=connectwise&page=1")).content.decode()
    assert "<title>Adjustments · Harbour IT · Purser</title>" in body
    assert str(signed.organisation.pk) in body
    assert '?context=autotask"' in body
    assert f'href="/t/{signed.organisation.pk}/people/?context=connectwise"' in body


def test_it_shows_only_the_entries_a_person_may_use(pages: None) -> None:
    organisation = kit.reseller()
    labels = {
        role: {
            item.label for group in navigation.sidebar(kit.actor(organisation, role=role), path="/") for item in group.items
        }
        for role in (verbs.OWNER, verbs.READER)
    }
    assert {"People", "Acts", "API tokens"} <= labels[verbs.OWNER]
    assert "API tokens" not in labels[verbs.READER]
    assert "Organisations" not in labels[verbs.OWNER]
    top = kit.operator()
    seen = [
        item.label
        for group in navigation.sidebar(kit.actor(top), path=f"/t/{top.pk}/organisations/found/")
        for item in group.items
        if item.here
    ]
    assert seen == ["Organisations"]
