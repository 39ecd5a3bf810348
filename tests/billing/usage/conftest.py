"""Partners of one test are not counted by the next: nothing is cleaned, so their days would be closed by every later close."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _ended() -> Iterator[None]:
    from tests.billing.usage import kit  # Django is loaded after this file

    yield
    kit.owner("UPDATE billing_stint SET until_on = from_on WHERE until_on IS NULL OR until_on > from_on", {})
