"""Addresses of tasks at vendors that have no interface. Included at the root of the site."""

from __future__ import annotations

from django.urls import path

from purser.portal.pages.tasks import listed

V = "t/<uuid:tenant>/vendor-tasks/"
ONE = f"{V}<uuid:task>/"

urlpatterns = [
    path(V, listed.index, name="vendor_tasks"),
    path(f"{V}export/", listed.export, name="vendor_tasks_export"),
    path(ONE, listed.one, name="vendor_task"),
    path(f"{ONE}confirm/", listed.confirm, name="vendor_task_confirm"),
    path(f"{ONE}decline/", listed.decline, name="vendor_task_decline"),
    path(f"{ONE}reopen/", listed.reopen, name="vendor_task_reopen"),
]
