"""Machines that refuse: registries with a lock, kubeconfigs that lead nowhere."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from playbook_runner import REGISTRY_PROGRAM, Target

USER, PASSWORD = "it", "let-me-in-please"
HTPASSWD = f"{USER}:$2b$04$fNnYkw2YTP5CbxdjdPHyCOBAtWYwDjdMHGi/BzhCbMTRLKAyQICkK\n"
LOGIN = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


def closed_port() -> int:
    """A port of this machine at which nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@dataclass(frozen=True)
class Registry:
    """A registry that a test has started."""

    host: str

    def repositories(self) -> list[str]:
        connection = http.client.HTTPConnection(self.host, timeout=10)
        connection.request("GET", "/v2/_catalog", headers={"Authorization": f"Basic {LOGIN}"})
        return list(json.loads(connection.getresponse().read())["repositories"] or [])

    def answers(self) -> bool:
        connection = http.client.HTTPConnection(self.host, timeout=10)
        try:
            connection.request("GET", "/v2/")
            return connection.getresponse().status in (200, 401)
        except OSError:
            return False


@contextlib.contextmanager
def registry(folder: Path, **more: dict[str, Any]) -> Iterator[Registry]:
    """A registry of the platform's kind on a port of its own, ended by its process id."""
    host = f"127.0.0.1:{closed_port()}"
    storage = {"filesystem": {"rootdirectory": str(folder / "storage")}} | more.pop("storage", {})
    settings = {"version": 0.1, "log": {"level": "error"}, "storage": storage, "http": {"addr": host}} | more
    (folder / "config.yml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    command = [str(REGISTRY_PROGRAM), "serve", str(folder / "config.yml")]
    with (folder / "log").open("w") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            started = Registry(host)
            deadline = time.monotonic() + 20
            while not started.answers():
                assert process.poll() is None and time.monotonic() < deadline, (folder / "log").read_text()
                time.sleep(0.1)
            yield started
        finally:
            process.terminate()


def broken_kubeconfig(
    target: Target, *, server: str = "", certificate: bytes = b"", key: bytes = b"", token: str = ""
) -> None:
    """Change the target's kubeconfig: another server, or other credentials."""
    path = Path(str(target.variables["app_kubeconfig"]))
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    if server:
        content["clusters"][0]["cluster"]["server"] = server
    if certificate:
        content["users"][0]["user"] = {
            "client-certificate-data": base64.b64encode(certificate).decode(),
            "client-key-data": base64.b64encode(key).decode(),
        }
    if token:
        content["users"][0]["user"] = {"token": token}
    path.write_text(yaml.safe_dump(content), encoding="utf-8")


def expired_certificate() -> tuple[bytes, bytes]:
    """A client certificate and its key, of an authority that the cluster does not know, over since 2020."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "it")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "an authority of nobody")]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2020, 1, 2, tzinfo=UTC))
        .sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    return certificate.public_bytes(serialization.Encoding.PEM), pem
