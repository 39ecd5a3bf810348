"""Addresses of the operator's side of daily units. Included at the root of the site."""

from __future__ import annotations

from django.urls import path

from purser.portal.pages import usage_operator as pages

T = "t/<uuid:tenant>/"
UNITS = f"{T}organisations/<uuid:organisation>/units/"

urlpatterns = [
    path(UNITS, pages.one, name="operator_units"),
    path(f"{UNITS}admit/", pages.admit, name="operator_units_admit"),
    path(f"{UNITS}end/", pages.end, name="operator_units_end"),
    path(f"{UNITS}zone/", pages.move, name="operator_units_zone"),
    path(f"{UNITS}days/<slug:on>/correct/", pages.correct, name="operator_units_correct"),
    path(f"{T}terms/", pages.terms, name="operator_terms"),
    path(f"{T}terms/publish/", pages.publish, name="operator_terms_publish"),
]
