"""Support: its home, the security FAQ and the privacy policy; contact is the report of an issue. Source: acceptance CS-70."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from purser.access.actors import Actor
from purser.portal.doors import page
from purser.portal.pages.about import support_address

PAGES = (("support", "Support home"), ("support_security", "Security FAQ"), ("support_privacy", "Privacy policy"))


def _shown(request: HttpRequest, actor: Actor, name: str, title: str) -> HttpResponse:
    links = [(words, reverse(one, kwargs={"tenant": actor.tenant}), one == name) for one, words in PAGES]
    context = {"title": title, "links": links, "address": support_address(actor.tenant)}
    return TemplateResponse(request, f"support/{name.removeprefix('support_')}.html", context)


@page("organisation.read", seat=False)
def home(request: HttpRequest, actor: Actor) -> HttpResponse:
    return _shown(request, actor, "support", "Support")


@page("organisation.read", seat=False)
def security(request: HttpRequest, actor: Actor) -> HttpResponse:
    return _shown(request, actor, "support_security", "Security FAQ")


@page("organisation.read", seat=False)
def privacy(request: HttpRequest, actor: Actor) -> HttpResponse:
    return _shown(request, actor, "support_privacy", "Privacy policy")
