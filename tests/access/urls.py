"""The addresses the tests of sign-in need, until config.urls includes them."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [path("", include("purser.portal.urls")), path("", include("purser.portal.urls_access"))]
