"""A short life of both sides with faults; the long one is `make soak`. Source: acceptance ID-66."""

from __future__ import annotations

import pytest

from tests.flows import rig
from tests.flows.soak import soak


@pytest.mark.parametrize("psa", rig.PSAS)
def test_after_days_of_changes_and_faults_every_link_is_in_step_and_the_log_adds_up(psa: str) -> None:
    tally = soak(days=5, resources=40, seed=20260711, psa=psa, passes=4)
    assert tally.posted > 10
    assert sum(tally.met.values()) > 5
    assert tally.done["hand edit"] > 0
