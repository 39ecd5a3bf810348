"""Addresses of finding one's way. Included at the root of the site."""

from __future__ import annotations

from django.urls import path

from purser.portal.pages.find import bookmarks, groups, search, switcher

G = "t/<uuid:tenant>/tenants/groups/"
ONE = f"{G}<uuid:tenant_group>/"

urlpatterns = [
    path("go/tenants/", switcher.index, name="go_tenants"),
    path("go/star/", switcher.star, name="go_star"),
    path("go/tenant/<str:key>/", switcher.go, name="go"),
    path("go/tenant/<str:key>/<path:rest>", switcher.go, name="go_page"),
    path("go/bookmarks/", bookmarks.index, name="bookmarks"),
    path("go/bookmarks/keep/", bookmarks.keep, name="bookmark_keep"),
    path("go/bookmarks/change/", bookmarks.change, name="bookmark_change"),
    path("t/<uuid:tenant>/find/", search.index, name="find"),
    path(G, groups.index, name="tenant_groups"),
    path(f"{G}make/", groups.make, name="tenant_group_make"),
    path(ONE, groups.one, name="tenant_group"),
    path(f"{ONE}put/", groups.put, name="tenant_group_put"),
    path(f"{ONE}change/", groups.change, name="tenant_group_change"),
    path(f"{ONE}ask/", groups.ask, name="tenant_group_ask"),
]
