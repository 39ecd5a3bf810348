"""All addresses: each topic's pages, the sign-in, the API."""

from __future__ import annotations

from importlib.util import find_spec

from django.urls import include, path

from purser.portal.pages.health import health

# (while pages are being written)
_TOPICS = [m for m in ("purser.portal.urls_billing", "purser.portal.urls_reports") if find_spec(m)]

urlpatterns = [
    path("health", health, name="health"),
    path("", include("purser.portal.urls_access")),
    path("", include("purser.portal.urls")),
    *[path("", include(m)) for m in _TOPICS],
]
if find_spec("purser.api.urls"):
    urlpatterns.append(path("api/v1/", include("purser.api.urls")))
