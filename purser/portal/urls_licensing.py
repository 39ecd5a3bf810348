"""Addresses of collections, licences and Auto-License. Included at the root of the site."""

from __future__ import annotations

from django.urls import path

from purser.portal.pages.licensing import auto, collections, licences, runs

C = "t/<uuid:tenant>/collections/"
L = "t/<uuid:tenant>/licences/"
A = "t/<uuid:tenant>/auto-license/"
RUN = f"{A}runs/<uuid:licensing_run>/"

urlpatterns = [
    path(C, collections.index, name="collections"),
    path(f"{C}export/", collections.export, name="collections_export"),
    path(f"{C}new/", collections.new, name="collection_new"),
    path(f"{C}<uuid:collection>/", collections.one, name="collection"),
    path(f"{C}<uuid:collection>/edit/", collections.edit, name="collection_edit"),
    path(f"{C}<uuid:collection>/drop/", collections.drop, name="collection_drop"),
    path(L, licences.index, name="licensed_users"),
    path(f"{L}export/", licences.export, name="licences_export"),
    path(f"{L}history/", licences.history, name="licences"),
    path(f"{L}history/export/", licences.history_export, name="licences_history_export"),
    path(f"{L}give/", licences.give, name="licences_give"),
    path(f"{L}take/", licences.take, name="licences_take"),
    path(f"{L}users/<uuid:user>/", licences.of_user, name="licences_of"),
    path(A, auto.window, name="auto_licence"),
    path(f"{A}run/", auto.run, name="auto_licence_run"),
    path(f"{A}runs/", runs.index, name="licensing_runs"),
    path(f"{A}runs/export/", runs.export, name="licensing_runs_export"),
    path(f"{A}changes/", runs.steps, name="licensing_steps"),
    path(f"{A}changes/export/", runs.steps_export, name="licensing_steps_export"),
    path(RUN, runs.one, name="licensing_run"),
    path(f"{RUN}progress/", runs.progress, name="licensing_run_progress"),
    path(f"{RUN}approve/", runs.approve, name="licensing_run_approve"),
    path(f"{RUN}set-aside/", runs.set_aside, name="licensing_run_set_aside"),
]
