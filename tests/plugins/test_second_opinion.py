"""What the role verify does with an application that has a login: at any verbosity nothing secret is printed."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fake_shop import BEARER, GONE, LOGIN, ME, ORDER, PASSWORD, READ, SOCKET, Shop, open_shop
from test_certificates import NAME, Authority

ROOT = Path(__file__).resolve().parents[2]
KEY = "key-of-the-shop-3F"
ECHO = {"path": "/echo", "headers": {**BEARER, "X-Key": KEY}, "contains": "X-Key", "varies": True}
OPEN = {"path": "/open", "expect_headers": {"X-Shop": "open", "Cache-Control": "no-store"}}
PLAY = """
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - ansible.builtin.include_role: {name: verify, rolespec_validate: false}
    - ansible.builtin.debug: {var: verify_found}
"""


def verify(folder: Path, *options: str, **variables: Any) -> tuple[int, str]:
    """The role, as somebody calls it who wants a second opinion."""
    given = {
        "app_name": "shop",
        "app_namespace": "n",
        "app_plan": {"verified": {}},
        "verify_host": "",
        "verify_replicas": False,
        "verify_second_opinion": True,
        "verify_timeout": 1,
        "ansible_python_interpreter": sys.executable,
    }
    (folder / "play.yml").write_text(PLAY)
    (folder / "variables.json").write_text(json.dumps(given | variables))
    call = [
        "ansible-playbook",
        "-i",
        "localhost,",
        "-e",
        f"@{folder}/variables.json",
        str(folder / "play.yml"),
        *options,
    ]
    environment = os.environ | {"ANSIBLE_ROLES_PATH": str(ROOT / "roles"), "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    done = subprocess.run(call, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120)
    return done.returncode, done.stdout + done.stderr


def test_another_client_gets_the_same_and_nothing_secret_is_printed(tmp_path: Path) -> None:
    shop = Shop()
    with open_shop(shop) as port:
        endpoints = [LOGIN, ME, ECHO, ORDER, READ, GONE, SOCKET, OPEN]
        code, output = verify(tmp_path, "-vvv", verify_base_url=f"http://127.0.0.1:{port}", verify_endpoints=endpoints)
    assert code == 0, output
    agents = [one["User-Agent"] for one in shop.heard if one.get("User-Agent", "").startswith("ansible")]
    assert len(agents) == 4
    assert shop.count("POST /orders") == 1
    assert "POST http" in output and "WebSocket http" in output
    assert "ansible.builtin.uri does not speak WebSocket" in output
    for secret in (PASSWORD, KEY, *shop.tokens):
        assert secret not in output


def test_what_the_other_client_gets_wrong_is_told_without_secrets(tmp_path: Path) -> None:
    shop = Shop()
    wrong = {"path": "/echo", "headers": {"X-Key": KEY}, "contains": "Python-urllib-is-not-here", "varies": True}
    with open_shop(shop) as port:
        code, output = verify(tmp_path, "-vvv", verify_base_url=f"http://127.0.0.1:{port}", verify_endpoints=[wrong])
    assert code != 0
    assert "should respond with 200 and a text with" in output
    assert KEY not in output


def test_another_client_that_does_not_run_says_why(tmp_path: Path) -> None:
    with open_shop(Shop()) as port:
        given = {"verify_base_url": f"http://127.0.0.1:{port}", "verify_endpoints": [LOGIN, ME]}
        code, output = verify(tmp_path, **given, ansible_python_interpreter="/bin/false")
    assert code != 0
    assert "/login should respond with 200" in output
    assert "but gave no response (" in output


@pytest.mark.parametrize("endpoints", [[LOGIN, ME], [{"path": "/open", "json": {"open": True}}]])
def test_by_name_and_with_an_authority_of_its_own(tmp_path: Path, endpoints: list[dict[str, Any]]) -> None:
    authority = Authority(tmp_path, "ours")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(authority.issue((-1, 90)))
    with open_shop(Shop(), tls) as port:
        given = {"verify_base_url": f"https://127.0.0.1:{port}", "verify_host": NAME, "verify_endpoints": endpoints}
        code, output = verify(tmp_path, **given, verify_ca_file=str(authority.file))
        assert code == 0, output
        code, output = verify(tmp_path, **given)
        assert code != 0
        assert "CertificateUnknown" in output


def test_what_is_gone_back_to_is_asked_with_what_the_inventory_sends(tmp_path: Path) -> None:
    kept = [{"path": "/login", "method": "POST", "save": {"token": "json.access_token"}, "name": "login"}]
    kept = [kept[0] | {"withheld": ["request_json"]}, {"path": "/me", "withheld": ["headers.Authorization"]}]
    kept += [{"path": "/old", "withheld": ["headers.X-Old"]}]
    with open_shop(Shop()) as port:
        checks = {"base_url": f"http://127.0.0.1:{port}", "host": "", "endpoints": kept}
        given = {"verify_checks": checks, "verify_endpoints": [LOGIN, ME], "verify_second_opinion": False}
        code, output = verify(tmp_path, **given, verify_base_url=f"http://127.0.0.1:{port}")
    assert code == 0, output
    assert "POST http" in output
    assert "Not verified, for verify_endpoints has no more what is sent there: /old" in output
