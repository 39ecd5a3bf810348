"""A real browser on a real server: Debian's Chromium driven by Playwright, the application in threads of this process
and so on this test's database and settings.

Screenshots (`make screens`) go to test-results/. Without a browser these tests fail, naming the package; PURSER_NO_BROWSER=1
leaves them out.
"""

from __future__ import annotations

import atexit
import functools
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from zlib import crc32

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from purser.portal import build

if TYPE_CHECKING:
    from django.test import Client

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "test-results"
CHROMIUM = ("/usr/bin/chromium", "/usr/bin/chromium-headless-shell")
WIDE, PHONE = (1440, 900), (390, 844)
THEMES = ("light", "dark")
EVERY_PAIR = os.environ.get("PURSER_SCREENS") == "all"
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
]
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="session")
def assets() -> Path:
    """The built front end; built when it is not there yet or older than its source."""
    newest = max(file.stat().st_mtime for file in build.ASSETS.rglob("*") if "node_modules" not in file.parts)
    built = build.BUILT / "portal.js"
    if not built.exists() or built.stat().st_mtime < newest:
        build.build(os.environ)
    return build.BUILT


@functools.cache
def _chromium() -> Browser:
    """One browser a process, however many places ask for the fixture: a second loop in the thread is refused."""
    if os.environ.get("PURSER_NO_BROWSER") == "1":
        pytest.skip("PURSER_NO_BROWSER=1: tests with a browser are left out.")
    found = next((path for path in CHROMIUM if Path(path).exists()), None)
    if found is None:
        pytest.fail("No browser: install Debian's chromium-headless-shell (or chromium), or set PURSER_NO_BROWSER=1.")
    # Playwright's own loop runs in this thread, and Django refuses synchronous queries where it sees one.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    playwright = sync_playwright().start()
    opened = playwright.chromium.launch(executable_path=found, args=QUIET)
    atexit.register(lambda: (opened.close(), playwright.stop()))
    return opened


@pytest.fixture(scope="session")
def browser() -> Browser:
    return _chromium()


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            from django.db import connections

            connections.close_all()  # else the test database could not be dropped


class _Silent(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def live(assets: Path) -> Iterator[str]:
    """The address of the application, served from this process and so on this test's database and settings."""
    from django.core.wsgi import get_wsgi_application

    server = make_server("127.0.0.1", 0, get_wsgi_application(), _Server, _Silent)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(5)
    server.server_close()


@dataclass
class Screen:
    """A browser window with one session, and what went wrong in it: console, content policy, foreign hosts."""

    page: Page
    address: str
    faults: list[str]

    def go(self, path: str) -> Page:
        self.page.goto(self.address + path)
        return self.page

    def theme(self, wanted: str) -> None:
        self.page.context.add_cookies([{"name": "purser_theme", "value": wanted, "url": self.address}])
        self.page.reload()


Open = Callable[..., Screen]


@pytest.fixture
def screen(browser: Browser, live: str) -> Iterator[Open]:
    """`screen(client=None, size=WIDE)` opens a window with the client's session."""
    from django.conf import settings

    contexts: list[BrowserContext] = []

    def open_one(client: Client | None = None, size: tuple[int, int] = WIDE) -> Screen:
        context = browser.new_context(viewport={"width": size[0], "height": size[1]}, reduced_motion="reduce")
        contexts.append(context)
        if client is not None:
            value = client.cookies[settings.SESSION_COOKIE_NAME].value
            context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": value, "url": live}])
        page = context.new_page()
        page.set_default_timeout(10_000)
        faults: list[str] = []
        page.on("console", lambda said: faults.append(said.text) if said.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        ours = (live, "data:", "blob:")
        page.on("request", lambda asked: None if asked.url.startswith(ours) else faults.append(f"foreign {asked.url}"))
        return Screen(page, live, faults)

    yield open_one
    for context in contexts:
        context.close()


def look(page: Page, name: str, *, whole: bool = False) -> Path:
    """Save what the window shows under test-results/, to be looked at."""
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / f"{name}.png"
    page.screenshot(path=file, full_page=whole)
    return file


def axe(page: Page) -> list[str]:
    """What axe finds wrong with the page, a line each; empty when nothing is."""
    script = (build.ASSETS / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
    page.evaluate(script)  # through the debugger, which the page's policy does not bind
    found = page.evaluate(
        "(tags) => axe.run(document, {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations'], preload: false})",
        AXE_TAGS,
    )
    return [
        f"{fault['id']}: {node['target']} {node['failureSummary'].splitlines()[-1].strip()}"
        for fault in found["violations"]
        for node in fault["nodes"]
    ]


def sound(window: Screen, name: str, *, sizes: tuple[tuple[int, int], ...] = (WIDE, PHONE)) -> list[str]:
    """Axe in both themes and at both sizes, sideways scrolling, and what the console said.

    A theme changes colours and a size the layout, so each is looked at once: which theme goes with which size alternates with
    the name. `make screens` looks at all pairs, and keeps a screenshot of each.
    """
    faults: list[str] = []
    for (width, height), theme in _pairs(name, sizes):
        window.page.set_viewport_size({"width": width, "height": height})
        window.theme(theme)
        window.page.wait_for_load_state("networkidle")
        if EVERY_PAIR:  # to be looked at by people
            look(window.page, f"{name}-{width}-{theme}")
        faults += [f"{width} {theme} {line}" for line in axe(window.page)]
        if window.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            faults.append(f"{width} {theme} the page scrolls sideways")
    return faults + window.faults


def _pairs(name: str, sizes: tuple[tuple[int, int], ...]) -> list[tuple[tuple[int, int], str]]:
    if len(sizes) < len(THEMES) or EVERY_PAIR:
        return [(size, theme) for size in sizes for theme in THEMES]
    first = crc32(name.encode()) % len(THEMES)
    return [(size, THEMES[(first + number) % len(THEMES)]) for number, size in enumerate(sizes)]
