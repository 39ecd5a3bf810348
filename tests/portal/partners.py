"""Makers for the pages of those who sell: a chain of organisations, browsers, what a page says."""

from __future__ import annotations

import html
from typing import Any

import pytest
from django.test import Client

from purser.access import verbs
from purser.partners import joining
from purser.postgres import tenancy
from purser.tenants.models import Grant, Organisation
from tests.access import kit
from tests.partners.kit import Chain, chain

ASK = {"scopes": ["users", "domain"], "days": "30", "reason": "Managed service contract 7", "ticket": ""}


@pytest.fixture
def made() -> Chain:
    return chain()


def open_as(organisation: Organisation, role: str = verbs.OWNER) -> Client:
    return kit.sign_in(kit.member(organisation, role))


def said(answer: Any) -> str:
    return html.unescape(kit.text(answer))


def issued(made: Chain, email: str) -> str:
    with tenancy.acting_in(made.reseller.pk):
        found = joining.invite(kit.actor(made.reseller, made.owner), email=email, now=kit.now())
    return f"/tenants/accept/{made.reseller.pk}/{found.token}/"


def grants_of(made: Chain) -> list[Grant]:
    with tenancy.acting_in(made.customer.pk):
        return list(Grant.objects.all())
