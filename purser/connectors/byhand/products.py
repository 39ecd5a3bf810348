"""What such a vendor sells, as somebody wrote it down: a line each, "code: Name". Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from purser.kernel.errors import Refused

MOST = 200

_LINE = re.compile(r"([a-z0-9][a-z0-9._-]{0,59})\s*(?::\s*(.{1,100}))?", re.IGNORECASE)


def products(text: str) -> Mapping[str, str]:
    """Names by code. Raises Refused(code="products") for a line that is none, and for a code that stands twice."""
    found: dict[str, str] = {}
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > MOST:
        raise Refused(f"{len(lines)} products are too many: at most {MOST}.", code="products")
    for line in lines:
        match = _LINE.fullmatch(line)
        if match is None:
            raise Refused(f"“{line[:60]}” is no product: a line is a code, a colon and a name.", code="products")
        code, name = match[1], match[2] or match[1]
        if code in found:
            raise Refused(f"The product {code} stands twice.", code="products")
        found[code] = name.strip()
    return found
