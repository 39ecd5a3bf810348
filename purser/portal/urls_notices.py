"""Addresses of one's own notices. Included at the root of the site."""

from __future__ import annotations

from django.urls import path

from purser.portal.pages import notices

T = "t/<uuid:tenant>/notices/"

urlpatterns = [
    path(T, notices.index, name="notices"),
    path(f"{T}export/", notices.export, name="notices_export"),
    path(f"{T}read/", notices.read, name="notices_read"),
    path(f"{T}read-all/", notices.read_all, name="notices_read_all"),
    path(f"{T}settings/", notices.settings, name="notice_settings"),
    path(f"{T}follow/", notices.follow, name="follow"),
    path(f"{T}followed/<uuid:follow>/drop/", notices.unfollow, name="unfollow"),
    path(f"{T}<uuid:notice>/", notices.one, name="notice"),
]
