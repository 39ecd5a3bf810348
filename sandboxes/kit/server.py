"""The HTTP server under a sandbox: plain sockets where a fault needs them."""

from __future__ import annotations

import json
import signal
import socket
import struct
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from sandboxes.kit.app import App, Request, Response
from sandboxes.kit.faults import Fault

MAX_BODY = 10 * 1024 * 1024


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    app: App
    timeout = 60
    disable_nagle_algorithm = True

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > MAX_BODY:
            self.send_error(413)
            return
        parts = urlsplit(self.path)
        request = Request(
            method=self.command,
            path=unquote(parts.path),
            query=dict(reversed(parse_qsl(parts.query, keep_blank_values=True))),
            headers={k.lower(): v for k, v in self.headers.items()},
            body=self.rfile.read(length) if length else b"",
            base_url=f"http://{self.headers.get('Host', '')}",
        )
        if request.path.startswith("/_sandbox/"):
            self._write(self.app.handle(request))
            return
        if self.app.latency:
            time.sleep(self.app.latency)
        fault = self.app.faults.take(request.method, request.path)
        if fault is None:
            self._write(self.app.handle(request))
        else:
            self._fail(fault, request)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # the names http.server looks for

    def _fail(self, fault: Fault, request: Request) -> None:
        app = self.app
        match fault.kind:
            case "reset":
                self._reset()
            case "timeout_before":
                self._hang(fault.seconds)
            case "timeout_after":
                app.handle(request)
                self._hang(fault.seconds)
            case "late_apply":
                timer = threading.Timer(fault.seconds, app.handle, args=(request,))
                timer.daemon = True
                timer.start()
                self._hang(0)
            case "half_closed":
                response = app.handle(request) if fault.applied is not False else Response(200, {})
                self._head(response, len(response.payload()) or 1)
                self._close()
            case "body_cut":
                response = app.handle(request) if fault.applied is not False else Response(200, {"items": []})
                payload = response.payload()
                self._head(response, max(len(payload), fault.at + 1))
                self.wfile.write(payload[: fault.at])
                self._close()
            case "slow_drip":
                response = app.handle(request)
                payload = response.payload()
                self._head(response, len(payload))
                for i in range(len(payload)):
                    self.wfile.write(payload[i : i + 1])
                    self.wfile.flush()
                    time.sleep(fault.seconds)
            case "throttle":
                self._write(Response(429, fault.body, {"Retry-After": fault.retry_after}))
            case "status":
                if fault.applied:
                    app.handle(request)
                self._write(Response(fault.status, fault.body if fault.body is not None else b""))
            case "ok_error_body":
                self._write(Response(200, fault.body if fault.body is not None else {"error": "it went wrong"}))
            case "garbage":
                self._write(Response(200, b'{"data": [{"id": '))
            case "wrong_type":
                response = app.handle(request) if fault.applied is not False else Response(200, {})
                response.headers["Content-Type"] = "text/html; charset=utf-8"
                self._write(response)
            case "other_id":
                self._write(_with_other_id(app.handle(request)))
            case "mangle":
                response = app.handle(request)
                self._write(Response(response.status, _merged(json.loads(response.payload()), fault.body), response.headers))

    def _head(self, response: Response, length: int) -> None:
        try:
            phrase = HTTPStatus(response.status).phrase
        except ValueError:
            phrase = ""
        self.send_response_only(response.status, phrase)
        headers = {"Content-Type": "application/json; charset=utf-8", **response.headers}
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def _write(self, response: Response) -> None:
        payload = response.payload()
        self._head(response, len(payload))
        self.wfile.write(payload)

    def _hang(self, seconds: float) -> None:
        time.sleep(seconds)
        self._close()

    def _close(self) -> None:
        self.wfile.flush()
        self.close_connection = True

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet: the request log of the app is what tests read."""


def _merged(value: Any, patch: Any) -> Any:
    """RFC 7396 merge patch, reaching into the first element of lists as well."""
    if isinstance(value, list) and value and isinstance(patch, dict):
        return [_merged(value[0], patch), *value[1:]]
    if not isinstance(value, dict) or not isinstance(patch, dict):
        return patch
    merged = dict(value)
    for key, part in patch.items():
        if part is None:
            merged.pop(key, None)
        else:
            merged[key] = _merged(merged.get(key), part)
    return merged


def _with_other_id(response: Response) -> Response:
    body = json.loads(response.payload() or b"{}")
    if isinstance(body, dict):
        for key in ("id", "itemId"):
            if key in body:
                body[key] = f"{body[key]}9" if isinstance(body[key], str) else 999_999_999
    return Response(response.status, body, response.headers)


class _HTTPServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""


class Server:
    """A sandbox that listens on loopback, in this process's threads. `with Server(app) as s: s.url`."""

    def __init__(self, app: App, port: int = 0) -> None:
        self.app = app
        handler = type("Handler", (_Handler,), {"app": app})
        self._http = _HTTPServer(("127.0.0.1", port), handler)
        self.port = int(self._http.server_address[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True),
            threading.Thread(target=self._keep, daemon=True),
        ]

    def _keep(self) -> None:
        while not self._stop.is_set():
            if self.app.dirty.wait(0.5):
                self.app.dirty.clear()
                self.app.save()

    def start(self) -> Server:
        for thread in self._threads:
            thread.start()
        return self

    def stop(self) -> None:
        self._stop.set()
        self._http.shutdown()
        self._http.server_close()
        self.app.save()

    def __enter__(self) -> Server:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()


def serve(app: App, *, port: int, seed: Path | None = None, state: Path | None = None) -> None:
    """Run a sandbox until it is told to stop (SIGTERM or SIGINT). State on disk wins over the seed."""
    app.state_file = state
    if not app.load() and seed is not None:
        app.load_seed(json.loads(seed.read_text("utf-8")))
    server = Server(app, port).start()
    done = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: done.set())
    print(f"{app.name} sandbox at {server.url}", flush=True)  # noqa: T201 - the command's own output
    done.wait()
    server.stop()
