"""How people sign in to the organisation, what its directory may, and its API tokens."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.conf import settings

from purser.access import domains, policy, sign_on, tokens
from purser.access.actors import Actor
from purser.access.directory import keys, placing
from purser.access.identity import DirectoryGroup
from purser.api.doors import Routes
from purser.api.schemas import identity as out
from purser.api.schemas.common import Some
from purser.kernel.errors import Missing
from purser.postgres import tenancy

routes = Routes("Sign-on and directory")


@routes.get("/sign-on", "sign_on.configure", answers=out.SignOn)
def provider(actor: Actor, now: datetime) -> out.SignOn:
    """The organisation's own provider

    A sensitive call: only within five minutes after the password was entered, so not with a token.
    """
    row = sign_on.own()
    if row is None:
        raise Missing("No provider is set up here.")
    return out.sign_on(row, secret_kept=sign_on.has_secret(row))


@routes.put("/sign-on", "sign_on.configure", answers=out.SignOn)
def set_provider(actor: Actor, now: datetime, body: out.SignOnChange) -> out.SignOn:
    """Set up the organisation's own provider, or change it

    A sensitive call, as above.
    """
    row = sign_on.save(actor, **body.model_dump(), sandbox=settings.SANDBOX_HOSTS, now=now)
    return out.sign_on(row, secret_kept=sign_on.has_secret(row))


@routes.get("/sign-on/policy", "sign_on.configure", answers=out.Policy)
def rule(actor: Actor, now: datetime) -> out.Policy:
    """Who needs a second factor, and how long a session may idle

    A sensitive call, as above.
    """
    return out.rule(policy.own(actor.kind))


@routes.put("/sign-on/policy", "sign_on.configure", answers=out.Policy)
def set_rule(actor: Actor, now: datetime, body: out.PolicyChange) -> out.Policy:
    """Change who needs a second factor, and how long a session may idle

    A sensitive call, as above.
    """
    return out.rule(policy.save(actor, **body.model_dump(), now=now))


@routes.get("/sign-on/domains", "sign_on.configure", answers=Some[out.MailDomain])
def every_domain(actor: Actor, now: datetime) -> Some[out.MailDomain]:
    """The e-mail domains of the organisation, proven or not

    A sensitive call, as above.
    """
    return Some(rows=[out.domain(row) for row in domains.every()])


@routes.post("/sign-on/domains", "sign_on.configure", answers=out.MailDomain, seat=False)
def ask_domain(actor: Actor, now: datetime, body: out.DomainName) -> out.MailDomain:
    """Name a domain: its postmaster gets a letter, and it counts once the link in it was opened

    Asked again, the former link ends. At most three letters an hour. A sensitive call, as above.
    """
    with tenancy.acting_in(actor.tenant):
        asked = domains.ask(actor, body.name, now=now)
    domains.send(asked, tenant=actor.tenant)
    return out.domain(asked.domain)


@routes.delete("/sign-on/domains/{uuid:domain}", "sign_on.configure")
def remove_domain(actor: Actor, now: datetime, domain: UUID) -> None:
    """Nobody new comes in by this domain any more

    A sensitive call, as above.
    """
    domains.remove(actor, domain, now=now)


@routes.get("/directory/tokens", "directory.configure", answers=Some[out.DirectoryKey])
def directory_tokens(actor: Actor, now: datetime) -> Some[out.DirectoryKey]:
    """The tokens of the organisation's directory, never their values

    A sensitive call, as above.
    """
    return Some(rows=[out.key(row) for row in keys.every()])


@routes.delete("/directory/tokens/{uuid:bearer}", "directory.configure")
def revoke_directory_token(actor: Actor, now: datetime, bearer: UUID) -> None:
    """End a token of the directory at once

    A sensitive call, as above.
    """
    keys.revoke(actor, bearer, now=now)


@routes.get("/directory/groups", "directory.configure", answers=Some[out.Group])
def groups(actor: Actor, now: datetime) -> Some[out.Group]:
    """The directory's groups, and what each gives

    A sensitive call, as above.
    """
    return Some(rows=[out.group(row) for row in DirectoryGroup.objects.order_by("name", "id")])


@routes.put("/directory/groups/{uuid:group}/role", "directory.configure", answers=out.Group)
def give_role(actor: Actor, now: datetime, group: UUID, body: out.GroupRole) -> out.Group:
    """Say what the members of a group are here; it counts from their next request

    A sensitive call, as above.
    """
    return out.group(placing.give(actor, group, body.role, now=now))


@routes.get("/tokens", "tokens.read", answers=Some[out.Token])
def every_token(actor: Actor, now: datetime) -> Some[out.Token]:
    """API tokens of the organisation, newest first, never their values"""
    return Some(rows=[out.token(row, now) for row in tokens.own()])


@routes.delete("/tokens/{uuid:api_key}", "tokens.revoke")
def revoke_token(actor: Actor, now: datetime, api_key: UUID) -> None:
    """End an API token; its next call fails"""
    tokens.revoke(actor, api_key, now=now)
