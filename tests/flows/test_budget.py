"""How many requests a monitor pass makes, counted in the vendors' own logs. Source: issue "Speed and size"."""

from __future__ import annotations
from bench import passes
from bench.seeds import Book
import pytest

BOOK = Book(resources=152)

@pytest.mark.parametrize("psa", ["autotask", "connectwise"])
def test_x(psa):
    with passes.linked(BOOK, psa) as world:
        a = passes.once(world)
        print(a)
        passes.change(world, BOOK, 4)
        world.clock.go(minutes=2)
        b = passes.once(world)
        print(b)
        assert 0
