"""Whoever takes an account over cannot hide it: the person is mailed what was done. Source: reliability section 4 (Login)."""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from cryptography.hazmat.primitives.asymmetric import ec
from django.core import mail
from django.test import Client, override_settings
from fido2 import cose, utils, webauthn

from purser.access.models import Person
from tests.access import kit
from tests.access.kit import site as site

pytestmark = pytest.mark.usefixtures("site")
NEW = "quite another long sentence"
SITE = "testserver"


def told(who: Person) -> list[str]:
    """Subjects of the mails to a person, in order, without those that only carry a link that was asked for."""
    return [one.subject for one in mail.outbox if one.to == [who.email] and one.subject[8:] != "Set a new password"]


def test_it_mails_a_changed_password_with_when_where_from_and_what_to_do():
    who = kit.member(kit.reseller())
    client = kit.sign_in(who, client=kit.browser("203.0.113.77"))
    wrong = {"oldpassword": "not the password at all", "password1": NEW, "password2": NEW}
    client.post("/sign-in/password/change/", wrong)
    assert told(who) == [], "nothing was changed, and nothing is said"
    client.post("/sign-in/password/change/", {**wrong, "oldpassword": kit.PASSWORD})
    assert told(who) == ["Purser: Your password was changed"]
    sent = mail.outbox[-1]
    for body in (sent.body, sent.alternatives[0][0]):
        for words in ("203.0.113.77", f"{kit.now():%d %B %Y}", "UTC", who.email, "/sign-in/password/reset/"):
            assert words in body
        assert NEW not in body


def test_it_mails_a_password_that_was_set_by_a_mailed_link():
    who = kit.member(kit.reseller())
    client = kit.browser()
    client.post("/sign-in/password/reset/", {"email": who.email})
    form = client.get(kit.mailed_link(who.email)).headers["Location"]
    client.post(form, {"password1": NEW, "password2": NEW})
    assert told(who) == ["Purser: Your password was changed"]


@pytest.mark.parametrize(("steps", "ok"), [(-2, False), (-1, True)])
def test_a_code_counts_a_moment_longer_than_it_is_shown(steps: int, ok: bool):
    who = kit.member(kit.reseller())
    client = kit.browser()
    client.post("/sign-in/", {"login": who.email, "password": kit.PASSWORD})
    answer = client.post("/sign-in/2fa/authenticate/", {"code": kit.code(steps)})
    assert (answer.status_code == 302) is ok


def test_it_mails_an_app_that_is_set_up_and_removed_and_codes_made_anew_once_each():
    who = kit.member(kit.reseller(), factor=False)
    client = kit.sign_in(who)
    client.get("/sign-in/2fa/totp/activate/")
    secret = client.session["mfa.totp.secret"]
    client.post("/sign-in/2fa/totp/activate/", {"code": kit.code(secret=secret)})
    assert told(who) == ["Purser: An authenticator app was set up"], "its recovery codes come with it"
    client.post("/sign-in/2fa/recovery-codes/generate/")
    client.post("/sign-in/2fa/totp/deactivate/")
    assert told(who)[1:] == [
        "Purser: New recovery codes were made, and the old ones do not work any more",
        "Purser: The authenticator app was removed",
    ]


def test_it_mails_a_passkey_that_is_added_and_removed():
    who = kit.member(kit.reseller())
    client = kit.sign_in(who)
    client.get("/sign-in/2fa/webauthn/add/")
    added = client.post("/sign-in/2fa/webauthn/add/", {"name": "Laptop", "credential": json.dumps(passkey(client))})
    assert added.status_code == 302, kit.text(added)
    assert told(who) == ["Purser: A passkey was added"]
    row = Authenticator.objects.get(user=who, type=Authenticator.Type.WEBAUTHN)
    client.post(f"/sign-in/2fa/webauthn/keys/{row.pk}/remove/")
    assert told(who)[1:] == ["Purser: A passkey was removed"]


def test_it_mails_a_used_recovery_code_but_not_an_ordinary_sign_in():
    who = kit.member(kit.reseller())
    first = RecoveryCodes.activate(who).get_unused_codes()[0]
    kit.sign_in(who)
    assert told(who) == []
    client = kit.browser()
    client.post("/sign-in/", {"login": who.email, "password": kit.PASSWORD})
    client.post("/sign-in/2fa/authenticate/", {"code": first})
    assert told(who) == ["Purser: A recovery code was used (9 left)"]


def test_it_changes_the_password_even_when_no_mail_can_leave():
    who = kit.member(kit.reseller())
    client = kit.sign_in(who)
    fields = {"oldpassword": kit.PASSWORD, "password1": NEW, "password2": NEW}
    nobody_listens = {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": "127.0.0.2",
        "EMAIL_PORT": 9,
    }
    with override_settings(**nobody_listens):
        assert client.post("/sign-in/password/change/", fields).status_code == 302
    who.refresh_from_db()
    assert who.check_password(NEW)


def passkey(client: Client) -> dict[str, Any]:
    """What a device answers to the challenge of this session: a new key for this site, without attestation."""
    challenge = client.session["mfa.webauthn.state"]["challenge"]
    key = cose.ES256.from_cryptography_key(ec.generate_private_key(ec.SECP256R1()).public_key())
    credential = webauthn.AttestedCredentialData.create(webauthn.Aaguid.NONE, os.urandom(16), key)
    flags = webauthn.AuthenticatorData.FLAG.UP | webauthn.AuthenticatorData.FLAG.UV | webauthn.AuthenticatorData.FLAG.AT
    data = webauthn.AuthenticatorData.create(hashlib.sha256(SITE.encode()).digest(), flags, 0, credential)
    said = webauthn.CollectedClientData.create(webauthn.CollectedClientData.TYPE.CREATE, challenge, f"https://{SITE}")
    return {
        "type": "public-key",
        "id": utils.websafe_encode(credential.credential_id),
        "rawId": utils.websafe_encode(credential.credential_id),
        "response": {
            "clientDataJSON": utils.websafe_encode(said),
            "attestationObject": utils.websafe_encode(webauthn.AttestationObject.create("none", data, {})),
        },
        "clientExtensionResults": {},
    }
