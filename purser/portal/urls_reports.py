"""Addresses of home, reports, logs, plans, drift, the check list, passes, and "why this number?"."""

from __future__ import annotations

from django.urls import path

from purser.portal.pages import checklist, drift, home, logs, plans, reports, runs, why

T = "t/<uuid:tenant>/"

urlpatterns = [
    path(T, home.index, name="home"),
    path(f"{T}reports/subscriptions/", reports.subscriptions, name="subscriptions"),
    path(f"{T}reports/subscriptions/charts/", reports.subscriptions_charts, name="subscriptions_charts"),
    path(f"{T}reports/subscriptions/export/", reports.subscriptions_export, name="subscriptions_export"),
    path(f"{T}reports/linked/", reports.linked, name="linked"),
    path(f"{T}reports/linked/charts/", reports.linked_charts, name="linked_charts"),
    path(f"{T}reports/linked/export/", reports.linked_export, name="linked_export"),
    path(f"{T}reports/unlinked/", reports.unlinked, name="unlinked"),
    path(f"{T}reports/unlinked/charts/", reports.unlinked_charts, name="unlinked_charts"),
    path(f"{T}reports/unlinked/export/", reports.unlinked_export, name="unlinked_export"),
    path(f"{T}reports/success/", logs.success_log, name="success_log"),
    path(f"{T}reports/success/charts/", logs.success_log_charts, name="success_log_charts"),
    path(f"{T}reports/success/export/", logs.success_log_export, name="success_log_export"),
    path(f"{T}reports/failures/", logs.failure_log, name="failure_log"),
    path(f"{T}reports/failures/charts/", logs.failure_log_charts, name="failure_log_charts"),
    path(f"{T}reports/failures/export/", logs.failure_log_export, name="failure_log_export"),
    path(f"{T}reports/failures/retry/", logs.failure_log_retry, name="failure_log_retry"),
    path(f"{T}reports/failures/<uuid:receipt>/", logs.failure, name="failure"),
    path(f"{T}reports/failures/<uuid:receipt>/retry/", logs.failure_retry, name="failure_retry"),
    path(f"{T}reports/failures/<uuid:receipt>/decide/", logs.failure_decide, name="failure_decide"),
    path(f"{T}reports/movements/", logs.movements, name="movements"),
    path(f"{T}reports/movements/charts/", logs.movements_charts, name="movements_charts"),
    path(f"{T}reports/movements/export/", logs.movements_export, name="movements_export"),
    path(f"{T}plans/", plans.index, name="plans"),
    path(f"{T}plans/preview/<uuid:sync>/", plans.preview_result, name="plan_preview"),
    path(f"{T}plans/preview/<uuid:sync>/ask/", plans.preview, name="plan_preview_ask"),
    path(f"{T}plans/<uuid:plan>/", plans.one, name="plan"),
    path(f"{T}plans/<uuid:plan>/progress/", plans.progress, name="plan_progress"),
    path(f"{T}plans/<uuid:plan>/approve/", plans.approve, name="plan_approve"),
    path(f"{T}plans/<uuid:plan>/reject/", plans.reject, name="plan_reject"),
    path(f"{T}drift/", drift.index, name="drift"),
    path(f"{T}drift/export/", drift.export, name="drift_export"),
    path(f"{T}drift/marketplace-wins/", drift.marketplace_wins, name="drift_marketplace"),
    path(f"{T}drift/psa-wins/", drift.psa_wins, name="drift_psa"),
    path(f"{T}drift/<uuid:drift>/", drift.one, name="drift_one"),
    path(f"{T}check-list/", checklist.index, name="checklist"),
    path(f"{T}check-list/<uuid:sync>/<slug:item>/accept/", checklist.accept, name="checklist_accept"),
    path(f"{T}passes/", runs.index, name="runs"),
    path(f"{T}passes/export/", runs.export, name="runs_export"),
    path(f"{T}passes/now/<uuid:sync>/", runs.run_now, name="run_now"),
    path(f"{T}passes/<uuid:run>/", runs.one, name="run"),
    path(f"{T}why/posting/<uuid:receipt>/", why.receipt, name="why_receipt"),
    path(f"{T}why/relation/<uuid:link>/", why.link, name="why_link"),
]
