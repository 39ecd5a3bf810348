"""A foreign and an absent id are one answer: nobody can learn which ids there are. Source: reliability P16."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.access import kit
from tests.access.kit import site as site
from tests.tenancy.addresses import Address, every, values_of
from tests.tenancy.sayings import Body
from tests.tenancy.sweeping import METHODS, Stage, call, client_of

pytestmark = pytest.mark.usefixtures("site", "unlimited")


@pytest.mark.parametrize("role", ["reseller owner", "customer administrator"])
def test_a_foreign_and_an_absent_id_are_the_same_answer(stage: Stage, role: str) -> None:
    """Byte for byte, once the ids that were sent, request ids and form tokens are masked; after as many statements."""
    client, tenant = client_of(stage, role)
    client.raise_request_exception = False
    client.get(f"/t/{tenant}/people/")  # what a session asks once
    # at one instant: a session is written anew now and then, by statements of its own
    with time_machine.travel(kit.now(), tick=False):
        different = list(_different(stage, client, tenant))
    assert not different, "\n".join(different)


def _different(stage: Stage, client: Client, tenant: str) -> Iterator[str]:
    """A line for each call that answers otherwise to B's id than to one of nothing."""
    headers = {"Accept": "text/html"}
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
                yield f"{method} {address.route}: {told}: {parts}"


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
