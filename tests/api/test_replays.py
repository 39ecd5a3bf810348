"""The same key, the same answer: P38."""

from __future__ import annotations

import threading
from datetime import timedelta
from uuid import UUID

import pytest
import time_machine
from django.db import connection

from purser.access.models import Act
from purser.api import replays
from purser.api.models import Answered
from purser.links import relations
from purser.postgres import ids, tenancy
from tests.access import kit
from tests.access.kit import site as site
from tests.api.kit import Caller, caller, code, data

pytestmark = pytest.mark.usefixtures("site")
PATH = "/relations/clear"


def acts(one: Caller) -> int:
    with tenancy.acting_in(one.tenant):
        return Act.objects.filter(verb="links.write").count()


def test_a_call_that_is_sent_again_gets_the_first_answer_and_takes_effect_once() -> None:
    one, body = caller(kit.reseller()), {"ids": [str(ids.new())]}
    first, second = (one.post(PATH, body, **{"Idempotency-Key": "k1"}) for _ in range(2))
    assert first.content == second.content
    assert ("Idempotent-Replayed" in first, second["Idempotent-Replayed"]) == (False, "true")
    assert acts(one) == 1
    data(one.post(PATH, body))
    assert acts(one) == 2


def test_a_key_stands_for_one_call_only() -> None:
    one = caller(kit.reseller())
    data(one.post(PATH, {"ids": [str(ids.new())]}, **{"Idempotency-Key": "k1"}))
    assert code(one.post(PATH, {"ids": [str(ids.new())]}, **{"Idempotency-Key": "k1"}), 422) == "key_used"
    assert acts(one) == 1


def test_the_same_key_of_another_person_or_tenant_is_another_key() -> None:
    organisation, body = kit.reseller(), {"ids": [str(ids.new())]}
    everyone = [caller(organisation), caller(organisation), caller(kit.reseller())]
    answers = [one.post(PATH, body, **{"Idempotency-Key": "k1"}) for one in everyone]
    assert [("Idempotent-Replayed" in answer, answer.status_code) for answer in answers] == [(False, 200)] * 3


def test_what_failed_took_no_effect_and_may_be_sent_again() -> None:
    one = caller(kit.reseller())
    for _ in range(2):
        assert code(one.post(f"/pairs/{ids.new()}/runs", **{"Idempotency-Key": "k1"}), 404) == "missing"
    with tenancy.acting_in(one.tenant):
        assert not Answered.objects.exists()


def test_a_second_call_while_the_first_is_under_way_is_told_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    organisation = kit.reseller()
    one = caller(organisation)
    begun, go_on = threading.Event(), threading.Event()
    clear = relations.unset_many

    def slow(**given: object) -> object:
        begun.set()
        assert go_on.wait(20)
        return clear(**given)  # type: ignore[arg-type]

    monkeypatch.setattr(relations, "unset_many", slow)
    body = {"ids": [str(ids.new())]}

    def first() -> bytes:
        return one.post(PATH, body, **{"Idempotency-Key": "k1"}).content

    def second() -> tuple[str, str]:
        assert begun.wait(20)
        answer = Caller(one.tenant, one.person, kit.browser(), one.bearer).post(PATH, body, **{"Idempotency-Key": "k1"})
        go_on.set()
        return code(answer, 409), answer["Retry-After"]

    answered, told = kit.at_once(first, second)
    assert told == ("under_way", "1"), told
    assert one.post(PATH, body, **{"Idempotency-Key": "k1"}).content == answered
    assert acts(one) == 1


def test_a_call_that_dies_half_way_leaves_neither_effect_nor_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    one, body = caller(kit.reseller()), {"ids": [str(ids.new())]}
    keep = Answered.objects.create

    def cut(**given: object) -> None:
        keep(**given)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    monkeypatch.setattr(Answered.objects, "create", cut)
    assert one.post(PATH, body, **{"Idempotency-Key": "k1"}).status_code == 500
    monkeypatch.undo()
    connection.close()
    assert acts(one) == 0
    assert "Idempotent-Replayed" not in one.post(PATH, body, **{"Idempotency-Key": "k1"})
    assert acts(one) == 1


def test_a_key_is_forgotten_after_a_day() -> None:
    one, body = caller(kit.reseller()), {"ids": [str(ids.new())]}
    start = kit.now()
    for after, replayed in ((timedelta(0), False), (replays.KEPT - timedelta(seconds=1), True), (replays.KEPT, False)):
        with time_machine.travel(start + after, tick=False):
            assert ("Idempotent-Replayed" in one.post(PATH, body, **{"Idempotency-Key": "k1"})) is replayed


@pytest.mark.parametrize("key", ["", "x" * 201, "ä", "a\tb"])
def test_it_refuses_a_key_that_cannot_be_kept(key: str) -> None:
    one = caller(kit.reseller())
    assert code(one.post(PATH, {"ids": [str(UUID(int=1))]}, **{"Idempotency-Key": key}), 422) == "key"
