"""What the sandbox sells: applications, and their offering items in both billing modes."""

from __future__ import annotations

from typing import Any

Row = dict[str, Any]

PROTECTION = "6e6d758d-8e74-3ae3-ac84-50eb0dff12eb"
SYNC_SHARE = "dfd85a5f-a464-32ab-81fd-99bcc66a070f"
NOTARY = "f9c5744e-bd1a-36b6-b0f0-ecd7483e1796"
SHIPPING = "b71b2c18-590a-303c-9d5a-8444fbe713ac"
PLATFORM = "7459244f-68f3-3bf4-9f53-5f63ecc1d91f"
HERE, THERE = "8fcd353b-0a40-40f2-9a55-ef8137d48800", "3d1efc54-4e9a-4db1-abe6-7d2aee50cead"  # two storages
GIGABYTE, WORKLOAD = "pck_per_gigabyte", "pck_per_workload"

APPLICATIONS: list[Row] = [
    {"id": id, "name": name, "type": kind, "usages": [], "api_base_url": f"https://cloud.acronis.example/{kind}"}
    for id, name, kind in (
        (PLATFORM, "Platform", "platform"),
        (PROTECTION, "Cyber Protection", "backup"),
        (SYNC_SHARE, "File Sync & Share", "files_cloud"),
        (NOTARY, "Notary", "notary"),
        (SHIPPING, "Physical Data Shipping", "physical_data_shipping"),
    )
]


def _item(app: str, name: str, usage: str, *, edition: str | None = None, kind: str = "count", unit: str = "quantity",
          infra: str | None = None, needs: str = "") -> Row:  # fmt: skip
    return {"application_id": app, "name": name, "edition": edition, "usage_name": usage, "type": kind,
            "measurement_unit": unit, "infra_id": infra, "_needs": needs}  # fmt: skip


def _protection(prefix: str, edition: str) -> list[Row]:
    counts = [_item(PROTECTION, f"{prefix}_base_{what}", what, edition=edition)
              for what in ("workstations", "servers", "vms", "mobiles", "hosting_servers")]  # fmt: skip
    places = [_item(PROTECTION, f"{prefix}_base_storage", "storage", edition=edition, kind="infra", unit="bytes", infra=place)
              for place in (HERE, THERE)]  # fmt: skip
    return [
        *counts,
        *places,
        _item(PROTECTION, f"{prefix}_base_local_storage", "local_storage", edition=edition, unit="bytes"),
        _item(PROTECTION, f"{prefix}_base_cyber_protection", "cyber_protection", edition=edition, kind="feature", unit="n/a"),
        _item(PROTECTION, f"{prefix}_adv_security", "adv_security", edition=edition, needs=f"{prefix}_base_workstations"),
    ]


CATALOG: list[Row] = [
    *_protection("pg", GIGABYTE),
    *_protection("pw", WORKLOAD),
    _item(SYNC_SHARE, "fc_seats", "fc_seats"),
    _item(SYNC_SHARE, "fc_storage", "fc_storage", kind="infra", unit="bytes", infra=HERE),
    _item(NOTARY, "notarizations", "notarizations"),
    _item(NOTARY, "esignatures", "esignatures"),
    _item(SHIPPING, "drives_shipped_to_cloud", "drives_shipped_to_cloud"),
]

ROLES: dict[str, tuple[set[str], set[str]]] = {}  # role: the kinds of tenants it is for, and what it may do
_VIEW, _ALL = {"view"}, {"view", "tenants", "users"}
_ANY = {"partner", "folder", "customer", "unit"}
for _names, _kinds, _scopes in (
    ("root_admin", {"root"}, _ALL),
    ("partner_admin", {"partner", "folder"}, _ALL),
    ("company_admin", {"customer"}, _ALL),
    ("unit_admin", {"unit"}, _ALL),
    ("readonly_admin protection_ro_admin accounts_ro_admin", _ANY, _VIEW),
    ("accounts_admin", _ANY, {"view", "users"}),
    ("protection_admin cyber_admin security_analyst", _ANY, _VIEW),
    ("sync_share_admin sync_share_user sync_share_guest restore_operator backup_user", _ANY, _VIEW),
    ("pds_operator pds_support notary_admin notary_user hci_admin", _ANY, _VIEW),
):
    ROLES |= dict.fromkeys(_names.split(), (_kinds, _scopes))


def key(row: Row) -> str:
    return f"{row['application_id']}/{row['name']}/{row.get('infra_id') or ''}"
