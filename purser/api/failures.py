"""From a failure to an answer: `{"error": {"code", "text", "hint"}}` with the status that tells what to do next.

401 say who you are (again), 403 your role does not allow it, 404 absent or not yours, 405 the address takes other methods,
409 somebody else was faster, 422 as asked it cannot be done, 429 and 503 later. Anything else is a defect: logged with its
trace, answered without it.
"""

from __future__ import annotations

import functools
import logging
import math
from collections.abc import Callable, Sequence
from typing import Any

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent
from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.http.request import UnreadablePostError
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from psycopg.errors import UniqueViolation

from purser.access.often import TooOften
from purser.access.permit import Denied, StepUp
from purser.access.testing import TooManyTests
from purser.api.callers import Forged
from purser.api.limits import TooMany
from purser.api.replays import UnderWay
from purser.billing.paying.purchases import Stale
from purser.kernel.errors import Busy, Failure, Missing, Refused, Unsure
from purser.provisioning.accounts import NotSynced

log = logging.getLogger(__name__)

# The status of each kind, the narrower before the wider.
STATUS: tuple[tuple[type[Failure], int], ...] = (
    (StepUp, 401),
    (Denied, 403),
    (Forged, 403),
    (UnderWay, 409),
    (Stale, 409),
    (TooMany, 429),
    (TooManyTests, 429),
    (TooOften, 429),
    (Refused, 422),
    (Missing, 404),
    (Busy, 503),
    (Unsure, 503),
)


def answer(status: int, code: str, text: str, hint: str = "", **more: Any) -> JsonResponse:
    return JsonResponse({"error": {"code": code, "text": text, "hint": hint, **more}}, status=status)


def of(failure: Failure) -> JsonResponse:
    status = next(status for kind, status in STATUS if isinstance(failure, kind))
    more = {"quote": str(failure.quote.pk)} if isinstance(failure, Stale) and failure.quote else {}
    if isinstance(failure, NotSynced):  # whom to sync, and with what
        more = {"organisation": str(failure.organisation), "instance": str(failure.instance)}
    response = answer(status, failure.code or type(failure).__name__.lower(), failure.text, failure.hint, **more)
    if isinstance(failure, Busy | TooOften) and failure.retry_after is not None:
        response["Retry-After"] = str(math.ceil(failure.retry_after.total_seconds()))
    elif status == 503:
        response["Retry-After"] = "30"
    if status == 401:
        response["WWW-Authenticate"] = "Bearer"
    return response


@csrf_exempt  # it changes nothing, whoever sends it
def nothing_here(request: HttpRequest, *_: Any) -> JsonResponse:
    """An address that leads nowhere: the same words as for what is absent or not yours."""
    return answer(404, "missing", "There is nothing here.")


def telling_methods(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """The view, with our answer in place of the bare words for a method that the address does not take."""

    @functools.wraps(view)
    def door(request: HttpRequest, *given: Any, **named: Any) -> HttpResponseBase:
        response = view(request, *given, **named)
        if not isinstance(response, HttpResponseNotAllowed):
            return response
        methods = ", ".join(sorted(response["Allow"].split(", ")))
        refused = answer(405, "method", f"This address takes {methods}, and not {request.method}.")
        refused["Allow"] = methods
        return refused

    return door


def _unknown(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    response = answer(
        401, "unauthenticated", "Say who you are.", "Send an API token as Authorization: Bearer, or sign in to the portal."
    )
    response["WWW-Authenticate"] = "Bearer"
    return response


def _unreadable(request: HttpRequest, error: HttpError) -> HttpResponse:
    return answer(error.status_code, "unreadable", error.message)


def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """Where and why, but not what: a value may be a secret."""
    fields = [{"where": _where(one["loc"]), "text": one["msg"]} for one in error.errors]
    text = f"{fields[0]['where']}: {fields[0]['text']}" if fields else "The call does not fit."
    return answer(422, "invalid", text, "See `fields`.", fields=fields)


def _where(location: Sequence[str | int]) -> str:
    """The path to the value, without the names of our own parameters."""
    return ".".join(str(part) for part in location[1:] if part not in ("body", "paging", "switches")) or str(location[0])


def _raced(request: HttpRequest, error: IntegrityError) -> HttpResponse:
    if isinstance(error.__cause__, UniqueViolation):
        return answer(409, "raced", "Somebody else did it at the same moment.", "Read it again, then decide.")
    return _defect(request, error)


def _defect(request: HttpRequest, error: Exception) -> HttpResponse:
    log.exception("The API failed: %s %s", request.method, request.path, exc_info=error)
    reference = str(getattr(request, "request_id", ""))
    return answer(500, "defect", "Something is broken on our side; nothing was kept.", f"Reference: {reference}")


def lay(api: NinjaAPI) -> None:
    """Register the answers."""
    answers: dict[type[Exception], Callable[..., HttpResponse]] = {
        Failure: lambda request, failure: of(failure),
        AuthenticationError: _unknown,
        HttpError: _unreadable,
        ValidationError: _invalid,
        IntegrityError: _raced,
        RequestDataTooBig: lambda request, error: answer(413, "too_large", "The body is too large.", "Send it in parts."),
        TooManyFieldsSent: lambda request, error: answer(400, "unreadable", "The address names more than 1,000 values."),
        UnreadablePostError: lambda request, error: answer(400, "unreadable", "The body ended early."),
        Http404: nothing_here,
        Exception: _defect,
    }
    for kind, give in answers.items():
        api.add_exception_handler(kind, give)
