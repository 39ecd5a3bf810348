"""Tokens, sign-on, and the directory behind it."""

from __future__ import annotations

from datetime import timedelta

from purser.access import domains, tokens
from purser.postgres import ids, tenancy
from tests.access import kit
from tests.matrix.walk import Find, Ground, Said, Step, new, on, sent

PROVIDER = {"name": "Entra", "issuer": "https://login.example.com/", "client_id": "one", "secret": "of Entra", "version": 0}


def mail_domain(g: Ground, who: str) -> Said:
    with tenancy.acting_in(g.made.reseller.pk):
        domains.ask(g.actor(who), f"d{ids.new().hex[-12:]}.example", now=kit.now())
        return sent({}, domain=domains.every()[-1].pk)


def token(name: str) -> Find:
    def find(g: Ground, who: str) -> Said:
        with tenancy.acting_in(g.made.reseller.pk):
            row = tokens.make(g.actor(who), name="t", expires_at=kit.now() + timedelta(days=1), now=kit.now()).row
        return sent({}, **{name: row.pk})

    return find


STEPS: list[Step] = [
    ("owner", "tokens/make/", {"name": "export", "days": "90"}),
    ("owner", "tokens/<token>/revoke/", token("token")),
    ("owner", "DELETE tokens/<api_key>", token("api_key")),
    ("owner", "sign-on/provider/", PROVIDER | {"version": 1}),
    ("owner", "PUT sign-on", PROVIDER | {"version": 2}),
    ("owner", "sign-on/policy/", {"second_factor": "required", "idle_minutes": "20", "version": "1"}),
    ("owner", "PUT sign-on/policy", {"second_factor": "required", "idle_minutes": 25, "version": 2}),
    ("owner", "sign-on/domains/", new("name", {})),
    ("owner", "POST sign-on/domains", new("name", {})),
    ("owner", "sign-on/domains/<domain>/again/", mail_domain),
    ("owner", "sign-on/domains/<domain>/remove/", mail_domain),
    ("owner", "DELETE sign-on/domains/<domain>", mail_domain),
    ("owner", "sign-on/forget/", {}),
    ("owner", "directory/token/", {"name": "Entra", "days": "30"}),
    ("owner", "directory/tokens/<bearer>/revoke/", on("access_directorytoken", name="bearer", token_hash="1" * 64)),
    ("owner", "DELETE directory/tokens/<bearer>", on("access_directorytoken", name="bearer", token_hash="2" * 64)),
    ("owner", "directory/groups/<group>/role/", {"role": "reader"}),
    ("owner", "PUT directory/groups/<group>/role", {"role": "technician"}),
]
