"""The tasks of people at vendors that have no interface, as a list."""

from __future__ import annotations

from purser.lists.model import Column, Preset, Sign, Table
from purser.provisioning import tasks
from purser.provisioning.models import Task, TaskState

STATES = {
    "open": Sign(str(TaskState.OPEN.label), "warn", "hourglass"),
    "done": Sign(str(TaskState.DONE.label), "good"),
    "declined": Sign(str(TaskState.DECLINED.label), "bad"),
}

TASKS = Table(
    name="vendor_tasks",
    title="Tasks at vendors",
    lead="What people do at vendors that have no interface. What waits for a task goes on once it is confirmed.",
    rows=lambda actor, params: Task.objects.select_related("instance"),
    order=("-state", "due_on"),  # open ones first
    columns=(
        Column("title", "Task"),
        Column("state", "State", "badge", signs=STATES),
        Column("due_on", "Due", "date"),
        Column("instance", "Instance", field="instance__name"),
        Column("what", "What", read=lambda row: tasks.DO.get(row.words.get("do", ""), "")),
        Column("made_at", "Asked for", "datetime", shown=False),
        Column("ended_at", "Ended", "datetime", shown=False),
        Column("ended_by", "By", field="ended_by_name", shown=False),
        Column("note", "Note", shown=False),
    ),
    presets=(
        Preset("To be done", "state.is=open"),
        Preset("Cannot be done", "state.is=declined"),
        Preset("Asked for in the last 30 days", "made_at.last=30"),
    ),
)
