"""What happens when the framework has loaded: tasks are registered, and flows get their ports."""

from __future__ import annotations

from procrastinate import App


def ready(app: App) -> None:
    """Register our tasks and give the flows their ports."""
    from purser.config import wiring
    from purser.flows import ports
    from purser.jobs import entrypoints, periodic

    ports.use(wiring.ports)
    app.add_tasks_from(entrypoints.tasks, namespace="")
    app.add_tasks_from(periodic.tasks, namespace="")
