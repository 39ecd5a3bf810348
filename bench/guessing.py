"""Wrong passwords by the second against a running portal: what they cost the people who are signed in, and what they tell.

Source: reliability P24. PURSER_GUESSING_SECONDS tells how long each attack lasts.
"""

from __future__ import annotations

import itertools
import math
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx2

from bench.figures import Figure, percentile
from tests.access import kit

SECONDS = float(os.environ.get("PURSER_GUESSING_SECONDS", "60"))
A_SECOND = 50
BASE = 200  # pages, before the attack
SAMPLES = 60  # wrong passwords of each kind, when nothing else is going on
CHANCE = 2.576  # deviations; one run in a hundred has more by chance (p = 0.01)
WRONG = "not the password at all"
MOST_TRIES = 100


def figures() -> Iterator[Figure]:
    """From one address, where the limits hold before a password is looked at; and from as many as there are guesses, where
    each costs a hash."""
    organisation = kit.reseller()
    victim = kit.member(organisation, factor=False)
    page = f"/t/{organisation.pk}/people/"
    with portal() as site:
        cookie = sign_in(site, victim.email, "192.0.2.1")
        read = reader(site, page, cookie)
        base = percentile([read() for _ in range(BASE)], 0.95)
        yield Figure("guessing_base_p95_ms", base * 1000)
        yield Figure("guessing_known_or_unknown_z", told_apart(site, victim.email), CHANCE)
        for name, bound, addresses in (
            ("one_address", 2.0, itertools.repeat("203.0.113.1")),
            ("many_addresses", None, (f"198.18.{n // 250 % 250}.{n % 250 + 1}" for n in itertools.count())),
        ):
            with attack(site, victim.email, addresses) as under:
                times, tries = [], 0
                while time.monotonic() < under.ends:
                    times.append(read())
                    time.sleep(0.02)
                    if time.monotonic() > under.ends - SECONDS / 2 and tries < 1:
                        tries = until_in(site, victim.email, "192.0.2.1")
            yield Figure(f"guessing_{name}_a_second", under.made / SECONDS)
            yield Figure(f"guessing_{name}_p95_ratio", percentile(times, 0.95) / base, bound)
            yield Figure(f"guessing_{name}_victim_tries", tries, bound and 1.0)


@contextmanager
def portal() -> Iterator[str]:
    """`purser web` as behind a proxy, so that a guess can come from any address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-W", "ignore", "-m", "purser.cli.main", "web", "--port", str(port)]
    environment = {**os.environ, "PURSER_BEHIND_PROXY": "true", "PURSER_REQUIRE_SECOND_FACTOR": "false"}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    site = f"http://127.0.0.1:{port}"
    try:
        wait_for(site)
        yield site
    finally:
        process.terminate()
        process.wait(30)


def wait_for(site: str) -> None:
    for _ in range(300):
        try:
            httpx2.get(f"{site}/sign-in/", trust_env=False)
        except httpx2.TransportError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("The portal does not answer within 30 seconds.")


def sign_in(site: str, email: str, address: str) -> str:
    """The session's cookie. Raises RuntimeError for who is not let in: the figures would then be of something else."""
    with client(site, address) as browser:
        answer = post(browser, email, kit.PASSWORD)
        if answer.status_code != 302:
            raise RuntimeError(f"{email} is not let in: {answer.status_code}")
        return browser.cookies["sessionid"]


def until_in(site: str, email: str, address: str) -> int:
    """How often the victim has to try, at most MOST_TRIES; most are turned away when the line for a hash is full."""
    for tried in range(1, MOST_TRIES):
        try:
            sign_in(site, email, address)
        except RuntimeError:
            time.sleep(0.2)
        else:
            return tried
    return MOST_TRIES


def client(site: str, address: str) -> httpx2.Client:
    return httpx2.Client(base_url=site, headers={"X-Forwarded-For": address}, trust_env=False, timeout=30)


def post(browser: httpx2.Client, email: str, password: str) -> httpx2.Response:
    browser.cookies.set("csrftoken", "a" * 32)
    fields = {"login": email, "password": password, "csrfmiddlewaretoken": "a" * 32}
    return browser.post("/sign-in/", data=fields)


def reader(site: str, page: str, cookie: str) -> Callable[[], float]:
    """Reads a page of somebody who is signed in; seconds."""
    browser = client(site, "192.0.2.1")
    browser.cookies.set("sessionid", cookie)

    def read() -> float:
        began = time.perf_counter()
        answer = browser.get(page)
        if answer.status_code != 200:
            raise RuntimeError(f"{page} answers {answer.status_code}")
        return time.perf_counter() - began

    return read


@dataclass
class Attack:
    ends: float
    made: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


@contextmanager
def attack(site: str, email: str, addresses: Iterator[str]) -> Iterator[Attack]:
    """A_SECOND guesses a second, at their times whether or not earlier ones were answered."""
    under = Attack(time.monotonic() + SECONDS)
    due = iter(range(int(SECONDS * A_SECOND)))
    began = time.monotonic()

    def guess() -> None:
        with httpx2.Client(base_url=site, trust_env=False, timeout=30) as browser:
            while True:
                with under.lock:
                    number, address = next(due, None), next(addresses)
                if number is None or time.monotonic() > under.ends:
                    return
                time.sleep(max(0.0, began + number / A_SECOND - time.monotonic()))
                browser.headers["X-Forwarded-For"] = address
                try:
                    post(browser, email, WRONG)
                except httpx2.TransportError:
                    continue  # turned away
                with under.lock:
                    under.made += 1

    threads = [threading.Thread(target=guess, daemon=True) for _ in range(A_SECOND)]
    for thread in threads:
        thread.start()
    try:
        yield under
    finally:
        for thread in threads:
            thread.join(40)


def told_apart(site: str, known: str) -> float:
    """How far apart the times of known and unknown accounts are."""
    times: dict[str, list[float]] = {"known": [], "unknown": []}
    for n in range(SAMPLES):
        for kind, email in (("known", known), ("unknown", kit.address())):
            with client(site, f"198.19.{n % 250}.{len(kind)}") as browser:
                began = time.perf_counter()
                post(browser, email, WRONG)
                times[kind].append(time.perf_counter() - began)
    return mann_whitney(times["known"], times["unknown"])


def mann_whitney(one: list[float], other: list[float]) -> float:
    """The rank sum test: how many deviations it is from what chance gives (normal approximation, from 20 of each on)."""
    wins = sum((a > b) + (a == b) / 2 for a in one for b in other)
    n, m = len(one), len(other)
    return abs(wins - n * m / 2) / math.sqrt(n * m * (n + m + 1) / 12)
