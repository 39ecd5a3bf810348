"""Many lists at once: envelopes of twenty calls, each list followed to its end, throttled ones asked again."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from purser.connectors.graph.client import MOST_PARTS, Client
from purser.connectors.shared.answer import Answer
from purser.connectors.shared.pages import MOST_PAGES
from purser.kernel.errors import Busy, Failure

PATIENCE = timedelta(minutes=2)  # of waiting, over a whole reading
FIRST_WAIT = timedelta(seconds=1)  # the least, and doubled each time where Graph does not say how long


@dataclass
class Lists:
    """`bodies` are the objects that came for each key, in order; `failed` why a key has none or not all of them."""

    bodies: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    failed: dict[str, Failure] = field(default_factory=dict)


def read(
    client: Client,
    wanted: Mapping[str, str],
    *,
    permission: str,
    pause: Callable[[float], None],
) -> Lists:
    """GET each of `wanted` (key to path) and the pages behind it.

    Parts that Graph throttles are asked again after the longest wait it names, within `PATIENCE`: a long reading that
    gave up at each of them would never reach its end. Rejected calls count against the allowance, so none is made before.
    Raises the failure of the first envelope; of a later one, it is that of every key still open.
    Source: vendors/microsoft.md B6, B7.
    """
    found = Lists()
    line = deque(wanted.items())
    seen: dict[str, set[str]] = {key: set() for key in wanted}
    left, guess = PATIENCE, FIRST_WAIT
    while line:
        asked = [line.popleft() for _ in range(min(MOST_PARTS, len(line)))]
        throttled: list[tuple[str, str]] = []
        waits: list[timedelta] = []
        try:
            parts = client.envelope([path for _, path in asked])
        except Busy as e:
            if e.code != "throttled" or e.retry_after is None:
                _give_up(found, [*asked, *line], e)
                return found
            throttled, waits, parts = asked, [e.retry_after], []
        except Failure as e:
            _give_up(found, [*asked, *line], e)
            return found
        for (key, path), part in zip(asked, parts, strict=False):
            if isinstance(part, dict):
                try:
                    line.extend(_next(client, found, seen, key, path, part))
                except Failure as e:
                    found.failed[key] = e
            elif part.status == 429:
                throttled.append((key, path))
                waits.append(part.retry_after if part.retry_after is not None else guess)
            else:
                found.failed[key] = _failure(client, part, permission)
        if throttled:
            wait = max(*waits, FIRST_WAIT)
            if wait > left:
                text = f"Graph asks to wait {wait.total_seconds():.0f} s, with {len(throttled) + len(line)} lists to read."
                _give_up(found, [*throttled, *line], Busy(text, code="throttled", retry_after=wait))
                return found
            left, guess = left - wait, min(guess * 2, PATIENCE)
            pause(wait.total_seconds())
            line.extendleft(reversed(throttled))
    return found


def _next(
    client: Client, found: Lists, seen: dict[str, set[str]], key: str, path: str, body: dict[str, Any]
) -> list[tuple[str, str]]:
    found.bodies.setdefault(key, []).append(body)
    seen[key].add(path)
    link = client.next_of(body)
    if link is None:
        return []
    following = client.relative(link)
    if following in seen[key] or len(seen[key]) >= MOST_PAGES:
        raise Busy(f"Page {len(seen[key]) + 1} of the list repeats an earlier one, or has no end.", code="malformed")
    return [(key, following)]


def _failure(client: Client, part: Answer, permission: str) -> Failure:
    failure = client.failure(part, permission=permission)
    assert isinstance(failure, Failure)
    return failure


def _give_up(found: Lists, open_ones: list[tuple[str, str]], why: Failure) -> None:
    if not found.bodies and not found.failed:
        raise why
    found.failed |= {key: why for key, _ in open_ones}
