"""Addresses of sign-on, directory and sessions. Included at the root of the site, before the sign-in library's own."""

from __future__ import annotations

from django.urls import path

from purser.portal.pages import directory, sessions, sign_on, sso

T = "t/<uuid:tenant>/"

urlpatterns = [
    path("sign-in/sso/", sso.find, name="sso_find"),
    path("sign-in/sso/<uuid:tenant>/", sso.start, name="sso"),
    path("sign-in/sso/<uuid:tenant>/go/", sso.go, name="sso_go"),
    path("sign-in/sso/<uuid:tenant>/back/", sso.back, name="sso_back"),
    path("sign-in/sessions/", sessions.index, name="usersessions_list"),
    path("sign-in/sessions/<int:session>/end/", sessions.end, name="session_end"),
    path("prove/<uuid:tenant>/<str:token>/", sign_on.prove, name="domain_prove"),
    path(f"{T}sign-on/", sign_on.index, name="sign_on"),
    path(f"{T}sign-on/provider/", sign_on.edit, name="sign_on_edit"),
    path(f"{T}sign-on/policy/", sign_on.change_policy, name="sign_on_policy"),
    path(f"{T}sign-on/forget/", sign_on.forget, name="sign_on_forget"),
    path(f"{T}sign-on/domains/", sign_on.add_domain, name="domain_add"),
    path(f"{T}sign-on/domains/<uuid:domain>/again/", sign_on.ask_again, name="domain_again"),
    path(f"{T}sign-on/domains/<uuid:domain>/remove/", sign_on.remove_domain, name="domain_remove"),
    path(f"{T}directory/", directory.index, name="directory"),
    path(f"{T}directory/token/", directory.make_token, name="directory_token"),
    path(f"{T}directory/tokens/<uuid:bearer>/revoke/", directory.revoke_token, name="directory_revoke"),
    path(f"{T}directory/groups/<uuid:group>/role/", directory.give_role, name="directory_role"),
]
