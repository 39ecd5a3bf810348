"""Addresses of a customer's administration, of consent and of roles, and the pages of the user menu."""

from __future__ import annotations

from django.urls import path

from purser.portal.pages import about, people, roles
from purser.portal.pages.customer import consent, domain, overview, rooms

T = "t/<uuid:tenant>/"
C = f"{T}consent/"

urlpatterns = [
    path(f"{T}overview/", overview.index, name="overview"),
    path(f"{T}overview/permissions/", overview.save_permissions, name="tenant_permissions"),
    path(f"{T}domain/", domain.index, name="domain"),
    path(f"{T}domain/settings/", domain.edit, name="domain_edit"),
    *rooms.urlpatterns,
    path(C, consent.index, name="consent"),
    path(f"{C}give/", consent.give, name="consent_give"),
    path(f"{C}requests/<uuid:grant>/refuse/", consent.refuse, name="consent_refuse"),
    path(f"{C}end/", consent.end, name="consent_end"),
    path(f"{C}agreement/", consent.confirm, name="agreement_confirm"),
    path(f"{C}agreement/<slug:side>/", consent.read_paper, name="agreement_paper"),
    path(f"{C}acts/", consent.acts, name="consent_acts"),
    path(f"{C}acts/export/", consent.acts_export, name="on_behalf_export"),
    path(f"{C}record/", consent.whole, name="consent_record"),
    path(f"{T}people/<uuid:membership>/", people.one, name="person"),
    path(f"{T}people/<uuid:membership>/package/", people.give_package, name="people_package"),
    path(f"{T}people/<uuid:membership>/suspend/", people.suspend, name="people_suspend"),
    path(f"{T}people/<uuid:membership>/partner/", people.partner_administrator, name="people_partner"),
    path(f"{T}roles/", roles.index, name="roles"),
    path(f"{T}roles/make/", roles.make, name="role_make"),
    path(f"{T}roles/preview/", roles.preview, name="role_preview"),
    path(f"{T}roles/<uuid:role>/", roles.change, name="role_change"),
    path(f"{T}roles/<uuid:role>/drop/", roles.drop, name="role_drop"),
    path(f"{T}report-issue/", about.report_issue, name="report_issue"),
    path("account/settings/", about.settings, name="my_settings"),
    path("help/", about.help_page, name="help"),
    path("about/", about.about, name="about"),
]
