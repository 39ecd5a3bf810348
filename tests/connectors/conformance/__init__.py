"""What any connector to accounts has to do: one function for each promise of the port. Run by test_conformance.py.

Each gets the vendor (see vendors.py) and the port to look at, which is its connector or one that lies.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.connectors.conformance.failing import (
    a_cut_list_is_not_whole,
    failures,
    missing,
    test_tells_the_truth,
    traits_are_honest,
)
from tests.connectors.conformance.kit import Make
from tests.connectors.conformance.people import mails_when_asked, roles, users
from tests.connectors.conformance.tenants import (
    creates,
    deletes_what_is_suspended,
    finds_after_a_lost_answer,
    finds_only_ours,
    lag_is_honest,
    names_and_references,
    never_two,
    renames,
    suspends_and_resumes,
)
from tests.connectors.conformance.use import offerings, services, tells_what_was_used

__all__ = ["CHECKS", "Make"]
CHECKS: tuple[Callable[..., None], ...] = (
    creates, finds_only_ours, names_and_references, finds_after_a_lost_answer, never_two, lag_is_honest, renames,
    suspends_and_resumes, deletes_what_is_suspended, users, roles, mails_when_asked, offerings, services,
    tells_what_was_used, a_cut_list_is_not_whole, missing, failures, test_tells_the_truth, traits_are_honest,
)  # fmt: skip
