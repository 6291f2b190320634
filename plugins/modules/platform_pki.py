#!/usr/bin/python
"""Certificates and kubeconfigs of the platform."""

from __future__ import annotations

import base64
import datetime
import hashlib
import json
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.certificates import (
    builder,
    lasting,
    private_bytes,
    says,
    signed,
)
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.whole_file import write_whole
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DOCUMENTATION = r"""
module: platform_pki
short_description: Make the certificates and kubeconfigs of the platform
description:
  - Makes one certificate authority, a certificate and key for each identity, and a kubeconfig for each that asks for one.
  - What is there, says what is wanted, and is valid for another 60 days stays as it is. An authority is valid for ten years,
    what it signs for one. Keys and kubeconfigs are readable by their owner only.
options:
  directory:
    description: The folder of the authority, the certificates and the keys.
    type: path
    required: true
  authority:
    description: What the authority calls itself, when it is made.
    type: str
    default: fastapi-mysql-k8s embedded authority
  owner:
    description: User id that the authority's key belongs to, when it is made; whoever has it signs by itself.
    type: int
  service_accounts:
    description: Whether to make the pair of keys that signs and checks ServiceAccount tokens.
    type: bool
    default: false
  server:
    description: Address of the API server as it stands in the kubeconfigs.
    type: str
    default: ""
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
      client:
        description: Whether it is good for showing who one is to a server; without O(identities[].hosts) it is good for nothing else.
        type: bool
        default: true
      directory:
        description: The folder of its certificate and key, when they are not to be beside the authority's.
        type: path
      kubeconfig:
        description: The kubeconfig to write, certificate and key included.
        type: path
      owner:
        description: User id that key, certificate and kubeconfig belong to.
        type: int
  context:
    description: Name of cluster and context in the kubeconfigs.
    type: str
    default: ""
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
fingerprint:
  description: SHA-256 over the certificates; programs that read them only when they start are started again when it differs.
  type: str
  returned: always
"""

AUTHORITY_DAYS = 3650


class Pki:
    """One authority and what it has signed."""

    def __init__(self, module: AnsibleModule) -> None:
        self.module = module
        self.directory = Path(module.params["directory"])
        self.now = datetime.datetime.now(datetime.timezone.utc)
        self.written: list[str] = []
        self.digest = hashlib.sha256()

    def put(self, path: Path, content: bytes, mode: int = 0o600, owner: int | None = None) -> None:
        """Write and remember."""
        self.written.append(str(path))
        if not self.module.check_mode:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
            write_whole(path, content, mode, owner)

    def load(self, path: Path) -> x509.Certificate | None:
        """A certificate that is there, whole, and valid for a while yet."""
        try:
            return lasting(path.read_bytes(), self.now)
        except OSError:
            return None

    def authority(self) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        """The authority; made when it is missing, and then everything it had signed is made again."""
        certificate_path, key_path = self.directory / "ca.crt", self.directory / "ca.key"
        there = self.load(certificate_path)
        if there is not None and key_path.exists():
            key = serialization.load_pem_private_key(key_path.read_bytes(), None)
            if isinstance(key, ec.EllipticCurvePrivateKey):
                self.digest.update(there.public_bytes(serialization.Encoding.DER))
                return there, key
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.module.params["authority"])])
        usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
        certificate = (
            builder(name, name, key.public_key(), self.now, AUTHORITY_DAYS)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        self.put(key_path, private_bytes(key), owner=self.module.params["owner"])
        self.put(certificate_path, certificate.public_bytes(serialization.Encoding.PEM), 0o644)
        self.digest.update(certificate.public_bytes(serialization.Encoding.DER))
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
        """Make certificate, key and kubeconfig of one identity, where they are missing, about to end, or say another thing."""
        path = Path(identity["directory"] or self.directory) / f"{identity['name']}.crt"
        there, key_path = self.load(path), path.with_suffix(".key")
        if there is not None and key_path.exists() and says(there, identity, ca):
            certificate, key = there.public_bytes(serialization.Encoding.PEM), key_path.read_bytes()
            if key_path.stat().st_mode & 0o077:
                self.put(key_path, key, owner=identity["owner"])
        else:
            certificate, key = signed(identity, ca, ca_key, self.now)
            self.put(key_path, key, owner=identity["owner"])
            self.put(path, certificate, 0o644, owner=identity["owner"])
        self.digest.update(certificate)
        if identity["kubeconfig"]:
            kubeconfig = Path(identity["kubeconfig"])
            content = self.kubeconfig(identity["name"], ca.public_bytes(serialization.Encoding.PEM), certificate, key)
            private_already = kubeconfig.exists() and not kubeconfig.stat().st_mode & 0o077
            if not private_already or kubeconfig.read_bytes() != content:
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


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "directory": {"type": "path", "required": True},
            "authority": {"type": "str", "default": "fastapi-mysql-k8s embedded authority"},
            "owner": {"type": "int"},
            "service_accounts": {"type": "bool", "default": False},
            "server": {"type": "str", "default": ""},
            "context": {"type": "str", "default": ""},
            "identities": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "name": {"type": "str", "required": True},
                    "common_name": {"type": "str", "required": True},
                    "organizations": {"type": "list", "elements": "str", "default": []},
                    "hosts": {"type": "list", "elements": "str", "default": []},
                    "client": {"type": "bool", "default": True},
                    "directory": {"type": "path"},
                    "kubeconfig": {"type": "path"},
                    "owner": {"type": "int"},
                },
            },
        },
        supports_check_mode=True,
    )
    pki = Pki(module)
    ca, ca_key = pki.authority()
    if module.params["service_accounts"]:
        pki.service_account_keys()
    for identity in module.params["identities"]:
        pki.sign(identity, ca, ca_key)
    module.exit_json(changed=bool(pki.written), written=pki.written, fingerprint=pki.digest.hexdigest())


if __name__ == "__main__":
    main()
