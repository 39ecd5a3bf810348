"""All addresses."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("sign-in/", include("allauth.urls")),
]
