"""The API's addresses, below /api/v1/."""

from __future__ import annotations

from django.urls import re_path

from purser.api import failures
from purser.api.site import api

_patterns, _app, _namespace = api.urls
for _pattern in _patterns:
    assert _pattern.callback is not None  # a pattern of ninja's leads to a view
    _door = failures.telling_methods(_pattern.callback)
    # A program is told what is missing (callers.Session); it cannot follow a redirect to the page that sets it up.
    _door.before_second_factor = True  # type: ignore[attr-defined]
    _pattern.callback = _door

app_name = _namespace
urlpatterns = [*_patterns, re_path("", failures.nothing_here, name="nowhere")]
