"""The certificate that the platform's authority of Ingresses signs for the hosts of a target."""

from __future__ import annotations

import base64
import binascii
import datetime
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ...module_utils.certificates import lasting, says, signed
from ..errors import UserError
from ..files import cannot_be_read

Object = dict[str, Any]


class NoAuthority(UserError):
    """There is nobody who could sign; the message is one line for a person."""


def host_certificate(name: str, hosts: Sequence[str], live: Object | None, authority: Path) -> dict[str, str]:
    """Certificate and key in PEM: those that the Secret keeps, as long as they fit and last, else new ones.

    `authority` is the folder of its certificate and key, which belongs to who has made the platform.
    """
    ca, ca_key = _authority(authority)
    identity = {"common_name": name, "organizations": [], "hosts": list(hosts), "client": False}
    now = datetime.datetime.now(datetime.UTC)
    kept, key = (_decoded(live, part) for part in ("tls.crt", "tls.key"))
    there = lasting(kept, now)
    if there is None or not says(there, identity, ca) or not _fits(there, key):
        kept, key = signed(identity, ca, ca_key, now)
    return {"crt": kept.decode(), "key": key.decode()}


def _authority(folder: Path) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    path = folder / "ca.crt"
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        path = folder / "ca.key"
        key = serialization.load_pem_private_key(path.read_bytes(), None)
    except OSError as error:
        raise NoAuthority(
            f"app_tls.platform: {cannot_be_read(path, error)}: bring up the platform (make deploy), whose authority "
            "it is, as the user who runs this, or give app_tls a Secret"
        ) from error
    except ValueError as error:
        raise NoAuthority(f"app_tls.platform: {path} is damaged: take the platform down, and up again") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise NoAuthority(f"app_tls.platform: {path} is not a key of the platform")
    return certificate, key


def _decoded(live: Mapping[str, Any] | None, part: str) -> bytes:
    try:
        return base64.b64decode(((live or {}).get("data") or {}).get(part) or "", validate=True)
    except binascii.Error:
        return b""


def _fits(certificate: x509.Certificate, pem: bytes) -> bool:
    """Whether it is the key of this certificate."""
    try:
        key = serialization.load_pem_private_key(pem, None)
    except (ValueError, TypeError):
        return False
    return key.public_key() == certificate.public_key()
