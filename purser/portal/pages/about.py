"""The pages of the user menu beside the profile: settings, help, about, and where to report an issue.

Source: acceptance UC-11, UC-24.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from urllib.parse import quote
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.utils import timezone

from purser.access.actors import Actor
from purser.portal import navigation, requests
from purser.portal.doors import page
from purser.portal.failures import own_path
from purser.postgres import tenancy
from purser.tenants import organisations
from purser.tenants.models import Kind

_STEPS = 4  # of the tree, from a customer to the operator


@login_required
def settings(request: HttpRequest) -> HttpResponse:
    return render(request, "account/settings.html")


@login_required
def help_page(request: HttpRequest) -> HttpResponse:
    return render(request, "account/help.html", {"sections": navigation.SECTIONS})


@login_required
def about(request: HttpRequest) -> HttpResponse:
    return render(request, "account/about.html", {"version": _version()})


@page("organisation.read", seat=False)
def report_issue(request: HttpRequest, actor: Actor) -> HttpResponse:
    """A message to the vendor's support, ready to send, with what support needs to find the page and the moment."""
    to = support_address(actor.tenant)
    came = own_path(request, request.headers.get("Referer", ""))
    lines = (
        "What happened:", "", "What I expected:", "",
        f"Organisation: {actor.organisation}, Tenant ID {actor.number}",
        f"Page: {came}", f"Seen at: {timezone.now():%Y-%m-%d %H:%M:%S} UTC",
        f"Version: {_version()}", f"Reference: {requests.id_of(request)}", "",
        "Please attach your logs and a picture of the screen.",
    )  # fmt: skip
    text, subject = "\r\n".join(lines), f"Issue report of {actor.organisation} ({actor.number})"
    link = f"mailto:{quote(to)}?subject={quote(subject)}&body={quote(text)}" if to else ""
    context = {"to": to, "link": link, "text": text}
    return TemplateResponse(request, "account/report_issue.html", context)


def support_address(tenant: UUID) -> str:
    """The address that the operator at the root names as its contact; "" where it names none. Takes each seat in turn."""
    at: UUID | None = tenant
    for _ in range(_STEPS):
        if at is None:
            break
        with tenancy.acting_in(at):
            row = organisations.own()
        if row.kind == Kind.OPERATOR:
            return str(row.contact_email)
        at = row.parent_id
    return ""


def _version() -> str:
    try:
        return version("purser")
    except PackageNotFoundError:
        return "from source"
