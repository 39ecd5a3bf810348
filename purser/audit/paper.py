"""The record as a file that anybody can verify alone, without our database or our word.

One JSON object a line. First the head: tenant, name, when, how many, the last digest. Then each act in the order of the
chain: number, digest, act. The anchors are lines of their own file, written outside the database each hour.
Source: reliability P18, P30; issue "Partners, customers and consent", 4.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any
from uuid import UUID

from purser.audit import chain
from purser.postgres import tenancy

FORMAT = "purser-acts-1"
TYPE = "application/jsonl"
IN_MEMORY = 1_000_000  # bytes; beyond, the file is on disk
LONGEST_LINE = 200_000


@dataclass(frozen=True)
class Verdict:
    """`acts` links hold; `problem` names the first that does not, empty when all do. `on_behalf` of them were done from
    another organisation.
    """

    tenant: str
    acts: int
    on_behalf: int
    problem: str


def lines(name: str, *, now: datetime) -> Iterator[str]:
    """The file of the tenant acted in, line by line, everything sealed first."""
    chain.seal(now=now)
    number, digest = chain.head()
    head = {"format": FORMAT, "tenant": str(tenancy.tenant()), "name": name, "at": now.isoformat()}
    yield _line({**head, "acts": number, "digest": digest})
    for row, act in chain.links():
        yield _line({"number": row.number, "digest": row.digest, "act": chain.plain(act)})


def file(name: str, *, now: datetime) -> IO[bytes]:
    """The same as an open file at its beginning, written whole before anybody reads it."""
    found: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  # closed by who answers with it
    for line in lines(name, now=now):
        found.write(line.encode())
    found.seek(0)
    return found


def verify(text: Iterable[str], anchors: Iterable[str] = ()) -> Verdict:
    """Check a file, and that it reaches every anchor of its tenant. Never raises for what the file holds."""
    found = iter(text)
    try:
        head = _object(next(found, ""))
    except ValueError as wrong:
        return Verdict("", 0, 0, f"Line 1 is no head of a record: {wrong}")
    tenant = str(head.get("tenant", ""))
    if head.get("format") != FORMAT:
        return Verdict(tenant, 0, 0, f"Line 1 names no format of ours ({FORMAT}).")
    number, on_behalf, digests = 0, 0, [chain.start(tenant)]
    for place, one in enumerate(found, start=2):
        if not one.strip():
            continue
        try:
            row = _object(one)
        except ValueError as wrong:
            return Verdict(tenant, number, on_behalf, f"Line {place} cannot be read: {wrong}")
        act = row.get("act")
        if not isinstance(act, dict):
            return Verdict(tenant, number, on_behalf, f"Line {place} holds no act.")
        if row.get("number") != number + 1:
            words = f"Line {place} should be act {number + 1} and says {row.get('number')}: one is missing, moved or added."
            return Verdict(tenant, number, on_behalf, words)
        digest = chain.following(digests[-1], act)
        if row.get("digest") != digest:
            words = f"Line {place}, act {number + 1} ({act.get('at')}, {act.get('summary')}): it is not what was sealed."
            return Verdict(tenant, number, on_behalf, words)
        number += 1
        on_behalf += act.get("grant_id") is not None
        digests.append(digest)
    if head.get("acts") != number or head.get("digest") != digests[-1]:
        return Verdict(tenant, number, on_behalf, f"The head speaks of {head.get('acts')} acts; {number} are here.")
    return Verdict(tenant, number, on_behalf, _unanchored(tenant, digests, anchors))


def _unanchored(tenant: str, digests: list[str], anchors: Iterable[str]) -> str:
    for place, one in enumerate(anchors, start=1):
        try:
            anchor = _object(one) if one.strip() else {}
        except ValueError as wrong:
            return f"Line {place} of the anchors cannot be read: {wrong}"
        if anchor.get("tenant") != tenant:
            continue
        number = anchor.get("number")
        if not isinstance(number, int) or not 0 <= number < len(digests):
            return (
                f"The anchor of {anchor.get('at')} speaks of act {number}; the record ends at {len(digests) - 1}: it was cut."
            )
        if digests[number] != anchor.get("digest"):
            return f"The anchor of {anchor.get('at')} holds another digest for act {number}: the record was written anew."
    return ""


def anchor(folder: Path, tenant: UUID, number: int, digest: str, *, now: datetime) -> None:
    """Append the head of a chain to the month's file of anchors, which belongs outside this machine's reach."""
    folder.mkdir(parents=True, exist_ok=True)
    line = _line({"at": now.isoformat(), "tenant": str(tenant), "number": number, "digest": digest})
    with (folder / f"anchors-{now:%Y-%m}.jsonl").open("a", encoding="utf-8") as file:
        file.write(line)


def _line(value: dict[str, Any]) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")) + "\n"


def _object(text: str) -> dict[str, Any]:
    if len(text) > LONGEST_LINE:
        raise ValueError(f"{len(text):,} characters are more than the {LONGEST_LINE:,} of a line")
    try:
        value = json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError("it is no object")
    return value
