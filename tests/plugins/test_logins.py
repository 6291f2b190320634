"""Verification of an application that has a login, orders and a WebSocket: through its Ingress and of each Pod."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.causes import Cause
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.console import report
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.websocket import accepted
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.verify.outcome import glance, outcome
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.verify.verification import Seen, judge
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.verify.verifier import Verifier

from fake_api_server import Reply, serving, status, write_kubeconfig
from fake_shop import BEARER, GONE, LOGIN, ME, ORDER, PASSWORD, READ, SOCKET, STRANGER, Shop, open_shop
from test_verification import Town

WHO = {"detail": "who are you?"}
SENT = '{"a": [1, null, "é"]}'
STORY = [LOGIN, STRANGER, ME, ORDER, READ, GONE, {**READ, "status": 404, "json_includes": {}}, SOCKET]


class Place(Town):
    """A cluster whose Pods are shops, and what is forwarded to them."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.shops = {name: Shop() for name in ("p1", "p2", "ingress")}
        self.ports: dict[str, int] = {}
        self.forwards = 0
        self.forbids = False

    def cluster(self, method: str, path: str, body: dict[str, Any]) -> Reply:
        if "/portforward" in path:
            return status(403, "pods/portforward is forbidden")
        return super().cluster(method, path, body)

    def answer(self, who: str, path: str) -> Reply:
        """Only a plain GET goes through the proxy, and carries no login."""
        code, document = {"/me": (401, WHO), "/cookie": (401, "out"), "/open": (200, {"open": True})}[path]
        return self.shops[who].fails.get(path, code), json.dumps(document)

    def port(self, path: str) -> int:
        self.forwards += 1
        assert path.endswith("?ports=8000")
        return self.ports[path.split("/pods/")[1].split("/")[0]]

    @contextmanager
    def open(self, **more: Any) -> Iterator[dict[str, Any]]:
        with ExitStack() as stack:
            self.ports = {name: stack.enter_context(open_shop(shop)) for name, shop in self.shops.items()}
            server = stack.enter_context(serving(self.cluster, forwarded=None if self.forbids else self.port))
            arguments: dict[str, Any] = {
                "base_url": f"http://127.0.0.1:{self.ports['ingress']}",
                "host": "",
                "endpoints": STORY,
                "validate_certs": True,
                "name": "d",
                "namespace": "n",
                "kubeconfig": write_kubeconfig(self.folder, server),
                "context": "",
                "pods": [],
            }
            yield arguments | more

    def wait(self, timeout: float = 0, **more: Any) -> tuple[Cause | None, Seen, dict[str, Any]]:
        with self.open(**more) as arguments, Verifier(arguments) as verifier:
            seen = verifier.wait(timeout)
            return judge(seen), seen, outcome(verifier, seen, 0.0)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_the_whole_story_is_right(place: Place) -> None:
    cause, seen, found = place.wait()
    assert cause is None
    assert [row["right"] for row in found["answers"]] == ["yes"] * len(STORY)
    assert found["replicas"] == [{"pod": name, "right": "4", "asked": "4"} for name in ("p1", "p2")]
    assert found["spared"] == ""
    # A session is a Pod's own: each has logged in, and what is ordered is ordered once.
    for name, shop in place.shops.items():
        assert len(shop.tokens) == 1
        ordered = [one for one in shop.asked if one.startswith(("POST /orders", "DELETE /orders/"))]
        assert len(ordered) == (2 if name == "ingress" else 0), shop.asked
    assert len(seen.ingress) == 2


def test_nothing_secret_is_told(place: Place) -> None:
    echo = {
        "path": "/echo",
        "method": "PUT",
        "request_body": f"p={PASSWORD}",
        "headers": {**BEARER, "X-Key": "k-123-k"},
    }
    cause, _, found = place.wait(endpoints=[LOGIN, {**echo, "repeat": True, "varies": True}, ME])
    assert cause is None
    lines = "\n".join(report.lines("http://x", "", found))
    told = lines + json.dumps(found)
    tokens = {token for shop in place.shops.values() for token in shop.tokens}
    assert len(tokens) == 3
    for secret in (PASSWORD, "k-123-k", *tokens):
        assert secret not in told
    assert "(hidden)" in lines
    assert found["checks"]["endpoints"][0] == {key: value for key, value in LOGIN.items() if key != "request_json"} | {
        "withheld": ["request_json"]
    }
    assert found["checks"]["endpoints"][1]["withheld"] == ["headers.Authorization", "headers.X-Key", "request_body"]


def test_a_login_that_is_refused_is_not_tried_again(place: Place) -> None:
    """Accounts are locked after a few."""
    for shop in place.shops.values():
        shop.password = "another"
    cause, _, found = place.wait(timeout=5)
    assert cause and cause.type == "WrongAnswer"
    assert "POST /login should respond with 200" in cause.message
    assert "gave 422" in cause.message
    assert PASSWORD not in cause.message + json.dumps(found)
    assert [shop.count("POST /login") for shop in place.shops.values()] == [1, 1, 1]
    assert not any(shop.count("POST /orders") for shop in place.shops.values())


def test_a_login_that_is_not_there_yet_is_tried_again(place: Place) -> None:
    ingress = place.shops["ingress"]
    ingress.fails = {"/login": 503}
    with place.open() as arguments, Verifier(arguments) as verifier:
        cause = judge(verifier.ask())
        assert cause and cause.type == "IngressNotRouted"
        ingress.fails = {}
        assert judge(verifier.wait(5)) is None
    assert ingress.count("POST /login") == 2


def test_what_is_sent_once_waits_for_all_else(place: Place) -> None:
    place.shops["p2"].fails = {"/me": 500}
    cause, _, found = place.wait(timeout=1)
    assert cause and cause.type == "ReplicaWrong"
    assert place.shops["ingress"].count("POST /orders") == 0
    assert "sent once" in found["answers"][3]["answer"]


def test_what_is_sent_once_is_not_sent_again_though_it_is_wrong(place: Place) -> None:
    place.shops["ingress"].fails = {"/orders": 500}
    cause, _, found = place.wait(timeout=5)
    assert cause and "POST http" in cause.message and "/orders should respond with 201" in cause.message
    assert place.shops["ingress"].count("POST /orders") == 1
    assert not any(one.startswith("DELETE") for one in place.shops["ingress"].asked)
    assert [row["right"] for row in found["answers"]] == ["yes", "yes", "yes", "no", "", "", "", "yes"]


def test_what_is_sent_once_is_not_sent_again_though_nobody_responds(place: Place) -> None:
    """Not even over a connection that may have been dead: somebody has it in their books perhaps."""
    first = {"path": "/echo", "method": "PUT", "request_body": "a"}
    place.shops["ingress"].hangs_up = True
    cause, _, _ = place.wait(timeout=3, endpoints=[LOGIN, ME, first, ORDER])
    assert cause and cause.type == "IngressNotRouted"
    assert "it may have been carried out, and is not repeated" in cause.message
    assert place.shops["ingress"].asked[-2:] == ["PUT /echo", "POST /orders"]
    assert place.shops["ingress"].count("POST /orders") == 1


def test_a_login_that_one_who_goes_has_refused_is_tried_once_more(place: Place) -> None:
    """After a rollout the Ingress may still lead to Pods of the version before, which know another password."""
    ingress = place.shops["ingress"]
    ingress.password = "of the version before"
    settled_at = time.time() + 1.2
    with place.open(settled_at=settled_at) as arguments, Verifier(arguments) as verifier:
        threading.Timer(0.8, setattr, (ingress, "password", PASSWORD)).start()
        assert judge(verifier.wait(5)) is None
    assert ingress.count("POST /login") == 2


def test_an_unchanged_run_orders_nothing(place: Place) -> None:
    with place.open() as arguments:
        found = glance(arguments)
    assert found["answers"][2]["right"] == "yes"
    assert not any(one.startswith(("POST /orders", "DELETE")) for one in place.shops["ingress"].asked)


def test_a_handshake_that_somebody_else_answers(place: Place) -> None:
    place.shops["p1"].accepts = False
    cause, _, _ = place.wait(endpoints=[SOCKET])
    assert cause and cause.type == "ReplicaWrong"
    assert "WebSocket /live should respond with 101" in cause.message
    assert "Sec-WebSocket-Accept" in cause.message


def test_without_the_right_to_forward_ports_the_ingress_is_verified_and_that_is_told(place: Place) -> None:
    place.forbids = True
    cause, _, found = place.wait(endpoints=[{"path": "/open"}, LOGIN, ME, SOCKET])
    assert cause is None
    assert found["replicas"] == [{"pod": name, "right": "1", "asked": "1"} for name in ("p1", "p2")]
    assert found["spared"].startswith("POST /login, /me, WebSocket /live: its port cannot be forwarded: ")
    assert "forbidden" in found["spared"]
    assert "  The Pods were not checked one by one at POST /login" in "\n".join(report.lines("", "", found))


def test_a_pod_that_does_not_listen_is_no_answer(place: Place) -> None:
    with place.open(endpoints=[ME | {"headers": {"X-A": "b-c-d"}}]) as arguments:
        place.ports["p1"] = 0
        with Verifier(arguments) as verifier:
            cause = judge(verifier.wait(0))
    assert cause and "Pod p1 at /me should respond with 200" in cause.message
    assert "connection refused" in cause.message


def test_a_plain_list_forwards_no_port(place: Place) -> None:
    cause, _, found = place.wait(endpoints=[{"path": "/open"}])
    assert cause is None and place.forwards == 0
    assert found["checks"]["endpoints"] == [{"path": "/open"}]


def test_a_response_of_any_length_comes_through_a_forwarded_port(place: Place) -> None:
    body = "x" * 200_000
    big = {"path": "/echo", "method": "PUT", "request_body": body, "repeat": True, "contains": body, "varies": True}
    cause, _, found = place.wait(endpoints=[big])
    assert cause is None
    assert found["replicas"][0]["right"] == "1"


def test_a_login_by_cookie_and_one_by_a_form(place: Place) -> None:
    form = {"user": "august", "password": PASSWORD}
    login = {"path": "/form", "method": "POST", "request_form": form, "save": {"session": "cookie.session"}}
    inside = {"path": "/cookie", "headers": {"Cookie": "session=${session}"}, "json": "in"}
    cause, _, _ = place.wait(endpoints=[login, inside, {"path": "/cookie", "status": 401}])
    assert cause is None
    assert place.shops["p1"].heard[0]["Content-Type"] == "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("save", "words"),
    [
        ({"token": "json.token"}, "there is nothing to save at json.token"),
        ({"token": "json"}, "json is not a single value"),
        ({"token": "header.X-Token"}, "nothing to save at header.X-Token"),
        ({"token": "cookie.other"}, "nothing to save at cookie.other"),
    ],
)
def test_what_a_login_does_not_give(place: Place, save: dict[str, str], words: str) -> None:
    cause, _, _ = place.wait(endpoints=[LOGIN | {"save": save}, ME])
    assert cause and words in cause.message


def test_the_handshake_is_that_of_the_standard() -> None:
    """The sample of RFC 6455, 1.3."""
    key = base64.b64encode(b"the sample nonce").decode()
    digest = [0xB3, 0x7A, 0x4F, 0x2C, 0xC0, 0x62, 0x4F, 0x16, 0x90, 0xF6]
    digest += [0x46, 0x06, 0xCF, 0x38, 0x59, 0x45, 0xB2, 0xBE, 0xC4, 0xEA]
    assert base64.b64decode(accepted(key)) == bytes(digest)


def test_headers_of_a_response(place: Place) -> None:
    wanted = {"cache-control": "no-store", "X-SHOP": "open", "Content-Type": "application/json"}
    cause, _, _ = place.wait(endpoints=[{"path": "/open", "expect_headers": wanted}])
    assert cause is None
    cause, _, _ = place.wait(endpoints=[{"path": "/open", "expect_headers": {"X-Shop": "closed"}}])
    assert cause and "its header X-Shop is 'open'" in cause.message
    assert "the header X-Shop with 'closed'" in cause.message
    cause, _, _ = place.wait(endpoints=[{"path": "/open", "expect_headers": {"X-Frame-Options": "DENY"}}])
    assert cause and "it has no header X-Frame-Options" in cause.message


def test_all_methods_reach_it(place: Place) -> None:
    listed = [
        {"path": "/echo", "method": "HEAD"},
        {"path": "/echo", "method": "options", "headers": {"Origin": "https://a.test"}, "varies": True},
        {"path": "/echo", "method": "PATCH", "request_json": {"a": [1, None, "é"]}, "json_includes": {"body": SENT}},
    ]
    cause, _, _ = place.wait(endpoints=listed)
    assert cause is None
    assert place.shops["ingress"].asked[-1] == "PATCH /echo"
    assert "PATCH /echo" not in place.shops["p1"].asked
