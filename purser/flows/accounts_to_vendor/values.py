"""How a stage of an account stands, as the engine compares it, and what is known before a run looks. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from purser.connectors.ports.offerings import Offering

ENABLED, DISABLED = "enabled", "disabled"
SHOWN = 6  # names in words


@dataclass(frozen=True)
class Value:
    """How a stage stands: `has` is compared, `words` are for people."""

    has: tuple[str, ...]
    words: str = field(default="", compare=False)


@dataclass
class Held:
    """What is known of the account when a run begins. `remote`, `user`: the vendor's ids. `tried` False: our reference is new,
    so nothing of it can be there. `since`: when the first try was. `roles`: those that a receipt says the user was asked to
    have; `given`: those of them that the vendor gave. `mails`: how often the activation was mailed."""

    remote: str = ""
    user: str = ""
    tried: bool = False
    since: datetime | None = None
    roles: tuple[str, ...] | None = None
    given: tuple[str, ...] | None = None
    mails: int = 0


def offered(some: Collection[Offering]) -> Value | None:
    """Offerings as a value: None for none of them."""
    keys = tuple(sorted(f"{o.key}{'' if o.enabled else ' off'}" for o in some))
    names = list(dict.fromkeys(o.name for o in sorted(some, key=lambda o: o.key)))
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return Value(keys, f"{len(keys)}: {', '.join(names[:SHOWN])}{more}") if keys else None


def mailed(times: int) -> Value | None:
    return Value((str(times),), "mailed" if times == 1 else f"mailed {times} times") if times else None
