"""Watching a rollout on a server that does what a healthy cluster does not do on demand."""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.causes import CausedError
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube import watch as kube_watch
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.client import KubeClient
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.config import Cluster, Credentials
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.errors import BusyError, GoneError, KubeError
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.watch import Informer, Source
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.rollout import outage as rollout_outage
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.rollout.causes import Rules
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.rollout.watch import Rollout

from fake_api_server import Reply, serving, status
from fake_shop import LOGIN, ME, ORDER, PASSWORD, READ, Shop, open_shop
from rollouts import START, at, deployment, ended, pod, replica_set, rests, runs, waits

Object = dict[str, Any]
# In time for the slowest machine: what began now would be overdue after half a minute of other tests.
NOW = time.time() - START + 3600
KINDS = ("deployments", "replicasets", "pods", "events")


class Stage:
    """A server that holds objects, and sends changes to whoever watches."""

    def __init__(self, **objects: list[Object]) -> None:
        self.objects = {kind: objects.get(kind, []) for kind in KINDS}
        self.news: list[tuple[str, Object]] = []
        self.refuse: dict[str, int] = {}
        self.requests: list[str] = []
        self.log = ""
        self.answer: Reply = (200, "1")
        self.shown: list[str] = []
        self.watched: set[str] = set()
        self.changed = threading.Condition()
        self.closing = False
        # Watches that are to end, and whether those that are open say nothing.
        self.cut: set[str] = set()
        self.mute = False

    def change(self, kind: str, item: Object, how: str = "MODIFIED") -> None:
        with self.changed:
            left = [one for one in self.objects[kind] if one["metadata"]["uid"] != item["metadata"]["uid"]]
            self.objects[kind] = left if how == "DELETED" else [*left, item]
            self.news.append((kind, {"type": how, "object": item}))
            self.changed.notify_all()

    def asked(self, part: str, times: int = 1) -> bool:
        return sum(part in path for path in list(self.requests)) >= times

    def route(self, method: str, path: str, body: Object) -> Reply:
        self.requests.append(path)
        if "/proxy/" in path:
            return self.answer
        if "/log?" in path:
            return 200, self.log or "{}"
        kind = next((item for item in KINDS if f"/{item}" in path), "")
        if not kind:
            return status(404, "not of this play")
        how = "watch" if "watch=true" in path else "list"
        if code := self.refuse.get(f"{how} {kind}"):
            return status(code, "because")
        if how == "watch":
            self.watched.add(kind)
            return 200, self.stream(kind, int(parse_qs(urlsplit(path).query)["resourceVersion"][0]))
        if kind == "deployments" and "fieldSelector" not in path:
            return (200, self.objects[kind][0]) if self.objects[kind] else status(404, "no")
        return 200, {"metadata": {"resourceVersion": str(len(self.news))}, "items": copy.deepcopy(self.objects[kind])}

    def stream(self, kind: str, since: int) -> Iterator[Object]:
        while not self.closing and kind not in self.cut:
            with self.changed:
                if len(self.news) == since or self.mute:
                    self.changed.wait(timeout=1)
            if self.mute:
                continue
            with self.changed:
                fresh, since = self.news[since:], len(self.news)
            yield from (event for name, event in fresh if name == kind)


def client(server: str) -> KubeClient:
    return KubeClient(Cluster(server, "here", "/kubeconfig", Credentials()), timeout=20)


def done(uid: str = "u") -> Object:
    finished = deployment(replicas=1, availableReplicas=1)
    finished["metadata"]["uid"] = uid
    return finished


def rolling(*pods: Object) -> Stage:
    return Stage(deployments=[deployment()], replicasets=[replica_set()], pods=list(pods))


def watching(
    stage: Stage,
    timeout: float = 60,
    rules: Rules | None = None,
    endpoints: list[Object] | None = None,
    pod_port: int = 0,
) -> tuple[list[str], list[Object] | KubeError]:
    """Watch to the end: the lines shown, and the Pods or the error."""
    with serving(stage.route, forwarded=lambda path: pod_port) as server:
        try:
            return stage.shown, Rollout(client(server), "n", "d", rules, stage.shown.append, endpoints).wait(timeout)
        except KubeError as error:
            return stage.shown, error
        finally:
            stage.closing = True


def later(
    stage: Stage, *changes: tuple[Any, ...], when: Callable[[], bool] | None = None, recovers: bool = False
) -> None:
    """Change it once all of it is watched, or something else has been seen: however slow the machine is."""

    def act() -> None:
        deadline = time.monotonic() + 40
        while not (when() if when else stage.watched == set(KINDS)) and time.monotonic() < deadline:
            time.sleep(0.02)
        if recovers:
            stage.refuse = {}
        for change in changes:
            stage.change(*change)

    threading.Thread(target=act, daemon=True).start()


# Sooner than the time is up: what is known at once is told at once, on the slowest of machines.
SOON = 20


def test_a_finished_rollout_costs_two_requests() -> None:
    stage = Stage(deployments=[done()], pods=[pod(runs("api", NOW, ready=True))])
    shown, pods = watching(stage)
    assert len(stage.requests) == 2
    assert isinstance(pods, list)
    assert not shown


def test_how_things_are_without_waiting() -> None:
    for stage, expected in ((Stage(), (0, False)), (rolling(pod(runs("api", NOW))), (1, False))):
        with serving(stage.route) as server:
            pods, complete = Rollout(client(server), "n", "d").now()
        assert (len(pods), complete) == expected


def test_the_end_is_seen_as_it_happens() -> None:
    stage = rolling(pod(runs("api", NOW)))
    later(stage, ("pods", pod(runs("api", NOW, ready=True))), ("deployments", done()))
    began = time.monotonic()
    shown, pods = watching(stage)
    assert isinstance(pods, list) and pods[0]["status"]["containerStatuses"][0]["ready"]
    assert time.monotonic() - began < SOON
    assert shown == ["  d: 1/1 new, 1/1 ready, 2 in all"]
    lists = [path for path in stage.requests if "watch=true" not in path and "/log?" not in path]
    assert len(lists) == 6, "a watch that goes well is not polled"


def test_hopeless_ends_at_once_and_names_the_cause() -> None:
    stage = rolling(pod(runs("api", NOW)))
    later(stage, ("pods", pod(waits("api", "InvalidImageName"))))
    _, error = watching(stage)
    assert isinstance(error, CausedError)
    assert [one["name"] for one in error.details["timeline"]["pods"]] == ["p"]
    assert error.cause.as_dict() == {
        "type": "ImageNameInvalid",
        "message": "Pod p, container api: 'registry/api:1' is not an image name",
        "remedy": "Correct app_api_image or app_db_image.",
        "pod": "p",
        "container": "api",
    }
    assert str(error).startswith("Deployment d in namespace n cannot come up: ImageNameInvalid: Pod p, container api:")
    assert "\n" not in str(error)


def test_patience_ends_without_any_news() -> None:
    stage = rolling(pod(waits("api", "ErrImagePull", "connection refused")))
    began = time.monotonic()
    shown, error = watching(stage, rules=Rules(patience=1))
    assert isinstance(error, CausedError) and error.cause.type == "ImagePullFailed"
    assert 0.9 < time.monotonic() - began < SOON
    assert any("ImagePullFailed" in line for line in shown)


def test_the_last_lines_of_a_crash_are_told() -> None:
    stage = rolling(pod(rests("api", 2, ended(1, NOW, NOW + 1))))
    stage.log = "Traceback: it broke"
    _, error = watching(stage)
    assert isinstance(error, CausedError) and error.cause.type == "ContainerExited"
    assert "it broke" in error.cause.message


def test_a_log_that_the_node_no_longer_has_is_not_told() -> None:
    stage = rolling(pod(rests("api", 2, ended(1, NOW, NOW + 1))))
    stage.log = "unable to retrieve container logs for containerd://0123"
    _, error = watching(stage)
    assert "0123" not in str(error)


def test_the_deadline_says_what_is_still_lacking() -> None:
    starting = runs("api", NOW)
    stage = rolling(pod(starting))
    stage.objects["deployments"][0]["status"] |= {"replicas": 1, "readyReplicas": 0}
    _, error = watching(stage, timeout=3)
    assert isinstance(error, CausedError) and error.cause.type == "DeadlineExceeded"
    assert "not rolled out within 3 s; still waiting for ready Pods: 0 of 1. Pod p (container api not ready)" in str(
        error
    )


def test_the_deadline_names_trouble_that_is_there() -> None:
    stage = rolling(pod(waits("api", "CreateContainerConfigError", 'secret "s" not found')))
    _, error = watching(stage, timeout=3)
    assert isinstance(error, CausedError) and error.cause.type == "SecretMissing"


STATUS = {"kind": "Status", "apiVersion": "v1", "message": "error trying to reach service: i/o timeout"}


def ready_pod() -> Object:
    item = pod(runs("api", NOW, ready=True), conditions=[{"type": "Ready", "status": "True"}])
    item["spec"]["containers"][0]["ports"] = [
        {"name": "other", "containerPort": 9},
        {"name": "http", "containerPort": 8000},
    ]
    return item


def test_a_new_pod_that_answers_wrong_ends_the_rollout_while_old_ones_serve(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.rollout.new_pods.FINAL_PATIENCE", 1.0
    )
    stage = rolling(ready_pod())
    stage.answer = (500, "no")
    _, error = watching(stage, endpoints=[{"path": "/status", "json": 1}])
    assert isinstance(error, CausedError)
    assert (error.cause.type, error.cause.pod) == ("WrongAnswer", "p")
    assert "Pod p at /status should respond with 200 and 1, but gave 500 no" in error.cause.message
    assert any("/pods/p:8000/proxy/status" in path for path in stage.requests)


def test_a_new_pod_that_answers_right_is_asked_once() -> None:
    stage = rolling(ready_pod())
    later(stage, ("pods", ready_pod()), ("deployments", done()), when=lambda: stage.asked("/proxy/"))
    _, pods = watching(stage, endpoints=[{"path": "/status", "json": 1}])
    assert isinstance(pods, list)
    assert len([path for path in stage.requests if "/proxy/" in path]) == 1


def test_a_new_pod_is_logged_in_to_and_gets_no_order() -> None:
    shop = Shop()
    stage = rolling(ready_pod())
    later(stage, ("pods", ready_pod()), ("deployments", done()), when=lambda: bool(shop.count("GET /me")))
    with open_shop(shop) as port:
        _, pods = watching(stage, endpoints=[LOGIN, ME, ORDER, READ], pod_port=port)
    assert isinstance(pods, list)
    assert shop.asked == ["POST /login", "GET /me"]


def test_a_new_pod_that_refuses_the_login_is_asked_for_it_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.rollout.new_pods.FINAL_PATIENCE", 1.0
    )
    shop = Shop()
    shop.password = "another"
    with open_shop(shop) as port:
        _, error = watching(rolling(ready_pod()), endpoints=[LOGIN, ME], pod_port=port)
    assert isinstance(error, CausedError)
    assert "Pod p at POST /login should respond with 200" in error.cause.message
    assert PASSWORD not in str(error)
    assert shop.asked == ["POST /login"]


def test_new_pods_that_may_not_be_asked_are_left_to_the_verification() -> None:
    stage = rolling(ready_pod())
    stage.answer = (403, {"kind": "Status", "apiVersion": "v1", "message": "forbidden"})
    later(stage, ("deployments", done()), when=lambda: stage.asked("/proxy/"))
    _, pods = watching(stage, endpoints=[{"path": "/status", "json": 1}])
    assert isinstance(pods, list)


@pytest.mark.parametrize("answer", [(502, "error trying to reach service: dial tcp: i/o timeout"), (503, STATUS)])
def test_new_pods_that_the_api_server_does_not_reach_are_left_to_the_verification(
    answer: tuple[int, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ready, says their own node, which a NetworkPolicy lets in; the API server may be on another."""
    monkeypatch.setattr(
        "ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.rollout.new_pods.FINAL_PATIENCE", 1.0
    )
    stage = rolling(ready_pod())
    stage.answer = answer
    later(stage, ("deployments", done()), when=lambda: stage.asked("/proxy/", 2))
    _, pods = watching(stage, endpoints=[{"path": "/status", "json": 1}])
    assert isinstance(pods, list)


def test_a_new_pod_that_goes_silent_after_an_answer_ends_the_rollout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.rollout.new_pods.FINAL_PATIENCE", 1.0
    )
    stage = rolling(ready_pod())
    stage.answer = (500, "no")

    def fall_silent() -> bool:
        if heard := stage.asked("/proxy/"):
            stage.answer = (503, STATUS)
        return heard

    later(stage, when=fall_silent)
    _, error = watching(stage, endpoints=[{"path": "/status", "json": 1}])
    assert isinstance(error, CausedError) and error.cause.type == "WrongAnswer"
    assert "no response (error trying to reach service" in error.cause.message


def test_where_watching_is_forbidden_it_looks_again_and_again() -> None:
    stage = rolling(pod(runs("api", NOW)))
    stage.refuse = {f"watch {kind}": 403 for kind in KINDS}
    later(stage, ("deployments", done()), when=lambda: stage.asked("watch=true", 6))
    _, pods = watching(stage)
    assert isinstance(pods, list)


def test_events_that_may_not_be_seen_are_done_without() -> None:
    stage = rolling(pod(waits("api", "InvalidImageName")))
    stage.refuse = {"list events": 403}
    _, error = watching(stage)
    assert isinstance(error, CausedError) and error.cause.type == "ImageNameInvalid"


def test_pods_that_may_not_be_seen_are_an_error_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that starts says so, too, until it knows who may what."""
    monkeypatch.setattr(rollout_outage, "OUTAGE", 1.0)
    stage = rolling()
    stage.refuse = {"list pods": 403}
    began = time.monotonic()
    _, error = watching(stage)
    assert isinstance(error, KubeError) and "forbids it (403)" in str(error)
    assert time.monotonic() - began < SOON


def test_a_deployment_that_is_removed_meanwhile() -> None:
    stage = rolling()
    later(stage, ("deployments", deployment(), "DELETED"))
    _, error = watching(stage)
    assert "was removed while it was watched" in str(error)


@pytest.mark.parametrize("code", [500, 503, 410])
def test_a_server_in_trouble_is_waited_for(code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.client.BUSY_SECONDS", 0.0)
    stage = rolling(pod(runs("api", NOW)))
    stage.refuse = {f"watch {kind}": code for kind in KINDS}
    # A watch that is too old is no outage: it begins again, without a word.
    told = "Waiting for it, at most 60 s"
    seen = (lambda: stage.asked("watch=true", 12)) if code == 410 else (lambda: told in "".join(stage.shown))
    later(stage, ("deployments", done()), when=seen, recovers=True)
    shown, pods = watching(stage)
    assert isinstance(pods, list)
    assert (told in "".join(shown)) is (code != 410)


def test_a_server_that_stays_away_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollout_outage, "OUTAGE", 1.0)
    stage = rolling(pod(runs("api", NOW)))
    stage.refuse = {f"{how} {kind}": 500 for how in ("watch", "list") for kind in ("pods", "replicasets")}
    began = time.monotonic()
    _, error = watching(stage)
    assert isinstance(error, KubeError) and "500" in str(error)
    assert time.monotonic() - began < SOON


@pytest.mark.parametrize("code", [401, 403, 500])
def test_an_outage_judges_nobody(code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was wrong just before it would be hopeless by now, and is fixed where nobody can see it."""
    stage = rolling(pod(waits("api", "ErrImagePull", "connection refused")))

    def known() -> bool:
        if seen := stage.watched == set(KINDS):
            stage.refuse = {f"{one} {kind}": code for one in ("list", "watch") for kind in KINDS}
            # Whoever follows meets it at the next request; who has a stream open would not.
            for kind in KINDS:
                stage.cut.add(kind)
            with stage.changed:
                stage.changed.notify_all()
        return seen

    def fixed() -> bool:
        return "Waiting for it" in "".join(stage.shown) and time.monotonic() - began > 4

    began = time.monotonic()
    later(stage, when=known)
    later(stage, ("pods", pod(runs("api", NOW, ready=True))), ("deployments", done()), when=fixed, recovers=True)
    shown, pods = watching(stage, rules=Rules(patience=2))
    assert isinstance(pods, list), pods
    assert "at most 60 s" in "".join(shown)


def test_an_outage_before_the_first_look_and_at_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = rolling(pod(runs("api", NOW)))
    stage.refuse = {"list deployments": 401}
    later(stage, ("deployments", done()), when=lambda: stage.asked("deployments/d", 2), recovers=True)
    _, pods = watching(stage)
    assert isinstance(pods, list)
    stage = Stage(deployments=[done()], pods=[pod(runs("api", NOW, ready=True))])
    stage.refuse = {"list pods": 500}
    later(stage, when=lambda: stage.asked("/pods?"), recovers=True)
    _, pods = watching(stage)
    assert isinstance(pods, list) and len(pods) == 1


def test_a_silent_watch_is_not_believed_alone() -> None:
    """Nobody is at its other end any more, and what it said last is long over."""
    stage = rolling(pod(waits("api", "ErrImagePull", "connection refused")))
    stage.mute = True
    later(stage, ("pods", pod(runs("api", NOW))))

    def act() -> None:
        while not stage.asked("/pods?labelSelector", 3):
            time.sleep(0.05)
        stage.mute = False
        stage.change("deployments", done())

    threading.Thread(target=act, daemon=True).start()
    _, pods = watching(stage, rules=Rules(patience=2))
    assert isinstance(pods, list), pods


def test_a_watch_that_is_gone_for_ever_is_not_listed_without_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kube_watch, "LONGEST_PAUSE", 1.0)
    stage = rolling(pod(runs("api", NOW)))
    stage.refuse = {f"watch {kind}": 410 for kind in KINDS}
    _, error = watching(stage, timeout=4)
    assert isinstance(error, CausedError)
    assert len([path for path in stage.requests if "watch=true" in path and "/pods" in path]) <= 6


def test_dead_pods_of_the_past_end_no_rollout() -> None:
    """Evicted weeks ago, in the same ReplicaSet: nobody takes them away."""
    old = []
    for number, reason in enumerate(["Evicted", "NodeShutdown", "DeadlineExceeded", "Preempting", "Evicted"]):
        dead = pod(name=f"old{number}", phase="Failed", reason=reason, message="long ago")
        dead["metadata"]["creationTimestamp"] = at(NOW - 900000)
        old.append(dead)
    stage = rolling(pod(runs("api", NOW)), *old)
    later(stage, ("deployments", done()), when=lambda: stage.watched == set(KINDS))
    _, pods = watching(stage)
    assert isinstance(pods, list), pods


def test_a_watch_that_is_too_old_is_told() -> None:
    gone = {"type": "ERROR", "object": {"code": 410, "message": "too old resource version"}}
    with serving(lambda *_: (200, iter([gone]))) as server, pytest.raises(GoneError, match="too old"):
        list(client(server).watch("/api/v1/pods", 5))


def test_a_mirror_follows_what_comes_and_goes() -> None:
    stage = rolling(pod(name="a"))
    with (
        serving(stage.route) as server,
        Informer(client(server), [Source("pods", "/api/v1/namespaces/n/pods")]) as mirror,
    ):
        seen = 0
        while not mirror.complete():
            seen = mirror.wait(seen, 1)
        stage.change("pods", pod(name="b"), "ADDED")
        stage.change("pods", pod(name="a"), "DELETED")
        until = time.monotonic() + SOON
        while [item["metadata"]["name"] for item in mirror.items("pods")] != ["b"]:
            assert time.monotonic() < until
            seen = mirror.wait(seen, 0.5)
        stage.closing = True


def busy(*codes: int, wait: str = "0") -> tuple[list[str], Any]:
    asked: list[str] = []

    def route(method: str, path: str, body: Object) -> Reply:
        asked.append(method)
        code = codes[len(asked) - 1] if len(asked) <= len(codes) else 200
        return (code, status(code, "busy")[1], {"Retry-After": wait}) if code >= 400 else (200, {"all": "well"})

    return asked, route


@pytest.mark.parametrize("code", [429, 503])
def test_a_busy_server_is_asked_again_when_it_says(code: int) -> None:
    asked, route = busy(code, code)
    with serving(route) as server:
        assert client(server).get("/version") == {"all": "well"}
    assert len(asked) == 3


def test_a_server_that_asks_for_too_much_patience() -> None:
    asked, route = busy(429, wait="3600")
    began = time.monotonic()
    with serving(route) as server, pytest.raises(BusyError, match=r"limits the rate of requests \(429\): busy"):
        client(server).get("/version")
    assert time.monotonic() - began < SOON
    assert len(asked) == 1


def test_what_may_have_been_done_is_not_sent_again() -> None:
    asked, route = busy(503)
    with serving(route) as server, pytest.raises(BusyError, match=r"not able to serve now \(503\)"):
        client(server).request("POST", "/api/v1/namespaces", body={})
    assert asked == ["POST"]
