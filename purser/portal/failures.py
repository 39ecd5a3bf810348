"""From a failure to a page: what happened, what became of the input, what to do, and a number to quote.

The kinds of `kernel.errors` say what the caller does next, and so what the answer is: Refused 422, Missing 404, Busy
and Unsure 503, denied 403. Anything else is a defect: logged with its trace, shown without it. Source: ux 48.
"""

from __future__ import annotations

import logging
import math
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from psycopg.errors import UniqueViolation

from purser.access import actors, permit
from purser.finding.ended import Ended
from purser.kernel.errors import Busy, Missing, Refused, Unsure
from purser.portal import requests

log = logging.getLogger(__name__)

# Raised on purpose by Django and answered through the handler views below.
DJANGOS = (Http404, PermissionDenied, SuspiciousOperation, BadRequest)


def answer(request: HttpRequest, error: Exception) -> HttpResponse | None:
    """The answer to what a view raised; None for the exceptions that Django answers itself."""
    if isinstance(error, DJANGOS):
        return None
    if isinstance(error, Refused) and error.code == "step_up":
        return step_up(request)
    if isinstance(error, permit.Denied):
        return show(request, 403, title="You may not do this", text=error.text, hint=error.hint or ASK_OWNER)
    if isinstance(error, Refused):
        return show(request, 422, title="This was not done", text=error.text, hint=error.hint)
    if isinstance(error, Missing):
        return show(request, 404, title="There is nothing here", text=NOTHING_HERE, hint=CHECK_ADDRESS)
    if isinstance(error, Busy):
        return _busy(request, error)
    if isinstance(error, Unsure):
        return show(request, 503, title="No answer came back", text=error.text, hint=error.hint or LOOK_FIRST)
    if isinstance(error, IntegrityError) and isinstance(error.__cause__, UniqueViolation):
        title = "Somebody did it at the same moment"
        return show(request, 409, title=title, text="Nothing was changed.", hint="Read it again, then decide.")
    log.exception("A page failed: %s %s", request.method, request.path, exc_info=error)
    return broken(request)


ASK_OWNER = "An owner of your organisation can change your role under Administration, People."
NOTHING_DONE = "Nothing was changed. If you still need access, ask for it anew."
NOTHING_HERE = "This page does not exist, or it belongs to an organisation you are not a member of."
CHECK_ADDRESS = "Check the address, or start again from your home page."
LOOK_FIRST = "It may have taken effect. Look at the current state before you try again."


def _busy(request: HttpRequest, error: Busy) -> HttpResponse:
    seconds = math.ceil(error.retry_after.total_seconds()) if error.retry_after else 30
    hint = error.hint or f"Nothing was changed. Try again in {seconds} seconds."
    response = show(request, 503, title="Busy just now", text=error.text, hint=hint)
    response["Retry-After"] = str(seconds)
    return response


def show(
    request: HttpRequest, status: int, *, title: str, text: str, hint: str = "", lead: str = "", lead_words: str = ""
) -> HttpResponse:
    """A page, an alert for htmx, or JSON for a program, with this status; `lead` is where the page leads on to."""
    words = {"title": title, "text": text, "hint": hint, "status": status, "reference": requests.id_of(request)}
    if request.headers.get("HX-Request") == "true":
        # The alert takes the place of the flash messages; what the person typed stays where it is.
        response = render(request, "errors/alert.html", words, status=status)
        response["HX-Retarget"], response["HX-Reswap"] = "#messages", "innerHTML"
        response["HX-Push-Url"] = "false"
        return response
    if _wants_json(request):
        return JsonResponse(words, status=status)
    leads = {"back": "" if lead else _back(request), "lead": lead, "lead_words": lead_words}
    return render(request, "errors/page.html", {**words, **leads}, status=status)


def _back(request: HttpRequest) -> str:
    """The page a form was sent from; "" for a page that was only opened."""
    came = own_path(request, request.headers.get("Referer", "")) if request.method == "POST" else "/"
    return "" if came == "/" else came


def _wants_json(request: HttpRequest) -> bool:
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"


def shut(request: HttpRequest, tenant: UUID, ended: Ended | None) -> HttpResponse:
    """The tenant lets this person in no longer, or never did; only the former is told so.

    A page of it that is open goes as a whole: what it shows is no longer theirs to see, and its polls stop with it.
    Source: acceptance UC-13.
    """
    words = {"title": "There is nothing here", "text": NOTHING_HERE, "hint": CHECK_ADDRESS}
    if ended is not None:
        name = "break_glass" if ended.emergency else "tenant"
        where = {"tenant": ended.home} if ended.emergency else {"tenant": ended.home, "organisation": tenant}
        words = {"title": f"Your access to {ended.tenant} has ended", "text": ended.why, "hint": NOTHING_DONE}
        words |= {"lead": reverse(name, kwargs=where), "lead_words": f"What you know of {ended.tenant}"}
    response = show(request, 404, **words)
    here = own_path(request, request.headers.get("HX-Current-URL", ""))
    if request.headers.get("HX-Request") == "true" and here.startswith(f"/t/{tenant}/"):
        response["HX-Redirect"] = here
    return response


def step_up(request: HttpRequest) -> HttpResponse:
    """To the page that asks for the password or second factor again, and back here afterwards.

    What was posted is not carried over: the person returns to the page it came from and sends it again.
    """
    back = request.get_full_path()
    if request.method not in {"GET", "HEAD"}:
        back = own_path(request, request.headers.get("HX-Current-URL") or request.headers.get("Referer") or "/")
    via = actors.via(request)
    if via is not None:  # signed on through an organisation's provider: proven anew there
        where = reverse("sso", kwargs={"tenant": via}) + "?" + urlencode({"next": back, "again": "1"})
    else:
        where = reverse("account_reauthenticate") + "?" + urlencode({"next": back})
    return go(request, where, title="Confirm that it is you")


def sign_in(request: HttpRequest) -> HttpResponse:
    """To the sign-in page, and back here afterwards."""
    back = request.get_full_path() if request.method in {"GET", "HEAD"} else "/"
    return go(request, reverse("account_login") + "?" + urlencode({"next": back}), title="Sign in first")


def go(request: HttpRequest, address: str, *, title: str) -> HttpResponse:
    """A redirect that htmx follows as a whole page, and a program gets as 401."""
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(status=200, headers={"HX-Redirect": address})
    if _wants_json(request):
        return JsonResponse({"title": title, "status": 401, "reference": requests.id_of(request)}, status=401)
    return HttpResponse(status=302, headers={"Location": address})


def own_path(request: HttpRequest, address: str) -> str:
    """The path and query of an address on this host, "/" for any other: a foreign `next` must not lead away."""
    if not url_has_allowed_host_and_scheme(address, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        return "/"
    parts = urlsplit(address)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def missing(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """handler404: the same words for absent and not yours."""
    return show(request, 404, title="There is nothing here", text=NOTHING_HERE, hint=CHECK_ADDRESS)


def denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """handler403."""
    return show(request, 403, title="You may not do this", text="Your role does not allow this.", hint=ASK_OWNER)


def bad(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """handler400."""
    return show(request, 400, title="The request could not be read", text="Nothing was changed.", hint=CHECK_ADDRESS)


def forged(request: HttpRequest, reason: str = "") -> HttpResponse:
    """CSRF_FAILURE_VIEW: most often a page that was open while its session ended."""
    return show(
        request,
        403,
        title="This page was open too long",
        text="Nothing was changed: the form's safety mark has expired.",
        hint="Reload the page, sign in if asked, and send it again.",
    )


def broken(request: HttpRequest) -> HttpResponse:
    """handler500, and the answer to a defect."""
    kept = "Nothing of this step was kept: a step is saved whole or not at all."
    try:
        return show(
            request,
            500,
            title="Something is broken on our side",
            text=kept,
            hint="Try again. If it happens again, send us the reference below: it leads to what went wrong.",
        )
    except Exception:  # the frame itself is what broke
        log.exception("The page for a failure failed")
        return HttpResponse(
            f"Something is broken on our side. {kept} Reference: {requests.id_of(request)}",
            status=500,
            content_type="text/plain",
        )
