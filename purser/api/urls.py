"""The API's addresses, below /api/v1/."""

from __future__ import annotations

from django.urls import re_path

from purser.api import failures
from purser.api.site import api

_patterns, _app, _namespace = api.urls
for _pattern in _patterns:
    # A program is told what is missing (callers.Session); it cannot follow a redirect to the page that sets it up.
    _pattern.callback.before_second_factor = True  # type: ignore[union-attr]

app_name = _namespace
urlpatterns = [*_patterns, re_path("", failures.nothing_here, name="nowhere")]
