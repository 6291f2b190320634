"""The modules that make the platform, as far as they need neither root nor a mirror."""

from __future__ import annotations

import base64
import datetime
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.modules import platform_files
from cryptography import x509

COLLECTIONS = Path(__file__).resolve().parents[2] / "collections"
MODULES = Path(__file__).resolve().parents[2] / "plugins/modules"


def run(module: str, **arguments: Any) -> dict[str, Any]:
    """Run a module as Ansible would, and return what it says."""
    given = json.dumps({"ANSIBLE_MODULE_ARGS": arguments})
    # What it shares with others travels with it.
    environment = os.environ | {"PYTHONPATH": str(COLLECTIONS)}
    call = [sys.executable, str(MODULES / f"{module}.py")]
    done = subprocess.run(call, input=given, capture_output=True, text=True, env=environment)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.fixture
def pki(tmp_path: Path) -> dict[str, Any]:
    admin = {"name": "admin", "common_name": "admin", "organizations": ["system:masters"]}
    admin |= {"kubeconfig": str(tmp_path / "kubeconfig")}
    server = {"name": "kube-apiserver", "common_name": "kube-apiserver", "hosts": ["127.0.0.1", "localhost"]}
    return {
        "directory": str(tmp_path / "pki"),
        "server": "https://127.0.0.1:6443",
        "context": "embedded",
        "identities": [admin, server],
    }


def test_certificates_are_made_once(pki: dict[str, Any]) -> None:
    assert run("platform_pki", **pki)["changed"]
    assert not run("platform_pki", **pki)["changed"]


def test_a_certificate_names_user_groups_and_hosts(pki: dict[str, Any]) -> None:
    run("platform_pki", **pki)
    folder = Path(pki["directory"])
    server = x509.load_pem_x509_certificate((folder / "kube-apiserver.crt").read_bytes())
    names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(name.value) for name in names] == ["127.0.0.1", "localhost"]
    admin = x509.load_pem_x509_certificate((folder / "admin.crt").read_bytes())
    assert admin.subject.rfc4514_string() == "CN=admin,O=system:masters"
    assert admin.not_valid_after_utc < datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=366)


def test_a_kubeconfig_needs_no_other_file_and_is_its_owners_alone(pki: dict[str, Any], tmp_path: Path) -> None:
    run("platform_pki", **pki)
    file = tmp_path / "kubeconfig"
    assert file.stat().st_mode & 0o777 == 0o600
    user = json.loads(file.read_text())["users"][0]["user"]
    assert b"BEGIN EC PRIVATE KEY" in base64.b64decode(user["client-key-data"])
    assert (Path(pki["directory"]) / "admin.key").stat().st_mode & 0o777 == 0o600


def test_half_a_certificate_is_made_anew(pki: dict[str, Any]) -> None:
    run("platform_pki", **pki)
    broken = Path(pki["directory"]) / "admin.crt"
    broken.write_bytes(broken.read_bytes()[:100])
    assert str(broken) in run("platform_pki", **pki)["written"]


def test_a_lost_authority_renews_all_that_it_had_signed(pki: dict[str, Any]) -> None:
    run("platform_pki", **pki)
    (Path(pki["directory"]) / "ca.key").unlink()
    written = run("platform_pki", **pki)["written"]
    assert {Path(name).name for name in written} >= {"ca.crt", "admin.crt", "kube-apiserver.crt", "kubeconfig"}


def test_a_certificate_that_says_another_thing_is_made_anew(pki: dict[str, Any]) -> None:
    before = run("platform_pki", **pki)["fingerprint"]
    assert run("platform_pki", **pki)["fingerprint"] == before
    pki["identities"][1]["hosts"].append("127.0.0.2")
    after = run("platform_pki", **pki)
    assert {Path(name).name for name in after["written"]} == {"kube-apiserver.crt", "kube-apiserver.key"}
    assert after["fingerprint"] != before


def test_a_kubeconfig_follows_the_server(pki: dict[str, Any]) -> None:
    run("platform_pki", **pki)
    assert [Path(name).name for name in run("platform_pki", **pki | {"server": "https://127.0.0.1:1"})["written"]] == [
        "kubeconfig"
    ]


def test_a_key_that_others_may_read_is_closed(pki: dict[str, Any]) -> None:
    run("platform_pki", **pki)
    key = Path(pki["directory"]) / "admin.key"
    key.chmod(0o644)
    assert run("platform_pki", **pki)["written"] == [str(key)]
    assert key.stat().st_mode & 0o777 == 0o600


def test_a_server_that_is_no_client_may_lie_elsewhere(pki: dict[str, Any], tmp_path: Path) -> None:
    pki["identities"] = [
        {"name": "r", "common_name": "r", "hosts": ["127.0.0.1"], "client": False, "directory": str(tmp_path)}
    ]
    run("platform_pki", **pki)
    certificate = x509.load_pem_x509_certificate((tmp_path / "r.crt").read_bytes())
    purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(purposes) == [x509.oid.ExtendedKeyUsageOID.SERVER_AUTH]
    assert not (Path(pki["directory"]) / "r.key").exists()


def test_check_mode_writes_no_certificate(pki: dict[str, Any]) -> None:
    assert run("platform_pki", **pki, _ansible_check_mode=True)["changed"]
    assert not Path(pki["directory"]).exists()


def test_a_file_is_written_only_when_it_differs(tmp_path: Path) -> None:
    file = tmp_path / "new" / "file"
    assert platform_files.write_file(file, "text", 0o600, check=False)
    assert not platform_files.write_file(file, "text", 0o600, check=False)
    assert platform_files.write_file(file, "text", 0o644, check=False)
    assert file.stat().st_mode & 0o777 == 0o644
    assert platform_files.write_file(file, "other", 0o644, check=True)
    assert file.read_text() == "text"
    assert [path.name for path in file.parent.iterdir()] == ["file"]


def test_a_folder_gets_its_mode(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    assert platform_files.make_folder(folder, 0o700, check=False)
    assert not platform_files.make_folder(folder, 0o700, check=False)
    assert folder.stat().st_mode & 0o777 == 0o700


def test_settings_are_put_beside_what_is_there(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text('{"auths": {"somewhere": {}}, "a": 1}')
    arguments = {"settings": {str(file): {"a": 2}}, "mode": "0600"}
    assert run("platform_files", **arguments)["changed"]
    assert json.loads(file.read_text()) == {"auths": {"somewhere": {}}, "a": 2}
    assert not run("platform_files", **arguments)["changed"]
    file.write_text("half a")
    run("platform_files", **arguments)
    assert json.loads(file.read_text()) == {"a": 2}
