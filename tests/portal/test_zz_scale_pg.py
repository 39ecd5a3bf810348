import time
import pytest
from purser.links import kinds
from purser.links.kinds import Kinds
from purser.links.models import *
from purser.postgres import tenancy
from tests.portal import desk
from tests import make
from django.db import connection
pytestmark = pytest.mark.usefixtures("pages")
def test_scale():
    from purser.config import wiring
    kinds.use(Kinds(wiring.FIELDS, wiring.check_addresses))
    with desk.at() as at:
        t=at.tenant
        with tenancy.acting_in(t):
            s=Sync.objects.get(); src,tgt=s.source,s.target
            n=make.NOON
            cs=SourceCustomer.objects.bulk_create([SourceCustomer(connection=src,external_id=f"K{i}",seen_at=n,name=f"Customer {i*7919%5000:05} Ltd",status="active") for i in range(5000)],batch_size=1000)
            ss=SourceSubscription.objects.bulk_create([SourceSubscription(connection=src,external_id=f"KS{i}",seen_at=n,customer=cs[i//4],name=f"Sub {i}",status="active") for i in range(20000)],batch_size=1000)
            rs=SourceResource.objects.bulk_create([SourceResource(connection=src,external_id=f"KS{i//5}/{i}",seen_at=n,customer=cs[i//20],subscription=ss[i//5],resource_id=str(i),mpn="M",name=f"Resource {i%40}",count=3,unit_price=2,currency="USD") for i in range(100000)],batch_size=2000)
            acc=TargetAccount.objects.bulk_create([TargetAccount(connection=tgt,external_id=f"A{i}",seen_at=n,name=f"Customer {i:05}") for i in range(5000)],batch_size=1000)
            ags=TargetAgreement.objects.bulk_create([TargetAgreement(connection=tgt,external_id=f"G{i}",seen_at=n,account=a,name="C",ends_on="2026-12-31",services_at=n) for i,a in enumerate(acc)],batch_size=1000)
            sv=TargetService.objects.bulk_create([TargetService(connection=tgt,external_id=f"G{i//10}/s{i}",seen_at=n,agreement=ags[i//10],service_id=f"s{i}",name=f"Resource {i%10}",kind="service",units=1,final_units=1) for i in range(50000)],batch_size=2000)
            half=2500
            byname={a.name:a for a in acc}
            cl=CompanyLink.objects.bulk_create([CompanyLink(sync=s,customer=c,account=byname[c.name[:-4]],made_at=n) for c in cs[:half]],batch_size=1000)
            agof={g.account_id:g for g in ags}
            sl=SubscriptionLink.objects.bulk_create([SubscriptionLink(sync=s,company_link=cl[i//4],subscription=ss[i],agreement=agof[cl[i//4].account_id],made_at=n) for i in range(0,half*4)],batch_size=1000)
            svc={}
            for x in sv: svc.setdefault(x.agreement_id,[]).append(x)
            links=[]
            for i in range(half):
                for j,x in enumerate(svc[agof[cl[i].account_id].pk]):
                    links.append(Link(sync=s,subscription_link=sl[i*4+j//5],resource=rs[i*20+j],service=x,made_at=n,expected_units=1))
            Link.objects.bulk_create(links,batch_size=2000)
        import psycopg, os
        with psycopg.connect(os.environ["DATABASE_URL"],autocommit=True) as c: c.execute("ANALYZE")
        def go(name,query="",**k):
            at.client.get(at.url(name,query,**k))
            a=time.perf_counter(); r=at.client.get(at.url(name,query,**k)); b=time.perf_counter()
            print(f"{name}{query} {r.status_code} {len(r.content)} {1000*(b-a):.0f} ms")
        go("mapping"); go("mapping","?page=150"); go("mapping","?q=0042"); go("mapping_company",customer=cs[0].pk); go("mapping_company",customer=cs[4000].pk)
        go("relations"); go("relations","?size=250"); go("relations","?page=400"); go("relations","?q=Customer 03"); go("relations","?mapped=1"); go("mapping_coverage"); go("mapping_exact"); go("mapping_accounts","?q=cust"); go("mapping_renewals")
        at.post("mapping_filters", {"hide_completed":"1"}); go("mapping")
        print("dashboard", end=" "); go("autotask")
