"""Makers for the tests of sign-in, people and secrets: organisations of their own, members, browsers."""

from __future__ import annotations

import itertools
import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa import app_settings
from allauth.mfa.totp.internal import auth as totp
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core import mail
from django.core.cache import cache
from django.db import connections
from django.test import Client, override_settings

from purser.access import people, verbs
from purser.access.actors import Actor
from purser.access.models import Act, Membership, Person
from purser.postgres import ids, tenancy
from purser.tenants import organisations
from purser.tenants.models import Kind, Organisation

# Settings this part needs; a test says so with `pytestmark = pytest.mark.usefixtures("site")`.
NEEDS: dict[str, Any] = {
    "MFA_ADAPTER": "purser.access.adapters.MFAAdapter",
    "REQUIRE_SECOND_FACTOR": True,
}
GUARDS = ["purser.access.sessions.Limits", "purser.access.second_factor.Required"]


@pytest.fixture
def site() -> Iterator[None]:
    needs = dict(NEEDS)
    missing = [name for name in GUARDS if name not in settings.MIDDLEWARE]
    if missing:
        needs["MIDDLEWARE"] = [*settings.MIDDLEWARE, *missing]
    with override_settings(**needs):
        yield


PASSWORD = "a long sentence to sign in"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
_count = itertools.count(1)
_hashed: dict[str, str] = {}


def now() -> datetime:
    return datetime.now(UTC)


def operator() -> Organisation:
    return organisations.found(kind=Kind.OPERATOR, name="Northern Cloud", parent=None, now=now())


def reseller(name: str = "Acme IT", under: Organisation | None = None) -> Organisation:
    return organisations.found(kind=Kind.RESELLER, name=name, parent=under or operator(), now=now())


def distributor(name: str = "Broad Supply", under: Organisation | None = None) -> Organisation:
    return organisations.found(kind=Kind.DISTRIBUTOR, name=name, parent=under or operator(), now=now())


def customer(name: str = "Alder Dental", under: Organisation | None = None, **more: Any) -> Organisation:
    return organisations.found(kind=Kind.CUSTOMER, name=name, parent=under or reseller(), now=now(), **more)


def address() -> str:
    return f"person{next(_count)}.{ids.new().hex[-12:]}@example.com"


def person(*, email: str = "", factor: bool = True) -> Person:
    """A person with PASSWORD and, unless told otherwise, an authenticator app with SECRET."""
    email = email or address()
    if not _hashed:
        _hashed[PASSWORD] = make_password(PASSWORD)  # one slow hash for all
    made = Person.objects.create(email=email, name=email.split("@")[0], password=_hashed[PASSWORD])
    EmailAddress.objects.create(user=made, email=email, verified=True, primary=True)
    if factor:
        totp.TOTP.activate(made, SECRET)
    return made


def member(organisation: Organisation, role: str = verbs.OWNER, **options: Any) -> Person:
    made = person(**options)
    with tenancy.acting_in(organisation.pk):
        people.join(person=made, role=role, organisation=organisation.name, now=now())
    return made


def membership(organisation: Organisation, who: Person) -> Membership:
    with tenancy.acting_in(organisation.pk):
        found: Membership = Membership.objects.get(person=who)
        return found


def actor(organisation: Organisation, who: Person | None = None, role: str = verbs.OWNER, **more: Any) -> Actor:
    fields: dict[str, Any] = {
        "tenant": organisation.pk,
        "organisation": organisation.name,
        "person": who.pk if who else None,
        "name": str(who) if who else "test",
        "role": role,
        "request_id": "",
        "address": "192.0.2.1",
        "verified_at": now(),
        "kind": str(organisation.kind),
    }
    return Actor(**{**fields, **more})


def browser(address: str = "") -> Client:
    """A browser at an address of its own, so that one test's failures do not limit another's."""
    number = next(_count)
    return Client(REMOTE_ADDR=address or f"198.51.{number // 250 % 250}.{number % 250 + 1}")


def code(steps: int = 0, *, secret: str = SECRET) -> str:
    """What an authenticator app shows now, or `steps` half minutes from now."""
    return str(totp.format_hotp_value(totp.hotp_value(secret, int(time.time()) // app_settings.TOTP_PERIOD + steps)))


def sign_in(who: Person, *, client: Client | None = None) -> Client:
    """Signed in through the pages, with the second factor if there is one."""
    client = client or browser()
    answer = client.post("/sign-in/", {"login": who.email, "password": PASSWORD})
    assert answer.status_code == 302, answer.content.decode()[:2000]
    if "2fa" in answer.headers["Location"]:
        forget_code(who)
        answer = client.post(answer.headers["Location"], {"code": code()})
        assert answer.status_code == 302, answer.content.decode()[:2000]
    return client


def forget_code(who: Person) -> None:
    """As if the last code had not been used yet: a code works once, and a test cannot wait for the next."""
    cache.delete(f"allauth.mfa.totp.used?user={who.pk}&code={code()}")


def age_session(client: Client, *, whole: timedelta = timedelta(0), idle: timedelta = timedelta(0)) -> None:
    """As if the session had begun, and last been used, that much earlier."""
    session = client.session
    session["began_at"] -= whole.total_seconds()
    session["seen_at"] -= idle.total_seconds()
    session.save()


def age_proofs(client: Client, by: timedelta) -> None:
    """As if the person had last proven who they are that much earlier."""
    session = client.session
    key = "account_authentication_methods"
    session[key] = [{**record, "at": record["at"] - by.total_seconds()} for record in session[key]]
    session.save()


def url(organisation: Organisation, path: str) -> str:
    return f"/t/{organisation.pk}/{path}"


def acts_of(organisation: Organisation, verb: str = "") -> list[Act]:
    with tenancy.acting_in(organisation.pk):
        rows = Act.objects.order_by("at", "id")
        return list(rows.filter(verb=verb) if verb else rows)


def mailed_link(to: str) -> str:
    """The path of the link in the last mail to an address."""
    body = [str(one.body) for one in mail.outbox if one.to == [to]][-1]
    found = re.search(r"https?://[^/\s]+(/\S+)", body)
    assert found, body
    return found.group(1)


def text(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def everything_stored() -> str:
    """Every row of every table as text, read by the owner: what a stolen dump would show."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename")
        rows: list[str] = []
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            rows += [str(row[0]) for row in cursor.fetchall()]
    return "\n".join(rows)


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Run calls in threads that start together; each one's result, or the exception it raised."""
    start = threading.Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        try:
            start.wait(10)
            return call()
        except Exception as failure:
            return failure
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))
