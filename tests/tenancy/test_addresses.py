"""No address shows or changes another organisation's rows: not with both walls, and not with either of them alone.

Every pattern of the resolver is called by every role with ids of B while acting in A, in path, query, body and headers, and
in B itself. B's text cells are canaries; none may come back, be mailed, logged or enqueued, and no row of B may change.
Source: reliability P14 to P16; acceptance ID-65.

Seen to fail on planted breaches: `test_a_view_that_forgets_the_filter_is_found`.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core import mail
from django.db import connection, connections, models
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import clear_url_caches, include, path, resolve

from purser.access import testing, verbs
from purser.access.actors import Actor
from purser.api import limits
from purser.links.models import SourceCustomer
from purser.portal.doors import page
from purser.postgres import checks, ids, walls
from purser.postgres.models import TenantManager
from purser.tenants.models import OwnManager
from tests.access import kit
from tests.access.kit import site as site
from tests.tenancy.addresses import Address, Body, Sayings, every, values_of
from tests.tenancy.planting import Planted, fingerprint, plant

CANARY = re.compile(rb"canary-b", re.IGNORECASE)
RESELLER_ROLES = (verbs.OWNER, verbs.TECHNICIAN, verbs.BOOKKEEPER, verbs.READER)
OPERATOR_ROLES = (verbs.OWNER, verbs.SUPPORT)
ROLES = [
    *(f"reseller {role}" for role in RESELLER_ROLES),
    *(f"operator {role}" for role in OPERATOR_ROLES),
    "member of nothing",
    "nobody",
]
# A run of the tests has those who see most, and one of each other kind; `make sweeps` has everybody, by every method.
EVERYBODY = os.environ.get("PURSER_SWEEPS") == "all"
SWEPT = ROLES if EVERYBODY else ["reseller owner", "reseller reader", "operator owner", "nobody"]
ALONE = ["reseller owner", "customer administrator", *(["operator owner"] if EVERYBODY else [])]  # with one wall
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@dataclass
class Found:
    """What went wrong, as sentences; which patterns were called with foreign ids; how many calls were answered with 200."""

    leaks: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    called: set[str] = field(default_factory=set)
    well: int = 0


class Listener(logging.Handler):
    """Keeps every log line that holds a canary."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        line = f"{record.getMessage()} {record.exc_text or ''}"
        if CANARY.search(line.encode()):
            self.heard.append(line)


@dataclass(frozen=True)
class Stage:
    """`a` acts, and `customer` does where only a customer's doors open; nothing of `b` may come to either."""

    a: Planted
    b: Planted
    customer: Planted
    sayings: Sayings


@pytest.fixture(scope="module")
def stage() -> Stage:
    a, b, customer = plant("MINE-A"), plant("CANARY-B"), plant("MINE-C", kit.customer("MINE-C"))
    return Stage(a, b, customer, Sayings(b))


@pytest.fixture(autouse=True)
def unlimited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PER_CALLER", 10**9)
    monkeypatch.setattr(limits, "PER_TENANT", 10**9)
    monkeypatch.setattr(testing, "PER_HOUR", 10**9)


def client_of(stage: Stage, role: str) -> tuple[Client, str]:
    """A browser of somebody in this role, and the tenant that they act in."""
    kind, _, name = role.partition(" ")
    if kind == "reseller":
        return kit.sign_in(kit.member(stage.a.organisation, name)), str(stage.a.tenant)
    if kind == "customer":
        return kit.sign_in(kit.member(stage.customer.organisation, name)), str(stage.customer.tenant)
    if kind == "operator":
        operator = kit.operator()
        return kit.sign_in(kit.member(operator, name)), str(operator.pk)
    if role == "member of nothing":
        return kit.sign_in(kit.person()), str(stage.a.tenant)
    return kit.browser(), str(stage.a.tenant)


def call(client: Client, method: str, address: str, body: Body, headers: dict[str, str]) -> tuple[int, bytes]:
    """Status, and everything that came back: reason, headers, cookies and the whole body."""
    where = f"{address}?{body.query}" if body.query else address
    answer: Any = client.generic(method, where, body.text, content_type=body.kind or "text/plain", headers=headers)
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    lines = [answer.reason_phrase, *(f"{name}: {value}" for name, value in answer.headers.items()), str(answer.cookies)]
    return answer.status_code, "\n".join(lines).encode() + content


def sweep(stage: Stage, role: str, addresses: list[Address], found: Found, *, thorough: bool = False) -> None:
    """Call every address as this role; what is wrong goes into `found`. `thorough`: by methods it does not have, too."""
    client, tenant = client_of(stage, role)
    client.raise_request_exception = False
    client.cookies["tenant"] = client.cookies["organisation"] = str(stage.b.tenant)
    forms = Body(urlencode(stage.sayings.names(), doseq=True), "application/x-www-form-urlencoded")
    # of one value each: a list reads all its parameters
    asked = urlencode({name: values[0] for name, values in stage.sayings.names().items()})
    headers = stage.sayings.headers()
    mail.outbox.clear()
    before = fingerprint(stage.b.tenant)
    for address in addresses:
        for method, body in _calls(stage, address, forms, asked, thorough):
            for acting_in, of in _places(stage, address, tenant):
                where = address.path(values_of(address, tenant=acting_in, of=of))
                status, seen = call(client, method, where, body, headers)
                found.well += status == 200
                line = f"{role}: {method} {where} [{address.route}] -> {status}"
                leaked = CANARY.search(_allowed(role, seen))
                if leaked:
                    found.leaks.append(f"{line}: {seen[max(0, leaked.start() - 60) : leaked.end() + 60]!r}")
                if status >= 500 and status != 503:
                    found.broken.append(line)
        found.called.add(address.route)
        if thorough or address == addresses[-1]:
            after = fingerprint(stage.b.tenant)
            if after != before:
                changed = [table for table, digest in after.items() if digest != before[table]]
                found.leaks.append(f"{role}: rows of B changed in {changed}, at the latest by {address.route}")
                before = after
    for letter in mail.outbox:
        if CANARY.search(str(letter.message()).encode()):
            found.leaks.append(f"{role}: a mail to {letter.to} holds a canary")


def _calls(stage: Stage, address: Address, forms: Body, asked: str, thorough: bool) -> Iterator[tuple[str, Body]]:
    """The methods of an address, each with a body that names B's things. `thorough`: also those that it does not have."""
    nothing = Body("", "")
    for method in METHODS:
        operation = stage.sayings.operation(address, method) if address.is_api else None
        if operation:
            yield method, stage.sayings.body_of(operation)
        elif address.is_api and thorough:
            yield method, nothing
        elif not address.is_api and (thorough or method in ("GET", "POST")):
            if thorough and method == "GET":
                yield method, nothing
            yield method, Body("", "", asked) if method == "GET" else forms


def _places(stage: Stage, address: Address, tenant: str) -> Iterator[tuple[str, Planted | None]]:
    """In which tenant, and with whose things: B's in the own one, and in B itself (there without a token, which opens)."""
    yield tenant, stage.b
    if address.in_tenant:
        yield str(stage.b.tenant), None if "token" in address.words else stage.b


def _allowed(role: str, seen: bytes) -> bytes:
    """What came back without what the role may see: the operator lists resellers by name."""
    return seen.replace(b"CANARY-B-tenants_organisation-name", b"") if role.startswith("operator") else seen


def swept(stage: Stage, role: str, *, thorough: bool = False) -> Found:
    """All addresses by one role, logs included. What ends sessions is called by somebody who needs theirs no more."""
    found, listener = Found(), Listener()
    logging.getLogger().addHandler(listener)
    try:
        own = [address for address in every() if not address.route.startswith("sign-in/")]
        sweep(stage, role, own, found, thorough=thorough)
        for address in every():
            if address not in own and role in ("reseller owner", "nobody"):
                sweep(stage, role, [address], found)
    finally:
        logging.getLogger().removeHandler(listener)
    found.leaks += [f"{role}: the log says {line[:200]}" for line in listener.heard]
    found.leaks += [f"{role}: a job names B: {job}" for job in jobs_about(stage.b)]
    return found


def jobs_about(b: Planted) -> list[str]:
    """Jobs whose arguments name anything of B."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT task_name || args::text FROM procrastinate_jobs WHERE args::text ~ %s",
            ["|".join([str(b.tenant), *b.every_id()])],
        )
        return [str(row[0]) for row in cursor.fetchall()]


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize("role", SWEPT)
def test_with_both_walls_nothing_of_another_organisation_comes_out(stage: Stage, role: str) -> None:
    found = swept(stage, role, thorough=EVERYBODY and role == "reseller owner")
    assert not found.leaks, "\n".join(found.leaks)
    assert not found.broken, "\n".join(found.broken)
    assert found.well > (60 if role.startswith("reseller") else 0)  # else nobody was let in, and nothing was tried
    wanted = {address.route for address in every() if address.in_tenant or address.things}
    assert wanted - found.called - {address.route for address in every() if address.route.startswith("sign-in/")} == set()


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize("role", ALONE)
def test_row_level_security_alone_holds(stage: Stage, role: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The application's filter is gone everywhere: every manager gives all rows that the database lets through."""
    for manager in (TenantManager, OwnManager):
        monkeypatch.setattr(manager, "get_queryset", models.Manager.get_queryset)
    found = swept(stage, role)
    assert not found.leaks, "\n".join(found.leaks)
    assert found.well > 30


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize("role", ALONE)
def test_the_application_alone_holds(stage: Stage, role: str) -> None:
    """The database lets everything through: row-level security is off on every table."""
    with without_policies():
        found = swept(stage, role)
    assert not found.leaks, "\n".join(found.leaks)
    assert found.well > 30


@contextmanager
def without_policies() -> Iterator[None]:
    """Row-level security off in this process's own copy of the database; laid anew and checked afterwards."""
    with connections["owner"].cursor() as cursor:
        for model, _ in walls.guarded():
            cursor.execute(f'ALTER TABLE "{model._meta.db_table}" DISABLE ROW LEVEL SECURITY')
    try:
        yield
    finally:
        walls.lay("owner")
        assert list(checks.check(connection)) == []


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize("role", ["reseller owner", "customer administrator"])
def test_a_foreign_and_an_absent_id_are_the_same_answer(stage: Stage, role: str) -> None:
    """Byte for byte, once the ids that were sent, request ids and form tokens are masked; after as many statements."""
    client, tenant = client_of(stage, role)
    client.raise_request_exception = False
    client.get(f"/t/{tenant}/people/")  # what a session asks once
    headers = {"Accept": "text/html"}
    different = []
    for address in every():
        if not address.things or not address.in_tenant:
            continue
        for method in METHODS:
            operation = stage.sayings.operation(address, method) if address.is_api else {}
            if operation is None or (not address.is_api and method not in ("GET", "POST")):
                continue
            body = stage.sayings.body_of(operation) if operation else Body("", "application/x-www-form-urlencoded")
            foreign, absent = (
                _masked(client, method, address, values_of(address, tenant=tenant, of=of), body, headers)
                for of in (stage.b, None)
            )
            if foreign != absent:
                parts = _first(foreign[1], absent[1])
                told = f"{foreign[0]} after {foreign[2]} statements against {absent[0]} after {absent[2]}"
                different.append(f"{method} {address.route}: {told}: {parts}")
    assert not different, "\n".join(different)


def _first(one: bytes, other: bytes) -> str:
    """Where two answers part."""
    at = next((n for n, (x, y) in enumerate(zip(one, other, strict=False)) if x != y), min(len(one), len(other)))
    return f"{one[max(0, at - 60) : at + 60]!r} / {other[max(0, at - 60) : at + 60]!r}"


def _masked(
    client: Client, method: str, address: Address, values: dict[str, str], body: Body, headers: dict[str, str]
) -> tuple[int, bytes, int]:
    client.cookies.pop("messages", None)  # what the call before had to say
    connection.queries_log.clear()  # it holds so many and no more, and then counts nothing
    with CaptureQueriesContext(connection) as queries:
        status, seen = call(client, method, address.path(values), body, headers)
    for name, value in values.items():
        if name != "tenant":
            seen = seen.replace(value.encode(), name.encode())
    seen = re.sub(rb"[0-9a-f]{32}", b"<id>", seen)  # request ids
    seen = re.sub(rb"Expires: [^\r\n]*", b"", seen)  # a page that is never kept names the second
    seen = re.sub(rb"Set-Cookie: (csrftoken|sessionid)=[^\r\n<]*\s*", b"", seen)  # renewed now and then
    return status, re.sub(rb"\b[A-Za-z0-9]{64}\b", b"<form>", seen), len(queries)


# Breaches, planted: the fuzz must find each.


@page("links.read")
def forgets(request: HttpRequest, actor: Actor) -> HttpResponse:
    """A page that lists without the manager that filters."""
    rows = models.QuerySet(SourceCustomer).order_by("name").values_list("name", flat=True)
    return HttpResponse("\n".join(rows))


def trusts(request: HttpRequest, tenant: Any) -> HttpResponse:
    """A page that takes the seat of whichever tenant is named, for anybody."""
    from purser.postgres import tenancy

    with tenancy.acting_in(tenant):
        return HttpResponse("\n".join(SourceCustomer.objects.values_list("name", flat=True)))


def renames(request: HttpRequest, tenant: Any) -> HttpResponse:
    """A page that changes rows of whichever tenant is named."""
    from purser.postgres import tenancy

    with tenancy.acting_in(tenant):
        SourceCustomer.objects.update(contact_name=str(ids.new()))
    return HttpResponse()


def revokes(request: HttpRequest, tenant: Any, token: Any) -> HttpResponse:
    """A page that ends whichever API token is named, past both walls."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("UPDATE access_apitoken SET revoked_at = now() WHERE id = %s", [token])
    return HttpResponse()


BREACH = "t/<uuid:tenant>/breach/"


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize(
    ("view", "route", "open_wall", "words"),
    [
        (forgets, BREACH, True, "CANARY-B-links_sourcecustomer-name"),
        (trusts, BREACH, False, "CANARY-B"),
        (renames, BREACH, False, "rows of B changed"),
        (revokes, f"{BREACH}<uuid:token>/", False, "rows of B changed in .*access_apitoken"),
    ],
)
def test_a_view_that_forgets_the_filter_is_found(
    stage: Stage, view: Callable[..., HttpResponse], route: str, open_wall: bool, words: str
) -> None:
    addresses = [Address(route, tuple(re.findall(r"<uuid:(\w+)>", route)))]
    urls = [path(route, view), path("", include("purser.config.urls"))]
    breach = type("urls", (), {"urlpatterns": urls})
    found = Found()
    with override_settings(ROOT_URLCONF=breach):
        clear_url_caches()
        if open_wall:
            sweep(stage, "reseller owner", addresses, found)
            assert found.leaks == []  # the second wall holds what the first forgot
            with without_policies():
                sweep(stage, "reseller owner", addresses, found)
        else:
            sweep(stage, "reseller owner", addresses, found)
    clear_url_caches()
    assert re.search(words, "\n".join(found.leaks))


@pytest.mark.usefixtures("site")
def test_every_address_of_a_tenant_is_called_with_ids_that_are_there(stage: Stage) -> None:
    """Else a call would end at the resolver, and a page behind it that lets everything through would not be found."""
    known = {str(stage.b.tenant), *stage.b.every_id()}
    for address in every():
        values = values_of(address, tenant=str(stage.a.tenant), of=stage.b)
        assert address.path(values).startswith("/")
        if address.in_tenant:
            assert resolve(address.path(values)).route, address.route
            assert {values[name] for name in address.things if name not in address.words} <= known, address.route


@pytest.mark.usefixtures("site")
def test_the_canaries_sing_for_their_owner(stage: Stage) -> None:
    """The fuzz is not deaf: whoever belongs to B sees them on B's own pages and in B's API."""
    client = kit.sign_in(kit.member(stage.b.organisation, verbs.OWNER))
    heard = 0
    for address in every():
        if address.in_tenant and "token" not in address.words:
            _, seen = call(
                client, "GET", address.path(values_of(address, tenant=str(stage.b.tenant), of=stage.b)), Body("", ""), {}
            )
            heard += bool(CANARY.search(seen))
    assert heard > 30
