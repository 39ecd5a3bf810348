"""One mail a day of what is news, never twice, and nothing when nothing is. Source: ux 37."""

from __future__ import annotations

import smtplib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import mail

from purser.access import letters as letters_of
from purser.access import verbs
from purser.jobs import entrypoints
from purser.notices import mailing, reading
from purser.notices.models import Delivery
from purser.postgres import tenancy
from purser.tenants.models import Organisation
from tests.access import kit
from tests.notices.kit import body, choose, jobs, letters, role, told
from tests.partners.kit import Chain, chain

NIGHT = datetime(2026, 3, 3, 1, 30, tzinfo=UTC)
MORNING = datetime(2026, 3, 3, 6, 0, tzinfo=UTC)  # seven o'clock in Berlin, in winter


@pytest.fixture
def made() -> Chain:
    found = chain()
    with tenancy.acting_in(found.reseller.pk):
        Organisation.objects.update(zone="Europe/Berlin")
    for kind in ("consent_given", "consent_ended"):
        choose(found.reseller, found.owner, kind, "digest")
    mail.outbox.clear()
    return found


def happen(made: Chain, at: datetime = NIGHT) -> None:
    """A consent is given and ended: two notices for the partner's people."""
    made.give(at)
    made.end(at + timedelta(minutes=1))


def refusing(*_: Any, **__: Any) -> None:
    raise smtplib.SMTPServerDisconnected("Connection unexpectedly closed")


class Died(BaseException):
    """The process ends here."""


def dying(*_: Any, **__: Any) -> None:
    raise Died


def test_it_waits_for_the_morning_and_then_tells_all_in_one_mail(made: Chain) -> None:
    happen(made)
    assert letters(made.owner) == []
    assert letters(made.agent) == ["Alder Dental gave its consent", "Alder Dental ended its consent"]
    [job] = jobs("purser.digest", organisation=str(made.reseller.pk))
    assert job["at"] == MORNING
    assert mailing.digest(made.reseller.pk, now=MORNING) == 1
    assert letters(made.owner) == ["Acme IT: 2 notices"]
    assert "- 03 March, 02:30: Alder Dental gave its consent" in body(made.owner)
    assert f"/t/{made.reseller.pk}/notices/" in body(made.owner)


def test_it_sends_nothing_when_nothing_is_new(made: Chain) -> None:
    assert mailing.digest(made.reseller.pk, now=MORNING) == 0
    happen(made)
    mailing.digest(made.reseller.pk, now=MORNING)
    assert mailing.digest(made.reseller.pk, now=MORNING + timedelta(days=1)) == 0
    assert letters(made.owner) == ["Acme IT: 2 notices"]


def test_it_sends_one_a_day_and_the_rest_the_next_morning(made: Chain) -> None:
    happen(made)
    mailing.digest(made.reseller.pk, now=MORNING)
    happen(made, MORNING + timedelta(hours=1))
    evening = datetime(2026, 3, 3, 22, 59, tzinfo=UTC)  # still the third in Berlin
    assert mailing.digest(made.reseller.pk, now=evening) == 0
    assert mailing.digest(made.reseller.pk, now=evening + timedelta(minutes=2)) == 1
    assert letters(made.owner) == ["Acme IT: 2 notices"] * 2


def test_a_crash_while_it_is_sent_never_sends_it_twice(made: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    happen(made)
    with monkeypatch.context() as patched:
        patched.setattr(letters_of, "news", dying)
        with pytest.raises(Died):
            mailing.digest(made.reseller.pk, now=MORNING)
    for hours in (0, 1, 24, 48):
        assert mailing.digest(made.reseller.pk, now=MORNING + timedelta(hours=hours)) == 0
    assert letters(made.owner) == []
    with tenancy.acting_in(made.reseller.pk):
        assert reading.visible(kit.actor(made.reseller, made.owner)).filter(read_at=None).count() == 2


def test_two_workers_at_once_send_one(made: Chain) -> None:
    happen(made)
    done = kit.at_once(*[lambda: mailing.digest(made.reseller.pk, now=MORNING)] * 4)
    assert sorted(done) == [0, 0, 0, 1]
    assert letters(made.owner) == ["Acme IT: 2 notices"]


def test_a_mail_server_that_refused_is_tried_again(made: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    happen(made)
    with monkeypatch.context() as patched:
        patched.setattr(letters_of, "news", refusing)
        assert mailing.digest(made.reseller.pk, now=MORNING) == 0
    assert mailing.digest(made.reseller.pk, now=MORNING + timedelta(hours=1)) == 1
    assert letters(made.owner) == ["Acme IT: 2 notices"]


def test_a_mail_at_once_that_was_refused_comes_with_the_next_digest(made: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(letters_of, "news", refusing)
        made.give(NIGHT)
    assert letters(made.agent) == []
    assert len(jobs("purser.digest", organisation=str(made.reseller.pk))) == 1
    mailing.digest(made.reseller.pk, now=MORNING)
    assert letters(made.agent) == letters(made.owner) == ["Acme IT: 1 notice"]


@pytest.mark.parametrize("since", ["read", "lost the right", "left", "switched off", "silent"])
def test_it_leaves_out_what_is_no_news_any_more(made: Chain, since: str) -> None:
    happen(made)
    owner, now = kit.actor(made.reseller, made.owner), NIGHT + timedelta(hours=1)
    if since == "read":
        with tenancy.acting_in(made.reseller.pk):
            assert reading.read_all(owner, until=now, now=now) == 2
    elif since == "lost the right":
        role(made.reseller, made.owner, verbs.SUPPORT)  # which no reseller has: it allows nothing
    elif since == "left":
        made.owner.is_active = False
        made.owner.save()
    else:
        for kind in ("consent_given", "consent_ended"):
            silent = {"silent_until": (MORNING + timedelta(days=3)).date()} if since == "silent" else {}
            choose(made.reseller, made.owner, kind, "none" if since == "switched off" else "digest", now=now, **silent)
    assert mailing.digest(made.reseller.pk, now=MORNING) == 0
    assert letters(made.owner) == []


def test_it_names_fifty_and_counts_the_rest(made: Chain) -> None:
    with tenancy.acting_in(made.reseller.pk):
        Delivery.objects.bulk_create(
            Delivery(notice=kit.ids.new(), person=made.owner, kind="consent_given", at=NIGHT, subject=f"Number {n}", text="",
                     path="/", mail="digest")
            for n in range(53)
        )  # fmt: skip
    mailing.digest(made.reseller.pk, now=MORNING)
    assert letters(made.owner) == ["Acme IT: 53 notices"]
    assert body(made.owner).count("Number ") == 50
    assert "And 3 more." in body(made.owner)


def test_the_job_asks_the_clock_and_passes_over_an_organisation_that_is_gone(made: Chain) -> None:
    happen(made, kit.now() - timedelta(minutes=5))
    entrypoints.digest(str(made.reseller.pk))
    entrypoints.digest(str(kit.ids.new()))
    assert letters(made.owner) == ["Acme IT: 2 notices"]
    assert all(row.mailed_at is not None for row in told(made.reseller, made.owner))
