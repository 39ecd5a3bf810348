"""It lets people in by invitation only, and an organisation always keeps an owner. Source: S-3, ID-7, P22,
P23.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail

from purser.access import invitations, once, people, verbs
from purser.access.models import Membership, Person
from purser.kernel.errors import Refused
from purser.postgres import tenancy
from tests.access import kit
from tests.access.kit import site as site

pytestmark = pytest.mark.usefixtures("site")

NEW = "a brand new long sentence"


@pytest.fixture
def org():
    return kit.reseller()


@pytest.fixture
def owner(org):
    return kit.member(org)


def invite(org, owner, email="", role=verbs.TECHNICIAN):
    email = email or kit.address()
    with tenancy.acting_in(org.pk):
        return invitations.invite(kit.actor(org, owner), email=email, role=role, kind="reseller", now=kit.now())


def link(org, issued):
    return f"/join/{org.pk}/{issued.token}/"


def roles(org):
    with tenancy.acting_in(org.pk):
        return sorted(Membership.objects.values_list("role", flat=True))


def test_it_invites_by_mail_and_lets_the_invited_person_set_name_and_password(org, owner):
    client, email = kit.sign_in(owner), kit.address()
    answer = client.post(kit.url(org, "people/invite/"), {"email": f" {email.upper()} ", "role": verbs.BOOKKEEPER})
    assert answer.status_code == 302, kit.text(answer)
    (letter,) = [one for one in mail.outbox if one.to == [email]]
    assert org.name in letter.subject
    path = kit.mailed_link(email)
    assert path in letter.alternatives[0][0]
    assert not Person.objects.filter(email=email).exists()

    arrival = kit.browser()
    assert "bookkeeper" in kit.text(arrival.get(path))
    done = arrival.post(path, {"name": "Berta Book", "password": NEW})
    assert str(org.pk) in done.headers["Location"]
    person = Person.objects.get(email=email)
    assert person.name == "Berta Book"
    assert roles(org) == ["bookkeeper", "owner"]
    assert arrival.get(kit.url(org, "people/")).headers["Location"].startswith("/account/second-factor/")
    back = kit.browser().post("/sign-in/", {"login": email, "password": NEW})
    assert back.status_code == 302
    joined = kit.acts_of(org, "people.join")
    assert [(act.actor, act.after["role"]) for act in joined] == [("Berta Book", "bookkeeper")]


def test_it_changes_nothing_when_a_mail_scanner_follows_the_link(org, owner):
    issued = invite(org, owner)
    for _ in range(3):
        answer = kit.browser().get(link(org, issued))
        assert answer.status_code == 200
        assert answer.headers["Referrer-Policy"] == "strict-origin"
        assert "no-store" in answer.headers["Cache-Control"]
    assert roles(org) == ["owner"]


@pytest.mark.parametrize("password", ["short", "the-address-itself", ""])
def test_it_refuses_a_weak_password_and_keeps_the_name_typed(org, owner, password):
    issued = invite(org, owner)
    password = issued.invitation.email if password == "the-address-itself" else password
    answer = kit.browser().post(link(org, issued), {"name": "Typed Name", "password": password})
    assert answer.status_code == 422
    assert 'value="Typed Name"' in answer.content.decode()
    assert roles(org) == ["owner"]


def test_it_tells_one_thing_of_every_link_that_does_not_work(org, owner):
    other = kit.reseller()
    used, revoked, expired, foreign = (invite(org, owner) for _ in range(4))
    kit.browser().post(link(org, used), {"name": "New", "password": NEW})
    with tenancy.acting_in(org.pk):
        invitations.revoke(kit.actor(org, owner), revoked.invitation.pk, now=kit.now())
        type(expired.invitation).objects.filter(pk=expired.invitation.pk).update(expires_at=kit.now())
    paths = [link(org, one) for one in (used, revoked, expired)]
    paths += [link(other, foreign), f"/join/{org.pk}/{once.token()}/", link(org, foreign)[:-2] + "/"]
    told = set()
    for path in paths:
        for answer in (kit.browser().get(path), kit.browser().post(path, {"name": "New", "password": NEW})):
            told.add((answer.status_code, kit.text(answer)))
    assert len(told) == 1
    assert "does not work" in told.pop()[1]
    assert roles(org) == ["owner", "technician"]


def test_it_is_accepted_once_by_two_at_the_same_time(org, owner):
    for _ in range(5):
        issued = invite(org, owner)

        def accept(issued=issued):
            person = Person(email=issued.invitation.email, name="Quick")
            with tenancy.acting_in(org.pk):
                invitations.accept(issued.token, person=person, actor=kit.actor(org, person), password=NEW, now=kit.now())
            return "in"

        results = kit.at_once(accept, accept)
        assert sorted(str(type(one).__name__) for one in results) == ["Spent", "str"], results
        assert Person.objects.filter(email=issued.invitation.email).count() == 1


def test_it_is_for_the_invited_address_only(org, owner):
    known, wrong = kit.person(), kit.person()
    issued = invite(org, owner, email=known.email)
    path = link(org, issued)
    assert "Sign in as" in kit.text(kit.browser().get(path))
    stranger = kit.sign_in(wrong)
    assert "Sign out first" in kit.text(stranger.get(path))
    stranger.post(path)
    kit.browser().post(path, {"name": "X", "password": NEW})
    assert roles(org) == ["owner"]
    with pytest.raises(Refused, match="is for"), tenancy.acting_in(org.pk):
        invitations.accept(issued.token, person=wrong, actor=kit.actor(org, wrong), now=kit.now())
    invited = kit.sign_in(known)
    assert str(org.pk) in invited.post(path).headers["Location"]
    assert invited.get(kit.url(org, "people/")).status_code == 200


def test_it_replaces_the_link_when_it_is_sent_again(org, owner):
    issued = invite(org, owner)
    client = kit.sign_in(owner)
    client.post(kit.url(org, f"people/invitations/{issued.invitation.pk}/again/"))
    assert kit.browser().get(link(org, issued)).status_code == 404
    assert kit.browser().get(kit.mailed_link(issued.invitation.email)).status_code == 200
    client.post(kit.url(org, f"people/invitations/{issued.invitation.pk}/withdraw/"))
    assert kit.browser().get(kit.mailed_link(issued.invitation.email)).status_code == 404


def test_it_sends_an_address_at_most_three_invitations_an_hour(org, owner):
    client, email = kit.sign_in(owner), kit.address()
    answers = [client.post(kit.url(org, "people/invite/"), {"email": email, "role": "reader"}) for _ in range(4)]
    assert [one.status_code for one in answers] == [302, 302, 302, 422]
    assert "three times within the hour" in kit.text(answers[-1])
    assert len([one for one in mail.outbox if one.to == [email]]) == 3


@pytest.mark.parametrize("fields", [{"email": "no address", "role": "reader"}, {"email": "a@example.com", "role": "king"}])
def test_it_refuses_a_bad_address_and_an_unknown_role_in_the_form(org, owner, fields):
    answer = kit.sign_in(owner).post(kit.url(org, "people/invite/"), fields)
    assert answer.status_code == 422
    assert "Error: Invite somebody" in kit.text(answer)


def test_it_keeps_no_usable_link_in_the_database(org, owner):
    issued = invite(org, owner)
    assert issued.token not in kit.everything_stored()
    assert issued.token not in repr(issued)


def test_it_makes_a_change_of_role_count_on_the_next_click(org, owner):
    other = kit.member(org, verbs.OWNER)
    theirs = kit.sign_in(other)
    assert theirs.get(kit.url(org, "people/invite/")).status_code == 200
    row = kit.membership(org, other)
    kit.sign_in(owner).post(kit.url(org, f"people/{row.pk}/role/"), {"role": verbs.READER})
    assert theirs.get(kit.url(org, "people/invite/")).status_code == 403
    (act,) = kit.acts_of(org, "people.change_role")
    assert (act.before, act.after) == ({"role": "owner"}, {"role": "reader"})
    assert [one.outcome for one in kit.acts_of(org, "people.invite")] == ["denied"]


def test_it_makes_a_removal_count_on_the_next_click_with_the_answer_of_an_absent_organisation(org, owner):
    other = kit.member(org, verbs.OWNER)
    theirs = kit.sign_in(other)
    row = kit.membership(org, other)
    kit.sign_in(owner).post(kit.url(org, f"people/{row.pk}/remove/"))
    gone = theirs.get(kit.url(org, "people/"))
    absent = theirs.get(f"/t/{once.hashed('x')[:8]}-0000-4000-8000-000000000000/people/")
    assert gone.status_code == absent.status_code == 404
    assert kit.text(gone).split("Reference")[0] == kit.text(absent).split("Reference")[0]


def test_it_keeps_the_last_owner(org, owner):
    client, row = kit.sign_in(owner), kit.membership(org, owner)
    for path, fields in ((f"people/{row.pk}/role/", {"role": "reader"}), (f"people/{row.pk}/remove/", {})):
        people = kit.url(org, "people/")
        answer = client.post(kit.url(org, path), fields, headers={"Referer": f"http://testserver{people}"})
        assert answer.status_code == 422
        assert "only owner" in kit.text(answer)
        assert f'<a href="{people}">Go back</a>' in answer.content.decode()
    assert roles(org) == ["owner"]


@pytest.mark.parametrize("deed", ["demote", "remove"])
def test_it_keeps_an_owner_when_two_owners_turn_on_each_other_at_once(deed):
    for _ in range(5):
        org = kit.reseller()
        pair = [kit.member(org, factor=False) for _ in range(2)]

        def turn(me, other, org=org):
            row = kit.membership(org, other)
            with tenancy.acting_in(org.pk):
                if deed == "demote":
                    people.change_role(kit.actor(org, me), row.pk, verbs.READER, now=kit.now())
                else:
                    people.remove(kit.actor(org, me), row.pk, now=kit.now())
            return "done"

        results = kit.at_once(lambda: turn(pair[0], pair[1]), lambda: turn(pair[1], pair[0]))  # noqa: B023
        assert sorted(getattr(one, "code", one) for one in results) == ["done", "last_owner"], results
        assert roles(org).count("owner") == 1


def test_it_shows_the_permission_matrix_as_the_table_of_verbs_says(org, owner):
    import re

    page = kit.sign_in(owner).get(kit.url(org, "roles/")).content.decode()
    shown = dict(re.findall(r'<tr data-verb="([^"]+)">(.*?)</tr>', page, re.S))
    expected = {name: verb for name, verb in verbs.VERBS.items() if verb.reseller}
    assert set(shown) == set(expected)
    for name, verb in expected.items():
        told = [">yes<" in cell for cell in re.findall(r"<td>(.*?)</td>", shown[name], re.S)]
        assert told == [role in verb.reseller for role in verbs.ROLES["reseller"]], name


def test_it_offers_a_reader_nothing_that_the_door_would_refuse(org):
    page = kit.sign_in(kit.member(org, verbs.READER)).get(kit.url(org, "people/")).content.decode()
    for words in ("Invite somebody", "/role/", "remove-person"):
        assert words not in page


def test_it_shows_acts_with_everything_of_the_same_request(org, owner):
    other = kit.member(org, verbs.READER)
    row = kit.membership(org, other)
    client = kit.sign_in(owner)
    client.post(kit.url(org, f"people/{row.pk}/role/"), {"role": verbs.TECHNICIAN})
    (act,) = kit.acts_of(org, "people.change_role")
    assert act.request_id
    assert act.summary in client.get(kit.url(org, "acts/?verb.is=people.change_role")).content.decode()
    page = kit.text(client.get(kit.url(org, f"acts/{act.pk}/")))
    assert "was reader becomes technician" in page
    assert "access_membership" in page
    assert client.get(kit.url(kit.reseller(), f"acts/{act.pk}/")).status_code == 404


def test_it_saves_a_name_and_tells_each_organisation(org, owner):
    client = kit.sign_in(owner)
    client.post("/account/", {"name": "Olga Owner"})
    assert Person.objects.get(pk=owner.pk).name == "Olga Owner"
    assert [act.actor for act in kit.acts_of(org, "account.name")] == ["Olga Owner"]


def test_it_links_run_out_after_72_hours(org, owner):
    issued = invite(org, owner)
    start = issued.invitation.created_at
    with tenancy.acting_in(org.pk):
        assert invitations.look(issued.token, now=start + timedelta(hours=71, minutes=59))
        with pytest.raises(once.Spent):
            invitations.look(issued.token, now=start + timedelta(hours=72))
