"""Whether a webhook is Stripe's: its signature over the very bytes, and its age. Pure.

The library's own check reads the machine's clock, takes one secret and lets the future pass.
Source: vendors/stripe.md 1; reliability, "Incoming webhooks".
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from datetime import datetime

from purser.connectors.ports.payment import WEBHOOK_MOST_BYTES, WEBHOOK_TOLERANCE_SECONDS
from purser.kernel.errors import Refused

_STAMP = re.compile(r"[0-9]{1,12}")
_V1 = re.compile(r"[0-9a-f]{64}")


def check(body: bytes, header: str, *, secrets: Sequence[str], now: datetime) -> None:
    """`header` is Stripe-Signature: `t=<unix seconds>,v1=<hex>`, the latter once for each secret in use.

    Several secrets hold at a time, while one replaces another. Raises Refused(code="signature"), which says too little to
    learn from.
    """
    if len(body) > WEBHOOK_MOST_BYTES:
        raise _refused(f"The webhook has {len(body):,} bytes; at most {WEBHOOK_MOST_BYTES:,} are read.")
    pairs = [part.strip().partition("=") for part in header[:2000].split(",")]
    stamps = [value for name, _, value in pairs if name == "t"]
    if len(stamps) != 1 or not _STAMP.fullmatch(stamps[0]):
        raise _refused("The webhook carries no signature with a time.")
    given = [value for name, _, value in pairs if name == "v1" and _V1.fullmatch(value)]
    signed = stamps[0].encode() + b"." + body
    held = [hmac.new(secret.encode(), signed, "sha256").hexdigest() for secret in secrets if secret]
    # every pair is compared, so that the time taken tells nothing
    if not sum(hmac.compare_digest(mine, theirs) for mine in held for theirs in given):
        raise _refused("The webhook's signature does not hold.")
    if abs(now.timestamp() - int(stamps[0])) > WEBHOOK_TOLERANCE_SECONDS:
        raise _refused(f"The webhook was signed more than {WEBHOOK_TOLERANCE_SECONDS} s from now.")


def _refused(text: str) -> Refused:
    return Refused(text, code="signature")
