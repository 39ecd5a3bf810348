"""Source: P27. Connectors cannot be talked into calling an internal address."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator, Sequence
from functools import partial

import pytest

from purser.connectors.shared.addresses import HostRule
from purser.connectors.shared.http import Http
from purser.kernel.errors import Busy, Refused
from sandboxes.kit import App, Request, Response, Server

VENDOR = HostRule(("webservices*.autotask.net", "*.myconnectwise.net"))
ANY = HostRule(("**",))

INTERNAL = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "100.100.100.200",
    "192.0.0.8",
    "192.88.99.1",
    "198.18.0.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:100.64.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::7f00:1",
    "2001:0:4136:e378:8000:63bf:80ff:fffe",
    "2002:7f00:1::",
    "2002:808:808::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "not-an-address",
]

TRICKS = [
    "https://127.0.0.1/",
    "https://0177.0.0.1/",
    "https://0x7f.1/",
    "https://2130706433/",
    "https://127.1/",
    "https://0/",
    "https://１２７.0.0.1/",
    "https://①②⑦.0.0.1/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[fe80::1%25eth0]/",
    "https://8.8.8.8/",
    "https://a.autotask.net@127.0.0.1/",
    "https://user:pw@webservices5.autotask.net/",
    "https://webservices5.autotask.net:pw@evil.example/",
    "https://webservices5.autotask.net\\@evil.example/",
    "https://webservices5.autotask.net%2f@evil.example/",
    "https://webservices5.autotask.net%00.evil.example/",
    "https://webservices5.autotask.net#@evil.example/",
    "https://webservices5.autotask.net\t/",
    "https://webservices5.autotask.net\n.evil.example/",
    " https://webservices5.autotask.net/",
    "https://webservices5.autotask.net./",
    "https://webservices5..autotask.net/",
    "https://webservices5_autotask.net/",
    "https://webservices5.autotask.net:8443/",
    "https://webservices5.autotask.net:0/",
    "https://webservices5.autotask.net:port/",
    "https://webservices5.autotask.net:99999/",
    "http://webservices5.autotask.net/",
    "ftp://webservices5.autotask.net/",
    "file:///etc/passwd",
    "gopher://webservices5.autotask.net/",
    "//webservices5.autotask.net/",
    "webservices5.autotask.net",
    "https:///x",
    "https://[::1",
    "",
]


def _found(addresses: list[str], host: str, port: int) -> list[str]:
    return addresses


class Wire:
    """Every address a socket is told to connect to; while armed, none of them is reached."""

    def __init__(self) -> None:
        self.armed = False
        self.asked: list[str] = []
        sys.addaudithook(self._hook)

    def _hook(self, event: str, args: tuple[object, ...]) -> None:
        if event == "socket.connect" and self.armed:
            address = args[1]
            self.asked.append(str(address[0]) if isinstance(address, tuple) else str(address))
            raise OSError("held back by the test")


_WIRE = Wire()


@pytest.fixture
def wire() -> Iterator[Wire]:
    _WIRE.asked.clear()
    _WIRE.armed = True
    yield _WIRE
    _WIRE.armed = False


@pytest.mark.parametrize("address", INTERNAL)
def test_it_connects_to_no_internal_address_a_name_resolves_to(address: str, wire: Wire) -> None:
    http = Http(hosts=ANY, resolver=lambda host, port: ["1.1.1.1", address])
    with pytest.raises(Refused) as refused:
        http.send("GET", "https://vendor.example/")
    assert refused.value.code == "address"
    assert address in refused.value.text
    assert wire.asked == []


@pytest.mark.parametrize("url", TRICKS)
@pytest.mark.parametrize("rule", [VENDOR, ANY], ids=["vendor", "any"])
def test_it_refuses_addresses_that_are_not_a_plain_https_name(url: str, rule: HostRule, wire: Wire) -> None:
    http = Http(hosts=rule, resolver=lambda host, port: pytest.fail(f"resolved {host}"))
    with pytest.raises(Refused) as refused:
        http.send("GET", url)
    assert refused.value.code == "address"
    assert wire.asked == []


def test_it_connects_to_the_address_it_checked_however_the_name_server_alternates(wire: Wire) -> None:
    answers = iter([["1.1.1.1"], ["127.0.0.1"], ["64:ff9b::101:101"], ["::1"]])
    asked: list[str] = []

    def rebinding(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return next(answers)

    http = Http(hosts=ANY, resolver=rebinding)
    for expected in (Busy, Refused, Busy, Refused):  # Busy: the test holds the connection back
        with pytest.raises(expected):
            http.send("GET", "https://vendor.example/")
    assert asked == ["vendor.example"] * 4
    assert wire.asked == ["1.1.1.1", "64:ff9b::101:101"]


def test_it_tries_the_next_checked_address_when_one_is_dead(wire: Wire) -> None:
    http = Http(hosts=ANY, resolver=lambda host, port: ["2606:4700::1111", "1.1.1.1"])
    with pytest.raises(Busy):
        http.send("GET", "https://vendor.example/")
    assert wire.asked == ["2606:4700::1111", "1.1.1.1"]


def test_it_follows_no_redirect_to_loopback() -> None:
    secret = ""

    class Redirecting(App):
        def __init__(self) -> None:
            super().__init__()
            for status in (301, 302, 303, 307, 308):
                self.route("GET", f"/{status}", partial(self._away, status))

        def _away(self, status: int, request: Request) -> Response:
            return Response(status, None, {"Location": secret})

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        secret = f"http://127.0.0.1:{listener.getsockname()[1]}/latest/meta-data"
        with Server(Redirecting()) as server:
            http = Http(hosts=HostRule((), sandbox=frozenset({f"127.0.0.1:{server.port}"})))
            for status in (301, 302, 303, 307, 308):
                answer = http.send("GET", f"{server.url}/{status}")
                assert answer.status == status
                assert isinstance(answer.unexpected(), Refused)
            with pytest.raises(Refused):
                http.send("GET", secret)
            http.close()
        with pytest.raises(BlockingIOError):
            listener.accept()


@pytest.mark.parametrize(
    ("host", "admitted"),
    [
        ("webservices5.autotask.net", True),
        ("webservices.autotask.net", True),
        ("WebServices5.Autotask.NET", True),
        ("api-na.myconnectwise.net", True),
        ("a.b.myconnectwise.net", False),
        ("myconnectwise.net", False),
        ("webservices5.autotask.net.evil.example", False),
        ("evil-webservices5.autotask.net", False),
        ("xautotask.net", False),
        ("münchen.example", False),
    ],
)
def test_it_admits_the_names_of_its_vendor_only(host: str, admitted: bool) -> None:
    if admitted:
        assert VENDOR.admit(f"https://{host}/a?b=c").host == host.lower()
    else:
        with pytest.raises(Refused, match="not one of the hosts"):
            VENDOR.admit(f"https://{host}/a?b=c")


def test_it_reads_a_url_into_what_goes_on_the_wire() -> None:
    target = ANY.admit("https://müller.example:443/größe/%20x?q=ü&r=%3D")
    assert (target.host, target.port) == ("xn--mller-kva.example", 443)
    assert target.path == "/gr%C3%B6%C3%9Fe/%20x?q=%C3%BC&r=%3D"
    assert target.shown == "https://xn--mller-kva.example/gr%C3%B6%C3%9Fe/%20x"


def test_it_lets_only_the_listed_host_and_port_be_plain_and_private() -> None:
    rule = HostRule((), sandbox=frozenset({"127.0.0.1:8401", "psa:8402"}))
    assert rule.admit("http://127.0.0.1:8401/x").authority == "127.0.0.1:8401"
    for other in (
        "http://127.0.0.1:8400/",
        "http://localhost:8401/",
        "http://psa/",
        "http://127.0.0.2:8401/",
    ):
        with pytest.raises(Refused):
            rule.admit(other)
    assert rule.resolve("psa", 8402, resolver=lambda h, p: ["172.18.0.4"]) == ("172.18.0.4",)
    for outside in ("169.254.169.254", "fe80::1", "8.8.8.8"):
        with pytest.raises(Refused):
            rule.resolve("psa", 8402, resolver=partial(_found, [outside]))


def test_it_says_busy_for_a_name_that_does_not_resolve() -> None:
    def unknown(host: str, port: int) -> Sequence[str]:
        raise socket.gaierror(-2, "Name or service not known")

    for resolver in (unknown, partial(_found, [])):
        with pytest.raises(Busy) as busy:
            Http(hosts=ANY, resolver=resolver).send("POST", "https://vendor.example/", effect=True)
        assert busy.value.code == "network"
