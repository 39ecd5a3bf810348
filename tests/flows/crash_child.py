"""One pass in a process of its own, which ends itself without goodbye at the n-th instant of that name.

python -m tests.flows.crash_child TENANT SYNC NOW [NAME N]
"""

from __future__ import annotations

import os
import sys
from datetime import datetime
from uuid import UUID


def main(tenant: str, sync: str, now: str, name: str = "", n: str = "1") -> None:
    import django

    django.setup()
    from purser.flows.marketplace_to_contracts.run import run
    from tests.flows import crashing, rig

    at = datetime.fromisoformat(now)
    left = int(n)

    def reach(reached: str) -> None:
        nonlocal left
        if name and reached.startswith(name):
            left -= 1
            if left == 0:
                os._exit(137)

    def clock() -> datetime:
        return at

    with crashing.watched(reach):
        result = run(tenant=UUID(tenant), sync_id=UUID(sync), ports=rig.ports_by(clock), clock=clock)
    sys.stdout.write(f"posted {result.posted}, failed {result.failed}. {result.text}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
