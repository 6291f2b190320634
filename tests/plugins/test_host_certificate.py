"""A certificate for the hosts of a target, by the platform's authority: made once, and again only where it must be."""

from __future__ import annotations

import base64
import datetime
import os
import ssl
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils import certificates
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.platform.host_certificate import (
    NoAuthority,
    host_certificate,
)
from cryptography import x509

from test_platform_modules import run

HOSTS = ["shop.example.org", "*.shop.example.org"]


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    """As the platform makes it."""
    folder = tmp_path / "ingress"
    assert run("platform_pki", directory=str(folder), authority="Ingresses", owner=os.getuid(), identities=[])[
        "changed"
    ]
    return folder


def secret(made: dict[str, str]) -> dict[str, Any]:
    parts = {"tls.crt": made["crt"], "tls.key": made["key"]}
    return {"data": {name: base64.b64encode(text.encode()).decode() for name, text in parts.items()}}


def names(made: dict[str, str]) -> list[str]:
    certificate = x509.load_pem_x509_certificate(made["crt"].encode())
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [str(one.value) for one in found]


def test_it_is_for_the_hosts_and_trusted_by_who_trusts_the_authority(authority: Path, tmp_path: Path) -> None:
    made = host_certificate("shop", HOSTS, None, authority)
    assert names(made) == HOSTS
    pair = tmp_path / "pair.pem"
    pair.write_text(made["crt"] + made["key"])
    ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(pair)
    ca = x509.load_pem_x509_certificate((authority / "ca.crt").read_bytes())
    x509.load_pem_x509_certificate(made["crt"].encode()).verify_directly_issued_by(ca)


def test_what_the_secret_keeps_stays(authority: Path) -> None:
    made = host_certificate("shop", HOSTS, None, authority)
    assert host_certificate("shop", HOSTS, secret(made), authority) == made


@pytest.mark.parametrize("broken", [{}, {"data": None}, {"data": {"tls.crt": "%%%", "tls.key": "%%%"}}, {"data": {}}])
def test_a_secret_that_holds_no_certificate_gets_one(authority: Path, broken: dict[str, Any]) -> None:
    assert names(host_certificate("shop", HOSTS, broken, authority)) == HOSTS


def test_other_hosts_another_key_and_another_authority_make_another(authority: Path, tmp_path: Path) -> None:
    made = host_certificate("shop", HOSTS, None, authority)
    assert names(host_certificate("shop", HOSTS[:1], secret(made), authority)) == HOSTS[:1]
    other = host_certificate("shop", HOSTS, None, authority)
    assert host_certificate("shop", HOSTS, secret(made | {"key": other["key"]}), authority) != made
    run("platform_pki", directory=str(tmp_path / "new"), identities=[])
    assert host_certificate("shop", HOSTS, secret(made), tmp_path / "new")["crt"] != made["crt"]


def test_one_that_ends_soon_is_made_again(authority: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certificates, "CERTIFICATE_DAYS", certificates.RENEW_DAYS - 1)
    made = host_certificate("shop", HOSTS, None, authority)
    monkeypatch.undo()
    again = host_certificate("shop", HOSTS, secret(made), authority)
    assert again != made
    ends = x509.load_pem_x509_certificate(again["crt"].encode()).not_valid_after_utc
    assert ends > datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=300)


def test_without_the_authority_it_is_said_what_to_do(authority: Path, tmp_path: Path) -> None:
    with pytest.raises(NoAuthority, match=r"nowhere/ca.crt cannot be read: .*make deploy.*give app_tls a Secret"):
        host_certificate("shop", HOSTS, None, tmp_path / "nowhere")
    (authority / "ca.key").write_text("not a key")
    with pytest.raises(NoAuthority, match=r"ca.key is damaged"):
        host_certificate("shop", HOSTS, None, authority)
