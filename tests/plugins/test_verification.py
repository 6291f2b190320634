"""Whether users get what they should: judged on a stand-in for a cluster whose Pods answer as the tests say."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.causes import Cause
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.evidence.answers import from_pods
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.client import KubeClient
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.config import Cluster, Credentials
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.verify.asker import Asker
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.verify.parties import Parties
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.verify.replicas import (
    NotAskedError,
    NotReachedError,
    ask,
    host_of,
)
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.verify.verification import (
    Seen,
    judge,
    replica_summary,
    serves,
    summary,
)
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.verify.verifier import Verifier

from fake_api_server import Reply, request, serving, status, write_kubeconfig
from fake_objects import client
from rollouts import deployment, pod, replica_set, runs

ENDPOINTS: list[dict[str, Any]] = [{"path": "/status", "json": 1}, {"path": "/users", "json_types": ["string"]}]
USERS = ["August", "Linda"]


class Town:
    """A cluster with two Pods, an Ingress before them, and what each answers."""

    def __init__(self) -> None:
        self.answers: dict[str, dict[str, tuple[int, Any]]] = {
            name: {"/status": (200, 1), "/users": (200, list(USERS))} for name in ("p1", "p2", "ingress")
        }
        self.served = ["p1", "p2"]
        self.deployment = deployment(
            spec={"replicas": 2}, replicas=2, updatedReplicas=2, readyReplicas=2, availableReplicas=2
        )
        self.found = True
        self.with_slices = True
        self.host, self.path = "", "/"
        self.refuse: dict[str, int] = {}
        self.asked: list[str] = []
        # When each question came through the Ingress.
        self.asked_at: list[float] = []

    def cluster(self, method: str, path: str, body: dict[str, Any]) -> Reply:
        self.asked.append(path)
        if code := next((code for part, code in self.refuse.items() if part in path), 0):
            return code, {"apiVersion": "v1", **dict(status(code, "because")[1])}
        if "/proxy" in path:
            name = path.split("/pods/")[1].split(":")[0]
            assert f"/pods/{name}:8000/proxy/" in path
            return self.answer(name, path.split("/proxy")[1])
        if "/deployments/" in path:
            return (200, self.deployment) if self.found else status(404, "no")
        if "/replicasets" in path:
            return 200, {"items": [replica_set()]}
        if "/ingresses/" in path:
            backend = {"service": {"name": "d"}}
            route = {"path": self.path, "pathType": "Prefix", "backend": backend}
            return 200, {"spec": {"rules": [{"host": self.host, "http": {"paths": [route]}}]}}
        if "/endpointslices" in path:
            return (200, {"items": self.slices()}) if self.with_slices else status(404, "no such API")
        if "/endpoints/" in path:
            if self.with_slices:
                # Without their controller: what is there is of yesterday, or nothing.
                return 200, {"subsets": []}
            addresses = [{"ip": "1.2.3.4", "targetRef": {"kind": "Pod", "name": name}} for name in self.served]
            return 200, {"subsets": [{"addresses": addresses, "ports": [{"port": 8000}]}] if addresses else []}
        old = pod(runs("api", 0, ready=True), name="old")
        old["metadata"]["labels"]["pod-template-hash"] = "old"
        return 200, {"items": [*(pod(runs("api", 0, ready=True), name=name) for name in ("p1", "p2")), old]}

    def slices(self) -> list[dict[str, Any]]:
        """One each for a Pod, and one without any, as a cluster has them in the midst of a change."""
        found = [
            {
                "ports": [{"name": "http", "port": 8000}],
                "endpoints": [{"addresses": ["1.2.3.4"], "conditions": {}, "targetRef": {"kind": "Pod", "name": name}}],
            }
            for name in self.served
        ]
        found[-1:] = [one | {"endpoints": [*one["endpoints"], self.starting()]} for one in found[-1:]]
        return [*found, {"ports": None, "endpoints": None}]

    @staticmethod
    def starting() -> dict[str, Any]:
        """A Pod that gets nothing yet."""
        return {"addresses": ["1.2.3.5"], "conditions": {"ready": False}, "targetRef": {"kind": "Pod", "name": "p9"}}

    def answer(self, who: str, path: str) -> Reply:
        code, document = self.answers[who][path]
        return code, json.dumps(document)

    def ingress(self, method: str, path: str, body: dict[str, Any]) -> Reply:
        self.asked_at.append(time.time())
        return self.answer("ingress", path)


@contextmanager
def asking(town: Town, tmp_path: Path, **more: Any) -> Iterator[Verifier]:
    with serving(town.cluster) as server, serving(town.ingress) as ingress:
        arguments: dict[str, Any] = {
            "base_url": ingress,
            "host": "",
            "endpoints": ENDPOINTS,
            "validate_certs": True,
            "name": "d",
            "namespace": "n",
            "kubeconfig": write_kubeconfig(tmp_path, server),
            "context": "",
        }
        with Verifier(arguments | more) as verifier:
            yield verifier


def verdict(town: Town, tmp_path: Path, timeout: float = 0, **more: Any) -> tuple[Cause | None, Seen]:
    with asking(town, tmp_path, **more) as verifier:
        seen = verifier.wait(timeout)
    return judge(seen), seen


def test_all_is_well(tmp_path: Path) -> None:
    town = Town()
    cause, seen = verdict(town, tmp_path)
    assert cause is None
    assert replica_summary(seen) == [{"pod": name, "right": "2", "asked": "2"} for name in ("p1", "p2")]
    assert [(row["answer"], row["right"]) for row in summary(seen)] == [
        ("200 1", "yes"),
        ('200 ["August", "Linda"]', "yes"),
    ]
    assert len([path for path in town.asked if "/proxy" not in path]) == 5
    assert len(seen.ingress) == 2, "each Pod has its turn behind the Ingress"


def broken(town: Town, who: tuple[str, ...], path: str, code: int, document: Any) -> None:
    for name in who:
        town.answers[name][path] = (code, document)


@pytest.mark.parametrize(
    ("who", "answer", "kind", "words"),
    [
        (("p2",), (500, "no"), "ReplicaWrong", "Pod p2 at /users should respond with 200"),
        (("p1", "p2", "ingress"), (500, "no"), "WrongAnswer", "Pod p1 at /users.*so does every other Pod"),
        (
            ("p2",),
            (200, ["August", "Eve"]),
            "ReplicasDisagree",
            "at /users Pod p2 responds with 200 .*Eve.*others .*Linda",
        ),
        (("p2",), (200, [1]), "ReplicaWrong", r"shape: \$\[0\] is 1, not string"),
        (
            ("ingress",),
            (404, "page not found"),
            "IngressNotRouted",
            "gave 404 .*requested one by one, every Pod responds right",
        ),
        (
            ("ingress",),
            (200, ["Somebody"]),
            "WrongBackend",
            "responds with 200 .*Somebody.*the Ingress leads elsewhere",
        ),
    ],
)
def test_wrong_answers(tmp_path: Path, who: tuple[str, ...], answer: tuple[int, Any], kind: str, words: str) -> None:
    town = Town()
    broken(town, who, "/users", *answer)
    cause, _ = verdict(town, tmp_path)
    assert cause is not None
    assert cause.type == kind
    assert re.search(words, cause.message), cause.message
    assert cause.remedy
    assert cause.pod == ("" if who == ("ingress",) else who[0])


@pytest.mark.parametrize(("host", "kind"), [("a.test", ""), ("*.test", ""), ("b.test", "WrongBackend"), ("", "")])
def test_somebody_else_who_answers_the_same(tmp_path: Path, host: str, kind: str) -> None:
    """Another deployment of the same API behind the name that was asked for."""
    town = Town()
    town.host = host
    cause, _ = verdict(town, tmp_path, host="a.test")
    assert (cause.type if cause else "") == kind


class Gated(Town):
    """A town whose way in is an HTTPRoute, and what its Gateway says of it."""

    def __init__(self, accepted: str) -> None:
        super().__init__()
        self.accepted = accepted

    def cluster(self, method: str, path: str, body: dict[str, Any]) -> Reply:
        if "/ingresses/" in path:
            return status(404, "no")
        if "/httproutes/" in path:
            parent = {"name": "public", "namespace": "web"}
            condition = {"type": "Accepted", "status": self.accepted, "reason": "NotAllowedByListeners"}
            return 200, {
                "kind": "HTTPRoute",
                "metadata": {"name": "d", "namespace": "n"},
                "spec": {"parentRefs": [parent], "hostnames": ["a.test"], "rules": [{"backendRefs": [{"name": "d"}]}]},
                "status": {"parents": [{"parentRef": parent, "conditions": [condition]}]},
            }
        return super().cluster(method, path, body)


def test_a_gateway_that_serves_the_route_is_no_cause(tmp_path: Path) -> None:
    assert verdict(Gated("True"), tmp_path, host="a.test")[0] is None


def test_a_route_that_no_gateway_serves_is_the_cause_whatever_users_get(tmp_path: Path) -> None:
    town = Gated("False")
    for code in (200, 404):
        broken(town, ("ingress",), "/status", code, 1)
        cause, _ = verdict(town, tmp_path, host="a.test")
        assert cause and cause.type == "RouteNotServed"
        assert "the Gateway web/public does not serve it: NotAllowedByListeners" in cause.message
        assert "app_gateway" in cause.remedy


def test_a_route_for_another_host_leads_elsewhere(tmp_path: Path) -> None:
    cause, _ = verdict(Gated("True"), tmp_path, host="b.test")
    assert cause and (cause.type, cause.message.partition(",")[0]) == ("WrongBackend", "the HTTPRoute serves a.test")


@pytest.mark.parametrize(("path", "kind"), [("/", ""), ("/status", "WrongBackend"), ("/u", "WrongBackend")])
def test_an_ingress_that_leads_only_some_paths_here(tmp_path: Path, path: str, kind: str) -> None:
    """Somebody who serves any host, and the same API, answers for the others."""
    town = Town()
    town.path = path
    cause, _ = verdict(town, tmp_path)
    assert (cause.type if cause else "") == kind


def test_what_will_not_mend_itself_is_told_sooner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.verify.verifier.CERTAIN_SECONDS", 0.6
    )
    town = Town()
    town.path = "/elsewhere"
    began = time.monotonic()
    cause, _ = verdict(town, tmp_path, timeout=12)
    assert cause and cause.type == "WrongBackend"
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("path", ["/elsewhere", "/"])
def test_a_time_that_was_set_is_given_whole(tmp_path: Path, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A load balancer that is being made refuses, or leads elsewhere, for minutes."""
    monkeypatch.setattr(
        "ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.verify.verifier.CERTAIN_SECONDS", 0.6
    )
    town = Town()
    town.path = path
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = {} if path != "/" else {"base_url": f"http://127.0.0.1:{taken.getsockname()[1]}"}
        began = time.monotonic()
        cause, _ = verdict(town, tmp_path, timeout=4, **url)
    assert cause and cause.type in ("WrongBackend", "IngressNotAnswering")
    assert time.monotonic() - began >= 3.5


def test_an_ingress_that_is_late_after_an_outage_is_waited_for(tmp_path: Path) -> None:
    town = Town()
    town.path = "/elsewhere"

    def catch_up() -> None:
        time.sleep(4)
        town.path = "/"

    thread = threading.Thread(target=catch_up)
    thread.start()
    assert verdict(town, tmp_path, timeout=1, outage_ended=time.time())[0] is None
    thread.join()


def test_pods_that_are_wrong_are_not_excused_by_an_outage(tmp_path: Path) -> None:
    town = Town()
    broken(town, ("p1", "p2"), "/users", 500, "no")
    began = time.monotonic()
    cause, _ = verdict(town, tmp_path, timeout=1, outage_ended=time.time())
    assert cause and time.monotonic() - began < 20


def test_answers_that_may_vary(tmp_path: Path) -> None:
    town = Town()
    broken(town, ("p2",), "/users", 200, ["Eve"])
    endpoints = [ENDPOINTS[0], {**ENDPOINTS[1], "varies": True}]
    assert verdict(town, tmp_path, endpoints=endpoints)[0] is None


def test_what_is_right_before_the_ingress_has_settled_is_asked_again(tmp_path: Path) -> None:
    """An answer of the version before, from a Pod that is going, may be right by chance, or not be met at all."""
    town = Town()
    settled = time.time() + 1
    cause, _ = verdict(town, tmp_path, timeout=10, settled_at=settled)
    assert cause is None
    assert town.asked_at[-1] >= settled
    town.asked_at.clear()
    assert verdict(town, tmp_path, timeout=10, settled_at=settled)[0] is None
    assert len(town.asked_at) == 4, "what has settled is asked once"


def test_a_cluster_without_endpoint_slices(tmp_path: Path) -> None:
    """Kubernetes before 1.21; and an account without a right to them."""
    town = Town()
    town.with_slices = False
    assert verdict(town, tmp_path)[0] is None
    town.refuse = {"/endpointslices": 403}
    cause, seen = verdict(town, tmp_path)
    assert cause is None and len(seen.replicas) == 2
    town.served = []
    cause, _ = verdict(town, tmp_path)
    assert cause and cause.type == "ServiceWithoutPods"


@pytest.mark.parametrize("code", [400, 401, 403, 404, 409, 429, 500, 503])
def test_what_the_api_server_refuses_is_no_answer_of_the_pod(code: int) -> None:
    refusal = code, {"apiVersion": "v1", **dict(status(code, "because")[1])}
    with serving(lambda *_: refusal) as server:
        if code in (401, 403):
            with pytest.raises(NotAskedError, match="because"):
                ask(client(server), "n", "p", 8000, "/")
            return
        answer = ask(client(server), "n", "p", 8000, "/")
    assert answer.status == 0 and "because" in answer.error
    assert answer.unreached == (code in (429, 503))


def test_pods_of_the_version_before(tmp_path: Path) -> None:
    town = Town()
    town.served = ["old", "p1", "p2"]
    cause, _ = verdict(town, tmp_path)
    assert cause and (cause.type, cause.pod) == ("StalePods", "old")


@pytest.mark.parametrize("served", [[], ["p1"]])
def test_pods_without_requests(tmp_path: Path, served: list[str]) -> None:
    town = Town()
    town.served = served
    cause, _ = verdict(town, tmp_path)
    assert cause and cause.type == "ServiceWithoutPods"


def test_a_rollout_under_way(tmp_path: Path) -> None:
    town = Town()
    town.deployment["status"]["readyReplicas"] = 1
    cause, _ = verdict(town, tmp_path)
    assert cause and cause.type == "RolloutIncomplete" and "ready Pods: 1 of 2" in cause.message


def test_an_answer_from_somewhere_else(tmp_path: Path) -> None:
    """All is as expected, only that nothing is deployed."""
    town = Town()
    town.found = False
    cause, _ = verdict(town, tmp_path)
    assert cause and cause.type == "NotDeployed"


@pytest.mark.parametrize(("part", "code"), [("/deployments/", 403), ("/proxy", 403), ("/endpointslices", 401)])
def test_pods_that_may_not_be_asked(tmp_path: Path, part: str, code: int) -> None:
    town = Town()
    town.refuse = {part: code}
    with asking(town, tmp_path) as verifier:
        seen = verifier.wait(5)
        assert judge(seen) is None
        assert str(code) in verifier.unasked


def test_a_cluster_that_cannot_be_reached(tmp_path: Path) -> None:
    with serving(lambda *_: (200, {})) as server:
        pass
    (tmp_path / "down").mkdir()
    with asking(Town(), tmp_path, kubeconfig=write_kubeconfig(tmp_path / "down", server)) as verifier:
        assert judge(verifier.wait(5)) is None
        assert "connection refused" in verifier.unasked


def test_a_cluster_in_trouble_is_asked_again(tmp_path: Path) -> None:
    town = Town()
    town.refuse = {"/endpointslices": 500}
    with asking(town, tmp_path) as verifier:
        verifier.ask()
        assert verifier.passing
        town.refuse = {}
        seen = verifier.wait(5)
        assert len(seen.replicas) == 2
        assert not verifier.unasked


def test_a_pod_that_the_api_server_does_not_reach(tmp_path: Path) -> None:
    town = Town()
    town.refuse = {"/pods/p2:": 503}
    cause, _ = verdict(town, tmp_path)
    assert cause and (cause.type, cause.pod) == ("ReplicaWrong", "p2")
    assert "no response (because)" in cause.message


UNREACHED = "error trying to reach service: dial tcp 198.18.0.9:8000: i/o timeout"


@pytest.mark.parametrize(("code", "as_text"), [(502, True), (503, False), (504, False), (503, True)])
def test_an_api_server_that_is_shut_out_from_all_pods(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, as_text: bool
) -> None:
    """A NetworkPolicy lets in a Pod's own node, and not an API server on another: what users get is verified."""
    monkeypatch.setattr(
        "ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.verify.verifier.UNREACHED_SECONDS", 0.6
    )
    town = Town()
    asked = town.cluster

    def cluster(method: str, path: str, body: dict[str, Any]) -> Reply:
        if "/proxy" not in path:
            return asked(method, path, body)
        town.asked.append(path)
        return (code, UNREACHED) if as_text else (code, {"apiVersion": "v1", **dict(status(code, UNREACHED)[1])})

    monkeypatch.setattr(town, "cluster", cluster)
    with asking(town, tmp_path) as verifier:
        seen = verifier.wait(10)
        assert judge(seen) is None and not seen.replicas
        assert "reaches none of them, though they are ready" in verifier.unasked and UNREACHED in verifier.unasked
    assert [path for path in town.asked if path.endswith("/users")] == [], "each was asked but once a round"
    assert len([path for path in town.asked if "/p1:" in path]) > 1, "it may pass, and was asked again"
    broken(town, ("ingress",), "/users", 500, "no")
    cause, _ = verdict(town, tmp_path)
    assert cause and cause.type == "WrongAnswer"


def test_evidence_does_without_pods_that_the_api_server_does_not_reach() -> None:
    asked: list[str] = []
    silent = {"p1", "p2"}

    def route(method: str, path: str, body: dict[str, Any]) -> Reply:
        asked.append(path)
        return (502, UNREACHED) if path.split("/pods/")[1].split(":")[0] in silent else (200, "1")

    endpoints = [{"path": "/status", "json": 1}, {"path": "/users"}]

    def answers(client: KubeClient) -> list[dict[str, Any]]:
        return from_pods(Parties(Asker("http://nobody.test"), endpoints), client, "n", ["p1", "p2"], 8000, 1)

    with serving(route) as server:
        client = KubeClient(Cluster(server, "here", "/kubeconfig", Credentials()), timeout=5)
        with pytest.raises(NotReachedError):
            answers(client)
        assert len(asked) == 2
        silent.remove("p2")
        rows = answers(client)
    assert [row["right"] for row in rows] == [False, False, True, True]


def test_pods_that_the_api_server_reaches_in_the_end(tmp_path: Path) -> None:
    town = Town()
    town.refuse = {"/proxy": 503}
    with asking(town, tmp_path) as verifier:
        assert verifier.ask().replicas == {} and verifier.passing
        town.refuse = {}
        assert len(verifier.wait(5).replicas) == 2 and not verifier.unasked


def test_no_pods_are_asked_when_that_is_switched_off(tmp_path: Path) -> None:
    town = Town()
    cause, seen = verdict(town, tmp_path, name="")
    assert cause is None and not town.asked and not seen.replicas
    broken(town, ("ingress",), "/users", 404, "no")
    cause, _ = verdict(town, tmp_path, name="")
    assert cause and cause.type == "WrongAnswer"


def test_nobody_there_is_one_short_line(tmp_path: Path) -> None:
    with serving(lambda *_: (200, {})) as server:
        pass
    cause, _ = verdict(Town(), tmp_path, base_url=server)
    assert cause and cause.type == "IngressNotAnswering"
    assert cause.message.startswith(f"{server} gives no response (")


def test_what_is_slow(tmp_path: Path) -> None:
    cause, _ = verdict(Town(), tmp_path, endpoints=[{"path": "/status", "max_seconds": 0.000001}])
    assert cause and cause.type == "TooSlow"


def test_it_waits_until_the_answers_are_right(tmp_path: Path) -> None:
    town = Town()
    town.served = []
    with asking(town, tmp_path) as verifier:
        assert judge(verifier.ask())
        town.served = ["p1", "p2"]
        assert judge(verifier.wait(10)) is None


class Choosy(Town):
    """Its application checks the Host header, as Starlette's TrustedHostMiddleware does."""

    allowed = ("shop.example.org",)
    exempt: tuple[str, ...] = ()

    def answer(self, who: str, path: str) -> Reply:
        if request.host not in self.allowed and path not in self.exempt:
            return 400, "Invalid host header"
        return super().answer(who, path)


def test_pods_are_requested_for_the_name_that_users_request(tmp_path: Path) -> None:
    cause, seen = verdict(Choosy(), tmp_path, host="shop.example.org")
    assert cause is None
    assert set(seen.replicas) == {"p1", "p2"}


def test_an_application_that_checks_the_host_header_is_named(tmp_path: Path) -> None:
    for exempt in ((), ("/status",)):
        town = Choosy()
        town.exempt = exempt
        with serving(town.ingress) as ingress:
            # Users request the name of the URL, which Pods are not requested for.
            town.allowed = (ingress.removeprefix("http://"),)
            arguments = {"endpoints": ENDPOINTS, "base_url": ingress}
            with asking(town, tmp_path, **arguments) as verifier:
                cause = judge(verifier.wait(0))
        assert cause
        assert cause.type == "WrongAnswer"
        assert "it checks the Host header" in cause.message
        assert "app_ingress_host" in cause.remedy


def test_a_proxy_before_the_api_server_that_takes_the_name_for_its_own(tmp_path: Path) -> None:
    class Fronted(Town):
        def cluster(self, method: str, path: str, body: dict[str, Any]) -> Reply:
            known = request.host.startswith("127.0.0.1")
            return super().cluster(method, path, body) if known else (404, "default backend - 404")

    cause, seen = verdict(Fronted(), tmp_path, host="shop.example.org")
    assert cause is None
    assert set(seen.replicas) == {"p1", "p2"}


def test_paths_that_are_not_ascii(tmp_path: Path) -> None:
    town = Town()
    for answers in town.answers.values():
        answers["/users?name=M%C3%BCller%20x"] = (200, ["Müller"])
    cause, _ = verdict(town, tmp_path, endpoints=[{"path": "/users?name=Müller x", "json": ["Müller"]}])
    assert cause is None


@pytest.mark.parametrize(
    ("rule", "host", "good"),
    [
        ("*.shop.example.org", "users.shop.example.org", True),
        ("*.shop.example.org", "a.users.shop.example.org", False),
        ("*.shop.example.org", "shop.example.org", False),
        ("shop.example.org", "SHOP.example.org:8443", True),
        ("shop.example.org", "other.example.org", False),
    ],
)
def test_which_rule_of_an_ingress_is_for_a_host(rule: str, host: str, good: bool) -> None:
    assert serves(rule, host) is good


def test_a_pod_is_requested_for_the_name_that_it_is_probed_for() -> None:
    probe = {"httpGet": {"path": "/", "httpHeaders": [{"name": "Host", "value": "shop.example.org"}]}}
    assert host_of({"spec": {"containers": [{"name": "mysql"}, {"readinessProbe": probe}]}}) == "shop.example.org"
    assert host_of({"spec": {"containers": [{"readinessProbe": {"httpGet": {"path": "/"}}}]}}) == ""
