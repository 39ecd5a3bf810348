"""Addresses of those who sell, and of the operator above them. Included at the root of the site."""

from __future__ import annotations

from django.urls import path

from purser.portal.pages import organisations
from purser.portal.pages.partners import (
    accept,
    administration,
    break_glass,
    bringing,
    orders,
    requests,
    settings,
    tenant,
    tenants,
)

T = "t/<uuid:tenant>/"
ONE = f"{T}tenants/<uuid:organisation>/"
ORGANISATION = f"{T}organisations/<uuid:organisation>/"

urlpatterns = [
    path("tenants/accept/<uuid:partner>/<str:token>/", accept.accept, name="tenants_accept"),
    path("tenants/accept/<uuid:partner>/<str:token>/microsoft/", bringing.go, name="tenants_bring"),
    path("tenants/accept/brought/", bringing.back, name="tenants_brought"),
    path(f"{T}tenants/", tenants.index, name="tenants"),
    path(f"{T}tenants/export/", tenants.export, name="tenants_export"),
    path(f"{T}tenants/below/", tenants.below, name="tenants_below"),
    path(f"{T}tenants/below/export/", tenants.below_export, name="tenants_below_export"),
    path(f"{T}tenants/pane/", tenants.pane, name="tenants_pane"),
    path(f"{T}tenants/invite/", tenants.invite, name="tenants_invite"),
    path(f"{T}tenants/invitations/<uuid:invited>/again/", tenants.again, name="tenants_again"),
    path(f"{T}tenants/invitations/<uuid:invited>/withdraw/", tenants.withdraw, name="tenants_withdraw"),
    path(ONE, tenant.one, name="tenant"),
    path(f"{ONE}ask/", tenant.ask, name="tenant_ask"),
    path(f"{ONE}take-back/", tenant.take_back, name="tenant_take_back"),
    path(f"{ONE}agreement/", tenant.confirm, name="tenant_agreement"),
    path(f"{ONE}agreement/<slug:side>/", tenant.paper, name="tenant_paper"),
    path(f"{T}administration/", administration.index, name="administration"),
    path(f"{T}administration/request/", administration.ask, name="administration_request"),
    path(f"{T}settings/", settings.roles, name="settings"),
    path(f"{T}settings/tenant/", settings.pick, name="settings_tenant"),
    path(f"{T}heads/", settings.choose, name="heads"),
    path(f"{T}requests/", requests.index, name="requests"),
    path(f"{T}requests/<uuid:asked>/", requests.answer, name="requests_answer"),
    path(f"{T}regions/", requests.regions, name="regions"),
    path(f"{T}regions/require/", requests.require, name="regions_require"),
    path(f"{T}orders/", orders.take, name="orders"),
    path(f"{T}orders/half-done/", orders.half_done, name="orders_half_done"),
    path(f"{T}orders/<uuid:order>/complete/", orders.complete, name="orders_complete"),
    path(f"{T}orders/<uuid:order>/undo/", orders.undo, name="orders_undo"),
    path(f"{T}break-glass/", break_glass.index, name="break_glass"),
    path(f"{T}organisations/export/", organisations.export, name="organisations_export"),
    path(ORGANISATION, organisations.one, name="organisation"),
    path(f"{ORGANISATION}move/", organisations.move, name="organisation_move"),
    path(f"{ORGANISATION}suspend/", organisations.suspend, name="organisation_suspend"),
    path(f"{ORGANISATION}resume/", organisations.resume, name="organisation_resume"),
    path(f"{ORGANISATION}break-glass/", break_glass.ask, name="break_glass_ask"),
    path(f"{ORGANISATION}break-glass/approve/", break_glass.approve, name="break_glass_approve"),
    path(f"{ORGANISATION}break-glass/end/", break_glass.end, name="break_glass_end"),
]
