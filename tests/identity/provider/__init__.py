"""A provider to sign on with, as a process of its own (serve.py), and somebody's browser there."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2


@dataclass
class Provider:
    """`issuer` is its address, `host` what settings.SANDBOX_HOSTS must list."""

    port: int
    people: dict[str, str] = field(default_factory=dict)

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def act(self, what: str, **given: Any) -> dict[str, Any]:
        answer = httpx2.post(f"{self.issuer}/_act/{what}", json=given, timeout=20, verify=False)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def person(self, name: str, email: str, *, verified: bool = True) -> str:
        """Somebody with an account there: their subject."""
        self.people[name] = str(self.act("person", name=name, email=email, verified=verified)["sub"])
        return self.people[name]

    def authorised(self, address: str, name: str) -> str:
        """Follow the way to the provider in a browser where `name` is signed in: the address it leads back to."""
        with httpx2.Client(base_url=self.issuer, timeout=20, verify=False) as browser:
            browser.get("/_act/enter", params={"name": name}).raise_for_status()
            answer = browser.get(address)
            for _ in range(5):
                if answer.status_code != 302 or not answer.headers["Location"].startswith(("/", self.issuer)):
                    break
                answer = browser.get(answer.headers["Location"])
        assert answer.status_code == 302, (answer.status_code, answer.text[:1500])
        return str(answer.headers["Location"])


@contextmanager
def running(folder: Path) -> Iterator[Provider]:
    script = Path(__file__).with_name("serve.py")
    with (folder / "provider.log").open("w") as log:
        command = [sys.executable, "-W", "ignore", str(script), str(folder)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log)
        try:
            assert process.stdout is not None
            line = process.stdout.readline().strip()
            assert line, (folder / "provider.log").read_text()[-3000:]
            yield Provider(int(line))
        finally:
            process.terminate()
            process.wait(10)
