"""One connection that everybody takes in turn shows each only their own, whatever became of the request before. P16."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, connections
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.test import Client, override_settings
from django.urls import clear_url_caches, include, path

from purser.access import acts, roles, verbs
from purser.access.actors import Actor
from purser.access.models import Membership
from purser.portal.doors import page
from purser.postgres import tenancy
from purser.tenants.models import Organisation
from tests.access import kit
from tests.access.kit import site as site

pytestmark = pytest.mark.usefixtures("site")

REQUESTS, THREADS = 200, 16
WAYS = ("people/", "acts/", "acts/export/?format=csv&all=1", "dropped", "breaks/", "stands/")


@page("people.read")
def breaks(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Something fails in the middle of it."""
    raise RuntimeError(list(Membership.objects.values_list("person__name", flat=True)))


@page("people.read")
def stands(request: HttpRequest, actor: Actor) -> HttpResponse:
    """A statement takes too long and is cancelled."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 5")
        cursor.execute("SELECT pg_sleep(1)")
    return HttpResponse()


@contextmanager
def with_pages() -> Iterator[None]:
    own = [path(f"t/<uuid:tenant>/{view.__name__}/", view) for view in (breaks, stands)]
    with override_settings(ROOT_URLCONF=type("urls", (), {"urlpatterns": [*own, path("", include("purser.config.urls"))]})):
        clear_url_caches()
        yield
    clear_url_caches()


def place(name: str) -> tuple[Organisation, Client]:
    organisation = kit.reseller(name)
    owner = kit.member(organisation)
    with tenancy.acting_in(organisation.pk):
        for n in range(30):
            acts.record(kit.actor(organisation, owner), "views.write", summary=f"{name} {n}", now=kit.now())
    return organisation, kit.sign_in(owner)


def body(answer: HttpResponseBase, way: str) -> str:
    """What came back; of a download that is dropped, what came before."""
    if not getattr(answer, "streaming", False):
        return getattr(answer, "content", b"").decode()
    parts = iter(answer)  # type: ignore[call-overload]
    found = next(parts, b"") if way == "dropped" else b"".join(parts)
    answer.close()
    return bytes(found).decode()


def test_two_organisations_on_one_connection_never_mix() -> None:
    places = {name: place(name) for name in ("CANARY-ONE", "CANARY-TWO")}
    shared, turn, dice = connections["default"], threading.Lock(), random.Random(16)
    work = [(dice.choice(list(places)), dice.choice(WAYS)) for _ in range(REQUESTS)]
    shared.inc_thread_sharing()

    def ask(one: tuple[str, str]) -> tuple[str, str, int, str, Any]:
        name, way = one
        organisation, signed = places[name]
        client = Client(raise_request_exception=False, REMOTE_ADDR="198.51.100.1")
        client.cookies = signed.cookies
        with turn:
            connections["default"] = shared
            try:
                answer = client.get(kit.url(organisation, WAYS[2] if way == "dropped" else way))
                seen = body(answer, way)
                with shared.cursor() as cursor:
                    cursor.execute("SELECT current_setting('role'), coalesce(current_setting('purser.tenant', true), '')")
                    left = cursor.fetchone()
            finally:
                del connections["default"]
        return name, way, answer.status_code, seen, left

    with with_pages(), ThreadPoolExecutor(THREADS) as pool:
        told = list(pool.map(ask, work))
    shared.dec_thread_sharing()
    other = {"CANARY-ONE": "CANARY-TWO", "CANARY-TWO": "CANARY-ONE"}
    for name, way, status, seen, left in told:
        assert status == (500 if way in ("breaks/", "stands/") else 200), way
        assert name in seen or status == 500, way
        assert other[name] not in seen, way
        assert left == ("none", ""), way
    assert {way for _, way in work} == set(WAYS)


def test_the_same_name_is_free_in_another_organisation() -> None:
    for _ in range(2):
        organisation = kit.reseller("Twice")
        actor = kit.actor(organisation, kit.member(organisation, factor=False), verbs.OWNER)
        with tenancy.acting_in(organisation.pk):
            roles.make(actor, name="Auditor", allowed=["people.read"], now=kit.now())
