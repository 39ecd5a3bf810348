"""Addresses of the users and groups of a customer's directory. Included at the root of the site."""

from __future__ import annotations

from django.urls import path

from purser.portal.pages.users import groups, index, source, upload

U = "t/<uuid:tenant>/users/"
G = f"{U}groups/"
S = f"{U}source/"
ONE = f"{G}<uuid:user_group>/"

urlpatterns = [
    path(U, index.index, name="users"),
    path(f"{U}export/", index.export, name="users_export"),
    path(f"{U}<uuid:user>/", index.one, name="user"),
    path(G, groups.index, name="user_groups"),
    path(f"{G}export/", groups.export, name="user_groups_export"),
    path(f"{G}new/", groups.new, name="user_group_new"),
    path(f"{G}preview/", groups.preview, name="user_group_preview"),
    path(ONE, groups.one, name="user_group"),
    path(f"{ONE}change/", groups.change, name="user_group_change"),
    path(f"{ONE}drop/", groups.drop, name="user_group_drop"),
    path(S, source.index, name="users_source"),
    path(f"{S}progress/", source.progress, name="users_source_progress"),
    path(f"{S}test/", source.test, name="users_source_test"),
    path(f"{S}read/", source.read_now, name="users_source_read"),
    path(f"{S}file/load/", upload.bring, name="users_file"),
    path(f"{S}file/apply/", upload.apply, name="users_file_apply"),
    path(f"{S}file/drop/", upload.drop, name="users_file_drop"),
    path(f"{S}<slug:source_kind>/", source.edit, name="users_source_edit"),
]
