"""Arrivals from the marketplace: a launch from its control panel, and the link that activates a licence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from uuid import UUID

from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.module_loading import import_string
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from purser.access import acts, once, signals
from purser.access import launch as launches
from purser.access.actors import Actor
from purser.portal.doors import page
from purser.portal.pages.account import home_of
from purser.portal.quiet import quiet
from purser.postgres import tenancy

LICENCE = "licence"


@csrf_exempt  # the control panel is another site; the token's signature stands in for the form's mark
@require_POST
def launch(request: HttpRequest, tenant: UUID) -> HttpResponse:
    """Open the portal signed in as the member the token names; a second factor is still asked for.

    Source: acceptance ID-8, decision F-15.
    """
    now = timezone.now()
    try:
        with tenancy.acting_in(tenant):
            claims = launches.opened(request.POST.get("token", ""), secrets=launches.secrets_of_tenant(), now=now)
            person = launches.take(claims, now=now)
    except launches.NotLaunched as refusal:
        return render(request, "launch/refused.html", {"refusal": refusal}, status=403)
    signals.note(person, request, "account.launch", f"Opened the portal from {claims.issuer}")
    if request.user.is_authenticated and request.user.pk == person.pk:
        return HttpResponseRedirect(home_of(tenant))
    record_authentication(request, person, method="launch")
    response = perform_login(request, Login(user=person, redirect_url=home_of(tenant)))
    assert isinstance(response, HttpResponse)
    return response


launch.before_second_factor = True  # type: ignore[attr-defined]


@page("connections.write", seat=False)
def activate(request: HttpRequest, actor: Actor, token: str) -> HttpResponse:
    """Fill the marketplace page from a licence link: the person sees what will happen, then confirms.
    Source: ID-2.
    """
    now = timezone.now()
    try:
        with tenancy.acting_in(actor.tenant):
            link = once.look(LICENCE, token, now=now)
            if request.method == "POST":
                acts.record(
                    actor,
                    "connections.write",
                    summary=f"Activated the marketplace licence issued by {link.made_by}",
                    of=("licence", link.pk),
                    now=now,
                )
                on_activate()(once.take(LICENCE, token, now=now), actor)
    except once.Spent as spent:
        return render(request, "people/link_spent.html", {"refusal": spent}, status=404)
    if request.method == "POST":
        messages.success(request, "The licence is active, and the marketplace page is filled.")
        try:
            return HttpResponseRedirect(reverse("marketplace", kwargs={"tenant": actor.tenant}))
        except NoReverseMatch:
            return HttpResponseRedirect(home_of(actor.tenant))
    return quiet(render(request, "launch/activate.html", {"link": link}))


def on_activate() -> Callable[[Mapping[str, str], Actor], object]:
    """What fills the connection, by its dotted name in settings.ON_ACTIVATE: this page need not know the topic behind."""
    name: str = getattr(settings, "ON_ACTIVATE", "")
    fill: Callable[[Mapping[str, str], Actor], object] = import_string(name)
    return fill
