"""Makers for a customer's own pages: who is signed in there, by itself or on behalf, and what a page shows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from django.test import Client

from purser.access import verbs
from tests.access import kit
from tests.partners.kit import Chain, chain

ROOMS = {
    "domain": "domain.read",
    "people": "people.read",
    "meeting-rooms": "rooms.read",
    "telephony": "telephony.read",
    "conferences": "conferences.read",
    "integrations": "integrations.read",
    "apps": "apps.read",
}
GROUPED = [verb.name for verb in verbs.VERBS.values() if verb.group]


@pytest.fixture
def now() -> datetime:
    return kit.now()


@pytest.fixture
def made() -> Chain:
    return chain(domain="alder.example", region="US")


def inside(who: Any) -> Client:
    """Signed in; a second factor is set up where there is none, as partners need one."""
    from allauth.mfa.models import Authenticator
    from allauth.mfa.totp.internal import auth as totp

    if not Authenticator.objects.filter(user_id=who.pk).exists():
        totp.TOTP.activate(who, kit.SECRET)
    return kit.sign_in(who)


def agent_in(made: Chain, now: datetime, **more: Any) -> Client:
    made.give(now, **more)
    return inside(made.agent)


def at(made: Chain, path: str) -> str:
    return kit.url(made.customer, path)


def page(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, kit.text(answer)[-1200:]
    return answer.content.decode()
