"""Certificates as browsers judge them: servers on the loopback with certificates that are made here."""

from __future__ import annotations

import datetime
import os
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.causes import Cause
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.console import report
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.evidence.commands import certificate_of
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.verify.outcome import outcome
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.verify.tls import warning
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.verify.verification import judge
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.verify.verifier import Verifier
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from fake_shop import LOGIN, ME, SOCKET, Shop, open_shop

NAME = "shop.test"
NOW = datetime.datetime.now(datetime.UTC)
Signer = tuple[x509.Name, ec.EllipticCurvePrivateKey]


class Authority:
    """An authority, and the certificates that it issues."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name = folder, name
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Authority {name}")])
        self.signer: Signer = (subject, key)
        made = certificate(subject, key, self.signer, (-10, 1000), None)
        self.file = folder / f"{name}.crt"
        self.file.write_bytes(made.public_bytes(serialization.Encoding.PEM))

    def issue(self, days: tuple[float, float], host: str = NAME) -> Path:
        """A file with a certificate and its key, valid from so many days ahead to so many."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "it")])
        made = certificate(subject, key, self.signer, days, host)
        file = self.folder / f"{self.name}-{days[0]}-{days[1]}-{host}.pem"
        plain = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + plain)
        return file


def certificate(
    subject: x509.Name, key: ec.EllipticCurvePrivateKey, signer: Signer, days: tuple[float, float], host: str | None
) -> x509.Certificate:
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(signer[0])
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + timedelta(days=days[0]))
        .not_valid_after(NOW + timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(ca=host is None, path_length=None), critical=True)
    )
    # With what RFC 5280 wants: from Python 3.13 on, ansible.builtin.uri wants it as well.
    own, issuer = (x509.SubjectKeyIdentifier.from_public_key(one.public_key()) for one in (key, signer[1]))
    made = made.add_extension(own, critical=False)
    if host:
        made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        identifier = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer)
        return made.add_extension(identifier, critical=False).sign(signer[1], hashes.SHA256())
    usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
    return made.add_extension(usage, critical=True).sign(signer[1], hashes.SHA256())


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ours"), "ours")


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("theirs"), "theirs")


@contextmanager
def shop(file: Path, authority: Authority, **more: Any) -> Iterator[dict[str, Any]]:
    """What verifies a shop with that certificate, for whoever trusts that authority alone."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(file)
    with open_shop(Shop(), tls) as port:
        arguments = {
            "base_url": f"https://127.0.0.1:{port}",
            "host": NAME,
            "endpoints": [{"path": "/open"}],
            "validate_certs": True,
            "ca_file": str(authority.file),
            "name": "",
            "pods": [],
        }
        yield arguments | more


def verified(file: Path, authority: Authority, **more: Any) -> tuple[Cause | None, dict[str, Any]]:
    with shop(file, authority, **more) as arguments, Verifier(arguments) as verifier:
        seen = verifier.wait(0)
        return judge(seen), outcome(verifier, seen, 0.0)


def test_one_that_is_right_says_nothing(ours: Authority) -> None:
    cause, found = verified(ours.issue((-1, 90)), ours)
    assert cause is None and found["warnings"] == []


@pytest.mark.parametrize(
    ("days", "host", "kind", "words"),
    [
        ((-90, -2), NAME, "CertificateExpired", f"expired on {NOW - timedelta(days=2):%Y-%m-%d %H:%M} UTC"),
        ((5, 90), NAME, "CertificateNotYetValid", f"valid from {NOW + timedelta(days=5):%Y-%m-%d %H:%M} UTC on"),
        ((-1, 90), "other.test", "CertificateName", "its certificate is for other.test, not for shop.test"),
    ],
)
def test_what_is_wrong_has_a_type_and_a_remedy(
    ours: Authority, days: tuple[float, float], host: str, kind: str, words: str
) -> None:
    cause, _ = verified(ours.issue(days, host), ours)
    assert cause and cause.type == kind
    assert words in cause.message
    assert cause.remedy
    assert verified(ours.issue(days, host), ours, validate_certs=False)[0] is None


def test_an_authority_that_nobody_knows(ours: Authority, theirs: Authority) -> None:
    cause, _ = verified(theirs.issue((-1, 90)), ours)
    assert cause and cause.type == "CertificateUnknown"
    assert "by 'CN=Authority theirs', which is not trusted here" in cause.message
    assert "verify_ca_file" in cause.remedy
    # And without one of its own, a machine trusts those that it trusts always.
    cause, _ = verified(theirs.issue((-1, 90)), ours, ca_file="")
    assert cause and cause.type == "CertificateUnknown"


def test_one_that_ends_soon_is_a_warning(ours: Authority) -> None:
    cause, found = verified(ours.issue((-80, 9.5)), ours)
    assert cause is None
    end = NOW + timedelta(days=9.5)
    line = f"the certificate of shop.test expires in 9 days ({end:%Y-%m-%d %H:%M} UTC): renew it"
    assert found["warnings"] == [line]
    assert f"  ! {line}" in report.lines("", "", found)


def test_when_soon_is() -> None:
    now = NOW.timestamp()
    assert warning("a", now + 15 * 86400) == ""
    assert "in 13 days" in warning("a", now + 13.9 * 86400)
    assert "in 1 day (" in warning("a", now + 1.2 * 86400)
    assert "in 0 days" in warning("a", now + 60)
    assert warning("a", 0) == ""


def test_a_login_and_a_websocket_over_tls(ours: Authority) -> None:
    cause, found = verified(ours.issue((-1, 90)), ours, endpoints=[LOGIN, ME, SOCKET])
    assert cause is None
    assert [row["method"] for row in found["answers"]] == ["POST", "GET", "WebSocket"]


def test_the_command_that_shows_a_certificate(ours: Authority) -> None:
    with shop(ours.issue((-1, 90)), ours) as arguments:
        told = subprocess.run(
            ["bash", "-c", certificate_of(arguments)], env=os.environ, capture_output=True, text=True, check=True
        ).stdout
    assert "Authority ours" in told
    assert f"{NOW + timedelta(days=90):%Y} GMT" in told
