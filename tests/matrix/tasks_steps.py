"""The steps of steps.py for tasks at vendors that have no interface."""

from __future__ import annotations

from typing import Any

from purser.postgres import ids
from tests.matrix.walk import Find, Ground, Said, Step, sent
from tests.tenancy.planting import another


def task(body: dict[str, Any], state: str = "open") -> Find:
    """A task of its own."""

    def find(g: Ground, who: str) -> Said:
        at = another(g.planted(who), "provisioning_instance", kind="byhand", name=ids.new().hex, settings={}, roles={})
        row = another(
            g.planted(who), "provisioning_task", instance=at, key=ids.new().hex, words={"do": "create", "reference": "r"},
            answer={"id": ""}, state=state, version=1,
        )  # fmt: skip
        return sent({"version": 1, **body}, task=row.pk)

    return find


ONE = "vendor-tasks/<task>/"
STEPS: list[Step] = [
    ("owner", f"{ONE}confirm/", task({"answer_id": "FX-1"})),
    ("owner", f"POST {ONE}confirm", task({"answers": {"id": "FX-2"}})),
    ("owner", f"{ONE}decline/", task({"note": "Sold out"})),
    ("owner", f"POST {ONE}decline", task({"note": "Sold out"})),
    ("owner", f"{ONE}reopen/", task({}, "declined")),
    ("owner", f"POST {ONE}reopen", task({}, "declined")),
]
