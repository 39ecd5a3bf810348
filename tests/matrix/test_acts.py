"""Every door that changes something leaves an act that names the person, the partner, the consent and the request.

Each is called once in a state in which it takes effect (walk.py), on behalf of the customer wherever a partner may. A door
that is not walked makes the test fail. Source: reliability P18; acceptance UC-18.
"""

from __future__ import annotations

import inspect
import json
from functools import cache
from typing import Any

import pytest
from django.test import Client

from purser.access import acts
from purser.access.models import Act
from purser.api import limits
from purser.postgres import tenancy
from purser.tenants import tree
from tests.access import kit
from tests.access.kit import site as site
from tests.matrix import doors, mapping_steps, paying_steps, steps, walk
from tests.matrix.doors import Door
from tests.matrix.walk import Ground, Walker
from tests.portal import desk
from tests.tenancy.addresses import values_of

pytestmark = pytest.mark.usefixtures("site")


@pytest.fixture(autouse=True)
def unlimited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "call", lambda *_, **__: None)


@pytest.fixture(scope="module")
def ground() -> Ground:
    return walk.ground()


def name_of(door: Door) -> str:
    within = door.shown.removeprefix("/").removeprefix("api/v1/").removeprefix("t/<tenant>/")
    return f"{door.method} {within}" if door.is_api else within


@cache
def changing() -> dict[str, Door]:
    """The doors that take more than a look: by their method, or because the page reads what was posted."""
    views = {address.route: view for address, view in doors.patterns()}
    found = {}
    for door in doors.every():
        if door.method != "GET" or (not door.is_api and "POST" in _source(views[door.address.route])):
            found[name_of(door)] = door
    return found


def _source(view: Any) -> str:
    """The page's own function, and those of its module that it hands the request to."""
    page = inspect.unwrap(view)
    own = inspect.getsource(page)
    beside = [value for name, value in page.__globals__.items() if f"{name}(request, actor" in own]
    functions = [one for one in beside if inspect.isfunction(one) and one.__module__ == page.__module__]
    return own + "".join(inspect.getsource(one) for one in functions)


def walked(walker: Walker, name: str, values: dict[str, str], body: dict[str, Any], every: dict[str, Door]) -> str:
    """What is wrong with the act that the step left; "" where nothing is."""
    address, _, query = name.partition("?")
    door = every[address]
    answer = _called(walker.client, door, door.address.path(values) + (f"?{query}" if query else ""), body)
    if answer.status_code >= 400 or (answer.status_code == 302 and "sign-in" in answer.headers["Location"]):
        return f"{name} was not done: {answer.status_code} {kit.text(answer)[-600:]}"
    with tenancy.acting_in(walker.tenant.pk):
        kept = list(Act.objects.filter(request_id=answer.headers["X-Request-ID"], outcome="done"))
    named = {(act.person_id, act.home, act.grant_id is not None) for act in kept}
    if named != {(walker.person.pk, walker.home.pk if walker.home else None, walker.home is not None)}:
        return f"{name} by {walker.person} left {len(kept)} acts, by {named}"
    return ""


def _called(client: Client, door: Door, path: str, body: dict[str, Any]) -> Any:
    if door.is_api:
        return client.generic(door.method, path, json.dumps(body) if body else "", content_type="application/json")
    return client.post(path, body)


def test_every_door_that_changes_something_leaves_an_act(ground: Ground) -> None:
    wrong = [step_by(ground, step) for step in steps.STEPS]
    assert not any(wrong), "\n".join(filter(None, wrong))


def step_by(ground: Ground, step: walk.Step) -> str:
    who, name, find = step
    every, walker = changing(), ground.walkers[who]
    at, body = find(ground, who) if callable(find) else ({}, find)
    values = values_of(every[name.partition("?")[0]].address, tenant=str(walker.tenant.pk), of=ground.planted(who)) | at
    return walked(walker, name, values, body, every)


@pytest.mark.parametrize("way", [mapping_steps.PAGES, mapping_steps.CALLS], ids=["pages", "calls"])
def test_every_door_of_the_mapping_leaves_an_act(way: list[tuple[str, mapping_steps.Find]]) -> None:
    every, wrong = changing(), []
    with desk.at(psa_seed=mapping_steps.RENEWED) as here:
        here.linked()
        here.go(minutes=5)
        here.pass_over()
        walker = Walker(here.person, here.world.organisation, here.client)
        for name, find in way:
            at, body = find(here)
            pair = {"tenant": str(here.tenant), "pair": str(here.world.sync.pk), "sync": str(here.world.sync.pk)}
            wrong.append(walked(walker, name, pair | at, body, every))
    assert not any(wrong), "\n".join(filter(None, wrong))


def test_it_walks_every_door_that_changes_something() -> None:
    every = [*(name for _, name, _ in steps.STEPS), *(name for name, _ in (*mapping_steps.PAGES, *mapping_steps.CALLS))]
    every += [name for _, name, _ in paying_steps.STEPS]
    named = [name.partition("?")[0] for name in every]
    assert len(set(named)) == len(named)
    assert set(changing()) - set(named) - set(steps.QUIET) == set(), "Give it a step in tests/matrix/steps.py."
    assert set(named) | set(steps.QUIET) <= set(changing())


# A breach, planted.


@pytest.mark.parametrize("name", ["domain/settings/", "PUT domain"])
def test_it_finds_a_door_that_forgets_its_act(ground: Ground, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with tenancy.acting_in(ground.made.reseller.pk):
        tree.enable_administration()
    ground.made.give(kit.now())
    record, forgotten = acts.record, "domain.write"
    monkeypatch.setattr(acts, "record", lambda actor, verb, **of: verb != forgotten and record(actor, verb, **of))
    (step,) = [step for step in steps.STEPS if step[1] == name]
    assert "left 0 acts" in step_by(ground, step)
