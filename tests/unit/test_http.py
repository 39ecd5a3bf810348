"""Source: P9, P11, P12, P25. One vendor call: its failures by kind, its bounds, and what never shows."""

from __future__ import annotations

import gzip
import time
import traceback
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from purser.connectors.shared.addresses import HostRule
from purser.connectors.shared.budget import Budget
from purser.connectors.shared.http import MOST_BYTES, Http, Timeouts
from purser.kernel import points
from purser.kernel.errors import Busy, Failure, Refused, Unsure
from sandboxes.kit import App, Fault, Request, Response, Server
from sandboxes.kit.faults import KINDS

CANARY = "canary-5b1d-secret"
SHORT = Timeouts(connect=0.5, read=0.3, total=0.9)
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


class Vendor(App):
    """Things that can be read and made, and a body as raw as a test wants it."""

    raw: Response = Response(200, b"{}")

    def __init__(self) -> None:
        super().__init__()
        self.route("GET", "/things", lambda r: Response(200, {"id": "t1", "name": "a thing of some length"}))
        self.route("POST", "/things", self._make)
        self.route("GET", "/raw", lambda r: Response(self.raw.status, self.raw.body, dict(self.raw.headers)))
        self.route("GET", "/echo", self._echo)
        self.route("POST", "/echo", self._echo)

    def _make(self, request: Request) -> Response:
        self.effect("made")
        return Response(201, {"id": "t2", "name": "another thing of some length"})

    def _echo(self, request: Request) -> Response:
        return Response(400, {"message": "No!", "headers": request.headers, "form": request.form()})


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server(Vendor()) as running:
        yield running


@pytest.fixture
def vendor(server: Server) -> Vendor:
    assert isinstance(server.app, Vendor)
    server.app.faults.clear()
    server.app.effects.clear()
    server.app.requests.clear()
    return server.app


@pytest.fixture
def doors(server: Server, vendor: Vendor) -> Iterator[Callable[..., Http]]:
    """Makes doors to the vendor, and closes them."""
    made: list[Http] = []
    usual: dict[str, Any] = {"clock": lambda: NOON}

    def make(**how: Any) -> Http:
        made.append(Http(hosts=_at(server.port), **(usual | how)))
        return made[-1]

    yield make
    for http in made:
        http.close()


@pytest.fixture
def http(doors: Callable[..., Http]) -> Http:
    return doors()


def _at(port: int, host: str = "127.0.0.1") -> HostRule:
    return HostRule((), sandbox=frozenset({f"{host}:{port}"}))


def _use(http: Http, server: Server, *, effect: bool) -> Any:
    """A read or an effect the way a connector makes it."""
    url = f"{server.url}/things"
    answer = http.send("POST", url, json={"name": "x"}, effect=True) if effect else http.send("GET", url)
    if not answer.ok:
        raise answer.unexpected()
    return answer.json()


OK = None
FAULTS: list[tuple[Fault, str | None, int]] = [
    (Fault("reset"), "network", 0),
    (Fault("timeout_before", seconds=0.5), "network", 0),
    (Fault("timeout_after", seconds=0.5), "network", 1),
    (Fault("late_apply", seconds=0.05), "network", 1),
    (Fault("half_closed"), "network", 1),
    (Fault("body_cut"), "network", 1),
    (Fault("slow_drip", seconds=0.1), "network", 1),
    (Fault("throttle", retry_after="7"), "throttled", 0),
    (Fault("status", status=500), "server", 0),
    (Fault("status", status=502), "server", 0),
    (Fault("status", status=503, applied=True), "server", 1),
    (Fault("garbage"), "malformed", 0),
    (Fault("wrong_type"), "malformed", 1),
    (Fault("ok_error_body"), OK, 0),
    (Fault("other_id"), OK, 1),
    (Fault("mangle", body={"name": None}), OK, 1),
]


def test_the_table_of_faults_misses_none_of_the_sandbox() -> None:
    assert {fault.kind for fault, _, _ in FAULTS} == set(KINDS)


@pytest.mark.parametrize("effect", [False, True], ids=["read", "effect"])
@pytest.mark.parametrize(("fault", "code", "applied"), FAULTS, ids=[f"{f.kind}-{f.status}" for f, _, _ in FAULTS])
def test_it_sorts_every_fault_by_what_the_caller_may_do_next(
    doors: Callable[..., Http],
    server: Server,
    vendor: Vendor,
    fault: Fault,
    code: str | None,
    applied: int,
    effect: bool,
) -> None:
    http = doors(timeouts=SHORT)
    vendor.faults.arm(Fault(**{k: v for k, v in vars(fault).items() if k != "hits"}))
    if code is OK:  # the bytes are fine: whether they make sense is the connector's question
        assert isinstance(_use(http, server, effect=effect), dict)
    else:
        with pytest.raises(Failure) as failure:
            _use(http, server, effect=effect)
        nothing_happened = code == "throttled" or not effect
        assert type(failure.value) is (Busy if nothing_happened else Unsure)
        assert failure.value.code == code
    wait_until = time.monotonic() + 2
    while fault.kind == "late_apply" and not vendor.requests and time.monotonic() < wait_until:
        time.sleep(0.01)
    assert len(vendor.effects) == (applied if effect else 0)
    assert len(vendor.requests) == applied  # it came once, and was not repeated


def test_it_hands_the_wait_of_a_throttling_vendor_to_the_caller_and_to_the_budget(
    server: Server, vendor: Vendor, doors: Callable[..., Http]
) -> None:
    now = 0.0
    budget = Budget(3, 1000, now=lambda: now)
    http = doors(budget=budget)
    vendor.faults.arm(Fault("throttle", retry_after="90"))
    for _ in range(2):
        with pytest.raises(Busy) as busy:
            _use(http, server, effect=True)
        assert (busy.value.code, busy.value.retry_after) == ("throttled", timedelta(seconds=90))
    assert vendor.requests == []  # the second was not even sent
    now = 91.0
    assert _use(http, server, effect=True)["id"] == "t2"


def test_it_leaves_a_silent_vendor_alone_and_sends_one_trial_later(
    server: Server, vendor: Vendor, doors: Callable[..., Http]
) -> None:
    now = NOON
    http = doors(clock=lambda: now)
    vendor.faults.arm(Fault("reset", times=5))
    for _ in range(5):
        with pytest.raises(Busy, match="no whole answer"):
            _use(http, server, effect=False)
    with pytest.raises(Busy, match="12:00:30 UTC") as busy:
        _use(http, server, effect=True)
    assert (busy.value.code, busy.value.retry_after) == ("network", timedelta(seconds=30))
    assert vendor.requests == []
    now = NOON + timedelta(seconds=31)
    vendor.faults.arm(Fault("status", status=503))
    with pytest.raises(Busy, match="503"):
        _use(http, server, effect=False)
    with pytest.raises(Busy, match="12:01:01 UTC"):  # the trial failed: open again
        _use(http, server, effect=False)
    now = NOON + timedelta(seconds=62)
    assert _use(http, server, effect=False)["id"] == "t1"
    assert _use(http, server, effect=False)["id"] == "t1"


def test_it_takes_a_500_for_an_answer(http: Http, server: Server, vendor: Vendor) -> None:
    """Source: Autotask answers 500 for a value it does not like; ten of them are no outage."""
    vendor.faults.arm(Fault("status", status=500, body={"errors": ["effectiveDate"]}, times=10))
    for _ in range(10):
        assert http.send("GET", f"{server.url}/things").status == 500
    assert _use(http, server, effect=False)["id"] == "t1"


BOMB = gzip.compress(bytes(100 * 1024 * 1024), 9)  # 100 kB on the wire


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b" " * (MOST_BYTES + 1), {}),
        (BOMB, {"Content-Encoding": "gzip"}),
        (gzip.compress(b"{}")[:-3], {"Content-Encoding": "gzip"}),
        (b"{}", {"Content-Encoding": "gzip"}),
        (gzip.compress(b"{}") * 2, {"Content-Encoding": "gzip"}),
        (zlib.compress(b"{}"), {"Content-Encoding": "deflate"}),
        (b"{}", {"Content-Encoding": "br"}),
    ],
    ids=["large", "bomb", "cut", "not gzip", "two", "deflate", "brotli"],
)
def test_it_bounds_what_it_unfolds(
    server: Server, vendor: Vendor, doors: Callable[..., Http], body: bytes, headers: dict[str, str]
) -> None:
    vendor.raw = Response(200, body, headers)
    http = doors()
    tracemalloc.start()
    try:
        for effect, kind in ((False, Busy), (True, Unsure)):
            with pytest.raises(kind) as failure:
                http.send("GET", f"{server.url}/raw", effect=effect)
            assert failure.value.code == "malformed"
        assert tracemalloc.get_traced_memory()[1] < 60 * 1024 * 1024
    finally:
        tracemalloc.stop()


def test_it_reads_what_fits_plain_or_gzipped(http: Http, server: Server, vendor: Vendor) -> None:
    for text in (b'"' + b"a" * (MOST_BYTES - 2) + b'"', b'{"a": [1, 2.50]}'):
        for body, headers in ((text, {}), (gzip.compress(text, 1), {"Content-Encoding": "gzip"})):
            vendor.raw = Response(200, body, headers)
            assert http.send("GET", f"{server.url}/raw").content == text
    assert http.send("GET", f"{server.url}/raw").json() == {"a": [1, Decimal("2.50")]}


def test_it_shows_no_secret_whatever_the_vendor_echoes(http: Http, server: Server) -> None:
    answer = http.send(
        "POST",
        f"{server.url}/echo",
        params={"token": CANARY},
        headers={"Authorization": f"Bearer {CANARY}"},
        form={"client_secret": CANARY + "2"},
    )
    assert answer.content.count(CANARY.encode()) == 2
    plain, quoted = answer.unexpected(), answer.unexpected(f"No\x00t\x1b[31m \r\n{CANARY} " * 99)
    for shown in (str(plain), str(quoted), repr(answer)):
        assert CANARY not in shown
        assert shown.isprintable()
        assert len(shown) < 300 + 100
    assert "No!" in str(plain)
    assert "No t [31m *** No t" in str(quoted)


@pytest.mark.parametrize("value", [f"{CANARY}\r\nX-Other: 1", f"{CANARY}\u20ac", f"{CANARY}\x00"])
def test_it_does_not_quote_a_header_that_cannot_be_sent(http: Http, server: Server, value: str) -> None:
    with pytest.raises(Refused) as refused:
        http.send("GET", f"{server.url}/echo", headers={"ApiSecret": value})
    assert refused.value.code == "request"
    assert CANARY not in "".join(traceback.format_exception(refused.value, chain=True)).replace(value, "")


def test_it_lets_no_caller_choose_the_host_or_the_framing(http: Http, server: Server) -> None:
    lies = {
        "Host": "evil.example",
        "content-length": "3",
        "Transfer-Encoding": "chunked",
        "ImpersonationId": "7",
    }
    seen = http.send("POST", f"{server.url}/echo", headers=lies, form={"a": "b c"}).json()
    assert seen["headers"]["host"] == f"127.0.0.1:{server.port}"
    assert seen["form"] == {"a": "b c"}
    assert seen["headers"]["impersonationid"] == "7"
    assert "transfer-encoding" not in seen["headers"]


def test_it_ignores_proxies_and_keeps_no_cookie(
    http: Http, server: Server, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    vendor.raw = Response(200, {}, {"Set-Cookie": "session=abc"})
    assert http.send("GET", f"{server.url}/raw").headers["set-cookie"] == "session=abc"
    assert "cookie" not in http.send("GET", f"{server.url}/echo").json()["headers"]


def test_it_sends_an_effect_on_a_connection_of_its_own(server: Server, vendor: Vendor, doors: Callable[..., Http]) -> None:
    connections: list[str] = []

    def resolver(host: str, port: int) -> list[str]:
        connections.append(host)
        return ["127.0.0.1"]

    http = doors(resolver=resolver)
    for _ in range(3):
        _use(http, server, effect=False)
    assert len(connections) == 1
    for _ in range(3):
        _use(http, server, effect=True)
    assert len(connections) == 4


def test_it_names_the_instants_before_and_after_a_call(http: Http, server: Server) -> None:
    reached: list[str] = []
    points.watch(reached.append)
    try:
        _use(http, server, effect=False)
    finally:
        points.watch(None)
    assert reached == ["http:before", "http:after"]
