"""The files of the demo: a seed for each sandbox, and the story."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

from sandboxes.msp import autotask, book, connectwise, payments, people, relations, story, tenants

FILES = ("marketplace", "autotask", "connectwise", "graph", "stripe", "acronis", "bucketry", "story")


def documents(*, today: date, seed: int = 1) -> dict[str, dict[str, Any]]:
    """The files' contents by name. The story ends on `today`; the seeds show the morning of its first day.

    Raises ValueError for a seed whose book lacks something that the story needs.
    """
    rng = Random(seed)
    start = today - timedelta(days=story.DAYS)
    held = book.draw(rng, start=start)
    larger = autotask.draw(rng, held, start=start, today=today)
    smaller = connectwise.draw(rng, held, start=start)
    items, activated = relations.settled([*larger.billed, *smaller.billed])
    told = {
        "starts_on": start.isoformat(),
        "credentials": _credentials(),
        "links": relations.links(items),
        "unlinked_on_purpose": relations.left_out(held, items, larger.covered),
        "people": {word: people.file(word) for word in people.DESKS if word != people.AT_MICROSOFT},
        "days": story.days(rng, held, larger, smaller, items, activated, start=start),
    }
    msp = (book.seed(held), larger.seed, smaller.seed)
    seeds = (*msp, people.graph(), payments.seed(), tenants.acronis(), tenants.bucketry())
    return dict(zip(FILES, (*seeds, told), strict=True))


def write(out: Path, *, today: date, seed: int = 1) -> list[Path]:
    """Write the files into `out`, which is made if need be; gives their paths."""
    out.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, content in documents(today=today, seed=seed).items():
        path = out / f"{name}.json"
        path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", "utf-8")
        paths.append(path)
    return paths


def _credentials() -> dict[str, dict[str, str]]:
    """What each sandbox asks of its callers; none of it opens anything else."""
    return {
        "marketplace": {**book.CREDENTIALS, "launch_secret": book.LAUNCH_SECRET},
        "autotask": {
            "user": autotask.USER,
            "secret": autotask.SECRET,
            "integration_code": autotask.INTEGRATION_CODE,
        },
        "connectwise": {
            "company_id": connectwise.COMPANY_ID,
            "public_key": connectwise.PUBLIC_KEY,
            "private_key": connectwise.PRIVATE_KEY,
            "client_id": connectwise.CLIENT_ID,
        },
        "graph": {"tenant": people.tenant(people.AT_MICROSOFT), "client_id": people.CLIENT, "client_secret": people.SECRET},
        "stripe": {"key": payments.KEY, "webhook_key": payments.WEBHOOK_KEY},
        "acronis": {"client_id": tenants.CLIENT, "client_secret": tenants.SECRET},
        "bucketry": {"api_key": tenants.KEY},
    }
