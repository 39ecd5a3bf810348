"""Addresses of a partner's daily units. Included at the root of the site."""

from __future__ import annotations

from django.urls import path

from purser.portal.pages.usage import adviser, home, shares, simulator, statement

U = "t/<uuid:tenant>/usage/"
DAY = f"{U}days/<slug:on>/"
ADVICE = f"{U}adviser/<uuid:advice>/"

urlpatterns = [
    path(U, home.index, name="units"),
    path(f"{U}now/", home.today, name="usage_today"),
    path(f"{U}statement/", statement.days, name="usage_days"),
    path(f"{U}statement/export/", statement.days_export, name="usage_days_export"),
    path(f"{U}charges/", statement.charges, name="usage_charges"),
    path(f"{U}charges/export/", statement.charges_export, name="usage_charges_export"),
    path(f"{U}entries/", statement.entries, name="usage_entries"),
    path(f"{U}entries/export/", statement.entries_export, name="usage_entries_export"),
    path(DAY, statement.day, name="usage_day"),
    path(f"{DAY}people/<uuid:organisation>/", statement.people, name="usage_day_people"),
    path(f"{U}shares/", shares.index, name="usage_shares"),
    path(f"{U}shares/export/", shares.export, name="usage_shares_export"),
    path(f"{U}adviser/", adviser.index, name="usage_adviser"),
    path(f"{U}adviser/look/", adviser.look, name="usage_adviser_look"),
    path(ADVICE, adviser.one, name="usage_advice"),
    path(f"{ADVICE}take/", adviser.take, name="usage_advice_take"),
    path(f"{ADVICE}undo/", adviser.undo, name="usage_advice_undo"),
    path(f"{U}simulator/", simulator.index, name="usage_simulator"),
    path(f"{U}simulator/export/", simulator.export, name="usage_simulator_export"),
]
