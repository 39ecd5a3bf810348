"""Faults that a sandbox commits on request: the ones of the network and the ones of a vendor's bad day.

A fault is armed for the next `times` requests that match `method` and `path` (a regular expression), after letting
`skip` matching ones pass. What cannot be done from a server's side (refused connections, unknown names, TLS errors)
a test does by pointing the client elsewhere.
"""

from __future__ import annotations

import re
import threading
from dataclasses import asdict, dataclass, field
from typing import Any

KINDS = {
    "reset": "the connection is reset before the request is read as a whole; nothing applied",
    "timeout_before": "no answer for `seconds`, then the connection closes; nothing applied",
    "timeout_after": "applied, then no answer for `seconds`, then the connection closes",
    "late_apply": "no answer and nothing applied at once; applied `seconds` later",
    "half_closed": "applied unless `applied` is false; the status line and headers, then the end",
    "body_cut": "applied unless `applied` is false; the body ends after `at` bytes of those announced",
    "slow_drip": "applied; the body comes one byte every `seconds`",
    "throttle": "429; `retry_after` as given: seconds, an HTTP date, or something absurd; nothing applied",
    "status": "`status` (500, 502, 503, ...) with `body`; nothing applied unless `applied` is true",
    "ok_error_body": "200 with `body`, which is not what was asked for; nothing applied",
    "wrong_type": "applied unless `applied` is false; the right bytes under text/html",
    "garbage": "200 application/json with a body that is not JSON; nothing applied",
    "other_id": "applied; the answer names another id than the true one",
    "mangle": "the true answer, changed by `body` (a merge patch: null drops a key) ",
}


@dataclass
class Fault:
    kind: str
    method: str = ""
    path: str = ""
    times: int = 1
    skip: int = 0
    seconds: float = 1.0
    at: int = 10
    status: int = 500
    body: Any = None
    applied: bool | None = None
    retry_after: str = "1"
    hits: int = field(default=0)

    def matches(self, method: str, path: str) -> bool:
        return (not self.method or self.method == method) and (not self.path or re.search(self.path, path) is not None)


class Faults:
    def __init__(self) -> None:
        self._armed: list[Fault] = []
        self._lock = threading.Lock()

    def arm(self, fault: Fault) -> None:
        if fault.kind not in KINDS:
            raise ValueError(f"unknown fault {fault.kind!r}; known: {', '.join(sorted(KINDS))}")
        with self._lock:
            self._armed.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._armed.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """The fault that this request meets, if any; uses one of its `times` up."""
        with self._lock:
            for fault in self._armed:
                if not fault.matches(method, path):
                    continue
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                fault.hits += 1
                fault.times -= 1
                if fault.times <= 0:
                    self._armed.remove(fault)
                return fault
        return None

    def armed(self) -> list[dict[str, Any]]:
        with self._lock:
            return [asdict(f) for f in self._armed]
