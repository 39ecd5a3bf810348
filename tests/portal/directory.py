"""What the tests of users and groups share: a customer with its administrator signed in, a file, and what pages show."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from purser.directory.models import Group, Source, User
from purser.postgres import tenancy
from tests.access import kit
from tests.partners.kit import Chain, chain
from tests.portal.customers import inside

STAFF = """User principal name,Display name,Mail,Department,City,Account enabled,Groups,Fax machine
ada@alder.example,Ada Stone,ada@alder.example,Surgery,Bremen,yes,Staff;Board,x
ben@alder.example,Ben Moss,ben@alder.example,Sales,Bonn,yes,Staff,
eve@alder.example,Eve Hill,,Sales,Bremen,no,,
"""


@pytest.fixture
def made() -> Chain:
    return chain(region="DE")


@pytest.fixture
def client(made: Chain) -> Client:
    return inside(made.admin)


def url(made: Chain, path: str = "") -> str:
    return kit.url(made.customer, f"users/{path}")


def shown(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, kit.text(answer)[-1500:]
    return kit.text(answer)


def posted(client: Client, path: str, body: dict[str, Any] | None = None, status: int = 302) -> Any:
    answer = client.post(path, body or {})
    assert answer.status_code == status, kit.text(answer)[-1500:]
    return answer


def call(client: Client, made: Chain, method: str, path: str, body: Any = None, status: int = 200) -> Any:
    text = "" if body is None else json.dumps(body)
    answer: Any = client.generic(method, f"/api/v1/t/{made.customer.pk}/{path}", text, content_type="application/json")
    assert answer.status_code == status, answer.content.decode()[:1500]
    return answer.json() if answer.content else None


def file(content: str | bytes, name: str = "staff.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content.encode() if isinstance(content, str) else content)


def loaded(client: Client, made: Chain, content: str = STAFF) -> None:
    """The file as the source, and its people in the mirror."""
    with tenancy.acting_in(made.customer.pk):
        source = Source.objects.first()
    if source is None:
        posted(client, url(made, "source/file/"), {"version": "0"})
    posted(client, url(made, "source/file/load/"), {"file": file(content)})
    posted(client, url(made, "source/file/apply/"), {"digest": digest(client, made)})


def digest(client: Client, made: Chain) -> str:
    found = re.search(r'name="digest" value="([0-9a-f]{64})"', client.get(url(made, "source/file/load/")).content.decode())
    assert found
    return found.group(1)


def people(made: Chain) -> dict[str, User]:
    with tenancy.acting_in(made.customer.pk):
        return {row.display_name: row for row in User.objects.filter(gone_at=None)}


def group(made: Chain, name: str) -> Group:
    with tenancy.acting_in(made.customer.pk):
        found: Group = Group.objects.get(name=name)
        return found
