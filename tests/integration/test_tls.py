"""HTTPS by the platform's authority, a redirect, a Gateway in the Ingress's place, and a path that is stripped."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from playbook_runner import Target, kubectl
from releases import Load
from surroundings import Cluster, get

from conftest import NewTarget

AUTHORITY = Path("/var/lib/fastapi-mysql-k8s/ingress/ca.crt")
HTTPS = "https://127.0.0.1:8443"
GATEWAY = {"name": "traefik", "namespace": "gateway"}
# It says which path it was asked for.
SERVER = """
import http.server
import json
import os
import signal


class Echo(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = json.dumps(self.path).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
http.server.ThreadingHTTPServer(("", 8000), Echo).serve_forever()
"""
DOCKERFILE = 'ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nCOPY echo.py /srv/echo.py\nCMD ["python3", "-u", "/srv/echo.py"]\n'


def endpoints(*paths: str) -> list[dict[str, str]]:
    return [{"path": path, "json": path} for path in paths]


@pytest.fixture(scope="module")
def target(new_target: NewTarget, tmp_path_factory: pytest.TempPathFactory) -> Target:
    context = tmp_path_factory.mktemp("echo")
    (context / "echo.py").write_text(SERVER, encoding="utf-8")
    (context / "Dockerfile").write_text(DOCKERFILE, encoding="utf-8")
    made = new_target(
        "ways",
        app_name="ways",
        app_replicas=2,
        app_api_build_context=str(context),
        app_db_enabled=False,
        app_db_password="",
        # Whoever is asked while a route changes has Pods that stay.
        workload_drain_seconds=10,
        verify_endpoints=endpoints("/status"),
    )
    made.playbook().succeeded()
    return made


def curl(target: Target, url: str, *options: str) -> tuple[str, str]:
    """Status and body, or where it is redirected; the name is the host's, as with --resolve."""
    shown = "%{stderr}%{http_code} %{redirect_url}"
    done = subprocess.run(
        ["curl", "-sS", "--write-out", shown, "--connect-to", f"{target.host}::127.0.0.1:", *options, url],
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    return done.stderr.strip(), done.stdout


def test_https_by_the_platforms_own_address(target: Target) -> None:
    told, _ = curl(target, f"{HTTPS}/nothing", "--cacert", str(AUTHORITY))
    assert told == "404"
    told, _ = curl(target, HTTPS)
    assert "certificate" in told


def test_https_for_the_hosts_of_a_target_and_http_redirected(target: Target, cluster: Cluster) -> None:
    secure: dict[str, Any] = {
        "app_tls": {"platform": True, "redirect": True},
        "app_ingress_hosts": [f"www.{target.host}"],
        "app_base_url": HTTPS,
        "verify_ca_file": str(AUTHORITY),
    }
    run = target.playbook(**secure).succeeded()
    assert f"The API responds at {HTTPS}" in run.stdout
    for host in (target.host, f"www.{target.host}"):
        told = curl(
            target, f"https://{host}:8443/status?a=1", "--cacert", str(AUTHORITY), "--resolve", f"{host}:8443:127.0.0.1"
        )
        assert told == ("200", '"/status?a=1"')
        told = curl(target, f"http://{host}:8080/status?a=1", "--resolve", f"{host}:8080:127.0.0.1")
        assert told[0] == f"301 https://{host}:8443/status?a=1"
    kept = cluster.client.get(f"/api/v1/namespaces/{target.namespace}/secrets/ways-tls")["data"]
    # Nothing of the key is anywhere but in the Secret and in the file that holds the Secrets.
    assert "PRIVATE KEY" not in run.output and kept["tls.key"] not in run.output
    # It is kept: nothing differs.
    again = target.playbook(**secure).succeeded()
    assert again.changed == 0
    # Without an authority that is trusted it is not verified, and told why.
    wrong = target.playbook("verify.yml", **secure | {"verify_ca_file": ""})
    assert wrong.rc != 0 and "CertificateUnknown" in wrong.output
    # What is not asked for any more goes.
    target.playbook("playbooks/deploy.yml").succeeded()
    assert cluster.client.find(f"/api/v1/namespaces/{target.namespace}/secrets/ways-tls") is None
    assert get("/status", target.host) == (200, '"/status"')


def routes(target: Target) -> set[str]:
    """What leads to the target."""
    listed = json.loads(kubectl("-n", target.namespace, "get", "ingresses,httproutes", "--output=json"))
    return {one["kind"] for one in listed["items"]}


def test_an_ingress_and_a_gateway_take_turns_and_no_request_fails(target: Target) -> None:
    users = Load(target, "/status=/status", rate=100)
    try:
        for gateway, kind in ((GATEWAY, "HTTPRoute"), ({}, "Ingress"), (GATEWAY | {"listener": "web"}, "HTTPRoute")):
            run = target.playbook("playbooks/deploy.yml", app_gateway=gateway).succeeded()
            assert "RouteNotServed" not in run.output
            assert routes(target) == {kind}
        target.playbook("playbooks/rollback.yml").succeeded()
        assert routes(target) == {"Ingress"}
    finally:
        got = users.end()
    assert got["requests"] > 1000
    assert got["failed"] == 0, got


def test_a_path_is_taken_away_by_a_gateway(target: Target) -> None:
    below = {"app_ingress_path": "/shop", "app_gateway": GATEWAY}
    run = target.playbook(app_ingress_strip_path=True, **below).succeeded()
    # The endpoint is the application's, the URL the user's.
    assert "http://127.0.0.1:8080/shop/status" in run.stdout
    assert get("/shop/status", target.host) == (200, '"/status"')
    # Whoever takes any host may respond there, but not this application.
    assert get("/shopping/status", target.host) != (200, '"/shopping/status"')
    assert target.playbook(app_ingress_strip_path=True, **below).succeeded().changed == 0
    target.playbook(
        "playbooks/deploy.yml", app_ingress_path="/shop", verify_endpoints=endpoints("/shop/status")
    ).succeeded()
    assert get("/shop/status", target.host) == (200, '"/shop/status"')
    assert get("/status", target.host) != (200, '"/status"')


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        (
            {"app_gateway": GATEWAY | {"name": "nobody"}},
            r"has no Gateway nobody in namespace gateway (there: gateway/traefik)",
        ),
        ({"app_gateway": GATEWAY | {"listener": "tls"}}, "has no listener tls (it has: web)"),
        ({"app_tls": {"secret": "nobody"}}, "has no Secret nobody"),
        ({"app_tls": {"cluster_issuer": "nobody"}}, "does not serve cert-manager.io/v1"),
        ({"app_tls": {"secret": "a"}, "app_gateway": GATEWAY}, "app_tls has secret, and app_gateway names a Gateway"),
        ({"app_ingress_path": "shop"}, "app_ingress_path is 'shop': it must begin with a slash"),
        ({"app_ingress_path": "/shop"}, "verify_endpoints has /status, and only /shop leads to the application"),
        ({"app_ingress_path": "/shop", "app_ingress_strip_path": True}, "an Ingress of class 'traefik' strips no path"),
        ({"app_tls": {"sekret": "a"}}, "did you mean secret?"),
        ({"app_tls": "platform"}, "app_tls"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_changed(
    target: Target, cluster: Cluster, variables: dict[str, Any], told: str
) -> None:
    before = cluster.identity(target.namespace)
    run = target.playbook("playbooks/deploy.yml", **variables)
    assert run.rc != 0
    assert told in " ".join(" ".join(run.errors).split()), run.output
    assert cluster.identity(target.namespace) == before


def test_a_route_that_its_gateway_does_not_take_is_named_and_users_keep_theirs(target: Target, tmp_path: Path) -> None:
    """The Ingress stays until a Gateway serves what takes its place."""
    target.playbook("playbooks/deploy.yml").succeeded()
    document = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": {"name": "narrow", "namespace": target.namespace},
        "spec": {
            "gatewayClassName": "traefik",
            "listeners": [{"name": "web", "protocol": "HTTP", "port": 8080, "hostname": "other.test"}],
        },
    }
    (tmp_path / "gateway.json").write_text(json.dumps(document), encoding="utf-8")
    kubectl("apply", "-f", str(tmp_path / "gateway.json"))
    run = target.playbook(
        "playbooks/deploy.yml",
        app_gateway={"name": "narrow", "namespace": target.namespace},
        workload_patience_seconds=4,
    )
    kubectl("-n", target.namespace, "delete", "gateway/narrow")
    assert run.rc != 0
    assert "RouteNotServed" in run.output
    assert "rolled back" in run.output
    assert routes(target) == {"Ingress"}
    assert get("/status", target.host) == (200, '"/status"')
