"""A directory server that says what a test wrote down: for what OpenLDAP cannot be made to say. It speaks RFC 4511 in clear.

pyasn1 cannot read a filter within a filter by ldap3's grammar: ask by one condition.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from ldap3.protocol import rfc4511  # type: ignore[import-untyped]
from pyasn1.codec.ber import decoder, encoder  # type: ignore[import-untyped]
from pyasn1.error import SubstrateUnderrunError  # type: ignore[import-untyped]

Entries = Sequence[tuple[str, Mapping[str, Sequence[bytes]]]]
Answer = Callable[[str, list[str]], tuple[int, Entries]]  # of a search's base and attributes: the code, and what is found


@contextmanager
def running(answer: Answer) -> Iterator[int]:
    """The port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=_serve, args=(listening, answer), daemon=True).start()
        yield int(listening.getsockname()[1])


def _serve(listening: socket.socket, answer: Answer) -> None:
    while True:
        try:
            one, _ = listening.accept()
        except OSError:
            return
        with one:
            held = b""
            while data := one.recv(65536):
                held += data
                while True:
                    try:
                        message, held = decoder.decode(held, asn1Spec=rfc4511.LDAPMessage())
                    except SubstrateUnderrunError:
                        break
                    for said in _answered(message, answer):
                        one.sendall(said)


def _answered(message: rfc4511.LDAPMessage, answer: Answer) -> Iterator[bytes]:
    asked = message["protocolOp"]
    if asked.getName() == "bindRequest":
        yield _said(message, "bindResponse", _done(rfc4511.BindResponse(), 0))
    elif asked.getName() == "searchRequest":
        search = asked.getComponent()
        code, entries = answer(str(search["baseObject"]), [str(one) for one in search["attributes"]])
        for dn, values in entries:
            entry = rfc4511.SearchResultEntry()
            entry["object"] = rfc4511.LDAPDN(dn)
            listed = rfc4511.PartialAttributeList()
            for name, held in values.items():
                one = rfc4511.PartialAttribute()
                one["type"] = rfc4511.AttributeDescription(name)
                one["vals"] = rfc4511.Vals()
                for n, value in enumerate(held):
                    one["vals"][n] = rfc4511.AttributeValue(value)
                listed[len(listed)] = one
            entry["attributes"] = listed
            yield _said(message, "searchResEntry", entry)
        yield _said(message, "searchResDone", _done(rfc4511.SearchResultDone(), code))


def _done(made: rfc4511.LDAPResult, code: int) -> rfc4511.LDAPResult:
    made["resultCode"] = rfc4511.ResultCode(code)
    made["matchedDN"] = rfc4511.LDAPDN("")
    made["diagnosticMessage"] = rfc4511.LDAPString("as it was written down")
    return made


def _said(asked: rfc4511.LDAPMessage, name: str, what: object) -> bytes:
    made = rfc4511.LDAPMessage()
    made["messageID"] = asked["messageID"]
    operation = rfc4511.ProtocolOp()
    operation[name] = what
    made["protocolOp"] = operation
    return bytes(encoder.encode(made))
