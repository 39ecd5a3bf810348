"""What is in use, as the vendor counts it. Source: acceptance CM-16, AC-37."""

from __future__ import annotations

from purser.flows.accounts_to_vendor import using
from purser.postgres import tenancy
from purser.subscriptions.models import Subscription
from tests.flows.desk import rig as rig
from tests.flows.vendor import Rig


def test_what_is_in_use_is_kept_with_the_subscription_that_names_its_meter(rig: Rig) -> None:
    """Source: acceptance CM-16, AC-37."""
    account = rig.synced(rig.direct)
    servers = rig.ordered(account, meter="servers", name="Servers")
    storage = rig.ordered(account, meter="storage", name="Storage", metered=True, quantity=1)
    silent = rig.ordered(account, meter="no such meter", name="Silent")
    rig.run(account)
    remote = rig.again(account).remote

    def read() -> int:
        return using.read(provider=rig.distributor.pk, instance_id=rig.instance.pk, clock=rig.clock)

    def consumed() -> list[int | None]:
        with tenancy.acting_in(rig.direct.pk):
            return [Subscription.objects.get(pk=row.pk).consumed for row in (servers, storage, silent)]

    rig.tell("use", tenant=remote, name="pg_base_servers", value=2)
    rig.tell("use", tenant=remote, name="pg_base_storage", value=3 * 1024**3 + 1)
    assert (read(), consumed()) == (2, [2, 4, None])
    assert read() == 0
    rig.fail("status", status=503, path=r"/usages$")
    assert (read(), consumed()) == (0, [2, 4, None])
