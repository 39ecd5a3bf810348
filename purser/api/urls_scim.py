"""Addresses of directories (SCIM). Included at the root of the site."""

from __future__ import annotations

from django.urls import path

from purser.api import scim

urlpatterns = [
    path("scim/v2/<uuid:tenant>", scim.door, name="scim"),
    path("scim/v2/<uuid:tenant>/<path:rest>", scim.door, name="scim_rest"),
]
