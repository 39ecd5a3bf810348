"""A file of rows, CSV or XLSX, as plain text cells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Rows:
    """`heads` name the columns; each row has its number in the file (the header is 1) and a text for each head."""

    heads: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]


# Raises Refused(code="table") for a file that cannot be read as a whole, or a cell that would be computed.
Read = Callable[[bytes], Rows]
