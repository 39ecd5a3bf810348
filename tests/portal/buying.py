"""What the tests of the pages of buying share: a partner in the programme, its owner signed in, and what a page shows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from tests.access import kit
from tests.billing.buying.kit import Buyer, buyer


@pytest.fixture
def made() -> Buyer:
    return buyer(now=kit.now() - timedelta(days=1))


@pytest.fixture
def client(made: Buyer) -> Client:
    return kit.sign_in(made.owner)


def post(client: Client, made: Buyer, path: str, **sent: Any) -> Any:
    return client.post(kit.url(made.partner, path), sent)


def shown(client: Client, made: Buyer, path: str = "packages/") -> str:
    answer = client.get(kit.url(made.partner, path))
    assert answer.status_code == 200, answer.content.decode()[:2000]
    return kit.text(answer)
