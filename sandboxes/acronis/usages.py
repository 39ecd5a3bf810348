"""What tenants used: most of it a level, and what is counted from nought from the first of each month."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandboxes.acronis import rows
from sandboxes.acronis.catalog import key
from sandboxes.acronis.refusals import bad
from sandboxes.kit import Request, Response

if TYPE_CHECKING:
    from sandboxes.acronis.app import Acronis

Row = dict[str, Any]
SUMS = ("compute_points", "notarizations", "esignatures")


def of_one(app: Acronis, request: Request) -> Response:
    tenant = app.tenant(request, request.args["id"])
    return Response(200, {"timestamp": app.stamp(), "items": _rows(app, tenant["id"])})


def of_many(app: Acronis, request: Request) -> Response:
    wanted = [id for id in request.query.get("tenants", "").split(",") if id]
    if not wanted or len(wanted) > 100:
        raise bad("'tenants' are 1 to 100 uuids")
    found = [row for id in wanted for row in _rows(app, app.tenant(request, id)["id"])]
    return Response(200, {"timestamp": app.stamp(), "items": found})


def _rows(app: Acronis, tenant: str) -> list[Row]:
    start = app.clock.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    used, mine = app.state["usages"].get(tenant, {}), app.state["items"].get(tenant, {})
    counted, found = app.state["counted"].get(tenant, {}), []
    for item in app.state["catalog"]:
        name = key(item)
        if name not in mine or item["type"] == "feature":
            continue
        months = counted.get(name, {}) if item["usage_name"] in SUMS else {}
        row = {
            **rows.shown(item), "range_start": start.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "absolute_value": used.get(name, 0) + sum(months.values()),
            "value": months.get(f"{start:%Y-%m}", 0) if item["usage_name"] in SUMS else used.get(name, 0),
            "offering_item": {"status": mine[name]["status"], "quota": dict(mine[name]["quota"])},
        }  # fmt: skip
        if row["infra_id"] is None:
            del row["infra_id"]
        found.append(row)
    return found


ROUTES = (
    ("GET", "/tenants/usages", of_many),
    ("GET", "/tenants/{id}/usages", of_one),
)
