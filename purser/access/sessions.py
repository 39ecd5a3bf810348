"""How long a session lasts: without a click as long as its organisations let it (policy.py), twelve hours in all.
Source: reliability P22, section 4.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.usersessions.models import UserSession
from django.contrib.auth import SESSION_KEY, logout
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

IDLE = timedelta(minutes=30)
WHOLE = timedelta(hours=12)
NOTED_EVERY = timedelta(minutes=1)  # so that reading a page does not write one

_BEGAN, _SEEN, _IDLE = "began_at", "seen_at", "idle_seconds"


def begin(session: SessionBase, *, now: datetime, idle: timedelta = IDLE) -> None:
    """A person signed in: both limits count from here."""
    session[_BEGAN] = session[_SEEN] = now.timestamp()
    session[_IDLE] = idle.total_seconds()


def tighten(session: SessionBase, *, idle: timedelta) -> None:
    """The session entered an organisation that allows it less: somebody who joined it after signing in."""
    if session.get(_IDLE, 0) > idle.total_seconds():
        session[_IDLE] = idle.total_seconds()


def over(session: SessionBase, *, now: datetime) -> bool:
    """Whether a signed-in session has reached a limit; otherwise this click is noted, to the minute."""
    if _BEGAN not in session:
        begin(session, now=now)
        return False
    idle = timedelta(seconds=session.get(_IDLE, IDLE.total_seconds()))
    seen = datetime.fromtimestamp(session[_SEEN], tz=now.tzinfo)
    if now - datetime.fromtimestamp(session[_BEGAN], tz=now.tzinfo) >= WHOLE or now - seen >= idle:
        return True
    if now - seen >= NOTED_EVERY:
        session[_SEEN] = now.timestamp()
    return False


def renew(session: SessionBase) -> None:
    """A new id for the same session; the old one opens nothing any more, and the list of sessions names the new one."""
    old = session.session_key
    session.cycle_key()
    UserSession.objects.filter(session_key=old).update(session_key=session.session_key)


class Limits:
    """Middleware, after authentication: signs a person out whose session is over; the page then asks them
    to sign in. A session in which somebody proved anew who they are goes on under a new id, as at sign-in: whoever knew the
    old one must not gain what the proof opens.
    """

    def __init__(
        self, get_response: Callable[[HttpRequest], HttpResponse], clock: Callable[[], datetime] = timezone.now
    ) -> None:
        self.get_response = get_response
        self.clock = clock

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if SESSION_KEY in request.session and over(request.session, now=self.clock()):
            logout(request)
        proofs = request.session.get(AUTHENTICATION_METHODS_SESSION_KEY)
        response = self.get_response(request)
        if proofs and request.session.get(AUTHENTICATION_METHODS_SESSION_KEY, proofs) != proofs:
            renew(request.session)
        return response
