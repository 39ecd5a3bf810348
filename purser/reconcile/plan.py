"""The difference between what is wanted and what is held."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from purser.kernel import digest
from purser.reconcile.model import Aside, Change, Key, Plan, Reading, V

_MISSING: Any = object()


def plan(
    *,
    wanted: Reading[V],
    held: Reading[V],
    asides: Mapping[Key, Aside] | None = None,
    describe: Callable[[V], object] = digest.plain,
    lane: Callable[[Key], str] = lambda key: key,
) -> Plan[V]:
    """What must change on the held side, in the order of the wanted one; removals last, by key.

    Law 2: a key that `wanted` lacks is a removal only if that reading is whole, and a key that `held` lacks is a creation
    only if that one is; otherwise the key is set aside with the reason. Keys in `asides` are left alone. `compared` counts
    lanes, so that a thing with several dated keys counts once, and one that has vanished from either side still counts.
    """
    set_aside = dict(asides or {})
    changes: list[Change[V]] = []
    find = held.items.get
    for key, after in wanted.items.items():
        before = find(key, _MISSING)
        if before == after:
            continue
        if key in set_aside:
            continue
        if before is _MISSING:
            if held.whole:
                changes.append(Change(key, None, after))
            else:
                set_aside[key] = Aside(key, f"The target was not read as a whole: {held.cut}", "target_cut")
            continue
        changes.append(Change(key, before, after))
    for key in sorted(held.items.keys() - wanted.items.keys()):
        if key in set_aside:
            continue
        if wanted.whole:
            changes.append(Change(key, held.items[key], None))
        else:
            set_aside[key] = Aside(key, f"The source was not read as a whole: {wanted.cut}", "source_cut")
    return Plan(
        changes=tuple(changes),
        asides=tuple(set_aside[k] for k in sorted(set_aside)),
        compared=len({lane(k) for k in wanted.items.keys() | held.items.keys()}),
        digest=digest_of(changes, describe),
    )


def digest_of(changes: Sequence[Change[V]], describe: Callable[[V], object] = digest.plain) -> str:
    """What an approval binds to: the changes and nothing else, in order."""
    return digest.of([digested(c, describe) for c in changes])


def digested(change: Change[V], describe: Callable[[V], object]) -> list[object]:
    """One change as the digest sees it; a stored plan keeps it, so that its digest can be checked against its rows."""
    return [change.key, *(None if side is None else describe(side) for side in (change.before, change.after))]
