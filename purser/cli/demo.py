"""The demo: everything on one machine, supervised by one process.

The first start makes the data (the sandboxes' seeds, a reseller, its people, connections and relations) and plays twelve
days of its life through the real flow; later starts keep it. Ctrl-C ends every process that was started here.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

# The sandboxes, and where each shows a person what it holds.
VENDORS = {
    "marketplace": "/_panel/launch",
    "autotask": "/_panel",
    "connectwise": "/_panel",
    "graph": "/_panel",
    "stripe": "/_panel",
    "acronis": "/_panel",
    "bucketry": "/_panel",
}
FIRST_SANDBOX_PORT = 8101
MOST_RESTARTS = 20
ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Processes:
    """Child processes that end with this one, whatever ends it."""

    environment: Mapping[str, str]
    logs: Path
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str, *arguments: str) -> None:
        self.logs.mkdir(parents=True, exist_ok=True)
        with (self.logs / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                [sys.executable, *arguments],
                env=dict(self.environment),
                cwd=ROOT,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    def stop(self) -> None:
        """In the order they were started, reversed: nobody calls what is gone already."""
        for process in reversed(self.running.values()):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=25)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self.running.clear()

    def died(self) -> str:
        """The name of a child that ended by itself, or nothing."""
        return next((name for name, p in self.running.items() if p.poll() is not None), "")


def serve(home: Path, *, port: int) -> None:
    """Run until Ctrl-C."""
    if not _free(port):
        _give_up(f"Port {port} is taken on 127.0.0.1. End what uses it, or choose another: purser demo --port 8080")
    ports = dict(zip(VENDORS, range(FIRST_SANDBOX_PORT, FIRST_SANDBOX_PORT + len(VENDORS)), strict=True))
    for name, number in ports.items():
        if not _free(number):
            _give_up(f"Port {number}, of the {name} sandbox, is taken on 127.0.0.1. Is another demo running?")
    with _everything(home, ports, site=f"http://127.0.0.1:{port}") as processes:
        from purser.cli import cast, story

        if not story.told(home):
            story.tell(home, ports, say=_say)
        story.to_today(ports)
        commands = {"web": ("web", "--port", str(port)), "worker": ("worker",)}
        for name, arguments in commands.items():
            processes.start(name, "-m", "purser.cli.main", *arguments)
        _wait(f"http://127.0.0.1:{port}/health", processes)
        _say("")
        _say(f"Purser is running at http://127.0.0.1:{port}")
        for line in cast.sign_ins():
            _say(line)
        _say("The vendors' own pages:")
        for name, path in VENDORS.items():
            _say(f"  {name:12} http://127.0.0.1:{ports[name]}{path}")
        _say(f"Mail it would have sent: {home / 'mail'}. Logs: {home / 'logs'}. Ctrl-C stops all of it.")
        restarts = 0
        while restarts < MOST_RESTARTS:
            time.sleep(0.5)
            if (name := processes.died()) in commands:
                _say(f"The {name} process ended by itself (see {home / 'logs' / f'{name}.log'}); starting it again.")
                processes.start(name, "-m", "purser.cli.main", *commands[name])
                restarts += 1
            elif name:
                break
        _give_up(f"The {name} process ended by itself; see {home / 'logs' / f'{name}.log'}.")


def once(home: Path) -> None:
    """The whole job on fresh data; the last line printed is the result as JSON."""
    if home.exists():
        shutil.rmtree(home)
    # run last of all, after the database's own stop: a server whose folder is gone cannot be told to end
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    ports = {name: _any_port() for name in VENDORS}
    with _everything(home, ports, site="http://127.0.0.1:8000"):
        from purser.cli import story

        story.tell(home, ports, say=_say)
        result = story.result(home)
    print(json.dumps(result), flush=True)
    if result["failed"] or not result["in_step"]:
        raise SystemExit(1)


@contextmanager
def _everything(home: Path, ports: dict[str, int], *, site: str) -> Iterator[Processes]:
    """The database, the walls and the sandboxes; everything ends with the block."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job starts with it ignored
    home.mkdir(parents=True, exist_ok=True)
    os.environ.update(
        PURSER_HOME=str(home),
        PURSER_URL=site,
        PURSER_SANDBOX_HOSTS=",".join(f"127.0.0.1:{p}" for p in ports.values()),
        PURSER_REQUIRE_SECOND_FACTOR="false",
    )
    from purser.cli import start

    start.django()
    from purser.cli import database, story

    _say("Preparing the database ...")
    database.migrate()
    story.seed(home, ports, site=site)
    processes = Processes({**os.environ, "PYTHONUNBUFFERED": "1"}, home / "logs")
    try:
        for name, number in ports.items():
            processes.start(
                f"sandbox-{name}", "-m", "sandboxes", name, "--port", str(number),
                "--seed", str(home / "seeds" / f"{name}.json"), "--state", str(home / "seeds" / f"{name}.state.json"),
            )  # fmt: skip
        for number in ports.values():
            _wait(f"http://127.0.0.1:{number}/_sandbox/health", processes)
        yield processes
    except KeyboardInterrupt:
        _say("\nStopping ...")
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        processes.stop()
        from django.db import connections

        connections.close_all()


def _wait(url: str, processes: Processes, *, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            if name := processes.died():
                _give_up(f"The {name} process did not start; see {processes.logs / f'{name}.log'}.")
            time.sleep(0.1)
    _give_up(f"{url} did not answer within {seconds:.0f} s; see {processes.logs}.")


def _free(port: int) -> bool:
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _any_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def _say(line: str) -> None:
    print(line, flush=True)


def _give_up(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
    raise SystemExit(1)
