"""The shell and a list in a real browser: light and dark, 1440 and 390 wide, with the keyboard alone."""

from __future__ import annotations

import pytest

from tests.portal import sample
from tests.portal.browser import Open, sound
from tests.portal.sample import Signed

pytestmark = pytest.mark.browser


def test_it_shows_a_list_soundly_in_both_themes_and_sizes(signed: Signed, screen: Open) -> None:
    sample.many(signed.organisation, 120)
    window = screen(signed.client)
    window.go(signed.url("sample/?company.in=Alder+Dental&company.in=Repair+and+Wear&count.min=1"))
    faults = sound(window, "list")
    assert not faults, "\n".join(faults)
