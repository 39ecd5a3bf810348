"""Addresses of sign-in, people and their rights. Included at the root of the site."""

from __future__ import annotations

from allauth.account import views as allauth_account
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import include, path

from purser.portal.pages import account, acts, join, launch, organisations, people, tokens


def closed(request: HttpRequest) -> HttpResponse:
    """A page of the sign-in library that we do not offer: nobody signs up, and an address is proven by an
    invitation.
    """
    raise Http404


urlpatterns = [
    path("", account.choose, name="places"),
    path("account/", account.account, name="account"),
    path("account/second-factor/", account.need_second_factor, name="second_factor"),
    path("sign-in/signup/", closed),
    path("sign-in/email/", closed),
    path("sign-in/password/set/", closed),
    path("sign-in/", include("allauth.urls")),
    path("sign-in/", allauth_account.login, name="account_login"),
    path("join/<uuid:tenant>/<str:token>/", join.join, name="join"),
    path("launch/<uuid:tenant>/", launch.launch, name="launch"),
    path("activate/<uuid:tenant>/<str:token>/", launch.activate, name="activate"),
    path("t/<uuid:tenant>/people/", people.index, name="people"),
    path("t/<uuid:tenant>/people/invite/", people.invite, name="people_invite"),
    path("t/<uuid:tenant>/people/invitations/<uuid:invitation>/again/", people.invite_again, name="people_again"),
    path("t/<uuid:tenant>/people/invitations/<uuid:invitation>/withdraw/", people.withdraw, name="people_withdraw"),
    path("t/<uuid:tenant>/people/<uuid:membership>/role/", people.change_role, name="people_role"),
    path("t/<uuid:tenant>/people/<uuid:membership>/remove/", people.remove, name="people_remove"),
    path("t/<uuid:tenant>/acts/", acts.index, name="acts"),
    path("t/<uuid:tenant>/acts/export/", acts.export, name="acts_export"),
    path("t/<uuid:tenant>/acts/<uuid:act>/", acts.one, name="act"),
    path("t/<uuid:tenant>/tokens/", tokens.index, name="tokens"),
    path("t/<uuid:tenant>/tokens/make/", tokens.make, name="tokens_make"),
    path("t/<uuid:tenant>/tokens/<uuid:token>/revoke/", tokens.revoke, name="tokens_revoke"),
    path("t/<uuid:tenant>/organisations/", organisations.index, name="organisations"),
    path("t/<uuid:tenant>/organisations/found/", organisations.found, name="organisations_found"),
    path(
        "t/<uuid:tenant>/organisations/<uuid:reseller>/licence/",
        organisations.issue_licence,
        name="organisations_licence",
    ),
]
