"""A file of rows, CSV or XLSX, as plain text cells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from purser.kernel.errors import Refused

MOST_BYTES = 10 * 1024 * 1024  # of a file, whatever it is about


@dataclass(frozen=True)
class Rows:
    """`heads` name the columns; each row has its number in the file (the header is 1) and a text for each head. `decimal` is
    "," where cells are parted by semicolons, as spreadsheets do where a comma marks decimals; else "".
    """

    heads: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    decimal: str = ""


# Raises Refused(code="table") for a file that cannot be read as a whole, or a cell that would be computed.
Read = Callable[[bytes], Rows]


def check_size(size: int) -> None:
    """Before a file is taken into memory, and before it is read. Raises Refused."""
    if size > MOST_BYTES:
        words = f"The file has {size:,} bytes; at most {MOST_BYTES:,} are read."
        raise Refused(words, code="table", hint="Import it in parts.")
