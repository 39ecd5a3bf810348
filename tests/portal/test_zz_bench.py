import time, pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from purser.postgres import tenancy
from purser.links.models import *
from tests import make
from tests.access.kit import site as site
from tests.portal import sample
from tests.links.test_queries import Shelf, NOW
pytestmark = pytest.mark.usefixtures("site")
def sql(s, *a):
    with connection.cursor() as c: c.execute(s)
def test_bench():
    shelf = Shelf()
    t = str(shelf.tenant); shop=str(shelf.shop.pk); pair = shelf.pairs["autotask"]; psa=str(pair.target_id); other=str(shelf.pairs["connectwise"].target_id)
    t0=time.time()
    with tenancy.acting_in(shelf.tenant):
        def cols(m, **v):
            names=[]; vals=[]
            for f in m._meta.concrete_fields:
                if f.column in v: names.append(f.column); vals.append(v[f.column])
                elif f.column=="id": names.append("id"); vals.append("gen_random_uuid()")
                elif f.column=="tenant_id": names.append("tenant_id"); vals.append(f"'{t}'::uuid")
                elif f.null: continue
                elif f.get_internal_type() in ("CharField",): names.append(f.column); vals.append("'" + str(f.default if f.has_default() else "") + "'")
                elif f.get_internal_type()=="BooleanField": names.append(f.column); vals.append(str(f.default if f.has_default() else False))
                elif f.get_internal_type()=="DateTimeField": names.append(f.column); vals.append("now() - g * interval '1 minute'")
                elif f.get_internal_type()=="DateField": names.append(f.column); vals.append("current_date")
                elif f.get_internal_type()=="JSONField": names.append(f.column); vals.append("'{}'")
                elif f.has_default(): names.append(f.column); vals.append(str(f.default))
                elif f.get_internal_type()=="DecimalField": names.append(f.column); vals.append("0")
                else: raise Exception(f)
            return f"INSERT INTO {m._meta.db_table} ({','.join(chr(34)+n+chr(34) for n in names)}) SELECT {','.join(vals)} FROM "
        near=dict(connection_id=f"'{shop}'::uuid"); far=dict(connection_id=f"'{psa}'::uuid")
        g=lambda n: f"generate_series(1,{n}) g"
        sql(cols(SourceCustomer, **near, external_id="'C'||g", name="'Customer '||g", status="'active'")+g(5000))
        sql(cols(SourceSubscription, **near, external_id="'S'||g", name="'Mail '||g", status="'active'", customer_id="c.id", billing_period="'month'")+g(50000)+" JOIN links_sourcecustomer c ON c.external_id='C'||(g%%5000+1) AND c.tenant_id=%s".replace("%s",f"'{t}'").replace("%%","%"))
        sql(cols(SourceResource, **near, external_id="'R'||g", name="'Product '||(g%400)", customer_id="s.customer_id", subscription_id="s.id", resource_id="'R'||g", mpn="'M'", count="g%40", unit_price="3.2", currency="'USD'")+g(100000)+f" JOIN links_sourcesubscription s ON s.external_id='S'||(g%50000+1) AND s.tenant_id='{t}'")
        sql(cols(TargetAccount, **far, external_id="'A'||g", name="'Account '||g")+g(5000))
        sql(cols(TargetAgreement, **far, external_id="'G'||g", name="'Cloud '||g", account_id="a.id")+g(5000)+f" JOIN links_targetaccount a ON a.external_id='A'||g AND a.tenant_id='{t}'")
        sql(cols(TargetService, **far, external_id="'V'||g", name="'Product '||g", agreement_id="a.id", service_id="'V'||g", kind="'service'")+g(88000)+f" JOIN links_targetagreement a ON a.external_id='G'||(g%5000+1) AND a.tenant_id='{t}'")
        p=dict(sync_id=f"'{pair.pk}'::uuid")
        sql(cols(CompanyLink, **p, customer_id="c.id", account_id="a.id")+g(5000)+f" JOIN links_sourcecustomer c ON c.external_id='C'||g AND c.tenant_id='{t}' JOIN links_targetaccount a ON a.external_id='A'||g AND a.tenant_id='{t}'")
        sql(cols(SubscriptionLink, **p, company_link_id="k.id", subscription_id="s.id", agreement_id="a.id")+g(50000)+f" JOIN links_sourcesubscription s ON s.external_id='S'||g AND s.tenant_id='{t}' JOIN links_companylink k ON k.customer_id=s.customer_id AND k.tenant_id='{t}' JOIN links_targetagreement a ON a.account_id=k.account_id AND a.tenant_id='{t}'")
        sql(cols(Link, **p, resource_id="r.id", service_id="v.id", subscription_link_id="m.id", state="(array['in_step','behind','failed'])[1+(g%50=0)::int+(g%500=0)::int]")+g(88000)+f" JOIN links_sourceresource r ON r.external_id='R'||g AND r.tenant_id='{t}' JOIN links_targetservice v ON v.external_id='V'||g AND v.tenant_id='{t}' JOIN links_subscriptionlink m ON m.subscription_id=r.subscription_id AND m.tenant_id='{t}'")
        sql(cols(Receipt, link_id="k.id", state="case when g%300=0 then 'refused' else 'done' end", units_before="1", units_after="3", amount="2", currency="'USD'", company="'Customer '||(g%5000)", subscription="'Mail'", resource="'Product'", customer="'Account'", agreement="'Cloud'", product="'P'")+f"(select id, row_number() over () g from links_link where tenant_id='{t}') k")
        sql(cols(Receipt, link_id="k.id", state="'done'", units_before="1", units_after="3", amount="2", currency="'USD'", company="'Customer '||(g%5000)", subscription="'Mail'", resource="'Product'", customer="'Account'", agreement="'Cloud'", product="'P'")+f"(select id, row_number() over () g from links_link where tenant_id='{t}') k")
        sql(cols(Movement, resource_id="r.id", before="1", after="2")+f"(select id, row_number() over () g from links_sourceresource where tenant_id='{t}') r")
        sql(cols(Run, **p, cause="'monitor'", state="'done'", numbers="'{\"posted\":1}'")+g(100000))
    print("filled", time.time()-t0)
    from purser.tenants.models import Organisation
    with tenancy.acting_in(shelf.tenant): org = Organisation.objects.first()
    import psycopg, os
    from purser.postgres.server import with_database
    with psycopg.connect(with_database(os.environ["PURSER_TEST_OWNER_URL"], connection.settings_dict["NAME"]), autocommit=True) as c:
        c.execute("ANALYZE")
    s = sample.sign_in(organisation=org)
    for name in ["home","subscriptions","linked","unlinked","success_log","failure_log","movements","plans","drift","runs","checklist"]:
        for q in ("", "?context=autotask"):
            url = reverse(name, kwargs={"tenant": shelf.tenant})+q
            s.client.get(url)
            with CaptureQueriesContext(connection) as found:
                t1=time.time(); a=s.client.get(url); dt=time.time()-t1
            slow = sorted(((float(x["time"]), x["sql"][:160] + " ... " + x["sql"][-300:]) for x in found), reverse=True)[:2]
            print(f"{name}{q}: {a.status_code} {dt*1000:.0f} ms, {len(found)} queries", *(f"\n     {ms*1000:.0f} ms {w}" for ms, w in slow if ms > .03))
    for name in ["subscriptions","linked","unlinked","success_log","movements"]:
        t1=time.time(); a=s.client.get(reverse(name+"_charts", kwargs={"tenant": shelf.tenant})); print(name, "charts", a.status_code, round((time.time()-t1)*1000), "ms")
