"""One after the other, where the failure of one must not keep the others waiting, and operations hear of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from uuid import UUID

from purser.kernel.errors import Busy, Failure, Missing
from purser.notices import outbox
from purser.notices.models import Notice
from purser.postgres import tenancy
from purser.tenants import organisations
from purser.tenants.models import Kind, Organisation

log = logging.getLogger("purser.jobs")
SILENT = timedelta(days=1)  # after operations were told of the same


def each(tenants: Iterable[UUID], call: Callable[[UUID], object], *, what: str, now: datetime) -> None:
    """Call for each tenant, and go on with the next where it fails; the rhythm that asked comes round again. `what` names the
    work in a notice. Open no transaction around it.
    """
    for tenant in tenants:
        try:
            call(tenant)
        except (Busy, Missing) as failure:  # nothing happened, or it is gone meanwhile
            log.info("%s of %s: %s", what, tenant, failure.text)
        except Exception as failure:
            tell(what, failure, tenant=tenant, now=now)


def tell(what: str, failure: Exception, *, tenant: UUID | None, now: datetime) -> None:
    """Tell the operator above a tenant, once a day, that something fails again and again; every operator for None."""
    log.error("%s of %s", what, tenant, exc_info=failure)
    try:
        of = f"{what} of {organisations.card(tenant).name}" if tenant is not None else what
        for operator in _operators(tenant):
            _post(operator, of, failure, now)
    except Exception:  # whoever cannot be told must not stop the others either
        log.exception("operations were not told of %s", what)


def _operators(tenant: UUID | None) -> list[UUID]:
    if tenant is not None:
        over = organisations.operator_over(tenant)
        return [over] if over is not None else []
    with tenancy.listing_all():
        return list(Organisation.across.filter(kind=Kind.OPERATOR).order_by("id").values_list("id", flat=True))


def _post(operator: UUID, what: str, failure: Exception, now: datetime) -> None:
    subject = f"{what} failed"[:300]
    # of a defect no more than its kind: its words may name what only the tenant may read
    said = failure.text if isinstance(failure, Failure) else f"A fault of ours ({type(failure).__name__})."
    with tenancy.acting_in(operator):
        if Notice.objects.filter(kind="job_failed", subject=subject, at__gt=now - SILENT).exists():
            return
        hint = failure.hint if isinstance(failure, Failure) else ""
        lines = [said, *filter(None, [hint]), "It is tried again by itself. The log of the workers has more of it."]
        outbox.post("job_failed", audience=operator, subject=subject, lines=lines, page="organisations", by_job=True, now=now)
