"""The portal's own addresses; the topics' are in their own modules."""

from __future__ import annotations

from django.urls import path

from purser.portal import views

urlpatterns = [
    path("theme/", views.theme, name="theme"),
    path("layout/", views.layout, name="layout"),
    path("t/<uuid:tenant>/lists/<slug:screen>/columns/", views.columns, name="list_columns"),
    path("t/<uuid:tenant>/lists/<slug:screen>/forget/", views.forget, name="list_forget"),
    path("t/<uuid:tenant>/lists/<slug:screen>/views/", views.save_view, name="list_view_save"),
    path("t/<uuid:tenant>/lists/<slug:screen>/views/drop/", views.drop_view, name="list_view_drop"),
    path("t/<uuid:tenant>/csv-format/", views.csv_format, name="csv_format"),
]
