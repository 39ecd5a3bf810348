"""The vendors of accounts in the demo: the distributor's own partner tenants, with nothing below them yet."""

from __future__ import annotations

from typing import Any

CLIENT, SECRET = "0d3f6c1e-7f3a-4f0e-9d0b-5f4f0f5c2a11", "demo-api-client-secret"
PARTNER = "5b0a6c54-93c0-4c86-8a5c-8b2f1c1d7e01"
KEY, RESELLER = "bk_demo-key", 100  # at Bucketry


def acronis() -> dict[str, Any]:
    return {
        "clients": {CLIENT: {"secret": SECRET, "tenant": PARTNER}},
        "tenants": [{"id": PARTNER, "name": "Broadwater Distribution", "kind": "partner"}],
    }


def bucketry() -> dict[str, Any]:
    return {"keys": {KEY: RESELLER}, "accounts": [{"id": RESELLER, "type": "reseller", "name": "Broadwater Distribution"}]}
