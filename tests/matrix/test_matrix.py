"""The matrix: every door x every role of each kind x own, consented, not consented and foreign tenant.

What the table of verbs says (expected.py) is compared with what the door answers. Each call is one that would be taken, and is
held right behind the door's last check: a door that lets somebody further than its check is a breach, and nothing is ever
changed. In the own tenant and on behalf every door is tried; where nothing opens, each role tries some, and all roles together
try each. A door that appears is in the matrix by itself; one without a verb must be named in doors.OUTSIDE.

Source: reliability P14, P17, P20; acceptance UC-10 to UC-21, CS-12 to CS-17.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock
from uuid import UUID

import pytest
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import clear_url_caches, include, path
from ninja.operation import Operation

from purser.access import acts, permit, verbs
from purser.access.actors import Actor
from purser.api import limits
from purser.kernel.errors import Refused
from purser.partners import break_glass
from purser.portal.doors import admitted, page
from purser.postgres import ids
from tests.access import kit
from tests.matrix import doors, people
from tests.matrix import page as published
from tests.matrix.doors import Door
from tests.matrix.expected import ABSENT, OPENS, PROVE, REFUSED, SIGN_IN, at
from tests.matrix.people import Someone, Stage

EVERYONE = people.everyone()
PAST = "went past its check"


class Held(Refused):
    """Raised behind the door: it would have opened."""


@pytest.fixture(scope="module")
def stage() -> Stage:
    return people.stage(kit.now() - timedelta(seconds=5))


# What every request passes and no right depends on; left out, because the matrix is large.
ASIDE = ("whitenoise.", "allauth.usersessions.")


@pytest.fixture(autouse=True)
def only_the_doors(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No limits, no record of refusals, and no reading of what a call bears beside its address."""
    monkeypatch.setattr(limits, "call", lambda *_, **__: None)
    monkeypatch.setattr(acts, "denied", lambda *_, **__: None)
    monkeypatch.setattr(
        Operation, "_get_values", lambda self, request, given, response: {**given, "tenant": UUID(given["tenant"])}
    )
    with override_settings(MIDDLEWARE=[name for name in settings.MIDDLEWARE if not name.startswith(ASIDE)]):
        yield


@contextmanager
def held(count: list[int], asked: list[str]) -> Iterator[None]:
    """Stop every call behind its `count[0]`th check; `asked` are the verbs of the checks that let it pass."""
    check = permit.check

    def checking(actor: Actor, verb: str, **options: Any) -> None:
        check(actor, verb, **options)
        asked.append(verb)
        if len(asked) == count[0]:
            raise Held("The door is open.", code="held")

    with mock.patch.object(permit, "check", checking):
        yield


def answers(client: Client, door: Door, tenant: Any, asked: list[str]) -> str:
    """What the door answers, in the words of expected.py."""
    asked.clear()
    headers = {"Accept": "text/csv"} if len(door.verbs) > 1 else {}
    answer: Any = client.generic(door.method, door.path(tenant), content_type="application/json", headers=headers)
    if asked == list(door.verbs):
        return OPENS
    if answer.status_code == 401:
        return PROVE if b"onfirm" in answer.content else SIGN_IN
    known = {403: REFUSED, 404: ABSENT}
    if answer.status_code in known:
        return known[answer.status_code]
    return f"{PAST} with {answer.status_code}: {answer.content[:160]!r}" if not asked else f"asked for {asked}"


def differences(who: Someone, every: list[Door]) -> list[str]:
    """Where the doors answer otherwise than the table says."""
    client, asked, count, found = who.client(), [], [1], []  # type: ignore[var-annotated]
    with held(count, asked):
        for place in who.places:
            for door in every[place.first :: place.step] if len(every) > place.step else every:
                count[0] = len(door.verbs)
                wanted = SIGN_IN if who.person is None or (who.bearer and not door.is_api) else at(door.verbs, place.standing)
                got = answers(client, door, place.tenant.pk, asked)
                if got != wanted:
                    found.append(f"{door} in {place.name} ({place.tenant.kind}): {got} and not {wanted}")
    return found


@pytest.mark.parametrize("label", EVERYONE)
def test_it_answers_as_the_table_of_verbs_says_at_every_door(stage: Stage, label: str) -> None:
    turn = list(EVERYONE).index(label)
    heads = {f"{kind} {role}" for kind, role in verbs.HEAD.items()}
    who = EVERYONE[label](stage).thinned(turn, whole=label in heads)
    wrong = differences(who, doors.every())
    assert not wrong, f"{len(wrong)} for {label}:\n" + "\n".join(wrong[:40])


@pytest.mark.parametrize("role", [verbs.OWNER, verbs.SUPPORT])
def test_the_operators_people_open_nothing_of_anybody_without_leave(stage: Stage, role: str) -> None:
    """P20, at every door: in a customer's tenant, and in a partner's that a colleague has leave to look into."""
    person, colleague = (kit.member(stage.operator, name, factor=False) for name in (role, verbs.OWNER))
    looked = kit.reseller(under=stage.operator)
    actor = kit.actor(stage.operator, person, role)
    break_glass.ask(kit.actor(stage.operator, colleague), looked.pk, reason="The sync stands still", now=stage.now)
    break_glass.approve(actor, looked.pk, now=stage.now)
    foreign = stage.reseller.consented if role == verbs.SUPPORT else looked
    places = [people.Place(people.FOREIGN, foreign, None)]
    wrong = differences(Someone(person, places), doors.every())
    assert not wrong, "\n".join(wrong[:40])


SENSITIVE = [door for door in doors.every() if any(verbs.find(verb).sensitive for verb in door.verbs)]


@pytest.mark.parametrize("kind", verbs.KINDS)
def test_every_sensitive_door_asks_anew_six_minutes_after_the_last_proof(stage: Stage, kind: str) -> None:
    """P21: the page for it, or 401. Four and a half minutes after it they open."""
    places = {"operator": stage.operator, "customer": stage.reseller.consented}
    tenant = places.get(kind) or stage.partner(kind).organisation
    person = kit.member(tenant, verbs.HEAD[kind], factor=False)
    client, asked = kit.sign_in(person), []  # type: ignore[var-annotated]
    client.raise_request_exception = False
    mine = [door for door in SENSITIVE if verbs.HEAD[kind] in verbs.find(door.verbs[0]).roles(kind)]
    assert len(mine) > 10
    for age, wanted in ((timedelta(minutes=6), PROVE), (-timedelta(seconds=90), OPENS)):
        kit.age_proofs(client, age)  # the second time forward again
        for door in mine:
            with held([1], asked):
                client.defaults["HTTP_ACCEPT"] = "application/json"
                got = answers(client, door, tenant.pk, asked)
                assert got == wanted, f"{door}: {got} and not {wanted}"
                if wanted == PROVE and not door.is_api:
                    client.defaults["HTTP_ACCEPT"] = "text/html"
                    led: Any = client.generic(door.method, door.path(tenant.pk))
                    assert led.headers["Location"].startswith("/sign-in/reauthenticate/?next="), door


@pytest.mark.parametrize("kind", ["operator", "reseller"])
def test_without_a_second_factor_no_door_opens(stage: Stage, kind: str) -> None:
    """P21: a partner's or the operator's session with a password alone is led to set one up, or told so."""
    tenant = stage.operator if kind == "operator" else stage.partner(kind).organisation
    client = kit.sign_in(kit.member(tenant, verbs.HEAD[kind], factor=False))
    client.raise_request_exception = False
    with override_settings(REQUIRE_SECOND_FACTOR=True), held([1], asked := []):  # type: ignore[var-annotated]
        for door in doors.every():
            answer: Any = client.generic(door.method, door.path(tenant.pk), content_type="application/json")
            led = answer.status_code == 302 and answer.headers["Location"].startswith("/account/second-factor/")
            told = answer.status_code == 401 and b"second_factor" in answer.content
            assert told if door.is_api else led, f"{door}: {answer.status_code}"
    assert asked == []


def test_it_knows_every_address() -> None:
    assert doors.unnamed() == [], "Guard them by a verb, or say in tests/matrix/doors.py why none is needed."
    assert len(doors.every()) > 200


def test_it_asks_for_sign_in_where_a_page_is_for_whoever_is_signed_in() -> None:
    """The addresses without a verb, as nobody."""
    client = kit.browser()
    client.raise_request_exception = False
    for address, _ in doors.patterns():
        if address.route.startswith("sign-in/") or (said := doors.outside(address)) is None:
            continue
        answer: Any = client.get(doors.path(address, ids.new()))
        assert answer.status_code < 500, address.route
        to_sign_in = answer.status_code == 302 and answer.headers["Location"].startswith("/sign-in/")
        assert to_sign_in == (said[0] == doors.BY_SIGN_IN), f"{address.route}: {answer.status_code}, and not {said[0]}"


def test_no_role_opens_the_door_of_directories(stage: Stage) -> None:
    """It takes the organisation's own token and nothing else: no session of whatever role, no token of a person."""
    found = [address for address, _ in doors.patterns() if address.route.startswith("scim/")]
    assert found
    for label in ("nobody", "customer administrator", "reseller owner", "operator owner", "reseller owner, by token"):
        who = EVERYONE[label](stage)
        client = who.client()
        for address in found:
            for place in who.places:
                answer: Any = client.get(doors.path(address, place.tenant.pk))
                assert answer.status_code == 401, f"{label} at {address.route} in {place.name}"


def test_it_publishes_what_it_tests() -> None:
    kept = Path(published.PLACE).read_text(encoding="utf-8")
    assert kept == published.text(), "The page is stale: write it anew with `python -m tests.matrix`."


# Breaches, planted: the matrix must find each.


def unguarded(request: HttpRequest, tenant: Any) -> HttpResponse:
    """A page that lets in whoever belongs to the tenant, and asks for no verb."""
    with admitted(request, tenant):
        return HttpResponse("Everything")


unguarded.verb = "tokens.make"  # type: ignore[attr-defined]


@page("organisation.read")
def weak(request: HttpRequest, actor: Actor) -> HttpResponse:
    """A page that asks for a weaker verb than the one it is listed with."""
    return HttpResponse("Everything")


weak.verb = "tokens.make"  # type: ignore[attr-defined]


def unlisted(request: HttpRequest, tenant: Any) -> HttpResponse:
    """A page below a tenant without a verb."""
    return HttpResponse("Everything")


@contextmanager
def with_page(view: Any) -> Iterator[None]:
    urls = [path("t/<uuid:tenant>/breach/", view), path("", include("purser.config.urls"))]
    with override_settings(ROOT_URLCONF=type("urls", (), {"urlpatterns": urls})):
        clear_url_caches()
        yield
    clear_url_caches()


@pytest.mark.parametrize("view", [unguarded, weak])
def test_it_finds_a_door_whose_check_is_gone(stage: Stage, view: Any) -> None:
    with with_page(view):
        breach = [door for door in doors.every() if door.address.route.endswith("breach/")]
        assert len(breach) == 1
        for label in ("reseller reader", "reseller owner", "customer reader"):
            assert differences(EVERYONE[label](stage), breach), label


def test_it_finds_doors_whose_check_is_patched_away(stage: Stage) -> None:
    """The real doors, with a check that lets everybody pass."""
    some = [door for door in doors.every() if "tokens.make" in door.verbs]
    assert {door.is_api for door in some} >= {False}
    with mock.patch.object(permit, "check", return_value=None):
        wrong = differences(EVERYONE["reseller reader"](stage), some)
    assert [line for line in wrong if "own tenant" in line and f"{OPENS} and not {REFUSED}" in line]


def test_it_finds_an_address_that_nobody_listed() -> None:
    with with_page(unlisted):
        assert "t/<uuid:tenant>/breach/" in doors.unnamed()
