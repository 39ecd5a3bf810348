"""Addresses of subscriptions. Included at the root of the site."""

from __future__ import annotations

from django.urls import path

from purser.portal.pages.subscriptions import commitments, held, margins, plans, prices, usage

S = "t/<uuid:tenant>/services/"
ONE = f"{S}<uuid:held>/"

urlpatterns = [
    path(S, held.index, name="held_list"),
    path(f"{S}export/", held.export, name="held_export"),
    path(f"{S}margins/", margins.index, name="margins"),
    path(f"{S}commitments/", commitments.index, name="commitments"),
    path(f"{S}commitments/address/", commitments.make_feed, name="calendar_feed_make"),
    path(f"{S}commitments/address/<uuid:feed>/revoke/", commitments.revoke_feed, name="calendar_feed_revoke"),
    path("calendar/<slug:key>/commitments.ics", commitments.read_feed, name="calendar_feed"),
    path(f"{S}charges/", usage.index, name="cycle_charges"),
    path(f"{S}charges/export/", usage.export, name="cycle_charges_export"),
    path(f"{ONE}usage/", usage.one, name="held_usage"),
    path(f"{ONE}usage/nought/", usage.nought, name="held_nought"),
    path(ONE, held.one, name="held"),
    path(f"{ONE}price/", prices.edit, name="held_price"),
    path(f"{ONE}plans/", plans.plan, name="held_plan"),
    path(f"{ONE}plans/<uuid:planned>/drop/", plans.drop, name="held_plan_drop"),
]
