"""Every address called as somebody, with everything of B that a call can name; what comes out of it is kept.

B's text cells are canaries: none may come back, be mailed, logged or enqueued, and no row of B may change.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.core import mail
from django.db import connection, connections
from django.test import Client

from purser.access import verbs
from purser.postgres import checks, walls
from tests.access import kit
from tests.tenancy.addresses import Address, every, values_of
from tests.tenancy.planting import Planted, fingerprint
from tests.tenancy.sayings import Body, Sayings

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
SWEPT = ROLES if EVERYBODY else ["reseller owner", "operator owner", "nobody"]
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
