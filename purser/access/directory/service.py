"""The SCIM 2.0 protocol over an organisation's directory: what we announce, and one request answered.

The library knows the protocol; here is what we support of it, the habits of Microsoft Entra that the standard does not
have, and how a refusal of ours reads in it.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any

from django.db import IntegrityError
from psycopg.errors import UniqueViolation
from scim2_models import (
    AuthenticationScheme,
    Bulk,
    ChangePassword,
    ETag,
    External,
    Filter,
    Patch,
    Reference,
    Resource,
    SCIMException,
    ScimProvider,
    ServiceProviderConfig,
    Sort,
    UniquenessException,
)
from scim2_server.handler import ScimHandler
from scim2_server.requests import ScimRequest
from scim2_server.responses import ScimResponse
from scim2_server.service import ScimService
from scim2_server.utils import load_default_resource_types, load_default_schemas

from purser.access import actors
from purser.access.actors import Actor
from purser.access.directory.storage import Storage
from purser.access.identity import DirectoryToken
from purser.kernel.errors import Refused
from purser.postgres import tenancy

MOST_RESULTS = 200
MOST_BYTES = 5 * 1024 * 1024  # a group with tens of thousands of members, whole
_BY_TYPE = re.compile(r'(?:urn:[^\[]*:)?(\w+)\[\s*type\s+eq\s+"([^"]+)"\s*\]\.(\w+)', re.IGNORECASE)


@cache
def provider() -> ScimProvider:
    """Users with the enterprise extension, and groups. No bulk, and no passwords: people have their own."""
    config = ServiceProviderConfig(
        patch=Patch(supported=True),
        bulk=Bulk(supported=False, max_operations=0, max_payload_size=0),
        filter=Filter(supported=True, max_results=MOST_RESULTS),
        change_password=ChangePassword(supported=False),
        sort=Sort(supported=True),
        etag=ETag(supported=True),
        authentication_schemes=[
            AuthenticationScheme(
                type=AuthenticationScheme.Type.oauthbearertoken,
                name="Bearer token",
                description="A token made in the portal under Administration, Directory",
                spec_uri=Reference[External]("https://datatracker.ietf.org/doc/html/rfc6750"),
                primary=True,
            )
        ],
    )
    return ScimProvider.from_discovery(load_default_schemas().values(), load_default_resource_types().values(), config=config)


class Service(ScimService):
    def apply_patch(self, current: Resource[Any], patch_op: Any, conditions: Any) -> Resource[Any] | None:
        """Entra sets `emails[type eq "work"].value` of users who have no such address yet: it means to add one."""
        return super().apply_patch(_with_targets(current, patch_op), patch_op, conditions)


def _with_targets(current: Resource[Any], patch_op: Any) -> Resource[Any]:
    prepared = current.model_copy(deep=True)
    for operation in patch_op.operations or []:
        found = _BY_TYPE.fullmatch(str(operation.path or ""))
        if found is None or str(operation.op).endswith("remove"):
            continue
        field = re.sub(r"(?<!^)(?=[A-Z])", "_", found.group(1)).lower()
        held = getattr(prepared, field, None) or []
        if any(str(getattr(one, "type", "")).lower() == found.group(2).lower() for one in held):
            continue
        dumped = [*(one.model_dump(mode="json") for one in held), {"type": found.group(2)}]
        try:
            values = {**prepared.model_dump(mode="json"), found.group(1): dumped}
            made = type(prepared).model_validate(values)
        except ValueError:
            continue  # no such attribute: the library says so
        made.meta = prepared.meta
        prepared = made
    return prepared


def answer(request: ScimRequest, *, token: DirectoryToken, address: str, request_id: str, now: datetime) -> ScimResponse:
    """Answer one request of the directory that holds the token, in a transaction in its organisation's seat.

    A failure is an answer, too, and leaves nothing behind.
    """
    actor = directory(token, address=address, request_id=request_id)
    service = Service(provider())
    try:
        with tenancy.acting_in(actor.tenant):
            return ScimHandler(service, Storage(provider(), actor=actor, now=now)).handle(request)
    except Refused as refusal:
        failure = UniquenessException if refusal.code == "taken" else _Conflict
        return service.error_response(failure(detail=" ".join(filter(None, [refusal.text, refusal.hint]))))
    except IntegrityError as failure:
        if not isinstance(failure.__cause__, UniqueViolation):
            raise
        # of two requests at once for the same name or address one was first
        return service.error_response(UniquenessException(detail="There is one already."))
    except SCIMException as failure:
        return service.error_response(failure)


class _Conflict(SCIMException):
    """Asked for rightly, and against a rule of the organisation: the last head stays."""

    status = 409
    _default_detail = "This cannot be done"


def directory(token: DirectoryToken, *, address: str, request_id: str) -> Actor:
    """The directory as the record names it."""
    actor = actors.system(f"Directory ({token.name})", tenant=token.tenant.pk, organisation=token.tenant.name)
    return replace(actor, kind=token.tenant.kind, address=address, request_id=request_id)
