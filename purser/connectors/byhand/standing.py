"""How everything stands at such a vendor: what was confirmed, one after the other. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation

from purser.connectors.ports.accounts import Tenant, User
from purser.connectors.ports.offerings import Kind
from purser.connectors.ports.tasks import Told

KINDS: Mapping[str, Kind] = {"partner": "partner", "customer": "customer"}


@dataclass
class Standing:
    """Tenants and users by the vendor's ids; `given`: the products of each tenant, with their limits ("" is none); `used`: by
    tenant and month, the figures of products. `odd`: what was confirmed and makes no sense. `times`: how often each sort of
    change was confirmed."""

    tenants: dict[str, Tenant] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    given: dict[str, dict[str, str]] = field(default_factory=dict)
    used: dict[tuple[str, str], dict[str, Decimal]] = field(default_factory=dict)
    odd: list[str] = field(default_factory=list)
    times: Counter[str] = field(default_factory=Counter)

    def key(self, of: str) -> str:
        """The key of the next change of this sort: until it was confirmed it is the same, afterwards another."""
        return f"{of}:{self.times[of]}"


def standing(done: Iterable[Told]) -> Standing:
    found = Standing()
    for told in done:
        take = _TAKES.get(told.words.get("do", ""))
        try:
            if take is None:
                raise KeyError(told.words.get("do"))
            take(found, told)
            found.times[told.key.rpartition(":")[0]] += 1
        except (KeyError, InvalidOperation) as e:
            found.odd.append(f"task {told.key}: {e}")
    return found


def pairs(text: str) -> dict[str, str]:
    """Codes with limits: from "a, b = 5" {"a": "", "b": "5"}."""
    split = [part.partition("=") for part in text.split(",") if part.strip()]
    return {code.strip(): limit.strip() for code, _, limit in split}


def together(held: Mapping[str, str]) -> str:
    return ", ".join(f"{code} = {limit}" if limit else code for code, limit in held.items())


def _create(found: Standing, told: Told) -> None:
    words, id = told.words, told.answer["id"]
    found.tenants[id] = Tenant(
        id, words["parent"], KINDS[words["kind"]], words["name"], words["reference"], enabled=True, version="1"
    )
    found.given[id] = {}


def _changed(found: Standing, told: Told, **changes: object) -> None:
    held = found.tenants[told.words["tenant"]]
    found.tenants[held.id] = replace(held, version=str(int(held.version) + 1), **changes)  # type: ignore[arg-type]


def _rename(found: Standing, told: Told) -> None:
    _changed(found, told, name=told.words["name"])


def _delete(found: Standing, told: Told) -> None:
    _changed(found, told, deleted=True, enabled=False)
    gone = told.words["tenant"]
    found.users = {id: user for id, user in found.users.items() if user.tenant != gone}


def _switch(found: Standing, told: Told) -> None:
    _changed(found, told)
    held = found.given[told.words["tenant"]]
    held |= pairs(told.words.get("on", ""))
    for code in pairs(told.words.get("off", "")):
        held.pop(code, None)


def _user(found: Standing, told: Told) -> None:
    _changed(found, told)
    words = told.words
    id = f"{words['tenant']}/{words['login'].casefold()}"
    found.users[id] = User(id, words["tenant"], words["login"], words["email"], enabled=True, activated=True)


def _user_gone(found: Standing, told: Told) -> None:
    _changed(found, told)
    del found.users[told.words["user"]]


def _usage(found: Standing, told: Told) -> None:
    figures = {code: Decimal(value) for code, value in told.answer.items()}
    if not all(value.is_finite() and value >= 0 for value in figures.values()):
        raise KeyError("a figure that is no amount")
    found.used[told.words["tenant"], told.words["month"]] = figures


_TAKES = {
    "create": _create,
    "rename": _rename,
    "suspend": lambda found, told: _changed(found, told, enabled=False),
    "resume": lambda found, told: _changed(found, told, enabled=True),
    "delete": _delete,
    "switch": _switch,
    "user": _user,
    "user_gone": _user_gone,
    "usage": _usage,
}
