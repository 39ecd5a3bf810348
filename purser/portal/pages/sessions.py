"""Where a person is signed in: each session listed, and ended at once. Source: reliability P22."""

from __future__ import annotations

from allauth.usersessions.internal.flows.sessions import end_sessions
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from purser.access import signals
from purser.access.models import Person
from purser.kernel.errors import Missing


@login_required
def index(request: HttpRequest) -> HttpResponse:
    """The list; a POST ends all but this one."""
    person = _person(request)
    rows = sorted(UserSession.objects.purge_and_list(person), key=lambda row: row.created_at)
    if request.method == "POST":
        return _end(request, person, [row for row in rows if not row.is_current()])
    return render(request, "usersessions/usersession_list.html", {"sessions": rows, "session_count": len(rows)})


@login_required
def end(request: HttpRequest, session: int) -> HttpResponse:
    """End one of the person's own sessions; the session of somebody else is not there."""
    person = _person(request)
    found = UserSession.objects.filter(pk=session, user_id=person.pk).first()
    if found is None or request.method != "POST":
        raise Missing("There is no such session.")
    return _end(request, person, [found])


def _end(request: HttpRequest, person: Person, rows: list[UserSession]) -> HttpResponse:
    here = any(row.is_current() for row in rows)
    if rows:
        signals.note(person, request, "account.sessions", f"Ended {len(rows)} session{'' if len(rows) == 1 else 's'}")
        end_sessions(request, rows)
    if not here:
        words = "1 session is ended" if len(rows) == 1 else f"{len(rows)} sessions are ended"
        messages.success(request, f"{words}; the next click there asks to sign in.")
    return HttpResponseRedirect(reverse("account_login" if here else "usersessions_list"))


def _person(request: HttpRequest) -> Person:
    assert isinstance(request.user, Person)
    return request.user
