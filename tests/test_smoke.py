def test_it_walls():
    from datetime import datetime, UTC
    from purser.postgres import tenancy
    from purser.tenants import organisations
    from purser.tenants.models import Organisation
    o = organisations.found(kind="operator", name="Op", parent=None, now=datetime.now(UTC))
    with tenancy.acting_in(o.pk):
        assert organisations.own().name == "Op"
        assert Organisation._base_manager.count()
    with tenancy.listing_all():
        assert o in organisations.everyone()
