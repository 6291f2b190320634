"""Certificates of the platform's authorities. Here, and not in plugin_utils: modules travel with nothing else."""

from __future__ import annotations

import datetime
import ipaddress
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CERTIFICATE_DAYS = 365
# The platform looks at its own at least every 30 days (plugins/action/platform_state.py): they always have 30 left.
RENEW_DAYS = 60


def private_bytes(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The key in PEM, as Kubernetes reads it."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )


def lasting(pem: bytes, now: datetime.datetime) -> x509.Certificate | None:
    """A certificate that is whole, and valid for a while yet."""
    try:
        certificate = x509.load_pem_x509_certificate(pem)
    except ValueError:
        return None
    return certificate if certificate.not_valid_after_utc > now + datetime.timedelta(days=RENEW_DAYS) else None


def builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime.datetime, days: int
) -> x509.CertificateBuilder:
    """What every certificate has."""
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(days=days))
    )


def signed(
    identity: dict[str, Any], ca: x509.Certificate, ca_key: ec.EllipticCurvePrivateKey, now: datetime.datetime
) -> tuple[bytes, bytes]:
    """A new certificate for an identity, and its key, in PEM.

    An identity has `common_name`, `organizations`, `hosts`, and `client`: whether it may show who it is to a server.
    """
    private = ec.generate_private_key(ec.SECP256R1())
    wanted = builder(subject(identity), ca.subject, private.public_key(), now, CERTIFICATE_DAYS)
    for extension, critical in extensions(identity):
        wanted = wanted.add_extension(extension, critical)
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key())
    certificate = wanted.add_extension(issuer, critical=False).sign(ca_key, hashes.SHA256())
    return certificate.public_bytes(serialization.Encoding.PEM), private_bytes(private)


def subject(identity: dict[str, Any]) -> x509.Name:
    """Whom a certificate names: the user and the groups, as Kubernetes reads them."""
    attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in identity["organizations"]]
    return x509.Name([*attributes, x509.NameAttribute(NameOID.COMMON_NAME, identity["common_name"])])


def extensions(identity: dict[str, Any]) -> list[tuple[x509.ExtensionType, bool]]:
    """What a certificate is good for, each with whether it is critical."""
    purposes = [ExtendedKeyUsageOID.CLIENT_AUTH] if identity["client"] else []
    purposes += [ExtendedKeyUsageOID.SERVER_AUTH] if identity["hosts"] else []
    found: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (x509.KeyUsage(True, False, False, False, False, False, False, False, False), True),
        (x509.ExtendedKeyUsage(purposes), False),
    ]
    if identity["hosts"]:
        found.append((x509.SubjectAlternativeName([alternative(host) for host in identity["hosts"]]), False))
    return found


def says(certificate: x509.Certificate, identity: dict[str, Any], ca: x509.Certificate) -> bool:
    """Whether a certificate is of this authority, and names and allows exactly what is wanted."""
    try:
        certificate.verify_directly_issued_by(ca)
    except (ValueError, TypeError, InvalidSignature):
        return False
    wanted = extensions(identity)
    has = {type(extension.value): extension.value for extension in certificate.extensions}
    has.pop(x509.AuthorityKeyIdentifier, None)
    return certificate.subject == subject(identity) and has == {type(value): value for value, _critical in wanted}


def alternative(host: str) -> x509.GeneralName:
    """An address or a name as a certificate holds it."""
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
