"""What happens when the framework has loaded: tasks are registered, and flows get their ports."""

from __future__ import annotations

from procrastinate import App


def ready(app: App) -> None:
    """Register our tasks, and hand over what only this layer knows: vendors' ports and what they are configured with."""
    from purser.config import sources, vendors, wiring
    from purser.directory import kinds as kinds_of_source
    from purser.flows import ports
    from purser.jobs import acts, directory, entrypoints, periodic
    from purser.jobs import licensing as licensing_jobs
    from purser.jobs import metering as metering_jobs
    from purser.jobs import papers as paper_jobs
    from purser.jobs import payments as payment_jobs
    from purser.jobs import provisioning as provisioning_jobs
    from purser.jobs import subscriptions as subscription_jobs
    from purser.jobs import tasks as task_jobs
    from purser.jobs import usage as usage_jobs
    from purser.links import following as pairs
    from purser.links import kinds
    from purser.notices import following
    from purser.partners import following as tenants
    from purser.provisioning import kinds as kinds_of_instance

    ports.use(wiring.vendors)
    kinds.use(wiring.kinds)
    kinds_of_source.use(sources.kinds)
    kinds_of_instance.use(vendors.kinds, vendors.NAMES)
    following.use((*pairs.THINGS, *tenants.THINGS))
    app.add_tasks_from(entrypoints.tasks, namespace="")
    app.add_tasks_from(periodic.tasks, namespace="")
    app.add_tasks_from(licensing_jobs.tasks, namespace="")
    app.add_tasks_from(usage_jobs.tasks, namespace="")
    app.add_tasks_from(paper_jobs.tasks, namespace="")
    app.add_tasks_from(acts.tasks, namespace="")
    app.add_tasks_from(directory.tasks, namespace="")
    app.add_tasks_from(payment_jobs.tasks, namespace="")
    app.add_tasks_from(provisioning_jobs.tasks, namespace="")
    app.add_tasks_from(subscription_jobs.tasks, namespace="")
    app.add_tasks_from(task_jobs.tasks, namespace="")
    app.add_tasks_from(metering_jobs.tasks, namespace="")
