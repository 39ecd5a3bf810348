"""Steps of the doors of a partner's daily units: see walk.py."""

from __future__ import annotations

from datetime import timedelta

from purser.billing.models import AdviceState, AdviceStep
from purser.postgres import ids, tenancy
from tests.access import kit
from tests.matrix import walk as w
from tests.tenancy.planting import another


def plan(state: AdviceState, *, page: bool = False) -> w.Find:
    """A plan with one person in this state, of a customer that is nobody's: what becomes of the step is not the door's."""

    def find(g: w.Ground, who: str) -> w.Said:
        made = another(g.reseller, "billing_adviceplan", before=kit.now() + timedelta(days=3))
        with tenancy.acting_in(g.reseller.tenant):
            step = AdviceStep.objects.create(
                plan=made, customer=g.second.pk, user=ids.new(), licence=ids.new(), reason="gone", state=state, taken_at=None
            )
        return w.sent({"step": [str(step.pk)]} if page else {"steps": [str(step.pk)]}, advice=made.pk)

    return find


STEPS: list[w.Step] = [
    ("owner", "usage/adviser/<advice>/take/", plan(AdviceState.OFFERED, page=True)),
    ("owner", "usage/adviser/<advice>/undo/", plan(AdviceState.TAKEN, page=True)),
    ("owner", "POST usage/adviser/plans/<advice>/take", plan(AdviceState.OFFERED)),
    ("owner", "POST usage/adviser/plans/<advice>/undo", plan(AdviceState.TAKEN)),
]
_DAY_20 = "refused before day 20 of a month; its act is held by tests/billing/reading/test_adviser.py"
QUIET = {
    "POST usage/simulations": "a question",
    "usage/adviser/look/": _DAY_20,
    "POST usage/adviser/plans": _DAY_20,
}
