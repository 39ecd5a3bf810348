"""Measure every figure and print a line for each: name, value, bound, and whether it holds.

With names as arguments only the groups of that name are measured; `groups` has them. Only when named: guessing, a minute of
attack (reliability P24; `make guessing`), daily_close, which plants a million licences first, provisioning_rate, which wants
the machine for itself, and posting, which is over its bound.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

from bench import scratch
from bench.figures import Figure

ON_DEMAND = {"guessing", "posting", "daily_close", "provisioning_rate"}


def groups() -> dict[str, Callable[[], Iterator[Figure]]]:
    """In the order they are measured; needs Django."""
    from bench import budget, daily_close, guessing, picker, planning, posting, provisioning, rating, reports, simulator
    from bench import subscriptions as held

    return {
        "planning": planning.figures,
        "rating": rating.figures,
        "posting": posting.figures,
        "daily_close": daily_close.figures,
        "simulator": simulator.figures,
        "provisioning": provisioning.requests,
        "provisioning_rate": provisioning.rate,
        "requests": budget.requests,
        "hour": budget.hour,
        "delay": budget.delay,
        "reports": reports.figures,
        "subscriptions": held.figures,
        "picker": picker.figures,
        "guessing": guessing.figures,
    }


def main(names: list[str]) -> int:
    """1 when a figure is over its bound."""
    over = 0
    with scratch.database():
        for name, figures in groups().items():
            if name not in names if names else name in ON_DEMAND:
                continue
            for figure in figures():
                print(figure.line(), flush=True)
                over += not figure.ok
    return int(over > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
