"""The task queue's application object."""

from __future__ import annotations

from procrastinate import App


def ready(app: App) -> None:
    """Called when the framework has loaded: register our tasks."""
