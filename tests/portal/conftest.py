"""The portal in tests: real addresses with the sample pages on top, somebody signed in, and a browser.

Django is not set up yet when this file is read, so everything of it is imported inside the fixtures.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.portal.browser import assets as assets
from tests.portal.browser import browser as browser
from tests.portal.browser import live as live
from tests.portal.browser import screen as screen

if TYPE_CHECKING:
    from tests.portal.sample import Signed


@pytest.fixture
def pages() -> Iterator[None]:
    """The settings of sign-in, and the sample pages beside the portal's own."""
    import copy

    from django.conf import settings
    from django.test import override_settings

    from tests.access import kit

    templates = copy.deepcopy(settings.TEMPLATES)
    templates[0]["DIRS"].append(Path(__file__).parent / "templates")
    guarded = [*settings.MIDDLEWARE, *(name for name in kit.GUARDS if name not in settings.MIDDLEWARE)]
    with override_settings(**kit.NEEDS, MIDDLEWARE=guarded, ROOT_URLCONF="tests.portal.sample", TEMPLATES=templates):
        yield


@pytest.fixture
def signed(pages: None) -> Signed:
    """An owner of a reseller, signed in."""
    from tests.portal import sample

    return sample.sign_in()
