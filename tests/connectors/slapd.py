"""A real OpenLDAP server for tests: its own folder, free ports, a certificate of an authority of its own."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

SLAPD = shutil.which("slapd", path="/usr/sbin:/usr/local/sbin:/usr/bin") or ""
SCHEMA = Path("/etc/ldap/schema")
NAME = "directory.example"  # in its certificate
BASE, ADMIN, PASSWORD = "dc=alder,dc=example", "cn=reader,dc=alder,dc=example", "s3cret-of-the-reader"

needed = pytest.mark.skipif(not SLAPD or not (SCHEMA / "nis.schema").exists(), reason="no slapd (Debian package slapd)")

CONF = """
include {schema}/core.schema
include {schema}/cosine.schema
include {schema}/inetorgperson.schema
include {schema}/nis.schema
{own}
pidfile {home}/slapd.pid
modulepath /usr/lib/ldap
moduleload back_mdb
TLSCertificateFile {home}/server.pem
TLSCertificateKeyFile {home}/server.key
{more}
database mdb
suffix "{base}"
rootdn "{admin}"
rootpw {password}
directory {home}/data
maxsize 67108864
{limits}
"""

# Names of Active Directory's that the tests use; its own schema lets nothing be made without a security descriptor.
TEXTS = (
    "supportedCapabilities", "objectCategory", "userPrincipalName", "userAccountControl", "proxyAddresses", "department",
    "company", "extensionAttribute3", "msExchHideFromAddressLists", "msExchRecipientTypeDetails", "groupType",
)  # fmt: skip
OTHER = {"memberOf": ("12", "distinguishedNameMatch"), "objectGUID": ("40", "octetStringMatch")}
ROOT = "1.3.6.1.4.1.55555"
SYNTAX = "1.3.6.1.4.1.1466.115.121.1"


def _own() -> str:
    kinds = {**dict.fromkeys(TEXTS, ("15", "caseIgnoreMatch")), **OTHER}
    lines = [
        f"attributetype ( {ROOT}.1.{n} NAME '{name}' EQUALITY {rule} SYNTAX {SYNTAX}.{syntax} )"
        for n, (name, (syntax, rule)) in enumerate(kinds.items())
    ]
    lines.append(f"objectclass ( {ROOT}.2.1 NAME 'user' SUP top AUXILIARY )")
    lines.append(f"objectclass ( {ROOT}.2.2 NAME 'group' SUP top STRUCTURAL MUST cn MAY member )")
    return "\n".join(lines)


@dataclass
class Slapd:
    home: Path
    port: int
    secure: int
    authority: str
    process: subprocess.Popen[bytes] | None = None

    @property
    def sandbox(self) -> frozenset[str]:
        return frozenset({f"{NAME}:{self.port}", f"{NAME}:{self.secure}", f"other.example:{self.secure}"})


def free() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def running(home: Path, ldif: str, *, active_directory: bool = False, limits: str = "") -> Iterator[Slapd]:
    """A server with these entries; `active_directory`: it says that it is one."""
    authority = _certificates(home)
    (home / "data").mkdir()
    more = ""
    if active_directory:
        (home / "root.ldif").write_text("dn:\nobjectClass: extensibleObject\nsupportedCapabilities: 1.2.840.113556.1.4.800\n")
        more = f"rootDSE {home}/root.ldif"
    given = {"base": BASE, "admin": ADMIN, "password": PASSWORD, "more": more, "limits": limits}
    text = CONF.format(schema=SCHEMA, own=_own(), home=home, **given)
    (home / "slapd.conf").write_text(text)
    (home / "data.ldif").write_text(ldif)
    add = [SLAPD, "-T", "add", "-q", "-f", str(home / "slapd.conf"), "-l", str(home / "data.ldif")]
    subprocess.run(add, check=True, capture_output=True, timeout=60)
    found = Slapd(home, free(), free(), authority)
    addresses = f"ldap://127.0.0.1:{found.port} ldaps://127.0.0.1:{found.secure}"
    command = [SLAPD, "-d", "0", "-f", str(home / "slapd.conf"), "-h", addresses]
    found.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(found)
        yield found
    finally:
        found.process.terminate()
        found.process.wait(20)


def _wait(found: Slapd) -> None:
    assert found.process is not None
    for _ in range(100):
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", found.secure)) == 0:
                return
        assert found.process.poll() is None, "slapd ended at once"
        time.sleep(0.05)
    raise AssertionError("slapd does not answer")


def _certificates(home: Path) -> str:
    """An authority and a server's certificate for NAME only; returns the authority as PEM."""
    now = datetime.now(UTC)
    of_authority, of_server = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Alder authority")])

    def made(subject: x509.Name, key: ec.EllipticCurvePrivateKey, *more: tuple[x509.ExtensionType, bool]) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(authority)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
        )
        for extension, critical in more:
            builder = builder.add_extension(extension, critical)
        return builder.sign(of_authority, hashes.SHA256())

    root = made(authority, of_authority, (x509.BasicConstraints(ca=True, path_length=None), True))
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    server = made(subject, of_server, (x509.SubjectAlternativeName([x509.DNSName(NAME)]), False))
    plain = serialization.NoEncryption()
    (home / "server.pem").write_bytes(server.public_bytes(serialization.Encoding.PEM))
    key = of_server.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    (home / "server.key").write_bytes(key)
    return root.public_bytes(serialization.Encoding.PEM).decode()
