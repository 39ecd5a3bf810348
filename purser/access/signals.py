"""What follows from a sign-in or a change of password or factors: other sessions end, and each organisation
and the person are told.
"""

from __future__ import annotations

from typing import Any

from allauth.account import signals as account
from allauth.mfa import signals as mfa
from allauth.mfa.models import Authenticator
from allauth.usersessions.internal.flows.sessions import end_other_sessions
from django.contrib.auth.signals import user_logged_in
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from purser.access import actors, acts, letters, people, policy, second_factor, sessions
from purser.access.models import Person
from purser.kernel.errors import Missing
from purser.postgres import tenancy

_APP, _PASSKEY, _CODES = Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN, Authenticator.Type.RECOVERY_CODES
# Recovery codes come with the first factor and go with the last one: that mail says it already.
ADDED = {_APP: "An authenticator app was set up", _PASSKEY: "A passkey was added"}
REMOVED = {_APP: "The authenticator app was removed", _PASSKEY: "A passkey was removed"}


def connect() -> None:
    user_logged_in.connect(_signed_in)
    account.password_changed.connect(_password_changed)
    account.password_reset.connect(_password_changed)
    mfa.authenticator_added.connect(_factor_added)
    mfa.authenticator_removed.connect(_factor_removed)
    mfa.authenticator_reset.connect(_codes_made)
    mfa.authenticator_used.connect(_factor_used)


def note(person: Person, request: HttpRequest, verb: str, summary: str) -> None:
    """Keep an act of the person's own account in every organisation they belong to, after the change is
    committed.
    """

    def write() -> None:
        for place in people.places(person.pk):
            try:
                with tenancy.acting_in(place.tenant):
                    actor = actors.load(person, tenant=place.tenant, request=request)
                    acts.record(actor, verb, summary=summary, of=("person", person.pk), now=timezone.now())
            except Missing:
                continue  # a suspended organisation keeps no new acts

    transaction.on_commit(write)


def tell(person: Person, request: HttpRequest, what: str) -> None:
    """Mail a person what was done to their account, after it is committed: whoever took it over cannot hide it.

    A mail server that does not answer is logged; the change stands.
    """
    at, address = timezone.now(), actors.address(request)
    transaction.on_commit(lambda: letters.notice(email=person.email, what=what, at=at, address=address), robust=True)


def _signed_in(request: HttpRequest, user: Person, **_: Any) -> None:
    sessions.begin(request.session, now=timezone.now(), idle=policy.idle_of(user.pk))
    note(user, request, "account.sign_in", "Signed in")


def _password_changed(request: HttpRequest, user: Person, **_: Any) -> None:
    # Sessions die with the password, as they carry a digest of it; the list of sessions is cleared with them.
    end_other_sessions(request, user)
    note(user, request, "account.password", "Changed the password")
    tell(user, request, "Your password was changed")


def _factor_added(request: HttpRequest, user: Person, authenticator: Authenticator, **_: Any) -> None:
    _factors_changed(request, user, ADDED.get(authenticator.type))


def _factor_removed(request: HttpRequest, user: Person, authenticator: Authenticator, **_: Any) -> None:
    _factors_changed(request, user, REMOVED.get(authenticator.type))


def _codes_made(request: HttpRequest, user: Person, **_: Any) -> None:
    _factors_changed(request, user, "New recovery codes were made, and the old ones do not work any more")


def _factor_used(request: HttpRequest, user: Person, authenticator: Authenticator, **_: Any) -> None:
    if authenticator.type == _CODES:
        authenticator.refresh_from_db()  # the use was noted on another copy of the row
        left = len(authenticator.wrap().get_unused_codes())
        tell(user, request, f"A recovery code was used ({left} left)")


def _factors_changed(request: HttpRequest, user: Person, what: str | None) -> None:
    second_factor.look_again(request)
    end_other_sessions(request, user)
    note(user, request, "account.factors", "Changed the second factors")
    if what:
        tell(user, request, what)
