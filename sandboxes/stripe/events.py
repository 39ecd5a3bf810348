"""Webhooks: signed, and sent after the answer, before it, or when told to: late, twice, in any order, or never."""

from __future__ import annotations

import hmac
import json
import re
import secrets
import threading
import urllib.request
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sandboxes.stripe import params

if TYPE_CHECKING:
    from sandboxes.stripe.app import Stripe

Row = dict[str, Any]
VERSION = "2026-10-28.endive"
MOST_TRIES = 5


def signature(body: bytes, secret: str, *, at: int) -> str:
    mac = hmac.new(secret.encode(), f"{at}.".encode() + body, "sha256").hexdigest()
    return f"t={at},v1={mac}"


class Outbox:
    """What is told to whom. Sending happens outside of the sandbox's lock, since who is told calls back."""

    def __init__(self, app: Stripe) -> None:
        self._app = app
        self._orders: list[Row] = []

    def subscribe(self, row: Row) -> Row:
        """{url, secret?, events?}: an endpoint of ours; on this machine only."""
        parts = urlsplit(row["url"])
        if parts.scheme != "http" or parts.hostname not in ("127.0.0.1", "localhost", "::1"):
            raise ValueError("webhooks go to this machine only, over http")
        made = {"url": row["url"], "secret": row.get("secret") or f"whsec_{secrets.token_hex(16)}"}
        made["events"] = list(row.get("events", ["*"]))
        self._app.state["endpoints"].append(made)
        return made

    def tell(self, name: str, thing: Row) -> Row:
        """An event, as the thing is now, for every endpoint that wants it."""
        app = self._app
        event = app.new(
            "events", "evt", "event", type=name, api_version=VERSION, data={"object": params.shown(thing)},
            request={"id": None, "idempotency_key": None}, pending_webhooks=len(app.state["endpoints"]),
        )  # fmt: skip
        for place, endpoint in enumerate(app.state["endpoints"]):
            if "*" in endpoint["events"] or name in endpoint["events"]:
                app.state["deliveries"].append({"event": event["id"], "to": place, "state": "held", "tries": 0, "answer": ""})
        return event

    def order(self, data: Row) -> None:
        """Send what is held when the call that is under way has been handled."""
        self._orders.append(data)

    def after_call(self) -> None:
        with self._app.lock:
            orders, self._orders = self._orders, []
            held = any(d["state"] == "held" for d in self._app.state["deliveries"])
            mode, delay = self._app.setting("events"), float(self._app.setting("event_delay"))
        for order in orders:
            self.send(**order)
        if held and mode == "first":
            self.send()
        elif held and mode == "after":
            self._later(delay)

    def send(self, *, order: str = "made", times: int = 1, types: str = "", drop: bool = False) -> list[Row]:
        """Send what is held, `times` times over; or drop it, as the network may. Gives what was sent, and each answer."""
        with self._app.lock:
            state = self._app.state
            chosen = [
                d for d in state["deliveries"]
                if d["state"] == "held" and re.search(types, state["events"][d["event"]]["type"])
            ]  # fmt: skip
            if order == "reverse":
                chosen.reverse()
            elif order != "made":
                raise ValueError(f"order is made or reverse, not {order!r}")
            for delivery in chosen:
                delivery["state"] = "dropped" if drop else "sending"
        for delivery in () if drop else chosen * times:
            answer = self._post(delivery)
            with self._app.lock:
                delivery["tries"] += 1
                delivery["answer"] = answer
                good = answer.startswith("2")
                delivery["state"] = "sent" if good else "held" if delivery["tries"] < MOST_TRIES else "given up"
        self._app.dirty.set()
        return chosen

    def _post(self, delivery: Row) -> str:
        with self._app.lock:
            endpoint = self._app.state["endpoints"][delivery["to"]]
            body = json.dumps(self._app.state["events"][delivery["event"]]).encode()
            at = self._app.at()
        headers = {"Content-Type": "application/json", "Stripe-Signature": signature(body, endpoint["secret"], at=at)}
        request = urllib.request.Request(endpoint["url"], data=body, headers=headers, method="POST")  # noqa: S310 - see subscribe
        try:
            with _opener.open(request, timeout=10) as answer:
                return str(answer.status)
        except OSError as e:
            return str(getattr(e, "code", "")) or type(e).__name__

    def _later(self, delay: float) -> None:
        def go() -> None:
            self.send()
            with self._app.lock:
                again = [d["tries"] for d in self._app.state["deliveries"] if d["state"] == "held" and d["tries"]]
            if again:
                self._later(delay * 2 ** min(again))

        _start(delay, go)


def _start(delay: float, go: Callable[[], None]) -> None:
    timer = threading.Timer(delay, go)
    timer.daemon = True
    timer.start()


class _Still(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **more: Any) -> None:
        """Stripe follows none: a redirect is a failure."""


_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Still)
