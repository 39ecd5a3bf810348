"""Where the data lies, and loading the application."""

from __future__ import annotations

import os
from pathlib import Path


def home() -> Path:
    """The data folder: PURSER_HOME, or .purser beside the package."""
    return Path(os.environ.get("PURSER_HOME") or Path(__file__).resolve().parents[2] / ".purser").resolve()


def django() -> None:
    """Load the application: call before anything that touches settings or models.

    Without a DATABASE_URL the embedded server is started (or joined) first.
    """
    import django as framework

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "purser.config.settings")
    if not os.environ.get("DATABASE_URL") and not os.environ.get("PURSER_APP_DATABASE_URL"):
        from purser.postgres import server

        os.environ["DATABASE_URL"] = server.start(home() / "pg")
    framework.setup()
