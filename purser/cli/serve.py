"""The long-running parts: web and worker. Run as many of each as you like, on as many machines."""

from __future__ import annotations

import os
import sys
from typing import NoReturn


def web(*, host: str, port: int, workers: int) -> NoReturn:
    """Become the web server."""
    command = [
        sys.executable, "-m", "granian", "purser.config.wsgi:application", "--interface", "wsgi",
        "--host", host, "--port", str(port), "--workers", str(workers), "--blocking-threads", "8",
        "--no-access-log", "--log-level", "warning", "--backpressure", "64",
    ]  # fmt: skip
    os.execv(sys.executable, command)


def worker(*, concurrency: int) -> None:
    """Work until told to stop; jobs that were under way finish first, for at most 20 seconds."""
    from procrastinate.contrib.django import app

    with app.replace_connector(app.connector.get_worker_connector()) as running:  # type: ignore[attr-defined]
        running.run_worker(
            concurrency=concurrency, name=f"purser-{os.getpid()}", shutdown_graceful_timeout=20, fetch_job_polling_interval=2
        )
