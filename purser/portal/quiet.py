"""Pages whose address holds the token of a mail."""

from __future__ import annotations

from django.http import HttpResponse


def quiet(answer: HttpResponse) -> HttpResponse:
    """No page that is left from here, ours or another's, is told more than our host.

    Not `no-referrer`: then a browser names no origin when the page's own form is sent, and the guard against forged forms
    must refuse it. Source: Fetch, "append a request Origin header"; reliability P23 (leaked Referer).
    """
    answer["Referrer-Policy"] = "strict-origin"
    return answer
