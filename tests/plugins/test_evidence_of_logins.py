"""Evidence and status of an application with a login and orders: neither orders anything, nor shows a secret."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.console.status import answer_lines
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.evidence.answers import through_ingress
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.verify.asker import Asker
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.verify.parties import Parties

from fake_deployment import FakeDeployment, standing_in
from fake_shop import GONE, LOGIN, ME, ORDER, PASSWORD, READ, SOCKET, STRANGER, Shop, open_shop
from test_evidence import SCHEMA, read, write

OPEN = {"path": "/open", "expect_headers": {"X-Shop": "open"}}
STORY = [LOGIN, STRANGER, ME, ORDER, READ, GONE, SOCKET, OPEN]
VERIFIED = [
    {
        "method": "POST",
        "path": "/orders",
        "name": "",
        "answer": '201 {"item": "apples"}',
        "right": "yes",
        "seconds": "0.02",
    },
    {
        "method": "GET",
        "path": "/orders/${order}",
        "name": "",
        "answer": "no response (gone)",
        "right": "no",
        "seconds": "1",
    },
    {
        "method": "DELETE",
        "path": "/orders/${order}",
        "name": "",
        "answer": "(not requested)",
        "right": "",
        "seconds": "0",
    },
]


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def cluster(tmp_path: Path, shop: Shop) -> Iterator[FakeDeployment]:
    with open_shop(shop) as port, standing_in(tmp_path, lambda path: port) as started:
        started.answers["/me"] = (401, "{}")
        started.own = {"base_url": f"http://127.0.0.1:{port}", "host": "", "endpoints": STORY}
        yield started


def evidence_of(cluster: FakeDeployment, **more: Any) -> tuple[dict[str, Any], str]:
    """It, and all that was written."""
    result = write(cluster, **(cluster.own | more))
    files = [path.read_text() for path in Path(result["path"]).rglob("*") if path.is_file()]
    return read(result), "\n".join(files)


def by_name(evidence: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in evidence["checks"]}


def test_nothing_is_ordered_and_nothing_secret_is_written(cluster: FakeDeployment, shop: Shop) -> None:
    evidence, text = evidence_of(cluster)
    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text())).validate(evidence)
    assert evidence["verdict"] == "passed"
    checks = by_name(evidence)
    assert checks["POST /login"]["status"] == checks["WebSocket /live of users-abc-x0"]["status"] == "passed"
    assert checks["POST /orders"]["status"] == checks["GET /orders/${order} of users-abc-x0"]["status"] == "skipped"
    assert not any("orders" in one for one in shop.asked)
    # Each party has logged in once, whatever is measured.
    assert shop.count("POST /login") == 4
    for secret in (PASSWORD, *shop.tokens):
        assert secret not in text
    assert len(evidence["answers"]) == 4 * len(STORY)


def test_what_this_run_has_sent_once_is_evidence_without_being_sent_again(cluster: FakeDeployment, shop: Shop) -> None:
    evidence, _ = evidence_of(cluster, verified=VERIFIED)
    checks = by_name(evidence)
    assert (checks["POST /orders"]["status"], checks["POST /orders"]["detail"]) == ("passed", '201 {"item": "apples"}')
    assert checks["GET /orders/${order}"]["status"] == "failed"
    assert checks["DELETE /orders/${order}"]["status"] == "skipped"
    assert not any("orders" in one for one in shop.asked)


def test_a_path_with_and_without_a_login_are_two(cluster: FakeDeployment) -> None:
    evidence, text = evidence_of(cluster)
    ours = [one["status"] for one in evidence["answers"] if one["path"] == "/me" and one["via"] == "Ingress"]
    assert ours == [401, 200]
    assert text.count("<tr><th>/me</th>") == 2
    again, _ = evidence_of(cluster)
    assert not [line for line in again["changes"] if "Answer" in line]


def test_a_header_that_is_wrong_is_told(cluster: FakeDeployment) -> None:
    wrong = {"path": "/open", "expect_headers": {"X-Shop": "closed"}}
    evidence, _ = evidence_of(cluster, endpoints=[wrong])
    assert "its header X-Shop is 'open'" in by_name(evidence)["GET /open"]["detail"]


@pytest.mark.skipif(not shutil.which("curl"), reason="there is no curl")
def test_the_commands_do_it_again_for_whoever_has_what_is_sent(cluster: FakeDeployment, shop: Shop) -> None:
    """Through the Ingress; what kubectl forwards is a port of this machine."""
    checks = by_name(evidence_of(cluster)[0])

    def run(name: str, **given: str) -> str:
        command = ["bash", "-c", checks[name]["command"]]
        return subprocess.run(command, env=os.environ | given, capture_output=True, text=True, check=False).stdout

    token = json.loads(run("POST /login", REQUEST_JSON=json.dumps(LOGIN["request_json"])))["access_token"]
    order = json.loads(
        run("POST /orders", AUTHORIZATION=f"Bearer {token}", REQUEST_JSON=json.dumps(ORDER["request_json"]))
    )
    given = {"AUTHORIZATION": f"Bearer {token}", "order": str(order["id"])}
    assert json.loads(run("GET /orders/${order}", **given)) == ORDER["request_json"]
    run("DELETE /orders/${order}", **given)
    assert shop.asked[-1] == f"DELETE /orders/{order['id']}"
    assert "101 Switching" in run("WebSocket /live")
    assert "X-Shop: open" in run("GET /open")
    # Without them nothing is sent.
    before = len(shop.asked)
    assert run("POST /orders") == ""
    assert len(shop.asked) == before
    forwarded = checks["POST /login of users-abc-x0"]["command"]
    assert "port-forward pod/users-abc-x0 18080:8000" in forwarded


def test_status_orders_nothing_either(cluster: FakeDeployment, shop: Shop) -> None:
    lines = answer_lines(through_ingress(Parties(Asker(cluster.own["base_url"]), STORY), 1))
    assert lines[0].startswith("POST /login")
    assert lines[3].split() == ["POST", "/orders", "not", "requested"]
    assert not any("orders" in one for one in shop.asked)
    shop.password = "another"
    refused = answer_lines(through_ingress(Parties(Asker(cluster.own["base_url"]), STORY), 1))
    assert "422 in" in refused[0] and "but should be 200" in refused[0]
    assert "no response has given ${token}" in refused[2]
