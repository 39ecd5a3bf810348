"""How long a typed search over 100,000 customers takes, and what row-level security adds to it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

from django.db import connections

from bench import crowd, walls
from bench.figures import Figure, percentile, seconds
from purser.access import verbs
from purser.access.actors import Actor
from purser.finding import places
from purser.postgres import tenancy
from purser.tenants import search
from tests.access import kit

CUSTOMERS, RESELLERS = 100_000, 1_000
SURNAMES = [
    "Alder",
    "Birch",
    "Cedar",
    "Dune",
    "Elm",
    "Fern",
    "Gale",
    "Hazel",
    "Iris",
    "Juniper",
    "Kelp",
    "Laurel",
    "Maple",
    "North",
    "Oak",
    "Pine",
    "Quay",
    "Reed",
    "Sage",
    "Tide",
]
TRADES = [
    "Dental",
    "Law",
    "Foods",
    "Motors",
    "Textiles",
    "Books",
    "Energy",
    "Clinics",
    "Logistics",
    "Studios",
    "Farms",
    "Optics",
    "Bakery",
    "Freight",
    "Metals",
]
TYPED = ("a", "al", "alder", "al den", "tide fr", "quay-4", "quay-4123.example", "metals 77", "1234", "zzz", "pine books 9")
ROUNDS = 40


def figures() -> Iterator[Figure]:
    distributor, reseller = _crowd()
    dice = random.Random(7)
    typed = [*TYPED, *(f"{dice.choice(SURNAMES)[:3]} {dice.choice(TRADES)[:2]}" for _ in range(20))]
    times = [seconds(partial(_search, distributor, text)) for text in typed * ROUNDS]
    yield Figure("picker_p95_ms", percentile(times, 0.95) * 1000, 100)
    yield Figure("picker_rls_ratio", max(_behind_walls(distributor, text) for text in ("al", "al den", "metals 77")), 1.1)
    own = [seconds(partial(_own, reseller, text)) for text in typed * ROUNDS]
    yield Figure("picker_of_reseller_p95_ms", percentile(own, 0.95) * 1000, 100)
    whole = [seconds(partial(_places, distributor, text)) for text in typed * (ROUNDS // 4)]
    yield Figure("picker_of_distributor_p95_ms", percentile(whole, 0.95) * 1000, 100)


def _search(distributor: UUID, text: str) -> None:
    with tenancy.listing_below(distributor):
        search.find(text)


def _own(reseller: UUID, text: str) -> None:
    with tenancy.listing_customers_of(reseller):
        search.find(text)


def _places(distributor: UUID, text: str) -> None:
    """What the switcher answers a distributor: its own customers and its resellers', each with how it stands."""
    actor = Actor(distributor, "Broad Supply", None, "Dana", verbs.OWNER, "", "", None, kind="distributor", number="1" * 12)
    places.found([places.Home(actor, ())], text, datetime.now(UTC))


def _crowd() -> tuple[UUID, UUID]:
    """A distributor, its resellers, and customers spread over them, laid in sets by the owner; their words likewise."""
    above = kit.distributor()
    now = datetime.now(UTC)
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "INSERT INTO tenants_organisation (id, kind, name, parent_id, distributor_id, partner_number, partner_admin_id,"
            " zone, domain, region, contact_name, contact_email, permissions, created_at)"
            " SELECT md5('reseller' || n)::uuid, 'reseller', 'Reseller ' || n, %(above)s, %(above)s,"
            " 'P' || (20000000 + n), '', 'UTC', '', '', '', '', 'abcd', %(now)s FROM generate_series(1, %(count)s) n",
            {"above": above.pk, "now": now, "count": RESELLERS},
        )
        cursor.execute(
            "INSERT INTO tenants_organisation (id, kind, name, parent_id, distributor_id, partner_number, partner_admin_id,"
            " zone, domain, region, contact_name, contact_email, permissions, created_at)"
            " SELECT md5('customer' || n)::uuid, 'customer',"
            " (%(surnames)s::text[])[1 + n %% %(s)s] || ' ' || (%(trades)s::text[])[1 + (n / %(s)s) %% %(t)s] || ' ' || n,"
            " md5('reseller' || (1 + n %% %(resellers)s))::uuid, %(above)s, '', '', 'UTC',"
            " lower((%(surnames)s::text[])[1 + n %% %(s)s]) || '-' || n || '.example', '', '', '', 'abcd', %(now)s"
            " FROM generate_series(1, %(count)s) n",
            {
                "surnames": SURNAMES,
                "trades": TRADES,
                "s": len(SURNAMES),
                "t": len(TRADES),
                "above": above.pk,
                "now": now,
                "count": CUSTOMERS,
                "resellers": RESELLERS,
            },
        )
        cursor.execute(
            "INSERT INTO tenants_searchword (id, tenant_id, parent_id, distributor_id, word, label)"
            " SELECT gen_random_uuid(), o.id, o.parent_id, o.distributor_id, w, o.name FROM tenants_organisation o,"
            " LATERAL (SELECT DISTINCT w FROM regexp_split_to_table(lower(o.name || ' ' || o.domain), '[^a-z0-9]+') w"
            "  WHERE w <> '' UNION SELECT o.number UNION SELECT o.domain) words(w)"
            " WHERE o.kind = 'customer' AND o.distributor_id = %s",
            [above.pk],
        )
    crowd.analyze()
    return above.pk, _id("SELECT md5('reseller1')::uuid")


def _id(sql: str) -> UUID:
    with connections["owner"].cursor() as cursor:
        cursor.execute(sql)
        return UUID(str(cursor.fetchone()[0]))


def _behind_walls(distributor: UUID, text: str) -> float:
    with tenancy.listing_below(distributor):
        return walls.cost(search.query(text))
