"""The door of every tenant page: sign-in, seat, membership or consent, permission, and only then the view.

    @page("links.read")
    def linked(request: HttpRequest, actor: Actor) -> HttpResponse: ...

    path("t/<uuid:tenant>/linked/", linked, name="linked")

The view runs in one transaction in the tenant's seat; a TemplateResponse is rendered inside it, and a failure rolls
it back. With `seat=False` the view runs without a transaction, for pages that call a vendor: it takes
`tenancy.acting_in` itself, around its reads and writes but never around the call, and gives its template plain
values. Source: architecture, Tenancy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import SimpleTemplateResponse
from django.utils import timezone

from purser.access import actors, acts, permit, policy, sessions, verbs
from purser.access.actors import Actor
from purser.access.models import Person
from purser.finding import ended
from purser.kernel.errors import Missing
from purser.portal import failures

# What it needs of the address comes by name; the tenant is `actor.tenant`.
View = Callable[..., HttpResponseBase]


def page(verb: str, *, seat: bool = True) -> Callable[[View], View]:
    """Guard a view by a verb. Raises LookupError at import for a verb that is not in the table."""
    verbs.find(verb)

    def guard(view: View) -> View:
        @wraps(view)
        def door(request: HttpRequest, tenant: UUID, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return failures.sign_in(request)
            actor: Actor | None = None
            try:
                with admitted(request, tenant) as actor:
                    permit.check(actor, verb)
                    if seat:
                        return _rendered(view(request, actor, **kwargs))
                return _rendered(view(request, actor, **kwargs))
            except Missing:
                if actor is not None:  # something in the tenant is missing, not the way in
                    raise
                assert isinstance(request.user, Person)
                return failures.shut(request, tenant, ended.look(request.user.pk, tenant, now=timezone.now()))
            except permit.Denied as refusal:
                if actor is not None:
                    acts.denied(actor, verb, summary=refusal.text, now=timezone.now())
                raise

        door.verb = verb  # type: ignore[attr-defined]  # read by the test that every address has a door
        return door

    return guard


@contextmanager
def admitted(request: HttpRequest, tenant: UUID) -> Iterator[Actor]:
    """Take the tenant's seat as the signed-in person, who is kept on the request for the frame. Raises Missing."""
    assert isinstance(request.user, Person)
    via = actors.via(request)
    with actors.entering(request.user, tenant=tenant, request=request, now=timezone.now(), via=via) as actor:
        request.actor = actor  # type: ignore[attr-defined]
        sessions.tighten(request.session, idle=policy.longest(actor.kind))
        yield actor


def _rendered(response: HttpResponseBase) -> HttpResponseBase:
    if isinstance(response, SimpleTemplateResponse) and not response.is_rendered:
        return response.render()
    return response
