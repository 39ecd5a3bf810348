"""The demo, as far as it can be told without starting it."""

from __future__ import annotations

import pytest

from purser.cli import demo
from sandboxes.__main__ import APPS
from sandboxes.kit import Request


@pytest.mark.parametrize("name", demo.VENDORS)
def test_it_names_a_page_that_the_sandbox_shows_to_anybody(name: str) -> None:
    answer = APPS[name]().handle(Request("GET", demo.VENDORS[name], {}, {}, b"", base_url="http://127.0.0.1:8101"))
    assert answer.status == 200
    assert b"<html" in answer.payload()
