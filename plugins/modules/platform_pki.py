#!/usr/bin/python
"""Certificates and kubeconfigs of the embedded Kubernetes."""

from __future__ import annotations

import base64
import datetime
import ipaddress
import json
import os
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DOCUMENTATION = r"""
module: platform_pki
short_description: Make the certificates and kubeconfigs of the embedded Kubernetes
description:
  - Makes one certificate authority, a certificate and key for each identity, and a kubeconfig for each that asks for one.
  - What is there and is valid for another 30 days stays as it is. Keys and kubeconfigs are readable by their owner only.
options:
  directory:
    description: The folder of the authority, the certificates and the keys.
    type: path
    required: true
  server:
    description: Address of the API server as it stands in the kubeconfigs.
    type: str
    required: true
  identities:
    description: Who gets a certificate.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the files.
        type: str
        required: true
      common_name:
        description: The user that the certificate stands for.
        type: str
        required: true
      organizations:
        description: The groups that the certificate stands for.
        type: list
        elements: str
        default: []
      hosts:
        description: Addresses and names the certificate is valid for, as a server.
        type: list
        elements: str
        default: []
      kubeconfig:
        description: The kubeconfig to write, certificate and key included.
        type: path
      owner:
        description: User id the kubeconfig belongs to.
        type: int
  context:
    description: Name of cluster and context in the kubeconfigs.
    type: str
    required: true
author:
  - fastapi-mysql-k8s
"""

EXAMPLES = r"""
- name: Make the certificates
  fastapi_mysql.k8s.platform_pki:
    directory: /var/lib/fastapi-mysql-k8s/pki
    server: https://127.0.0.1:6443
    context: embedded
    identities:
      - name: kube-apiserver
        common_name: kube-apiserver
        hosts: [127.0.0.1]
"""

RETURN = r"""
written:
  description: The files that were made.
  type: list
  elements: str
  returned: always
"""

AUTHORITY_DAYS = 3650
CERTIFICATE_DAYS = 365
RENEW_DAYS = 30


def write(path: Path, content: bytes, mode: int, owner: int | None = None) -> None:
    """Write a file so that it is either the old or the new one, and never readable by more than mode says."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
    scratch = path.with_name(f".{path.name}.new")
    scratch.unlink(missing_ok=True)
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    if owner is not None:
        os.chown(scratch, owner, -1)
    scratch.replace(path)


def private_bytes(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The key in PEM, as Kubernetes reads it."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )


class Pki:
    """One authority and what it has signed."""

    def __init__(self, module: AnsibleModule) -> None:
        self.module = module
        self.directory = Path(module.params["directory"])
        self.now = datetime.datetime.now(datetime.timezone.utc)
        self.written: list[str] = []

    def put(self, path: Path, content: bytes, mode: int = 0o600, owner: int | None = None) -> None:
        """Write and remember."""
        self.written.append(str(path))
        if not self.module.check_mode:
            write(path, content, mode, owner)

    def valid(self, path: Path, days: int = RENEW_DAYS) -> bool:
        """Whether a certificate is there, whole, and valid for that many days."""
        try:
            certificate = x509.load_pem_x509_certificate(path.read_bytes())
        except (OSError, ValueError):
            return False
        return certificate.not_valid_after_utc > self.now + datetime.timedelta(days=days)

    def builder(
        self, subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, days: int
    ) -> x509.CertificateBuilder:
        """What every certificate has."""
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.now - datetime.timedelta(minutes=5))
            .not_valid_after(self.now + datetime.timedelta(days=days))
        )

    def authority(self) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        """The authority; made when it is missing, and then everything it had signed is made anew."""
        certificate_path, key_path = self.directory / "ca.crt", self.directory / "ca.key"
        if self.valid(certificate_path) and key_path.exists():
            key = serialization.load_pem_private_key(key_path.read_bytes(), None)
            if isinstance(key, ec.EllipticCurvePrivateKey):
                return x509.load_pem_x509_certificate(certificate_path.read_bytes()), key
        if not self.module.check_mode:
            for old in self.directory.glob("*.crt"):
                old.unlink()
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "fastapi-mysql-k8s embedded authority")])
        usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
        certificate = (
            self.builder(name, name, key.public_key(), AUTHORITY_DAYS)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        self.put(key_path, private_bytes(key))
        self.put(certificate_path, certificate.public_bytes(serialization.Encoding.PEM), 0o644)
        return certificate, key

    def service_account_keys(self) -> None:
        """The pair that signs and checks ServiceAccount tokens; without it no Pod could ever be given one."""
        if (self.directory / "sa.key").exists() and (self.directory / "sa.pub").exists():
            return
        key = ec.generate_private_key(ec.SECP256R1())
        self.put(self.directory / "sa.key", private_bytes(key))
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self.put(self.directory / "sa.pub", public, 0o644)

    def sign(self, identity: dict[str, Any], ca: x509.Certificate, ca_key: ec.EllipticCurvePrivateKey) -> None:
        """Make certificate, key and kubeconfig of one identity, if one of them is missing or about to expire."""
        certificate_path = self.directory / f"{identity['name']}.crt"
        kubeconfig = Path(identity["kubeconfig"]) if identity["kubeconfig"] else None
        whole = self.valid(certificate_path) and certificate_path.with_suffix(".key").exists()
        if whole and (kubeconfig is None or kubeconfig.exists()):
            return
        key = ec.generate_private_key(ec.SECP256R1())
        attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in identity["organizations"]]
        attributes.append(x509.NameAttribute(NameOID.COMMON_NAME, identity["common_name"]))
        purposes = [ExtendedKeyUsageOID.CLIENT_AUTH] + ([ExtendedKeyUsageOID.SERVER_AUTH] if identity["hosts"] else [])
        builder = (
            self.builder(x509.Name(attributes), ca.subject, key.public_key(), CERTIFICATE_DAYS)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        )
        if identity["hosts"]:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([alternative(host) for host in identity["hosts"]]), critical=False
            )
        certificate = builder.sign(ca_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        self.put(certificate_path.with_suffix(".key"), private_bytes(key))
        self.put(certificate_path, certificate, 0o644)
        if kubeconfig is not None:
            content = self.kubeconfig(
                identity["name"], ca.public_bytes(serialization.Encoding.PEM), certificate, private_bytes(key)
            )
            self.put(kubeconfig, content, owner=identity["owner"])

    def kubeconfig(self, user: str, ca: bytes, certificate: bytes, key: bytes) -> bytes:
        """A kubeconfig that needs no other file (JSON is YAML)."""
        context = self.module.params["context"]
        encoded = {
            name: base64.b64encode(content).decode()
            for name, content in (("ca", ca), ("certificate", certificate), ("key", key))
        }
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": context,
            "clusters": [
                {
                    "name": context,
                    "cluster": {"server": self.module.params["server"], "certificate-authority-data": encoded["ca"]},
                }
            ],
            "contexts": [{"name": context, "context": {"cluster": context, "user": user}}],
            "users": [
                {
                    "name": user,
                    "user": {"client-certificate-data": encoded["certificate"], "client-key-data": encoded["key"]},
                }
            ],
        }
        return json.dumps(document, indent=2).encode() + b"\n"


def alternative(host: str) -> x509.GeneralName:
    """An address or a name as a certificate holds it."""
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "directory": {"type": "path", "required": True},
            "server": {"type": "str", "required": True},
            "context": {"type": "str", "required": True},
            "identities": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "name": {"type": "str", "required": True},
                    "common_name": {"type": "str", "required": True},
                    "organizations": {"type": "list", "elements": "str", "default": []},
                    "hosts": {"type": "list", "elements": "str", "default": []},
                    "kubeconfig": {"type": "path"},
                    "owner": {"type": "int"},
                },
            },
        },
        supports_check_mode=True,
    )
    pki = Pki(module)
    ca, ca_key = pki.authority()
    pki.service_account_keys()
    for identity in module.params["identities"]:
        pki.sign(identity, ca, ca_key)
    module.exit_json(changed=bool(pki.written), written=pki.written)


if __name__ == "__main__":
    main()
