"""Source: P25. A secret at rest opens at its own place only."""

from __future__ import annotations

import base64
from dataclasses import replace
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from purser.postgres import sealing
from purser.postgres.sealing import Bound, Broken, Key, Keys

HERE = Bound(tenant="t1", table="links_connection", pk="42", field="api_secret")
KEYS = Keys(current=sealing.new_key())
CANARY = "canary-7f3a-secret"


@given(st.text())
def test_it_reveals_what_was_sealed(plain: str) -> None:
    sealed = sealing.seal(plain, keys=KEYS, bound=HERE)
    assert sealing.reveal(sealed, keys=KEYS, bound=HERE) == plain
    assert len(plain) < 8 or plain.encode() not in sealed


@pytest.mark.parametrize(
    "elsewhere",
    [
        replace(HERE, tenant="t2"),
        replace(HERE, table="links_gateway"),
        replace(HERE, pk="43"),
        replace(HERE, field="user_name"),
    ],
    ids=["tenant", "table", "row", "field"],
)
def test_it_does_not_open_a_value_copied_to_another_place(elsewhere: Bound) -> None:
    sealed = sealing.seal(CANARY, keys=KEYS, bound=HERE)
    with pytest.raises(Broken) as broken:
        sealing.reveal(sealed, keys=KEYS, bound=elsewhere)
    assert CANARY not in str(broken.value)


def test_it_notices_every_flipped_bit_and_every_cut() -> None:
    sealed = sealing.seal(CANARY, keys=KEYS, bound=HERE)
    for at in range(len(sealed)):
        altered = bytearray(sealed)
        altered[at] ^= 1
        with pytest.raises(Broken):
            sealing.reveal(bytes(altered), keys=KEYS, bound=HERE)
        with pytest.raises(Broken):
            sealing.reveal(sealed[:at], keys=KEYS, bound=HERE)
    for stored in (b"", CANARY.encode(), sealed + b"\0"):
        with pytest.raises(Broken):
            sealing.reveal(stored, keys=KEYS, bound=HERE)


def test_it_never_repeats_itself() -> None:
    assert len({sealing.seal(CANARY, keys=KEYS, bound=HERE) for _ in range(100)}) == 100


def test_it_lays_out_version_key_nonce_and_text() -> None:
    """The layout is a promise: values written today are read by later versions."""
    counter = count(1)
    key = Key(bytes(range(32)))
    sealed = sealing.seal("abc", keys=Keys(key), bound=HERE, random=lambda n: bytes([next(counter)]) * n)
    assert sealed[:9] == b"\x01" + key.id
    assert sealed[9:21] == b"\x01" * 12
    assert len(sealed) == 21 + len("abc") + 16


def test_it_reads_with_both_keys_while_a_data_key_rotates() -> None:
    old, new = KEYS, Keys(current=sealing.new_key(), older=(KEYS.current,))
    sealed = sealing.seal(CANARY, keys=old, bound=HERE)
    assert sealing.reveal(sealed, keys=new, bound=HERE) == CANARY
    again = sealing.seal(sealing.reveal(sealed, keys=new, bound=HERE), keys=new, bound=HERE)
    assert sealing.reveal(again, keys=Keys(new.current), bound=HERE) == CANARY
    with pytest.raises(Broken, match=KEYS.current.id.hex()):
        sealing.reveal(sealed, keys=Keys(new.current), bound=HERE)


def test_it_rewraps_a_data_key_under_a_new_master_without_touching_secrets() -> None:
    first, second = sealing.new_key(), sealing.new_key()
    sealed = sealing.seal(CANARY, keys=KEYS, bound=HERE)
    wrapped = sealing.wrap(KEYS.current, master=first, tenant="t1")
    rewrapped = sealing.rewrap(wrapped, masters=[second, first], master=second, tenant="t1")
    for stored, masters in ((wrapped, [first]), (wrapped, [second, first]), (rewrapped, [second])):
        key = sealing.unwrap(stored, masters=masters, tenant="t1")
        assert sealing.reveal(sealed, keys=Keys(key), bound=HERE) == CANARY
    with pytest.raises(Broken):
        sealing.unwrap(rewrapped, masters=[first], tenant="t1")
    assert KEYS.current.secret not in wrapped


def test_it_does_not_unwrap_the_key_of_another_tenant() -> None:
    master = sealing.new_key()
    wrapped = sealing.wrap(KEYS.current, master=master, tenant="t1")
    with pytest.raises(Broken):
        sealing.unwrap(wrapped, masters=[master], tenant="t2")


def test_it_takes_a_master_key_as_bytes_or_base64_and_shows_neither() -> None:
    raw = bytes(range(32))
    text = base64.b64encode(raw)
    assert sealing.master(raw) == sealing.master(text + b"\n")
    for wrong in (b"", b"too short", base64.b64encode(raw[:31]), b"*" * 44):
        with pytest.raises(ValueError) as error:
            sealing.master(wrong)
        assert not wrong or wrong.decode() not in str(error.value)
    shown = repr(Keys(Key(raw))) + repr(sealing.master(text))
    assert "secret" not in shown
    assert "\\x" not in shown


@pytest.mark.parametrize("part", ["", "a|b"])
def test_it_refuses_a_place_that_could_be_read_as_another(part: str) -> None:
    for field in ("tenant", "table", "pk", "field"):
        with pytest.raises(ValueError, match="cannot name a place"):
            replace(HERE, **{field: part})
    with pytest.raises(ValueError, match="cannot name a place"):
        sealing.wrap(KEYS.current, master=KEYS.current, tenant=part)
