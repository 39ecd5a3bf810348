"""Secrets of a row: sealed with the tenant's own key, for that row and field only.

The installation's key (settings.SEALING_KEY) wraps one data key per tenant; both are in
postgres/sealing.py's terms. A value moved to another row, field or tenant does not open: sealing.Broken
rises, and is meant to be heard. Source: reliability P25; acceptance ID-10.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection

from purser.access.models import Sealed, TenantKey
from purser.kernel.errors import Missing
from purser.postgres import sealing, tenancy


def keep(of_table: str, of_id: UUID, field: str, value: str, now: datetime) -> None:
    """Seal `value` for this field of this row, in place of what was there."""
    _lock("shared")  # no rotation may come between our reading the key and our writing with it
    wrapped = list(_keys_newest_first().values_list("wrapped", flat=True))
    keys = _unwrapped(wrapped) if wrapped else _add_key(now)
    box = sealing.seal(value, keys=keys, bound=_bound(of_table, of_id, field))
    Sealed.objects.update_or_create(of_table=of_table, of_id=of_id, field=field, defaults={"value": box, "changed_at": now})


def reveal(of_table: str, of_id: UUID, field: str) -> str:
    """The secret in clear. Raises Missing where none is kept, sealing.Broken where it does not open."""
    sealed = _rows().filter(of_table=of_table, of_id=of_id, field=field).first()
    if sealed is None:
        raise Missing(f"No {field} is kept for this {of_table}.")
    return _opened(sealed)


def reveal_each(of_table: str, field: str) -> dict[UUID, str]:
    """The same field of every row of a table in this tenant, by row id."""
    return {row.of_id: _opened(row) for row in _rows().filter(of_table=of_table, field=field)}


def kept(of_table: str, of_id: UUID) -> frozenset[str]:
    """Which fields of a row have a secret. Opens none."""
    return frozenset(Sealed.objects.filter(of_table=of_table, of_id=of_id).values_list("field", flat=True))


def fingerprint(of_table: str, of_id: UUID, field: str) -> str:
    """Twelve hex digits that are equal for equal secrets of this tenant and tell nothing else. Raises
    Missing.
    """
    value = reveal(of_table, of_id, field)
    place = f"fingerprint|{tenancy.tenant()}|{value}"
    return hmac.digest(bytes(settings.SEALING_KEY), place.encode(), "sha256").hex()[:12]


def wipe(of_table: str, of_id: UUID, field: str | None = None) -> int:
    """Forget one secret of a row, or all; how many there were. Call it with the row's own removal."""
    rows = Sealed.objects.filter(of_table=of_table, of_id=of_id)
    return (rows.filter(field=field) if field else rows).delete()[0]


def rotate_tenant_key(tenant: UUID, *, now: datetime) -> int:
    """Give the tenant a new data key, seal every secret with it, drop the older keys; how many secrets.

    One transaction: a tenant has tens of secrets, not thousands. Readers go on, as each reads a secret and
    its keys at one moment; writers wait.
    """
    with tenancy.acting_in(tenant):
        _lock("alone")
        older = [key.pk for key in _keys_newest_first()]
        rows = list(_rows())
        keys = _add_key(now)
        for row in rows:
            row.value = sealing.seal(_opened(row), keys=keys, bound=_bound(row.of_table, row.of_id, row.field))
            row.save(update_fields=["value"])
        TenantKey.objects.filter(pk__in=older).delete()
    return len(rows)


def rewrap(tenant: UUID) -> int:
    """Wrap the tenant's data keys with the installation's current key; how many. Secrets themselves stay as
    they are.

    Run it with the former keys in settings.SEALING_KEYS_BEFORE; they may be dropped afterwards.
    """
    masters = _masters()
    with tenancy.acting_in(tenant):
        _lock("alone")
        keys = list(_keys_newest_first())
        for key in keys:
            key.wrapped = sealing.rewrap(bytes(key.wrapped), masters=masters, master=masters[0], tenant=str(tenant))
            key.save(update_fields=["wrapped"])
    return len(keys)


def _rows() -> Any:
    """Sealed rows, each with the tenant's keys as of the same moment: a rotation cannot come between the
    two.
    """
    return Sealed.objects.annotate(keys=ArraySubquery(_keys_newest_first().values("wrapped")))


def _lock(how: Literal["shared", "alone"]) -> None:
    """Until the transaction ends: writers of secrets share the tenant's lock, a change of keys holds it
    alone.
    """
    function = {"shared": "pg_advisory_xact_lock_shared", "alone": "pg_advisory_xact_lock"}[how]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(hashtextextended(%s, 0))", [f"vault {tenancy.tenant()}"])


def _keys_newest_first() -> Any:
    return TenantKey.objects.order_by("-created_at", "-id")


def _opened(sealed: Sealed) -> str:
    keys = _unwrapped(sealed.keys)  # type: ignore[attr-defined]
    return sealing.reveal(bytes(sealed.value), keys=keys, bound=_bound(sealed.of_table, sealed.of_id, sealed.field))


def _add_key(now: datetime) -> sealing.Keys:
    """Add a data key; the newest is the one that seals."""
    key = sealing.new_key()
    wrapped = sealing.wrap(key, master=_masters()[0], tenant=str(tenancy.tenant()))
    TenantKey.objects.create(wrapped=wrapped, created_at=now)
    return sealing.Keys(current=key)


def _unwrapped(wrapped: Iterable[bytes]) -> sealing.Keys:
    masters, tenant = _masters(), str(tenancy.tenant())
    current, *older = (sealing.unwrap(bytes(box), masters=masters, tenant=tenant) for box in wrapped)
    return sealing.Keys(current=current, older=tuple(older))


def _masters() -> tuple[sealing.Key, ...]:
    former = getattr(settings, "SEALING_KEYS_BEFORE", ())
    return tuple(sealing.master(material) for material in (settings.SEALING_KEY, *former))


def _bound(of_table: str, of_id: UUID, field: str) -> sealing.Bound:
    return sealing.Bound(tenant=str(tenancy.tenant()), table=of_table, pk=str(of_id), field=field)
