"""The payment provider's account in the demo: the operator's, empty but for its key."""

from __future__ import annotations

from typing import Any

KEY, WEBHOOK_KEY = "sk_test_demo", "whsec_demo"


def seed() -> dict[str, Any]:
    return {"settings": {"key": KEY, "events": "after", "event_delay": 0.2}}
