"""Autotask's contracts: yearly, from the 1st or from mid-month, and the few that the story needs to be special."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

from sandboxes.msp.billed import DAY, month_end, months_on
from sandboxes.msp.customers import Company

MATERIALS, RECURRING = 1, 7  # values of Autotask's picklist contractType
MONTHLY, QUARTERLY, YEARLY = 2, 3, 5  # of contractPeriodType
MIDDLES = (10, 15, 20)
NAMES = ("Cloud Services", "Managed Security and Backup", "Platforms and Telephony")
END_OFFSET = 5  # days into the story on which one contract has its last day


@dataclass(frozen=True)
class Contract:
    """`ends` is its last day. `like` is the contract whose services it has too; `over` tells it ended before the story."""

    id: int
    company: int
    name: str
    starts: date
    ends: date
    kind: int = RECURRING
    period: int = MONTHLY
    renewed_by: int | None = None
    like: int | None = None
    over: bool = False
    role: str = ""

    @property
    def carries(self) -> bool:
        """Whether the customer's resources are billed here now."""
        return self.kind == RECURRING and self.like is None and not self.over

    def row(self) -> dict[str, Any]:
        row: dict[str, Any] = {
            "id": self.id,
            "companyID": self.company,
            "contractName": self.name,
            "contractNumber": f"HIT-{self.id}",
            "contractType": self.kind,
            "contractCategory": 2,
            "contractPeriodType": self.period,
            "status": 1,
            "startDate": self.starts.isoformat(),
            "endDate": self.ends.isoformat(),
        }
        return row | ({"renewedContractID": self.renewed_by} if self.renewed_by else {})


def draw(rng: Random, company: Company, owner: int, id: int, *, start: date, today: date) -> list[Contract]:
    """The contracts of a company, ids from `id` on (at most 8). Those of running business go beyond the story's end."""
    main = _main(rng, company, owner, id, start=start, today=today)
    made = [main]
    for number in range(1, 1 if company.seats < 30 else 2 if company.seats < 100 else 3):
        made.append(_running(rng, owner, id + number, NAMES[number], start))
    match company.role:
        case "predecessor":
            before = months_on(main.starts, -12)
            name = f"{before.year} {NAMES[0]}"
            made.append(Contract(id + 5, owner, name, before, main.starts - DAY, renewed_by=main.id, like=main.id, over=True))
        case "expired":
            begins = months_on(start.replace(day=1), -20)
            made.append(Contract(id + 5, owner, "Server Care (ended)", begins, months_on(begins, 12) - DAY, over=True))
        case "renewed":
            first = main.ends + DAY
            name = f"{first.year} {NAMES[0]} (renewal)"
            made.append(Contract(id + 5, owner, name, first, months_on(first, 12) - DAY, like=main.id))
        case "materials":
            begins = date(start.year, 1, 1)
            made.append(Contract(id + 5, owner, "Time and Materials", begins, date(start.year + 1, 12, 31), MATERIALS))
    return made


def _main(rng: Random, company: Company, owner: int, id: int, *, start: date, today: date) -> Contract:
    ends = {
        "ends_in_story": start + timedelta(days=END_OFFSET),
        "ends_soon": today + timedelta(days=8),
        "renewed": today + timedelta(days=17),
    }.get(company.role)
    if ends is not None:
        begins = months_on(ends, -12) + DAY
        successor = id + 5 if company.role == "renewed" else None
        name = f"{begins.year} {NAMES[0]}"
        return Contract(id, owner, name, begins, ends, renewed_by=successor, role=company.role)
    period = {"quarterly": QUARTERLY, "yearly": YEARLY}.get(company.role, MONTHLY)
    return _running(rng, owner, id, NAMES[0], start, period=period, role=company.role)


def _running(rng: Random, owner: int, id: int, name: str, start: date, *, period: int = MONTHLY, role: str = "") -> Contract:
    """Begun one to nine months ago, for a year. What is billed in advance begins on a 1st, to be plain to read."""
    day = rng.choice(MIDDLES) if role != "advance" and rng.random() < 0.3 else 1
    begins = months_on(start.replace(day=1), -rng.randint(1, 9)).replace(day=day)
    return Contract(id, owner, f"{begins.year} {name}", begins, months_on(begins, 12) - DAY, period=period, role=role)


def posted_through(contract: Contract, start: date) -> date | None:
    """Up to which day its periods are invoiced when the story begins; None where nothing is posted."""
    if contract.kind != RECURRING or contract.period == YEARLY or contract.starts > start:
        return None
    return contract.ends if contract.over else month_end(months_on(start, -1))
