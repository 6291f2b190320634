"""What a server's certificate must be, why one is not trusted, and how long it is still valid."""

from __future__ import annotations

import socket
import ssl
import time
from datetime import UTC, datetime
from typing import Any

# A certificate that ends sooner is worth a warning: those of the usual authorities are renewed a month before.
WARN_DAYS = 14
DAY = 86400
# OpenSSL's own numbers for what is wrong with a certificate, and the type of the cause.
EXPIRED, EARLY, NAMED, UNKNOWN = "CertificateExpired", "CertificateNotYetValid", "CertificateName", "CertificateUnknown"
CODES = {10: EXPIRED, 9: EARLY, 62: NAMED, 64: NAMED}
REMEDIES = {
    EXPIRED: "Renew the certificate; verify_validate_certs: false does without its check.",
    EARLY: "Check the clocks of this machine and of whoever has issued it.",
    NAMED: "Request the host by a name that it is for (verify_host, app_base_url), or have one issued for this name; "
    "an Ingress controller that does not know the host serves one of its own.",
    UNKNOWN: "An authority of your own: verify_ca_file names its certificate. A public one: have the server send its "
    "intermediate certificates, too. verify_validate_certs: false does without the check.",
}


def trust(checked: bool = True, authorities: str = "") -> ssl.SSLContext:
    """What certificates must be: chain, dates and name count, as for browsers and curl, with any Python.

    From 3.13 on Python's default wants extensions as well that many private authorities leave out. `authorities` is a
    file that takes the place of those that this machine trusts.
    """
    tls = ssl.create_default_context(cafile=authorities or None)
    tls.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if not checked:
        tls.check_hostname = False
        tls.verify_mode = ssl.CERT_NONE
    return tls


def distrusted(error: BaseException) -> str:
    """The type of the cause, where it is the certificate that there is no connection for; else empty."""
    if not isinstance(error, ssl.SSLCertVerificationError):
        return ""
    return CODES.get(error.verify_code, UNKNOWN)


def described(kind: str, address: tuple[str, int], name: str, timeout: float) -> str:
    """A certificate that was not trusted, in words: for whom, by whom, until when; empty where nobody can tell."""
    try:
        from cryptography import x509

        plain = socket.create_connection(address, timeout)
        with plain, trust(checked=False).wrap_socket(plain, server_hostname=name) as connection:
            certificate = x509.load_der_x509_certificate(connection.getpeercert(binary_form=True) or b"")
        return _words(kind, certificate, name)
    except (ImportError, OSError, ValueError, AttributeError):
        return ""


def _words(kind: str, certificate: Any, name: str) -> str:
    if kind == EXPIRED:
        return f"its certificate expired on {_day(certificate.not_valid_after_utc)}"
    if kind == EARLY:
        return f"its certificate is valid from {_day(certificate.not_valid_before_utc)} on"
    if kind == NAMED:
        return f"its certificate is for {', '.join(_names(certificate)) or 'no name'}, not for {name}"
    return f"its certificate is by '{certificate.issuer.rfc4514_string()}', which is not trusted here"


def _names(certificate: Any) -> list[str]:
    from cryptography import x509

    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [str(one.value) for one in found if isinstance(one, (x509.DNSName, x509.IPAddress))]


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def ends(connection: socket.socket) -> float:
    """When the certificate of a connection ends, in seconds since 1970; 0 where it was not looked at."""
    found = connection.getpeercert() if isinstance(connection, ssl.SSLSocket) else None
    return ssl.cert_time_to_seconds(str(found["notAfter"])) if found else 0.0


def until(end: float) -> str:
    """A day, for people."""
    return _day(datetime.fromtimestamp(end, UTC))


def warning(name: str, end: float) -> str:
    """What to say about a certificate that ends soon; empty for one that does not."""
    left = (end - time.time()) / DAY
    if not end or left >= WARN_DAYS:
        return ""
    days = "1 day" if int(left) == 1 else f"{max(int(left), 0)} days"
    return f"the certificate of {name} expires in {days} ({until(end)}): renew it"
