"""One bounded loop over the pages of a list."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from purser.kernel.errors import Failure

Row = TypeVar("Row")
Token = TypeVar("Token", bound=Hashable)

MOST_PAGES = 2000


@dataclass(frozen=True)
class Pages(Generic[Row]):
    """The rows of all pages, in order.

    `cut` is empty when the end was reached, else why it was not: then the rows are a beginning, and no
    reading made of them is whole.
    """

    rows: tuple[Row, ...]
    cut: str = ""

    @property
    def whole(self) -> bool:
        return not self.cut


def collect(
    first: Token,
    page: Callable[[Token], tuple[Sequence[Row], Token | None]],
    *,
    most: int = MOST_PAGES,
) -> Pages[Row]:
    """Call `page` with `first`, then with each token it returns (an offset, a URL), until it returns None.

    A failure on the first page rises: nothing could be read. A later one, a token seen before, or more than
    `most` pages end the loop with `cut`.
    """
    rows: list[Row] = []
    seen: set[Token] = set()
    token: Token | None = first
    while token is not None:
        if token in seen:
            return Pages(tuple(rows), f"Page {len(seen) + 1} repeats an earlier page.")
        if len(seen) >= most:
            return Pages(tuple(rows), f"There are more than {most} pages.")
        seen.add(token)
        try:
            found, token = page(token)
        except Failure as e:
            if len(seen) == 1:
                raise
            return Pages(tuple(rows), f"Page {len(seen)} could not be read: {e.text}")
        rows.extend(found)
    return Pages(tuple(rows))
