"""Requests, responses, routes and the control interface of a sandbox."""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from sandboxes.kit.clock import Clock
from sandboxes.kit.faults import Fault, Faults


@dataclass
class Request:
    """`headers` has lower-case names; `query` the first value of each parameter; `args` the parts of the route."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    args: dict[str, str] = field(default_factory=dict)
    base_url: str = ""

    def json(self) -> Any:
        """The body as JSON; raises ValueError."""
        return json.loads(self.body or b"null")

    def form(self) -> dict[str, str]:
        return {k: v[0] for k, v in parse_qs(self.body.decode("utf-8"), keep_blank_values=True).items()}

    def basic(self) -> tuple[str, str] | None:
        """User and password of a Basic authorization, None when there is none that can be read."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            user, _, password = base64.b64decode(token, validate=True).decode("utf-8").partition(":")
        except ValueError:
            return None
        return user, password


@dataclass
class Response:
    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    def payload(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return b"" if self.body is None and self.status == 204 else json.dumps(self.body).encode("utf-8")


class error(Exception):  # raised by handlers; reads like a statement: raise error(404, {...})  # noqa: N801
    def __init__(self, status: int, body: Any = None, headers: dict[str, str] | None = None) -> None:
        super().__init__(f"{status}")
        self.response = Response(status, body, headers or {})


Handler = Callable[[Request], Response]


class App:
    """A vendor: routes over `state` (plain JSON-able data), one lock, a clock, faults and an effect log.

    Subclasses define `name`, register routes with `route`, may override `load_seed`, `control` (their own control
    verbs) and `before` (authentication, throttling). Handlers run under the lock and must not sleep.
    """

    name = "sandbox"

    def __init__(self) -> None:
        self.clock = Clock()
        self.faults = Faults()
        self.lock = threading.RLock()
        self.state: dict[str, Any] = {}
        self.effects: list[dict[str, Any]] = []
        self.requests: list[dict[str, Any]] = []
        self.latency = 0.0
        self.state_file: Path | None = None
        self.dirty = threading.Event()
        self._routes: list[tuple[str, re.Pattern[str], Handler]] = []

    def route(self, method: str, pattern: str, handler: Handler) -> None:
        """`pattern` like `/customers/{id}`; a part in braces matches up to the next slash. Case-insensitive."""
        regex = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern)
        self._routes.append((method, re.compile(f"^{regex}/?$", re.IGNORECASE), handler))

    # What a subclass may say

    def load_seed(self, seed: dict[str, Any]) -> None:
        self.state = seed

    def before(self, request: Request) -> None:
        """Called for each vendor request before its handler; raises `error` to refuse."""

    def not_found(self, request: Request) -> Response:
        return Response(404, {"message": f"No route {request.method} {request.path}"})

    def control(self, verb: str, data: dict[str, Any]) -> Any:
        """A control verb of this vendor; raises KeyError when unknown."""
        raise KeyError(verb)

    # What every sandbox does

    def effect(self, what: str, **details: Any) -> None:
        """Note that a write took effect, so that a test can count them."""
        self.effects.append({"what": what, "at": self.clock.now().isoformat(), **details})
        self.dirty.set()

    def handle(self, request: Request) -> Response:
        if request.path.startswith("/_sandbox/"):
            return self._control(request)
        with self.lock:
            try:
                self.before(request)
                known = False
                for method, regex, handler in self._routes:
                    match = regex.match(request.path)
                    if not match:
                        continue
                    known = True
                    if method == request.method:
                        request.args = match.groupdict()
                        response = handler(request)
                        break
                else:
                    response = Response(405, {"message": "Method not allowed"}) if known else self.not_found(request)
            except error as e:
                response = e.response
            self.requests.append({"method": request.method, "path": request.path, "status": response.status})
            if request.method != "GET":
                self.dirty.set()
            return response

    def _control(self, request: Request) -> Response:
        verb = request.path.removeprefix("/_sandbox/").strip("/")
        try:
            data = request.json() or {}
        except ValueError:
            return Response(400, {"message": "The body is not JSON."})
        with self.lock:
            try:
                return Response(200, self._control_verb(verb, data))
            except KeyError as e:
                return Response(404, {"message": f"Unknown control verb or item {e}."})
            except (TypeError, ValueError) as e:
                return Response(400, {"message": str(e)})
            finally:
                self.dirty.set()

    def _control_verb(self, verb: str, data: dict[str, Any]) -> Any:
        match verb:
            case "health":
                return {"name": self.name, "now": self.clock.now().isoformat()}
            case "clock":
                if "advance_seconds" in data:
                    self.clock.advance(timedelta(seconds=float(data["advance_seconds"])))
                elif "now" in data:
                    self.clock.set(datetime.fromisoformat(data["now"]), frozen=bool(data.get("frozen")))
                return {"now": self.clock.now().isoformat()}
            case "faults":
                if data.get("clear"):
                    self.faults.clear()
                if "kind" in data:
                    self.faults.arm(Fault(**data))
                return {"armed": self.faults.armed()}
            case "latency":
                self.latency = float(data["seconds"])
                return {"seconds": self.latency}
            case "seed":
                self.load_seed(data)
                return {"ok": True}
            case "state":
                return self.state
            case "effects":
                if data.get("clear"):
                    self.effects.clear()
                return self.effects
            case "requests":
                kept = list(self.requests)
                if data.get("clear"):
                    self.requests.clear()
                return kept
            case _:
                return self.control(verb, data)

    # State on disk, so that a demo goes on where it stopped

    def load(self) -> bool:
        if self.state_file is None or not self.state_file.exists():
            return False
        kept = json.loads(self.state_file.read_text("utf-8"))
        self.load_seed(kept["state"])
        self.clock.offset = timedelta(seconds=kept.get("offset_seconds", 0.0))
        return True

    def save(self) -> None:
        if self.state_file is None:
            return
        with self.lock:
            text = json.dumps({"state": self.state, "offset_seconds": self.clock.offset.total_seconds()})
        scratch = self.state_file.with_suffix(".new")
        scratch.write_text(text, "utf-8")
        scratch.replace(self.state_file)
