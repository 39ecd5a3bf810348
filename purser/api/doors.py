"""The door of every call: who calls, how often, in which tenant, with which right; then one call into a topic.

    routes = Routes("Plans")

    @routes.get("/plans/{uuid:plan}", "plans.read", answers=out.Plan)
    def one(actor: Actor, now: datetime, plan: UUID) -> out.Plan:
        return out.plan(plans.one(plan))

A view gets the actor and the time, then by name what the address, the query (`Query[...]` or a plain value) and the body (a
`Sent`) hold. It runs in one transaction in the tenant's seat, where its answer is also written out; a failure rolls it back.
With `seat=False` it runs without a transaction, for calls to a vendor, and takes `tenancy.acting_in` itself.

A list that both doors show is one line, `routes.table("/reports/linked", "reports.read", LINKED)`: it takes the list language
(lists/asked.py) and answers as tables.py says.

A POST may bear an `Idempotency-Key` (replays.py), except those that keep no seat or answer with a secret (`keyed=False`).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar, get_args, get_type_hints
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from ninja import Router
from ninja.signature.utils import get_path_param_names
from pydantic import BaseModel

from purser.access import actors, acts, permit, verbs
from purser.access.actors import Actor
from purser.api import described, limits, listings, replays, tables
from purser.api.callers import Caller
from purser.api.schemas import rows
from purser.api.schemas.common import Page, Sent
from purser.kernel.errors import Refused
from purser.lists.model import Table
from purser.postgres import tenancy

View = TypeVar("View", bound=Callable[..., Any])
PREFIX = "/t/{uuid:tenant}"
# The router that first opened a path: a list and the call that adds to it are two topics' but one address, and the second of
# two routers is never asked for it.
_FIRST: dict[str, Router] = {}


@dataclass(frozen=True)
class Rule:
    """How a call is let in. Read by the description of the API and by the tests of the walls.

    `file` is the type of an answer that is a file. `export` is the verb that a CSV file needs beside `verb`, "" where none is
    offered; `columns` is then the shape of a `Listed` row. `table` is the list whose language the call takes.
    """

    verb: str
    seat: bool = True
    keyed: bool = False
    status: int = 200
    file: str = ""
    export: str = ""
    columns: type[BaseModel] | None = None
    table: Table | None = None


class Routes:
    """The calls of one topic."""

    def __init__(self, topic: str) -> None:
        self.topic = topic
        self.router = Router()

    def get(
        self, path: str, verb: str, *, answers: Any, csv: bool = False, seat: bool = True, file: str = ""
    ) -> Callable[[View], View]:
        """`csv`: a list of flat rows, also offered as CSV. `file`: the answer is one, of this type."""
        rule = Rule(verb, seat=seat, file=file)
        if csv:
            rule = Rule(verb, export="reports.export", columns=answers.__pydantic_generic_metadata__["args"][0])
        return self._add("GET", path, answers, rule)

    def table(self, path: str, verb: str, table: Table, *, export: str = "reports.export") -> None:
        """A list that both doors show; `export` is the verb that its CSV needs as well."""
        shape = rows.shape(table)
        rule = Rule(verb, seat=table.seat is None, export=export, table=table)

        def call(request: HttpRequest, actor: Actor, now: datetime, given: dict[str, Any]) -> tables.Tabled:
            return tables.read(shape, table, actor, request.GET, now=now)

        words = (f"lists_{table.name}", table.title, described.words(table))
        self._open("GET", path, Page[shape], _guarded(call, [], rule), rule, words)  # type: ignore[valid-type]

    def post(
        self, path: str, verb: str, *, answers: Any, status: int = 200, seat: bool = True, keyed: bool = True
    ) -> Callable[[View], View]:
        return self._add("POST", path, answers, Rule(verb, seat=seat, keyed=keyed and seat, status=status))

    def patch(self, path: str, verb: str, *, answers: Any) -> Callable[[View], View]:
        return self._add("PATCH", path, answers, Rule(verb))

    def put(self, path: str, verb: str, *, answers: Any, seat: bool = True) -> Callable[[View], View]:
        return self._add("PUT", path, answers, Rule(verb, seat=seat))

    def delete(self, path: str, verb: str) -> Callable[[View], View]:
        return self._add("DELETE", path, None, Rule(verb, status=204))

    def _add(self, method: str, path: str, answers: Any, rule: Rule) -> Callable[[View], View]:
        def add(view: View) -> View:
            summary, _, more = (inspect.getdoc(view) or "").partition("\n")
            name = f"{view.__module__.rpartition('.')[2]}_{view.__name__}"
            if not summary:
                raise TypeError(f"{name} needs a docstring: it is what the API's page shows.")
            self._open(method, path, answers, _door(view, PREFIX + path, rule), rule, (name, summary, more.strip()))
            return view

        return add

    def _open(
        self, method: str, path: str, answers: Any, door: Callable[..., Any], rule: Rule, words: tuple[str, str, str]
    ) -> None:
        """`words`: the call's id, what it does in a line, and more."""
        for verb in filter(None, (rule.verb, rule.export)):
            verbs.find(verb)
        name, summary, more = words
        _FIRST.setdefault(path, self.router).api_operation(
            [method],
            PREFIX + path,
            tags=[self.topic],
            response={rule.status: answers},
            operation_id=name,
            summary=summary,
            description=more,
        )(door)


Call = Callable[[HttpRequest, Actor, datetime, dict[str, Any]], Any]


def _door(view: Callable[..., Any], path: str, rule: Rule) -> Callable[..., HttpResponseBase]:
    hints = get_type_hints(view, include_extras=True)
    own = list(inspect.signature(view).parameters.values())[2:]
    own = [parameter.replace(annotation=hints[parameter.name], kind=parameter.KEYWORD_ONLY) for parameter in own]
    known = _asked_for(path, own)

    def call(request: HttpRequest, actor: Actor, now: datetime, given: dict[str, Any]) -> Any:
        _only_known(request, known)
        return view(actor, now, **given)

    return _guarded(call, own, rule)


def _guarded(call: Call, own: list[inspect.Parameter], rule: Rule) -> Callable[..., HttpResponseBase]:
    """`own` are the parameters that ninja reads for the call, beside the tenant."""

    def door(request: HttpRequest, tenant: UUID, **given: Any) -> HttpResponseBase:
        now = timezone.now()
        actor = _admitted(request, tenant, now)
        as_file = bool(rule.export) and listings.wants_csv(request)

        def run() -> HttpResponseBase:
            result = call(request, actor, now, given)
            return listings.rendered(result, status=rule.status, columns=rule.columns, as_file=as_file)

        verb = rule.verb
        try:
            with tenancy.acting_in(tenant):
                permit.check(actor, verb)
                if as_file:
                    verb = rule.export
                    permit.check(actor, verb)
                if rule.seat:
                    return _once(request, actor, run, now) if rule.keyed else run()
            return run()
        except permit.Denied as refusal:
            acts.denied(actor, verb, summary=refusal.text, now=now)
            raise

    request = inspect.Parameter("request", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=HttpRequest)
    tenant = inspect.Parameter("tenant", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=UUID)
    door.__signature__ = inspect.Signature([request, tenant, *own])  # type: ignore[attr-defined]  # what ninja reads
    door.rule = rule  # type: ignore[attr-defined]  # what the description reads
    return door


def _admitted(request: HttpRequest, tenant: UUID, now: datetime) -> Actor:
    """The caller as an actor of this tenant. Raises Missing for a foreign one, as for one that does not exist."""
    caller: Caller = request.auth  # type: ignore[attr-defined]  # set by ninja's authentication
    with actors.entering(caller.person, tenant=tenant, request=request, now=now, via=caller.tenant) as actor:
        limits.call(caller.limited_as, now=now)
    return actor if caller.verbs is None else permit.narrowed(actor, caller.verbs)


def _once(request: HttpRequest, actor: Actor, run: Callable[[], HttpResponseBase], now: datetime) -> HttpResponseBase:
    """Run, or replay the answer of an earlier call with the same key."""
    sent = request.headers.get("Idempotency-Key")
    if sent is None or actor.person is None:
        return run()

    def act() -> replays.Answer:
        response = run()
        assert isinstance(response, HttpResponse)  # only a list is ever a file, and no POST answers with one
        return replays.Answer(response.status_code, response.content.decode())

    digest = replays.digest_of(str(request.method), request.path, request.META.get("QUERY_STRING", ""), request.body)
    answer, replayed = replays.once(actor.person, replays.key_of(sent), digest=digest, act=act, now=now)
    response = HttpResponse(answer.body, status=answer.status, content_type=listings.JSON)
    if replayed:
        response["Idempotent-Replayed"] = "true"
    return response


def _asked_for(path: str, parameters: list[inspect.Parameter]) -> frozenset[str]:
    """The names that the query may hold."""
    names: set[str] = set()
    for parameter in parameters:
        kind = next(iter(get_args(parameter.annotation)), parameter.annotation)
        is_model = isinstance(kind, type) and issubclass(kind, BaseModel)
        if is_model and not issubclass(kind, Sent):
            names |= set(kind.model_fields)
        elif not is_model and parameter.name not in get_path_param_names(path):
            names.add(parameter.name)
    return frozenset(names)


def _only_known(request: HttpRequest, known: frozenset[str]) -> None:
    """A misspelt filter must not answer with everything."""
    unknown = sorted(set(request.GET) - known)
    if unknown:
        shown = ", ".join(repr(name[:40]) for name in unknown[:5])
        words = f"It knows: {', '.join(sorted(known))}." if known else "It knows none."
        raise Refused(f"This call has no parameter {shown}.", code="parameter", hint=words)
