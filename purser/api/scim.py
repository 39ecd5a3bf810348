"""The door of directories: `/scim/v2/<tenant>/...`, with the organisation's own bearer token. Source: RFC 7644.

Whatever is wrong with a token, and whatever organisation is named, the answer is the same 401.
"""

from __future__ import annotations

import json
from datetime import datetime
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from scim2_models import InvalidValueException, SCIMException, UnauthorizedException
from scim2_server.requests import ScimRequest
from scim2_server.responses import SCIM_MEDIA_TYPE, ScimResponse
from scim2_server.service import ScimService

from purser.access import actors
from purser.access.directory import keys, service
from purser.access.identity import DirectoryToken
from purser.api import limits
from purser.kernel.errors import Busy, Missing
from purser.postgres import tenancy


class TooLarge(SCIMException):
    status = 413
    _default_detail = f"A request has at most {service.MOST_BYTES} bytes"


class TooOften(SCIMException):
    status = 429
    _default_detail = "Too many calls"


@csrf_exempt  # no cookie opens it: only the token in the header does
def door(request: HttpRequest, tenant: UUID, rest: str = "") -> HttpResponse:
    """Answer one request of a directory."""
    now = timezone.now()
    protocol = ScimService(service.provider())
    try:
        token = _token(request, tenant, now)
        if int(request.META.get("CONTENT_LENGTH") or 0) > service.MOST_BYTES:
            raise TooLarge
        if b"\\u0000" in request.body or b"\0" in request.body:
            raise InvalidValueException(detail="A text holds a character that no text has (U+0000).")
        asked = ScimRequest(
            method=str(request.method),
            base_url=_base(request, tenant),
            path="/" + rest.removesuffix(".scim"),
            query=request.GET.dict(),
            headers=dict(request.headers.items()),
            body=request.body,
        )
        request_id = str(getattr(request, "request_id", ""))
        found = service.answer(asked, token=token, address=actors.address(request), request_id=request_id, now=now)
        return _sent(found)
    except SCIMException as failure:
        return _sent(protocol.error_response(failure))
    except Busy as busy:
        response = _sent(protocol.error_response(TooOften(detail=busy.text)))
        response["Retry-After"] = str(int(busy.retry_after.total_seconds()) + 1 if busy.retry_after else 60)
        return response


door.before_second_factor = True  # type: ignore[attr-defined]  # a session that happens to come along counts for nothing


def _token(request: HttpRequest, tenant: UUID, now: datetime) -> DirectoryToken:
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or keys.tenant_of(value.strip()) != tenant:
        raise UnauthorizedException
    try:
        with tenancy.acting_in(tenant):
            token = keys.held(value.strip(), now=now)
            limits.call(token.token_hash, now=now)
            return token
    except Missing:
        raise UnauthorizedException from None


def _base(request: HttpRequest, tenant: UUID) -> str:
    return request.build_absolute_uri(f"/scim/v2/{tenant}")


def _sent(answer: ScimResponse) -> HttpResponse:
    body = b"" if answer.body is None else json.dumps(answer.body).encode()
    headers = {name: value for name, value in answer.headers.items() if name.lower() != "content-type"}
    return HttpResponse(body, status=int(answer.status), content_type=SCIM_MEDIA_TYPE, headers=headers)
