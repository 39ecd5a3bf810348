"""The key figures and the check list, with the numbers of the portal's pages. Source: acceptance ID-64."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from purser.api.schemas.common import Number, Out
from purser.api.schemas.sides import Money
from purser.api.shared import SHARED
from purser.links.queries import checklist as lists
from purser.links.queries import home


class Figures(Out):
    """`states` counts relations by state; `at_stake` is what the unlinked resources cost a month. `coverage` is the percentage
    of what is bought that is billed automatically, null where nothing is bought.
    """

    linked: int
    unlinked: int
    coverage: Number | None
    states: dict[str, int]
    at_stake: list[Money]
    failures: int
    plans: int
    drifts: int
    last_run: UUID | None


class Item(Out):
    """`list` is where the API has the rows that are counted, below the organisation's address, with its query; empty where
    they are no list of their own: customers without an account (`unmapped`) and sides that are read too seldom (`stale`).
    """

    name: str
    words: str
    todo: str
    count: int
    list: str
    settled: bool
    accepted: bool
    accepted_by: str
    accepted_at: datetime | None
    reason: str


class Step(Out):
    number: int
    title: str
    settled: bool
    items: list[Item]


PATHS = {one.table.name: one.path for one in SHARED}


class CheckList(Out):
    """`ready`: every item is nought, or accepted with a reason for this month."""

    month: date
    ready: bool
    steps: list[Step]


def figures(found: home.Figures) -> Figures:
    return Figures(
        linked=found.linked,
        unlinked=found.unlinked,
        coverage=found.percent,
        states=found.states,
        at_stake=[Money(amount=one.amount, currency=one.currency) for one in found.at_stake],
        failures=found.failures,
        plans=found.plans,
        drifts=found.drifts,
        last_run=found.last_run.pk if found.last_run else None,
    )


def checklist(found: lists.CheckList) -> CheckList:
    return CheckList(
        month=found.month,
        ready=found.ready,
        steps=[
            Step(number=s.number, title=s.title, settled=s.settled, items=[_item(i, found.pair.target.kind) for i in s.items])
            for s in found.steps
        ],
    )


def _item(item: lists.Item, context: str) -> Item:
    held, path = item.acceptance, PATHS.get(item.page, "")
    return Item(
        name=item.name,
        words=item.words,
        todo=item.todo,
        count=item.count,
        list=f"{path}?{item.asked(context)}" if path else "",
        settled=item.settled,
        accepted=item.accepted,
        accepted_by=str(held.accepted_by) if held else "",
        accepted_at=held.accepted_at if held else None,
        reason=held.reason if held else "",
    )
