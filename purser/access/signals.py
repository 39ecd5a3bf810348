"""What follows from a sign-in or a change of password or factors: other sessions end, and each organisation
is told.
"""

from __future__ import annotations

from typing import Any

from allauth.account import signals as account
from allauth.mfa import signals as mfa
from allauth.usersessions.internal.flows.sessions import end_other_sessions
from django.contrib.auth.signals import user_logged_in
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from purser.access import actors, acts, people, policy, second_factor, sessions
from purser.access.models import Person
from purser.kernel.errors import Missing
from purser.postgres import tenancy


def connect() -> None:
    user_logged_in.connect(_signed_in)
    account.password_changed.connect(_password_changed)
    account.password_reset.connect(_password_changed)
    mfa.authenticator_added.connect(_factors_changed)
    mfa.authenticator_removed.connect(_factors_changed)
    mfa.authenticator_reset.connect(_factors_changed)


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


def _signed_in(request: HttpRequest, user: Person, **_: Any) -> None:
    sessions.begin(request.session, now=timezone.now(), idle=policy.idle_of(user.pk))
    note(user, request, "account.sign_in", "Signed in")


def _password_changed(request: HttpRequest, user: Person, **_: Any) -> None:
    # Sessions die with the password, as they carry a digest of it; the list of sessions is cleared with them.
    end_other_sessions(request, user)
    note(user, request, "account.password", "Changed the password")


def _factors_changed(request: HttpRequest, user: Person, **_: Any) -> None:
    second_factor.look_again(request)
    end_other_sessions(request, user)
    note(user, request, "account.factors", "Changed the second factors")
