"""Somebody else's API, deployed by variables alone."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

import pytest
from playbook_runner import Target
from surroundings import Cluster, get

from conftest import NewTarget

SERVER = """
import hashlib
import http.server
import json
import os
import pathlib
import signal
import sys


class Shop(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        found = {name: os.environ[name] for name in ("TOKEN", "SIGNING_KEY", "THEIRS")}
        found["/srv/key.pem"] = pathlib.Path("/srv/key.pem").read_text()
        secrets = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in found.items()}
        shown = {name: value for name, value in os.environ.items() if name not in secrets}
        answers = {"/healthz": "fine", "/alive": "yes", "/arguments": sys.argv}
        answers |= {"/environment": shown, "/secrets": secrets}
        body = json.dumps(answers.get(self.path)).encode()
        self.send_response(200 if self.path in answers else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


# The first process of a container ends on SIGTERM only when it says so.
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
http.server.ThreadingHTTPServer(("", int(os.environ["SHOP_PORT"])), Shop).serve_forever()
"""
DOCKERFILE = """
ARG BASE_IMAGE
FROM ${BASE_IMAGE} AS serve
COPY shop.py /srv/shop.py
CMD ["false"]

FROM ${BASE_IMAGE} AS test
"""
PEM = "BEGIN\n$(x) é\nEND\n"
TOKEN = "of the shop: $(HOME) {{ 'é' }}\nsecond line"
GREETING = 'say "hi" to $(HOME) $$ and ${USER}: é 🔑 #1'


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def secret_digests(target: Target) -> dict[str, str]:
    """What the application has in its environment."""
    found: dict[str, str] = json.loads(get("/secrets", target.host)[1])
    return found


def secret_data(cluster: Cluster, namespace: str) -> dict[str, str]:
    data = cluster.client.get(f"/api/v1/namespaces/{namespace}/secrets/shop")["data"]
    return {name: base64.b64decode(value).decode() for name, value in data.items()}


def test_it_deploys_and_verifies_by_variables_alone(
    new_target: NewTarget, cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shop.py").write_text(SERVER, encoding="utf-8")
    (tmp_path / "docker").mkdir()
    (tmp_path / "docker/shop.Dockerfile").write_text(DOCKERFILE, encoding="utf-8")
    target = new_target(
        "shop",
        app_name="shop",
        app_namespace_create=False,
        app_replicas=1,
        app_api_build_context=str(tmp_path),
        app_api_dockerfile="docker/shop.Dockerfile",
        app_api_target="serve",
        app_api_port=3456,
        app_api_readiness_path="/healthz",
        app_api_liveness_path="/alive",
        app_api_environment={"SHOP_PORT": 3456, "GREETING": GREETING, "OPEN": True, "NOTHING": ""},
        app_command=["python3", "-u"],
        app_args=["/srv/shop.py", "--greet", "$(HOME) é"],
        app_secret_files={"/srv/key.pem": PEM},
        app_secrets_from=["theirs"],
        app_secrets={
            "TOKEN": "{{ lookup('ansible.builtin.env', 'APP_SECRET_TOKEN') }}",
            "SIGNING_KEY": {"generate": 40},
        },
        app_db_enabled=False,
        app_db_password="",
        verify_endpoints=[
            {"path": "/healthz", "json": "fine"},
            {
                "path": "/environment",
                "json_includes": {"GREETING": GREETING, "OPEN": "true", "NOTHING": ""},
                # The name of each Pod is in it.
                "varies": True,
            },
            {"path": "/arguments", "json": ["/srv/shop.py", "--greet", "$(HOME) é"]},
            {"path": "/status", "status": 404},
        ],
    )
    # A namespace of somebody else's, with something in it.
    name = target.namespace
    cluster.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    theirs = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "theirs"},
        "stringData": {"THEIRS": "their own"},
    }
    cluster.create(f"/api/v1/namespaces/{name}/secrets", theirs)
    before = {one for one in cluster.identity(name) if "default-token" not in one}

    monkeypatch.setenv("APP_SECRET_TOKEN", TOKEN)
    target.playbook().succeeded()
    status, body = get("/environment", target.host)
    assert status == 200
    digests = secret_digests(target)
    assert digests["TOKEN"] == sha256(TOKEN)
    assert digests["/srv/key.pem"] == sha256(PEM)
    assert digests["THEIRS"] == sha256("their own")
    kept = secret_data(cluster, name)
    assert digests["SIGNING_KEY"] == sha256(kept["SIGNING_KEY"])
    assert sorted(kept) == ["CHECKSUM_KEY", "SIGNING_KEY", "TOKEN", "file.srv.key.pem"]
    assert len(kept["SIGNING_KEY"]) == 40
    environment = json.loads(body)
    assert environment["GREETING"] == GREETING
    assert "MYSQL_PASSWORD" not in environment
    assert list(cluster.images(name, "shop")) == ["api"]
    assert target.playbook().succeeded().changed == 0

    # Another token rolls the Pods, once, and leaves what was generated; a rotation makes another of that.
    monkeypatch.setenv("APP_SECRET_TOKEN", "another-token-7Q")
    assert target.playbook().succeeded().changed > 0
    another = {"TOKEN": sha256("another-token-7Q"), "SIGNING_KEY": sha256(kept["SIGNING_KEY"])}
    assert secret_digests(target) == digests | another
    assert target.playbook().succeeded().changed == 0
    run = target.playbook("playbooks/rotate.yml", "--diff", "-vvv").succeeded()
    rotated = secret_data(cluster, name)
    assert rotated["SIGNING_KEY"] != kept["SIGNING_KEY"]
    assert secret_digests(target)["SIGNING_KEY"] == sha256(rotated["SIGNING_KEY"])
    for value in (*kept.values(), *rotated.values()):
        assert value not in run.output
        assert base64.b64encode(value.encode()).decode() not in run.output

    target.playbook("playbooks/teardown.yml").succeeded()
    assert {one for one in cluster.identity(name) if "default-token" not in one} == before
