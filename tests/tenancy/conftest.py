"""What the sweeps walk on: planted once, as no sweep changes a row of B.

Django is not set up yet when this file is read, so everything of it is imported inside the fixtures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.tenancy.sweeping import Stage


@pytest.fixture(scope="session")
def stage() -> Stage:
    from tests.access import kit
    from tests.tenancy.planting import plant
    from tests.tenancy.sayings import Sayings
    from tests.tenancy.sweeping import Stage

    a, b, customer = plant("MINE-A"), plant("CANARY-B"), plant("MINE-C", kit.customer("MINE-C"))
    return Stage(a, b, customer, Sayings(b))


@pytest.fixture
def unlimited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is refused for being asked too often, and the sign-in library does not note each call."""
    from django.conf import settings

    from purser.access import testing
    from purser.api import limits

    monkeypatch.setattr(limits, "PER_CALLER", 10**9)
    monkeypatch.setattr(limits, "PER_TENANT", 10**9)
    monkeypatch.setattr(testing, "PER_HOUR", 10**9)
    kept = [name for name in settings.MIDDLEWARE if not name.startswith("allauth.usersessions.")]
    monkeypatch.setattr(settings, "MIDDLEWARE", kept)
