"""The demo's data: seeds for the sandboxes, a reseller with its people, and twelve days played through the real flow.

Every reading, plan and receipt of the demo was made by the product itself, with its clock and the sandboxes' set to the day.
"""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from purser.cli import cast, commerce, units

if TYPE_CHECKING:
    from purser.access.actors import Actor

SAY = Callable[[str], None]
CONTEXTS = ("autotask", "connectwise")
PASSES_A_DAY = 4
LAST_PASSES = 12
PASS = timedelta(minutes=5)


def seed(home: Path, ports: dict[str, int], *, site: str) -> None:
    """Write the sandboxes' seeds, once."""
    folder = home / "seeds"
    if (folder / "story.json").exists():
        return
    today = _latest().date()
    arguments = ["-m", "sandboxes.msp", "--today", today.isoformat(), "--out", str(folder)]
    subprocess.run([sys.executable, *arguments], check=True)
    shop = json.loads((folder / "marketplace.json").read_text("utf-8"))
    shop["launch_url"] = f"{site}/launch/"
    (folder / "marketplace.json").write_text(json.dumps(shop), "utf-8")


def told(home: Path) -> bool:
    return (home / "demo.json").exists()


def tell(home: Path, ports: dict[str, int], *, say: SAY) -> None:
    """Make the organisations, connections and relations, and play the days. Writes demo.json when all is done."""
    story = json.loads((home / "seeds" / "story.json").read_text("utf-8"))
    start = date.fromisoformat(story["starts_on"])
    hour = _latest().timetz()
    clock = Clock(ports, datetime.combine(start, hour))
    say("Founding the demo's organisations ...")
    gathered = cast.gather(clock())
    reseller = gathered.reseller
    pairs = _connections(reseller, ports, story["credentials"], clock())
    say("Reading both sides for the first time ...")
    from purser.flows import ports as held
    from purser.flows.marketplace_to_contracts import reading

    for sync in pairs.values():
        reading.everything(tenant=reseller, sync_id=sync, ports=held.current(), clock=clock)
    linked = _link(reseller, pairs, story["links"], clock())
    say(f"Set {linked} relations; playing {len(story['days'])} days ...")
    for day in story["days"]:
        clock.set(datetime.combine(start + timedelta(days=day["offset"]), hour))
        for event in day["events"]:
            _control(ports[event["sandbox"]], event["verb"], event["data"])
        last = day is story["days"][-1]
        for _ in range(LAST_PASSES if last else PASSES_A_DAY):
            posted = sum(_pass(reseller, sync, clock) for sync in pairs.values())
            clock.go(PASS)
            if not posted:
                break
        say(f"  {clock().date()}: played")
    say("Playing thirteen months of daily units ...")
    played = units.play(
        units.Play(
            cast=gathered, people=story["people"], credentials=story["credentials"], ports=ports, until=clock(),
            move=lambda name, at: _control(ports[name], "clock", {"now": at.isoformat(), "frozen": True}),
        )
    )  # fmt: skip
    say("  " + ", ".join(f"{count} {what}" for what, count in played.items()))
    say("Playing six weeks of commerce ...")
    sold = commerce.play(
        commerce.Play(
            cast=gathered, credentials=story["credentials"], ports=ports, until=clock(),
            move=lambda at: _clocks({name: ports[name] for name in commerce.VENDORS}, at),
            control=lambda verb, data: _control(ports["acronis"], verb, data),
        )
    )  # fmt: skip
    say("  " + ", ".join(f"{count} {what}" for what, count in sold.items()))
    _webhook(ports, gathered.operator, story["credentials"])
    kept = {"reseller": str(reseller), "operator": str(gathered.operator), "pairs": {k: str(v) for k, v in pairs.items()}}
    (home / "demo.json").write_text(json.dumps(kept), "utf-8")


def _webhook(ports: dict[str, int], operator: UUID, given: dict[str, Any]) -> None:
    """The payment provider tells us of what happens there."""
    from django.conf import settings
    from django.urls import reverse

    url = f"{settings.SITE_URL}{reverse('payment_webhook', kwargs={'operator': operator})}"
    _control(ports["stripe"], "webhook", {"url": url, "secret": given["stripe"]["webhook_key"]})


def to_today(ports: dict[str, int]) -> None:
    """The sandboxes' clocks run with the real one again."""
    for port in ports.values():
        _control(port, "clock", {"now": datetime.now(UTC).isoformat()})


def result(home: Path) -> dict[str, Any]:
    """What the whole job came to, over both pairs. `drift`: hand edits found and healed."""
    from purser.links.queries import outcome
    from purser.postgres import tenancy

    kept = json.loads((home / "demo.json").read_text("utf-8"))
    with tenancy.acting_in(UUID(kept["reseller"])):
        return outcome.whole_job()


class Clock:
    """Our clock and the sandboxes', moved together."""

    def __init__(self, ports: dict[str, int], at: datetime) -> None:
        self._ports = ports
        self.set(at)

    def __call__(self) -> datetime:
        return self._at

    def set(self, at: datetime) -> None:
        self._at = at
        _clocks(self._ports, at)

    def go(self, by: timedelta) -> None:
        self.set(self._at + by)


def _clocks(ports: dict[str, int], at: datetime) -> None:
    for port in ports.values():
        _control(port, "clock", {"now": at.isoformat(), "frozen": True})


def _latest() -> datetime:
    """When the last day's passes begin: they must be over before now, or the real clock would run behind the story."""
    return (datetime.now(UTC) - LAST_PASSES * PASS - timedelta(minutes=5)).replace(microsecond=0)


def _pass(tenant: UUID, sync: UUID, clock: Clock) -> int:
    """What is left to come back for: postings, failures, or a pass that was cut short."""
    from purser.flows import ports as held
    from purser.flows.marketplace_to_contracts.run import run

    done = run(tenant=tenant, sync_id=sync, ports=held.current(), clock=clock)
    return done.posted + done.failed + bool(done.text)


def _connections(tenant: UUID, ports: dict[str, int], given: dict[str, Any], now: datetime) -> dict[str, UUID]:
    """The three connections and the two pairs, by context."""
    from purser.access import vault
    from purser.links.models import Connection, Sync
    from purser.postgres import tenancy

    urls = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    shop, autotask, connectwise = given["marketplace"], given["autotask"], given["connectwise"]
    wanted: dict[str, tuple[str, dict[str, str], dict[str, str]]] = {
        "marketplace": (
            "Ingram Marketplace",
            {
                "account_number": "1000019",
                "license_customer": "Harbour IT Services",
                "gateway_url": f"{urls['marketplace']}/marketplace/us",
                "gateway_user": shop["user"],
                "market": "us",
                "version": "1.1",
            },
            {
                "gateway_password": shop["password"],
                "gateway_secret": shop["subscription_key"],
                "license_key": "HIT-0001-DEMO",
                "launch_secret": shop.get("launch_secret", ""),
            },
        ),
        "autotask": (
            "Autotask",
            {
                "user": autotask["user"],
                "company_id": "0",
                "zone_lookup_url": f"{urls['autotask']}/atservicesrest",
            },
            {"password": autotask["secret"], "integration_code": autotask["integration_code"]},
        ),
        "connectwise": (
            "ConnectWise",
            {
                "site": urls["connectwise"],
                "company_id": connectwise["company_id"],
                "integrator_user": connectwise["public_key"],
                "client_id": connectwise["client_id"],
            },
            {"integrator_password": connectwise["private_key"]},
        ),
    }
    made: dict[str, Connection] = {}
    with tenancy.acting_in(tenant):
        for kind, (name, settings, secrets) in wanted.items():
            made[kind] = Connection.objects.create(kind=kind, name=name, settings=settings, created_at=now)
            for field, value in secrets.items():
                if value:
                    vault.keep("links_connection", made[kind].pk, field, value, now)
        return {
            context: Sync.objects.create(
                source=made["marketplace"],
                target=made[context],
                created_at=now,
                every_seconds=20,
                drift_policy="marketplace",
            ).pk
            for context in CONTEXTS
        }


def _link(tenant: UUID, pairs: dict[str, UUID], links: list[dict[str, Any]], now: datetime) -> int:
    """What the technician did on the first day: relations set in bulk at the desk, so that acts and owners are there."""
    from decimal import Decimal

    from purser.links import plans, relations
    from purser.links.desk import mapping
    from purser.links.models import SourceResource, TargetService
    from purser.postgres import tenancy

    done = 0
    for context, sync_id in pairs.items():
        with tenancy.acting_in(tenant):
            actor = _technician(tenant)
            sync = plans.sync(sync_id)
            resources = dict(SourceResource.objects.values_list("external_id", "pk"))
            services = dict(TargetService.objects.filter(connection=sync.target).values_list("external_id", "pk"))
            wishes = [
                relations.Wish(
                    resources[x["resource"]],
                    services[x["service"]],
                    Decimal(x["usage_divisor"]) if x.get("usage_divisor") else None,
                )
                for x in links
                if x["context"] == context
            ]
            for first in range(0, len(wishes), mapping.PART):
                answers = mapping.set_many(actor, sync=sync, wishes=wishes[first : first + mapping.PART], now=now)
                bad = [a.text for a in answers if not a.ok]
                if bad:
                    raise RuntimeError(f"{len(bad)} relations of the demo could not be set, first: {bad[0]}")
                done += len(answers)
    return done


def _technician(tenant: UUID) -> Actor:
    """The reseller's technician; call in its seat."""
    from purser.access.actors import Actor
    from purser.access.models import Membership

    row = Membership.objects.select_related("tenant", "person").get(role="technician")
    return Actor(tenant, row.tenant.name, row.person_id, str(row.person), row.role, "", "127.0.0.1", None)


def _control(port: int, verb: str, data: dict[str, Any]) -> None:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/_sandbox/{verb}",
        data=json.dumps(data).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        answer.read()
