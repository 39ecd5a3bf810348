"""What happens when the framework has loaded: tasks are registered, and flows get their ports."""

from __future__ import annotations

from procrastinate import App


def ready(app: App) -> None:
    """Register our tasks, and hand over what only this layer knows: vendors' ports and what they are configured with."""
    from purser.config import wiring
    from purser.flows import ports
    from purser.jobs import entrypoints, periodic
    from purser.links import following as pairs
    from purser.links import kinds
    from purser.notices import following
    from purser.partners import following as tenants

    ports.use(wiring.vendors)
    kinds.use(wiring.kinds)
    following.use((*pairs.THINGS, *tenants.THINGS))
    app.add_tasks_from(entrypoints.tasks, namespace="")
    app.add_tasks_from(periodic.tasks, namespace="")
