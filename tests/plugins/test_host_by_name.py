"""An https server that knows one name and is reached by its address, as with curl --resolve."""

from __future__ import annotations

import json
import os
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.evidence.commands import curl
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.verify.asker import Asker
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.verify.tls import trust

from loopback import listening
from test_platform_modules import run

ROOT = Path(__file__).resolve().parents[2]
NAME = "shop.example.org"


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority, a certificate that is for the name only, and one for the address only."""
    folder = tmp_path_factory.mktemp("pki")
    identities = [
        {"name": "name", "common_name": "it", "hosts": [NAME]},
        {"name": "address", "common_name": "it", "hosts": ["127.0.0.1"]},
    ]
    assert run("platform_pki", directory=str(folder), identities=identities)["changed"]
    return folder


class Handler(BaseHTTPRequestHandler):
    """Answers with the Host header and the path that it was sent."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = json.dumps([self.headers["Host"], self.path]).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


def strict(connection: ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> int | None:
    """Whoever does not say the name is refused."""
    return None if name == NAME else ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME


@pytest.fixture(scope="module")
def servers(pki: Path) -> Iterator[dict[str, str]]:
    """Base URLs by what the server has a certificate for; plain HTTP is `plain`."""
    started: dict[str, str] = {}
    with ExitStack() as stack:
        for kind in ("name", "address", "plain"):
            tls = None
            if kind != "plain":
                tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                tls.load_cert_chain(pki / f"{kind}.crt", pki / f"{kind}.key")
                if kind == "name":
                    tls.sni_callback = strict
            port = stack.enter_context(listening(Handler, tls))
            started[kind] = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
        yield started


@pytest.fixture(autouse=True)
def trusted(pki: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The authority is one that this machine trusts."""
    monkeypatch.setenv("SSL_CERT_FILE", str(pki / "ca.crt"))


def answered(base_url: str, host: str, checked: bool = True) -> str:
    asker = Asker(base_url, host, checked, timeout=5)
    answer = asker.get("/status")
    asker.close()
    return answer.error or answer.body


@pytest.mark.parametrize("host", [NAME, f"{NAME}:8443"])
@pytest.mark.parametrize("checked", [True, False])
def test_the_name_is_said_and_checked_and_the_address_only_says_where(
    servers: dict[str, str], host: str, checked: bool
) -> None:
    assert answered(servers["name"] + "/shop/", host, checked) == f'["{host}", "/shop/status"]'


def test_a_certificate_for_the_address_is_not_one_for_the_name(servers: dict[str, str]) -> None:
    assert "not valid for 'shop.example.org'" in answered(servers["address"], NAME)
    assert answered(servers["address"], "").startswith('["127.0.0.1:')


def test_another_name_is_refused(servers: dict[str, str]) -> None:
    assert answered(servers["name"], "other.example.org").startswith("no response (")
    assert answered(servers["name"], "").startswith("no response (")


def test_without_tls_the_name_is_the_host_header(servers: dict[str, str]) -> None:
    assert answered(servers["plain"], NAME) == f'["{NAME}", "/status"]'


def test_what_an_authority_leaves_out_does_not_depend_on_the_python() -> None:
    assert not trust().verify_flags & ssl.VERIFY_X509_STRICT
    assert trust().verify_mode == ssl.CERT_REQUIRED
    assert trust().check_hostname


def asked(path: str) -> dict[str, Any]:
    return {"method": "GET", "path": path, "sends": [], "reads": []}


@pytest.mark.skipif(not shutil.which("curl"), reason="there is no curl")
def test_the_command_that_repeats_it_does_it_as_well(servers: dict[str, str], pki: Path) -> None:
    meta = {"host": NAME, "base_url": servers["name"], "validate_certs": True, "ca_file": ""}
    environment = os.environ | {"CURL_CA_BUNDLE": str(pki / "ca.crt")}
    done = subprocess.run(
        ["sh", "-c", curl(meta, asked("/users?name=Müller x"))],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == f'["{NAME}", "/users?name=M%C3%BCller%20x"]'
    assert (
        curl(meta | {"base_url": "https://[::1]"}, asked("/")) == f"curl -s --connect-to '::[::1]:443' https://{NAME}/"
    )


SECOND = """
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - name: Request the endpoints with another client
      ansible.builtin.include_role: {name: verify, tasks_from: TASKS}
      vars:
        verify_base_url: BASE
        verify_host: HOST
        verify_endpoints:
          - {path: /status, json: [HOST, /status]}
          - {path: "/users?name=Müller x", json: [HOST, "/users?name=M%C3%BCller%20x"]}
"""


@pytest.mark.parametrize(
    ("kind", "tasks", "good"),
    [
        ("name", "second_by_name.yml", True),
        ("address", "second_by_name.yml", False),
        ("plain", "second.yml", True),
    ],
)
def test_the_second_opinion(servers: dict[str, str], tmp_path: Path, kind: str, tasks: str, good: bool) -> None:
    play = SECOND.replace("TASKS", tasks).replace("BASE", servers[kind]).replace("HOST", NAME)
    (tmp_path / "play.yml").write_text(play)
    done = subprocess.run(
        [
            "ansible-playbook",
            "-i",
            "localhost,",
            "-e",
            f"ansible_python_interpreter={sys.executable}",
            tmp_path / "play.yml",
        ],
        cwd=ROOT,
        env=os.environ | {"ANSIBLE_ROLES_PATH": str(ROOT / "roles")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode == 0) is good, done.stdout + done.stderr
    assert good or NAME in done.stdout + done.stderr
