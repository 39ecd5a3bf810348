"""A reseller with a customer that agreed and one that did not, and what its switcher finds."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from purser.tenants.models import Organisation
from tests.access import kit
from tests.access.kit import site as site
from tests.partners.kit import Chain, chain

if TYPE_CHECKING:
    pass


@pytest.fixture
def now() -> datetime:
    return kit.now()


@pytest.fixture
def made(now: datetime) -> Chain:
    """A reseller with a customer that agreed (Alder Dental) and one that did not (Birch Law)."""
    made = chain(domain="alder.example")
    made.give(now)
    return made


@pytest.fixture
def closed(made: Chain) -> Organisation:
    return kit.customer("Birch Law", under=made.reseller, domain="birch.example")


def found(client: Client, text: str = "") -> str:
    return kit.text(client.get("/go/tenants/", {"q": text, "part": "1"}))
