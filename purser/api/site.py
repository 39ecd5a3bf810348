"""The API as a whole, and its description (OpenAPI)."""

from __future__ import annotations

from typing import Any

from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema

from purser.api import described, failures
from purser.api.callers import Session, Token
from purser.api.doors import Rule
from purser.api.routes import (
    buying,
    catalog,
    connections,
    consent,
    desk,
    domain,
    groups,
    identity,
    licensing,
    lists,
    metering,
    notices,
    operations,
    orders,
    organisation,
    pairs,
    partners,
    payments,
    people,
    programme,
    provisioning,
    relations,
    reports,
    sides,
    subscriptions,
    tasks,
    text,
    usage,
    users,
)
from purser.api.schemas.common import Failed
from purser.api.strict import Strict

ABOUT = """
Everything the portal does, for programs. Say who you are with an API token (`Authorization: Bearer prs_...`, made in the
portal under Administration, API tokens), or with the portal's session, then with `X-CSRFToken` on calls that change something.

Numbers of units and amounts of money are text. Times are in UTC. Lists come by `page` and `size`; `more` tells whether
there is a next page. A POST may bear an `Idempotency-Key`: sent again within 24 hours it gets the first answer and takes
effect once.
"""

# What any call may answer. 500 is none of them: it is a defect.
COMMON = {
    "400": "The call cannot be read",
    "401": "Say who you are, or confirm it again",
    "403": "Your role does not allow it",
    "404": "Absent, or not yours",
    "422": "As asked it cannot be done, or a value does not fit",
    "429": "Too many calls: go on after `Retry-After` seconds",
    "503": "Nothing was changed: try again after `Retry-After` seconds",
}
CHANGING = {
    "409": "Somebody else was faster, or a call with the same key is under way",
    "413": "The body is too large",
}
KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[ -~]{1,200}$"},
    "description": "Makes the call safe to send again.",
}


class Purser(NinjaAPI):
    _described: OpenAPISchema | None = None

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        """Made once a process: it takes a second of work, anybody may ask for it, and there is one place it is mounted at."""
        if self._described is None:
            self._described = self._describe(**options)
        return self._described

    def _describe(self, **options: Any) -> OpenAPISchema:
        schema = super().get_openapi_schema(**options)
        found = Failed.model_json_schema(ref_template="#/components/schemas/{model}", mode="serialization")
        schema["components"]["schemas"] |= found.pop("$defs") | {"Failed": found}
        rules = _rules(self)
        for methods in schema["paths"].values():
            for method, operation in methods.items():
                _complete(operation, method, rules[operation["operationId"]])
        return schema


def _rules(api: NinjaAPI) -> dict[str, Rule]:
    """How each call is let in, by its id."""
    return {
        str(operation.operation_id): operation.view_func.rule  # type: ignore[attr-defined]  # set by doors
        for bound in api._get_bound_routers()
        for path in bound.path_operations.values()
        for operation in path.operations
    }


def _complete(operation: dict[str, Any], method: str, rule: Rule) -> None:
    """What every call has in common, written once: the right it needs, how it may fail, CSV, and the key."""
    file = f"; for CSV also `{rule.export}`" if rule.export and rule.export != rule.verb else ""
    sentence = f"Needs the right `{rule.verb}`{file}."
    more = operation.get("description", "").removeprefix(operation["summary"]).strip()
    operation["description"] = f"{more}\n\n{sentence}".strip()
    failures_ = COMMON if method == "get" else {**COMMON, **CHANGING}
    answers = {str(status): answer for status, answer in operation["responses"].items()}
    for status, words in failures_.items():
        shape = {"schema": {"$ref": "#/components/schemas/Failed"}}
        answers[status] = {"description": words, "content": {"application/json": shape}}
    if rule.table is not None:
        operation["parameters"] = [*operation["parameters"], *described.parameters(rule.table)]
    if rule.file:
        answers["200"]["content"] = {rule.file: {"schema": {"type": "string", "format": "binary"}}}
    if rule.export:
        answers["200"]["content"]["text/csv"] = {"schema": {"type": "string"}}
    operation["responses"] = answers
    if rule.keyed:
        operation["parameters"] = [*operation["parameters"], KEY]


api = Purser(
    title="Purser",
    version="1",
    description=ABOUT.strip(),
    auth=[Token(), Session()],
    parser=Strict(),
    urls_namespace="api-1",
    openapi_url="/openapi.json",
    docs_url="/docs",
)
failures.lay(api)
for _topic in (organisation, connections, pairs, sides, relations, text, lists, reports, desk):
    api.add_router("", _topic.routes.router)
for _topic in (people, domain, consent, identity):
    api.add_router("", _topic.routes.router)
for _topic in (partners, groups, operations, notices):
    api.add_router("", _topic.routes.router)
api.add_router("", buying.routes.router)
api.add_router("", licensing.routes.router)
api.add_router("", users.routes.router)
api.add_router("", usage.routes.router)
api.add_router("", programme.routes.router)
api.add_router("", payments.routes.router)
api.add_router("", catalog.routes.router)
api.add_router("", provisioning.routes.router)
api.add_router("", tasks.routes.router)
api.add_router("", subscriptions.routes.router)
api.add_router("", orders.routes.router)
api.add_router("", metering.routes.router)
