"""What was done, by whom, from where. Written in the transaction of the change itself, so neither exists
alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection
from django.db.models import QuerySet

from purser.access.actors import Actor
from purser.access.models import Act, History
from purser.postgres import tenancy

Outcome = Literal["done", "refused", "denied"]

HIDDEN = "(hidden)"
_SECRET_NAME = re.compile(
    r"passw|passphrase|secret|token|credential|private|otp|api_?key|licen[cs]e_?key|integration_?code|authorization|cookie",
    re.IGNORECASE,
)
_SECRET_VALUE = re.compile(r"\bpr[sd]_[0-9a-f]{32}_[\w-]+")


def record(
    actor: Actor,
    verb: str,
    *,
    summary: str,
    of: tuple[str, object] | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    outcome: Outcome = "done",
    now: datetime,
) -> Act:
    """Keep an act, inside the caller's transaction. Call it **before** the change: rows changed after it in
    this transaction name it in their history (the triggers read the setting `purser.act`).

    `of` is the kind and id of the thing; `before` and `after` hold listed fields, where anything that looks
    like a secret is hidden.
    """
    kind, id = of or ("", "")
    act = Act(
        at=now,
        person_id=actor.person,
        actor=actor.name,
        home=actor.home,
        home_name=actor.home_name,
        grant_id=actor.grant,
        verb=verb,
        of_kind=kind,
        of_id=str(id),
        summary=masked(summary)[:500],
        before=masked(before),
        after=masked(after),
        outcome=outcome,
        request_id=actor.request_id[:40],
        address=actor.address,
    )
    act.save(force_insert=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('purser.act', %s, true)", [str(act.pk)])
    return act


def denied(actor: Actor, verb: str, *, summary: str, now: datetime) -> None:
    """Keep a refusal, in a transaction of its own: that of the request was rolled back with it."""
    with tenancy.acting_in(actor.tenant):
        record(actor, verb, summary=summary, outcome="denied", now=now)


def masked(value: Any) -> Any:
    """The value as plain JSON, with secrets hidden by the name of their field or the look of the text."""
    if value is None:
        return None
    return _mask(json.loads(json.dumps(value, cls=DjangoJSONEncoder)))


def _mask(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: HIDDEN if v and _SECRET_NAME.search(k) else _mask(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_mask(item) for item in value]
    if isinstance(value, str):
        return _SECRET_VALUE.sub(HIDDEN, value)
    return value


def on_behalf() -> QuerySet[Act]:
    """Every act that somebody did in the tenant acted in from another organisation. Source: acceptance UC-18."""
    return Act.objects.filter(grant_id__isnull=False)


def of_object(kind: str, id: object, *, most: int = 50) -> list[Act]:
    """What was done to one thing, newest first: the rows of the part `acts/of_object.html`."""
    return list(Act.objects.filter(of_kind=kind, of_id=str(id)).order_by("-at", "-id")[:most])


def together(act: Act) -> list[Act]:
    """All acts of the same request, in their order; only this one where it came from a job."""
    if not act.request_id:
        return [act]
    return list(Act.objects.filter(request_id=act.request_id).order_by("at", "id"))


def rows_changed(act: Act) -> list[History]:
    """The rows that changed under an act, as the triggers kept them."""
    return list(History.objects.filter(act_id=act.pk).order_by("at", "id"))


def differences(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> list[tuple[str, Any, Any]]:
    """Fields that differ, by name, with the value before and after; None where it was not there."""
    old, new = before or {}, after or {}
    return [(name, old.get(name), new.get(name)) for name in sorted({*old, *new}) if old.get(name) != new.get(name)]
