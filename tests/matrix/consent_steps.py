"""What a customer agrees to, and takes back."""

from __future__ import annotations

import base64

from django.core.files.uploadedfile import SimpleUploadedFile

from purser.partners import joining
from purser.postgres import tenancy
from purser.tenants import grants
from tests.access import kit
from tests.matrix.walk import ASK, Ground, Said, Step, sent

PDF = b"%PDF-1.7 an agreement"


def accepted(g: Ground, who: str) -> Said:
    with tenancy.acting_in(g.made.reseller.pk):
        made = joining.invite(g.actor("owner"), email=g.made.admin.email, now=kit.now())
    return sent({"partner": str(g.made.reseller.pk), "token": made.token})


def request(g: Ground, who: str) -> Said:
    with tenancy.acting_in(g.made.customer.pk):
        grants.close(grants.open_requests(kit.now()), as_="withdrawn", by="test", why="", now=kit.now())
    return sent({"why": "No"}, grant=g.made.ask(kit.now()).pk)


def consented(g: Ground, who: str) -> Said:
    g.made.give(kit.now())
    return sent({"why": "We parted"})


def paper(g: Ground, who: str) -> Said:
    return sent({"paper": SimpleUploadedFile("dpa.pdf", PDF, "application/pdf")}, organisation=g.made.customer.pk)


def written_paper(g: Ground, who: str) -> Said:
    encoded = base64.b64encode(PDF).decode()
    return sent({"paper_name": "dpa.pdf", "paper": encoded}, organisation=g.made.customer.pk)


STEPS: list[Step] = [
    ("administrator", "consent/give/", ASK),
    ("administrator", "POST consent", ASK),
    ("administrator", "consent/requests/<grant>/refuse/", request),
    ("administrator", "POST consent/requests/<grant>/refuse", request),
    ("administrator", "consent/agreement/", paper),
    ("administrator", "POST consent/agreements", written_paper),
    ("administrator", "POST tenants/accept", accepted),
    ("administrator", "consent/end/", consented),
    ("administrator", "POST consent/end", consented),
]
