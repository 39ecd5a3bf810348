"""What only one place may do: take the meter's seat, charge a card, give money back, write a fact or a charge of a day.

Each check is run on the code as it is, and on a planted breach that it must find.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.architecture.test_laws import product

# What is called, and the files that may: by the last name of the call and the name it is called on.
PLACES: dict[tuple[str, str], tuple[str, ...]] = {
    ("tenancy", "metering"): ("purser/billing/usage/closing.py", "purser/billing/usage/counting.py"),
    ("payments", "charge"): ("purser/billing/paying/attempts.py",),
    ("payments", "refund"): ("purser/billing/paying/refunds.py",),
    ("payments", "forget"): ("purser/billing/paying/cards.py",),
}


def elsewhere(sources: dict[str, str]) -> list[str]:
    """Calls of these outside of their places, and their names got in another way."""
    return [f"{path}:{found}" for path, text in sorted(sources.items()) for found in _calls(path, ast.parse(text))]


def _calls(path: str, tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            on = ast.unparse(node.value).rpartition(".")[2].lstrip("_").removesuffix("()")
            for (owner, name), places in PLACES.items():
                if node.attr == name and on == owner and path not in places:
                    yield f"{node.lineno} {owner}.{name}"
        if isinstance(node, ast.ImportFrom):
            for (owner, name), places in PLACES.items():
                if (node.module or "").endswith(owner) and name in {a.name for a in node.names} and path not in places:
                    yield f"{node.lineno} {owner}.{name} imported"


def test_each_is_done_in_its_place_alone() -> None:
    sources = product()
    for (owner, name), places in PLACES.items():
        assert any(f"{owner}.{name}(" in sources[place] for place in places), f"nobody calls {owner}.{name}"
    assert elsewhere(sources) == []


@pytest.mark.parametrize(
    "breach",
    [
        "def peek(tenant):\n    with tenancy.metering():\n        return 1\n",
        "from purser.postgres.tenancy import metering\n",
        "def now(payments):\n    return payments.charge('a', 'b', 1, reference='r', once='1')\n",
        "class Door:\n    def back(self):\n        return self._payments.refund('p', 1, once='1')\n",
        "def hand_on(payments):\n    return payments.charge\n",
    ],
)
def test_a_call_elsewhere_is_found(breach: str) -> None:
    assert elsewhere({"purser/portal/pages/usage/days.py": breach}) != []
