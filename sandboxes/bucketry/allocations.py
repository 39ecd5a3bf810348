"""What an account may store where, and what it stores: products in regions, with quotas in bytes, and usage by bucket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandboxes.bucketry.accounts import body
from sandboxes.bucketry.refusals import refuse
from sandboxes.kit import Request, Response

if TYPE_CHECKING:
    from sandboxes.bucketry.app import Bucketry

Row = dict[str, Any]
PRODUCTS = {"hot": "Hot storage", "archive": "Archive storage"}
REGIONS = ("eu-1", "eu-2", "us-1")
NAMES = tuple(f"{product}/{region}" for product in PRODUCTS for region in REGIONS)


def products(app: Bucketry, request: Request) -> Response:
    return app.page(request, [{"id": id, "name": name} for id, name in PRODUCTS.items()], dict)


def has(app: Bucketry, account: int, name: str) -> bool:
    """A key's own account has all there is."""
    return account in app.state["keys"].values() or name in app.state["allocations"].get(str(account), {})


def entries(app: Bucketry, account: int) -> list[Row]:
    own, held = account in app.state["keys"].values(), app.state["allocations"].get(str(account), {})
    names = NAMES if own else tuple(name for name in NAMES if name in held)
    return [_entry(name, held.get(name)) for name in names]


def _entry(name: str, quota: int | None) -> Row:
    product, region = name.split("/")
    return {"product": product, "region": region, "quota_bytes": quota}


def listed(app: Bucketry, request: Request) -> Response:
    account = app.account(request, request.args["id"])
    return app.page(request, entries(app, account["id"]), dict)


def change(app: Bucketry, request: Request) -> Response:
    """Give and take, all or none; what is not named stays. Answers what the account has now."""
    account = app.account(request, request.args["id"])
    if account["status"] == "deleted":
        raise refuse("not_found", f"account {account['id']} was deleted")
    if account["on_hold"]:
        raise refuse("on_hold", f"account {account['id']}")
    given = body(request, {"give", "take"})
    held = dict(app.state["allocations"][str(account["id"])])
    for entry in given.get("take", ()):
        name = f"{entry.get('product')}/{entry.get('region')}"
        if stored(app, account["id"], name):
            raise refuse("below_usage", name)
        held.pop(name, None)
    for entry in given.get("give", ()):
        name, quota = f"{entry.get('product')}/{entry.get('region')}", entry.get("quota_bytes")
        if name not in NAMES or not has(app, account["parent"], name):
            raise refuse("not_allocatable", name)
        if quota is not None and (isinstance(quota, bool) or not isinstance(quota, int) or quota < 0):
            raise refuse("invalid", "quota_bytes is a number or null")
        if quota is not None and stored(app, account["id"], name) > quota:
            raise refuse("below_usage", name)
        held[name] = quota
    app.state["allocations"][str(account["id"])] = held
    app.effect("allocations", account=account["id"], names=sorted(held))
    return Response(200, {"entries": entries(app, account["id"])})


def stored(app: Bucketry, account: int, name: str) -> int:
    rows = app.state["usage"].get(str(account), ())
    return int(sum(row["bytes"] for row in rows if f"{row['product']}/{row['region']}" == name))


def usage(app: Bucketry, request: Request) -> Response:
    """Bucket by bucket: what is stored now, and on average since the first of the month."""
    account = app.account(request, request.args["id"])
    since = app.clock.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0).strftime("%Y-%m-%dT%H:%M:%SZ")
    return app.page(request, app.state["usage"].get(str(account["id"]), []), lambda row: {**row, "since": since})


ROUTES = (
    ("GET", "/products", products),
    ("GET", "/accounts/{id}/allocations", listed),
    ("PUT", "/accounts/{id}/allocations", change),
    ("GET", "/accounts/{id}/usage", usage),
)
