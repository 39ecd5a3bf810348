"""What tests of notices ask again and again: who was told what, by mail and in the portal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection, transaction

from purser.access import verbs
from purser.access.actors import Actor
from purser.access.models import Membership, Person
from purser.notices import choices
from purser.notices.models import Delivery, Notice
from purser.postgres import tenancy
from purser.tenants.models import Organisation
from tests.access import kit
from tests.partners.kit import Chain, chain, enters


@pytest.fixture
def now() -> datetime:
    return kit.now()


@pytest.fixture
def made(now: datetime) -> Chain:
    """The reseller's owner has two notices: given, and ended a minute later."""
    found = chain()
    found.give(now - timedelta(minutes=2))
    found.end(now - timedelta(minutes=1))
    mail.outbox.clear()
    return found


def told(organisation: Organisation, who: Person) -> list[Delivery]:
    """What a person has in hand as a member here, oldest first."""
    with tenancy.acting_in(organisation.pk):
        return list(Delivery.objects.filter(person=who).order_by("at", "id"))


def kinds(organisation: Organisation, who: Person) -> list[str]:
    return [row.kind for row in told(organisation, who)]


def posted(organisation: Organisation) -> list[Notice]:
    """What happened here, oldest first."""
    with tenancy.acting_in(organisation.pk):
        return list(Notice.objects.order_by("at", "id"))


def letters(who: Person) -> list[str]:
    return [str(one.subject) for one in mail.outbox if one.to == [who.email]]


def body(who: Person) -> str:
    """The last mail to a person."""
    return str([one.body for one in mail.outbox if one.to == [who.email]][-1])


def role(organisation: Organisation, who: Person, name: str) -> None:
    with tenancy.acting_in(organisation.pk):
        Membership.objects.filter(person=who).update(role=name)


def reader(organisation: Organisation) -> Person:
    return kit.member(organisation, verbs.READER, factor=False)


def actor(organisation: Organisation, who: Person) -> Actor:
    """As a request loads them."""
    return enters(who, organisation, kit.now())


def choose(organisation: Organisation, who: Person, kind: str, how: str, **more: Any) -> None:
    wanted: dict[str, Any] = {"silent_until": None, "now": kit.now(), **more}
    with tenancy.acting_in(organisation.pk):
        choices.choose(kit.actor(organisation, who), kind, mail=how, **wanted)


def jobs(name: str, **arguments: str) -> list[dict[str, Any]]:
    """The jobs of a name that wait and have these arguments, with the time for which they are set as `at`."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT args::text, scheduled_at FROM procrastinate_jobs "
            "WHERE task_name = %s AND status = 'todo' AND args @> %s::jsonb ORDER BY id",
            [name, json.dumps(arguments)],
        )
        return [{**json.loads(args), "at": at} for args, at in cursor.fetchall()]


@contextmanager
def dying_after_commit(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The process ends with its commit: nothing that was to happen afterwards does."""
    with monkeypatch.context() as patched:
        patched.setattr(transaction, "on_commit", lambda *_, **__: None)
        yield
