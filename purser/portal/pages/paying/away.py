"""Sending a browser to the payment provider's page.

A form of ours may lead to our own host only, redirects and all; so the answer is a page that goes on by itself, and has the
link for whom it does not. Source: decision S-1; CSP form-action.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from purser.connectors.ports.payment import Page


def to(request: HttpRequest, page: Page, *, title: str) -> HttpResponse:
    answer = TemplateResponse(request, "paying/away.html", {"title": title, "href": page.url})
    answer["Refresh"] = f"0;url={page.url}"
    answer["Referrer-Policy"] = "no-referrer"
    return answer
