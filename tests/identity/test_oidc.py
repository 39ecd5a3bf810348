"""It believes a token only when all of it is right. Source: OpenID Connect Core 1.0 section 3.1.3.7; RFC 8725."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from purser.access import id_token
from purser.access.id_token import NotSignedOn, Question

NOW = datetime(2026, 7, 11, 12, 0, tzinfo=UTC)
KEY, OTHER = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
ISSUER, CLIENT = "https://login.example.com/t/v2.0", "client-1"
ASKED = Question(state="s", nonce="n-1", verifier="v", again=False)
SAID: dict[str, Any] = {
    "iss": ISSUER,
    "aud": CLIENT,
    "sub": "ada",
    "nonce": "n-1",
    "iat": int(NOW.timestamp()),
    "exp": int((NOW + timedelta(minutes=5)).timestamp()),
    "email": "Ada@Example.com",
    "email_verified": True,
}


def published(*keys: rsa.RSAPrivateKey) -> dict[str, Any]:
    found = []
    for number, key in enumerate(keys):
        shown = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
        found.append({**shown, "kid": f"k{number}", "alg": "RS256", "use": "sig"})
    return {"keys": found}


def token(said: dict[str, Any], *, key: Any = KEY, alg: str = "RS256", kid: str = "k0") -> str:
    return jwt.encode(said, key, algorithm=alg, headers={"kid": kid})


def read(text: str, *, keys: dict[str, Any] | None = None, question: Question = ASKED, now: datetime = NOW) -> id_token.Claims:
    return id_token.read(text, keys or published(KEY), issuer=ISSUER, client_id=CLIENT, question=question, now=now)


def refused(text: str, **more: Any) -> str:
    with pytest.raises(NotSignedOn) as refusal:
        read(text, **more)
    return refusal.value.code


def test_it_reads_a_right_token() -> None:
    found = read(token(SAID))
    assert (found.subject, found.email, found.mfa, found.proven_at) == ("ada", "ada@example.com", False, None)


def test_it_takes_no_token_that_is_unsigned_or_signed_with_what_everybody_knows() -> None:
    """`none`, and the public key taken for a shared secret: the two classic forgeries."""
    public = KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    head, _, _ = token(SAID).partition(".")
    unsigned = jwt.encode(SAID, None, algorithm="none", headers={"kid": "k0"})
    import base64
    import hashlib
    import hmac

    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    text = f"{part({'alg': 'HS256', 'kid': 'k0'})}.{part(SAID)}"
    mac = base64.urlsafe_b64encode(hmac.digest(public, text.encode(), hashlib.sha256)).rstrip(b"=").decode()
    body, signature = token(SAID).split(".")[1:]
    changed = f"{head}.{part({**SAID, 'sub': 'root'})}.{signature}"
    for forged in (unsigned, f"{text}.{mac}", token(SAID, key=OTHER), changed, f"{head}.{body}.", "", "a.b.c", "."):
        assert refused(forged) == "signature"


def test_it_takes_the_key_that_the_token_names_among_several() -> None:
    keys = published(OTHER, KEY)
    assert read(token(SAID, kid="k1"), keys=keys).subject == "ada"
    assert refused(token(SAID, kid="k0"), keys=keys) == "signature"
    assert refused(token(SAID, kid="k9"), keys=keys) == "signature"
    assert refused(token(SAID), keys={"keys": []}) == "signature"


@pytest.mark.parametrize(
    ("seconds", "code"), [(359, ""), (360, "expired"), (-60, ""), (-61, "times")], ids=["in", "over", "ahead", "too far ahead"]
)
def test_it_counts_the_end_and_the_beginning_to_the_second(seconds: int, code: str) -> None:
    now = NOW + timedelta(seconds=seconds)
    if code:
        assert refused(token(SAID), now=now) == code
    else:
        assert read(token(SAID), now=now).subject == "ada"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"iss": ISSUER + "/"}, "issuer"),
        ({"aud": [CLIENT, "other"]}, "audience"),
        ({"aud": []}, "audience"),
        ({"aud": None}, "audience"),
        ({"nonce": ""}, "nonce"),
        ({"sub": ""}, "subject"),
        ({"sub": 7}, "subject"),
        ({"sub": "x" * 256}, "subject"),
        ({"exp": "soon"}, "times"),
        ({"exp": True}, "times"),
        ({"exp": 1e300}, "times"),
        ({"nbf": int(NOW.timestamp()) + 90}, "times"),
    ],
)
def test_it_refuses(change: dict[str, Any], code: str) -> None:
    assert refused(token({**SAID, **change}) if change.get("sub") != 7 else _raw({**SAID, **change})) == code


def _raw(said: dict[str, Any]) -> str:
    return jwt.PyJWS().encode(json.dumps(said).encode(), KEY, algorithm="RS256", headers={"kid": "k0"})


def test_it_takes_several_audiences_where_the_party_is_named() -> None:
    assert read(token({**SAID, "aud": [CLIENT, "other"], "azp": CLIENT})).subject == "ada"


@pytest.mark.parametrize(
    ("claims", "mfa"),
    [
        ({"amr": ["pwd", "mfa"]}, True),
        ({"amr": ["pwd", "otp"]}, False),
        ({"amr": "mfa"}, False),
        ({"acr": "https://refeds.org/profile/mfa"}, True),
        ({"acr": "1"}, False),
        ({"amr": ["MFA"]}, False),
        ({}, False),
    ],
)
def test_it_takes_a_second_factor_only_for_the_words_that_mean_one(claims: dict[str, Any], mfa: bool) -> None:
    assert read(token({**SAID, **claims})).mfa is mfa


@pytest.mark.parametrize(
    ("claims", "email"),
    [
        ({"email_verified": True}, "ada@example.com"),
        ({"email_verified": "true"}, "ada@example.com"),
        ({"email_verified": False}, ""),
        ({"email_verified": "false"}, ""),
        ({"email_verified": None}, ""),
        ({"email_verified": None, "xms_edov": True}, "ada@example.com"),
        ({"email_verified": None, "xms_edov": "1"}, "ada@example.com"),
        ({"email_verified": None, "xms_edov": "0"}, ""),
        ({"email": 7}, ""),
    ],
)
def test_it_takes_an_address_only_where_the_provider_vouches_for_it(claims: dict[str, Any], email: str) -> None:
    assert read(token({**SAID, **claims})).email == email


def test_it_counts_a_proof_from_when_it_was_given() -> None:
    again = Question(state="s", nonce="n-1", verifier="v", again=True)
    earlier = NOW - timedelta(minutes=20)
    assert read(token({**SAID, "auth_time": int(earlier.timestamp())}), question=again).proven_at == earlier
    assert read(token(SAID), question=again).proven_at == NOW  # it was asked to have it proven anew
    later = int((NOW + timedelta(hours=1)).timestamp())
    assert read(token({**SAID, "auth_time": later})).proven_at == NOW  # never in the future


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_it_refuses_anything_else_as_such(junk: bytes) -> None:
    text = junk.decode("latin-1")
    assert refused(text) in ("signature", "token")
    assert refused(f"{token(SAID).partition('.')[0]}.{text}.x") in ("signature", "token")


TID = "0f8fad5b-d9cb-469f-a165-70867728950e"
EVERY = "https://login.example.com/{tenantid}/v2.0"
OF_ONE = {**SAID, "tid": TID, "iss": EVERY.replace("{tenantid}", TID)}


def of_every(said: dict[str, Any], *, key_of: str = EVERY) -> id_token.Claims:
    keys = published(KEY)
    keys["keys"][0]["issuer"] = key_of
    return id_token.read(token(said), keys, issuer=EVERY, client_id=CLIENT, question=ASKED, now=NOW)


def test_an_application_of_many_directories_believes_each_for_itself() -> None:
    found = of_every({**OF_ONE, "wids": ["a", 7], "roles": ["b"]})
    assert (found.issuer, found.directory, found.roles) == (OF_ONE["iss"], TID, {"a", "b"})
    other = "11111111-2222-4333-8444-555555555555"
    for wrong in (
        {"tid": other},
        {"iss": EVERY},
        {"iss": EVERY.replace("{tenantid}", other)},
        {"tid": TID.upper(), "iss": EVERY.replace("{tenantid}", TID.upper())},
        {"tid": "", "iss": EVERY.replace("{tenantid}", "")},
        {"tid": ["x"]},
    ):
        with pytest.raises(NotSignedOn):
            of_every({**OF_ONE, **wrong})


def test_a_key_that_is_published_for_one_directory_signs_for_no_other() -> None:
    assert of_every(OF_ONE, key_of=OF_ONE["iss"]).directory == TID
    with pytest.raises(NotSignedOn, match="key of another directory"):
        of_every(OF_ONE, key_of=EVERY.replace("{tenantid}", "9188040d-6c67-4c5b-b112-36a304b66dad"))


def test_an_application_of_one_directory_takes_no_other() -> None:
    assert read(token({**SAID, "tid": TID})).directory == TID
    with pytest.raises(NotSignedOn, match="somebody else"):
        read(token(OF_ONE))
