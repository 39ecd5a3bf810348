"""Answers of a vendor, changed on their way: dropped, of another type, null, huge, twice, more than was asked for, in another
order, of somebody else, without an end. Source: reliability P12.

What is well-formed and untrue cannot be told from the truth, and is not here: another number where a number stood, a row
left out of a list that announces no length, or a row under another's name. Against those stands the guard (P13).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest import mock

from hypothesis import strategies as st

from sandboxes.kit import Server
from sandboxes.kit.app import App, Request, Response
from tests import make

KINDS = ("drop", "null", "retype", "huge", "twice", "extra", "reorder", "foreign", "endless")
CALLS = 16  # of a pass, both sides together
ALL = -1  # every call of the pass
WHOSE = ("customerId", "companyID", "contractID", "company", "agreement")  # to whom a row says it belongs

Node = tuple[Any, Any]  # an object or a list, and a key or a place in it


@dataclass(frozen=True)
class Lie:
    """One change of one answer: of the `call`-th of a pass, at the `where`-th place that this kind can change."""

    kind: str
    call: int
    where: int


lies = st.builds(
    Lie,
    st.sampled_from(KINDS),
    st.one_of(st.integers(0, CALLS - 1), st.just(ALL)),
    st.integers(0, 300),
)


class Liar:
    """Stands before both sandboxes of a world; `told` are the lies of the pass under way, `heard` how many were told."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._told: Sequence[Lie] = ()
        self._call = 0
        self.heard = 0

    @contextmanager
    def tells(self, told: Sequence[Lie]) -> Iterator[None]:
        with self._lock:
            self._told, self._call, self.heard = tuple(told), 0, 0
        try:
            yield
        finally:
            with self._lock:
                self._told = ()

    @contextmanager
    def stands_before_sandboxes(self) -> Iterator[None]:
        """Worlds made in this block get their answers through here."""

        def server(app: App, port: int = 0) -> Server:
            app.handle = self._through(app.handle)  # type: ignore[method-assign]
            return Server(app, port)

        with mock.patch.object(make, "Server", server):
            yield

    def _through(self, truth: Callable[[Request], Response]) -> Callable[[Request], Response]:
        def handle(request: Request) -> Response:
            response = truth(request)
            if request.path.startswith("/_sandbox/") or not response.payload():
                return response
            with self._lock:
                told = [lie for lie in self._told if lie.call in (self._call, ALL)]
                self._call += 1
            for lie in told:
                response = changed(response, request, lie)
                self.heard += 1
            return response

        return handle


def changed(response: Response, request: Request, lie: Lie) -> Response:
    body = json.loads(response.payload())
    headers = dict(response.headers)
    if lie.kind == "endless":
        return Response(response.status, _endless(body, headers, request, lie.where), headers)
    places = list(_nodes(body))
    places = [place for place in places if _fits(lie.kind, *place)]
    if places:
        parent, key = places[lie.where % len(places)]
        _change(lie, parent, key)
    return Response(response.status, body, headers)


def _nodes(value: Any) -> Iterator[Node]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in list(inner):
        yield value, key
        yield from _nodes(part)


def _fits(kind: str, parent: Any, key: Any) -> bool:
    if kind == "drop":
        return isinstance(parent, dict)
    if kind in ("twice", "reorder"):
        return isinstance(parent, list)
    if kind == "foreign":
        return key in WHOSE
    return True


def _change(lie: Lie, parent: Any, key: Any) -> None:
    value = parent[key]
    match lie.kind:
        case "drop":
            del parent[key]
        case "null":
            parent[key] = None
        case "retype":
            parent[key] = _retyped(value, lie.where)
        case "huge":
            parent[key] = _huge(value)
        case "twice":
            parent.append(value)
        case "reorder":
            parent.reverse()
        case "foreign":
            parent[key] = _foreign(value, lie.where)
        case "extra" if isinstance(parent, dict):
            parent["somethingNew"] = {"a": [1, None, {"id": "C1"}]}
        case "extra":
            parent.append({"id": "C999", "somethingNew": 1})


def _retyped(value: Any, where: int) -> Any:
    others: list[Any] = [[], {}, "", "yes", True, -1, 1.5, [value], {"value": value}]
    # a number stays untrue and well-formed as another number: only other types
    fits = [other for other in others if not isinstance(other, type(value)) and not _both_numbers(other, value)]
    return fits[where % len(fits)]


def _both_numbers(one: Any, other: Any) -> bool:
    return isinstance(one, int | float) and isinstance(other, int | float)


def _huge(value: Any) -> Any:
    match value:
        case bool() | None:
            return "x" * 1_000_000
        case int() | float():
            return 10**40
        case str():
            return value + "x" * 1_000_000
        case list():
            return value * 2000 if len(value) < 50 else value + [{"id": n} for n in range(50_000)]
        case _:
            return {**value, **{f"more{n}": [n] * 10 for n in range(10_000)}}


def _foreign(value: Any, where: int) -> Any:
    """Another customer, or one that nobody has."""
    if isinstance(value, dict):
        return {**value, "id": _foreign(value.get("id", 0), where)}
    if isinstance(value, int):
        return (101, 102, 1001, 1002, 424242)[where % 5]
    return ("C1", "C2", "C3", "C999")[where % 4]


def _endless(body: Any, headers: dict[str, str], request: Request, where: int) -> Any:
    """The next page is this one, or there are always more to come."""
    if "Link" in headers:
        page = where + 1 if where % 2 else 1
        headers["Link"] = f'<{request.base_url}{request.path}?pageId={page}>; rel="next"'
    if isinstance(body, dict) and "pageDetails" in body:
        body["pageDetails"]["nextPageUrl"] = f"{request.base_url}{request.path}/next?paging={where % 3}"
    if isinstance(body, dict) and isinstance(body.get("pagination"), dict):
        body["pagination"]["total"] = 10**9
    return body
