"""An application whose users log in: verified with its login, an order and a WebSocket, and gone back to with them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from playbook_runner import ROOT, Run, Target, kubectl
from releases import proof, store_of
from surroundings import Cluster

from conftest import NewTarget

DOCKERFILE = """
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
COPY shop_server.py /srv/shop.py
CMD ["python3", "-u", "/srv/shop.py"]
"""
PASSWORD = "of-the-shop-9Z-login"
SECRET = "{{ lookup('ansible.builtin.env', 'APP_SECRET_SHOP') }}"
BEARER = {"Authorization": "Bearer ${token}"}
LOGIN = {
    "path": "/login",
    "method": "POST",
    "request_json": {"user": "august", "password": SECRET},
    "save": {"token": "json.token"},
}
ENDPOINTS: list[dict[str, Any]] = [
    {"path": "/healthz", "json": "fine", "expect_headers": {"X-Shop": "open"}},
    LOGIN,
    {"path": "/me", "headers": BEARER, "json": {"user": "august"}},
    {"path": "/me", "status": 401},
    {"path": "/orders", "method": "POST", "headers": BEARER, "request_json": {"item": "apples"}, "status": 201},
    {"path": "/bus", "websocket": True},
]


@pytest.fixture
def shop(new_target: NewTarget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Target:
    shutil.copy(ROOT / "tests/integration/shop_server.py", tmp_path)
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    monkeypatch.setenv("APP_SECRET_SHOP", PASSWORD)
    return new_target(
        "login",
        app_name="shop",
        app_api_build_context=str(tmp_path),
        app_api_readiness_path="/healthz",
        app_api_liveness_path="/healthz",
        app_secrets={"PASSWORD": SECRET, "SIGNING_KEY": {"generate": 40}},
        app_db_enabled=False,
        app_db_password="",
        verify_endpoints=ENDPOINTS,
        verify_timeout=8,
    )


def heard(target: Target) -> dict[str, list[str]]:
    """What each Pod was asked, but for its probes."""
    names = kubectl("-n", target.namespace, "get", "pods", "-o", "name").split()
    found = {}
    for name in (one.removeprefix("pod/") for one in names):
        path = f"/api/v1/namespaces/{target.namespace}/pods/{name}:8000/proxy/heard"
        asked = json.loads(kubectl("get", "--raw", path))
        found[name] = [one for one in asked if not one.endswith(("/healthz", "/heard"))]
    return found


def orders(target: Target) -> int:
    return sum(one == "POST /orders" for asked in heard(target).values() for one in asked)


def no_secret_in(run: Run, target: Target, cluster: Cluster) -> None:
    """Neither the password nor a token is in what was printed, written or kept, but for the Secret itself."""
    written = [path.read_bytes() for path in Path(target.variables["evidence_dir"]).rglob("*") if path.is_file()]
    annotations = [json.dumps(item.checks) for item in store_of(cluster, target).kept()]
    for text in (run.output, *annotations, *(one.decode("utf-8", "replace") for one in written)):
        assert PASSWORD not in text
        assert "august." not in text


def test_an_application_whose_users_log_in(shop: Target, cluster: Cluster) -> None:
    run = shop.playbook("site.yml", "-vvv").succeeded()
    no_secret_in(run, shop, cluster)
    asked = heard(shop)
    assert len(asked) == 2
    for one in asked.values():
        # By a port that is forwarded: the API server's proxy would have kept the token.
        assert {"POST /login", "GET /me", "GET /bus"} <= set(one)
    assert orders(shop) == 1
    checks = {one["name"]: one["status"] for one in proof(cluster, shop)["checks"]}
    assert checks["POST /orders"] == checks["WebSocket /bus"] == checks["POST /login"] == "passed"
    assert [status for name, status in checks.items() if name.startswith("POST /orders of")] == ["skipped"] * 2
    [kept] = store_of(cluster, shop).kept()
    assert kept.checks["endpoints"][1] == {key: value for key, value in LOGIN.items() if key != "request_json"} | {
        "withheld": ["request_json"]
    }

    # Nothing changed, nothing is ordered; to verify is to order once, and has another client look as well.
    run = shop.playbook().succeeded()
    assert run.changed == 0
    assert "POST http" in run.output
    assert orders(shop) == 1
    run = shop.playbook("verify.yml", "-vvv").succeeded()
    assert "second_in_turn" in run.output
    assert orders(shop) == 2
    no_secret_in(run, shop, cluster)

    # A version that refuses the login, which is tried once; what there was is verified with a login again.
    wrong = {"PASSWORD": "another", "SIGNING_KEY": {"generate": 40}}
    run = shop.playbook(app_secrets=wrong)
    assert run.rc != 0
    assert "POST /login should respond with 200, but gave 401" in run.errors[-1]
    assert "rolled back to revision 1, which is up and verified" in run.errors[-1]
    no_secret_in(run, shop, cluster)
    assert all("POST /login" in one for one in heard(shop).values())
