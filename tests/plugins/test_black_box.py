"""What is kept of a failed rollout, and that no secret is."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.action.black_box import save
from ansible_collections.fastapi_mysql.k8s.plugins.action.logs import ActionModule
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.client import KubeClient
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.errors import KubeError
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.redaction.hidden_values import (
    hidden_values,
    without_secrets,
)
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.redaction.mask import Mask
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.redaction.pod_secrets import secret_names
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.release.revisions import Revision, digest_of, packed

from fake_api_server import Reply, serving, status, write_kubeconfig
from rollouts import deployment, ended, event, pod, replica_set, rests, runs

PASSWORD = "p@ss/w:rd?#%41 'é\" $(x) \\"
TOKEN = "sup3r-s3cret-token"
SECRET_REFERENCE = {"name": "MYSQL_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "d", "key": "MYSQL_PASSWORD"}}}
CAUSE = {
    "type": "ContainerExited",
    "message": f"it ended; {PASSWORD}",
    "remedy": "Read on.",
    "pod": "d-1",
    "container": "api",
}


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """How long a busy server is asked again is tried elsewhere."""
    monkeypatch.setattr("ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.client.BUSY_SECONDS", 0.1)


@pytest.mark.parametrize("value", [PASSWORD, TOKEN, "datascientest1234", "abcd"])
def test_a_value_is_hidden_however_it_is_written(value: str) -> None:
    mask = Mask([value])
    writings = [value, json.dumps(value), repr(value), b64(value), b64(value + "\n"), value.encode().hex()]
    writings += [b64("user:" + value), b64("u:" + value + "@host"), b64("us:" + value)] if len(value) > 10 else []
    for text in writings:
        shown = mask(f"before {text} after")
        assert value not in shown
        assert b64(value)[: len(b64(value)) - 4] not in shown, text
        assert "(hidden)" in shown
        assert shown.startswith("before ") and shown.endswith(" after")


def test_short_values_are_hidden_where_they_stand_alone() -> None:
    assert Mask(["api", ""])("user=api rapid api") == "user=(hidden) rapid (hidden)"
    assert Mask([])("as it is") == "as it is"


def test_each_line_of_a_value_is_hidden() -> None:
    assert Mask(["first line\nsecond line"])("x first line y second line") == "x (hidden) y (hidden)"


def test_a_value_within_another() -> None:
    assert Mask(["secret", "secret-longer"])("secret-longer secret") == "(hidden) (hidden)"


def cluster(log: str) -> Any:
    crashing = pod(rests("api", 2, ended(1, 0, 1)), runs("mysql", 0, ready=True), name="d-1")
    crashing["spec"]["containers"][0] |= {
        "env": [
            {"name": "API_TOKEN", "value": TOKEN},
            {"name": "MYSQL_HOST", "value": "127.0.0.1"},
            {"name": "MYSQL_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "d", "key": "MYSQL_PASSWORD"}}},
        ]
    }
    crashing["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": TOKEN}

    def route(method: str, path: str, body: dict[str, Any]) -> Reply:
        if "/log?" in path:
            return (404, {"message": "no"}) if "mysql" in path else (200, log)
        if "/secrets/d" in path:
            return 200, {"data": {"MYSQL_PASSWORD": b64(PASSWORD), "raw": "/w=="}}
        if "/replicasets" in path:
            refused = {"type": "ReplicaFailure", "status": "False", "message": TOKEN}
            return 200, {"items": [replica_set(conditions=[refused])]}
        if "/pods" in path:
            return 200, {"items": [crashing]}
        if "/events" in path:
            said = event("BackOff", f"Back-off; {TOKEN}", name="d-1") | {"type": "Warning"}
            return 200, {"items": [said, event("Killing", "not ours", name="other")]}
        return (200, deployment()) if "/deployments/" in path else status(403, "not for you")

    return route


LOGIN_PASSWORD = "of-the-login-5W"


def box(tmp_path: Path, server: str, **more: Any) -> Path:
    arguments: dict[str, Any] = {
        "name": "d",
        "namespace": "n",
        "dest": str(tmp_path / "boxes"),
        "cause": CAUSE,
        "base_url": "",
        "host": "",
        "validate_certs": True,
        "endpoints": [{"path": "/status"}, {"path": "/users"}],
        "secrets": ["given as well"],
        "lines": 50,
        "keep": 2,
        "kubeconfig": write_kubeconfig(tmp_path, server),
        "context": "",
    }
    return save(arguments | more)


def test_a_box_tells_all_but_secrets(tmp_path: Path) -> None:
    log = f"starting\nlogin with {PASSWORD}, {b64(PASSWORD)}, token {TOKEN}, given as well\nTraceback: it broke\n"
    with serving(cluster(log)) as server, serving(lambda *_: (503, {"detail": TOKEN})) as ingress:
        folder = box(tmp_path, server, base_url=ingress)
    texts = {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}
    assert {"summary.md", "cause.json", "pods.json", "replicasets.json", "events.txt", "ingress.txt"} <= texts.keys()
    assert {"logs/d-1.api.log", "logs/d-1.api.previous.log", "logs/d-1.mysql.log"} <= texts.keys()
    for name, text in texts.items():
        for secret in (PASSWORD, b64(PASSWORD), TOKEN, b64(TOKEN), "given as well"):
            assert secret not in text, name
    assert "it broke" in texts["logs/d-1.api.log"]
    assert "127.0.0.1" in texts["pods.json"], "what is no secret can be read"
    assert "not ours" not in texts["events.txt"]
    assert "/status  503" in texts["ingress.txt"]
    for words in (
        "ContainerExited",
        "Read on.",
        "d-1 | api",
        "ended 3 times",
        "it broke",
        "/status  503",
        "not for you",
    ):
        assert words in texts["summary.md"], words
    modes = {path.stat().st_mode & 0o777 for path in (folder, *folder.rglob("*")) if path.is_dir()}
    assert modes == {0o700}
    assert {path.stat().st_mode & 0o777 for path in folder.rglob("*") if path.is_file()} == {0o600}


def test_a_box_logs_in_nowhere_and_hides_what_would_be_sent(tmp_path: Path) -> None:
    asked: list[str] = []

    def shop(method: str, path: str, body: dict[str, Any]) -> Reply:
        asked.append(f"{method} {path}")
        return 200, {"seen": LOGIN_PASSWORD}

    login = {"path": "/login", "method": "POST", "request_json": {"p": LOGIN_PASSWORD}, "save": {"t": "json.t"}}
    me = {"path": "/me", "headers": {"Authorization": "Bearer ${t}"}}
    keyed = {"path": "/key", "headers": {"X-Key": LOGIN_PASSWORD}}
    with serving(cluster(f"login with {LOGIN_PASSWORD}\n")) as server, serving(shop) as ingress:
        folder = box(tmp_path, server, base_url=ingress, endpoints=[login, me, keyed])
    assert asked == ["GET /key"]
    for path in folder.rglob("*"):
        assert not path.is_file() or LOGIN_PASSWORD not in path.read_text(), path


def test_a_cluster_that_is_away_is_noted(tmp_path: Path) -> None:
    with serving(lambda *_: (200, {})) as server:
        pass
    folder = box(tmp_path, server, cause="The task failed.")
    summary = (folder / "summary.md").read_text()
    assert "connection refused" in summary
    assert "The task failed." in summary


def test_a_kubeconfig_that_is_not_there_is_noted(tmp_path: Path) -> None:
    folder = box(tmp_path, "http://127.0.0.1:1", kubeconfig=str(tmp_path / "nowhere"))
    assert "no such file" in (folder / "summary.md").read_text()


def test_old_boxes_go(tmp_path: Path) -> None:
    (tmp_path / "boxes" / "mine").mkdir(parents=True)
    folders = [box(tmp_path, "http://127.0.0.1:1") for _ in range(3)]
    left = {path.name for path in (tmp_path / "boxes").iterdir()}
    assert left == {"mine", *(folder.name for folder in folders[1:])}


def test_the_secrets_of_a_pod() -> None:
    spec = {
        "initContainers": [{"envFrom": [{"secretRef": {"name": "a"}}, {"configMapRef": {"name": "x"}}]}],
        "containers": [{"env": [{"name": "n", "value": "v"}, {"valueFrom": {"secretKeyRef": {"name": "b"}}}]}],
        "volumes": [{"secret": {"secretName": "c"}}, {"emptyDir": {}}],
    }
    assert secret_names(spec) == {"a", "b", "c"}


def away(log: str, code: int, part: str = "/secrets/d") -> Any:
    """The same cluster, which does not give a Secret right now."""
    route = cluster(log)
    return lambda method, path, body: status(code, "not now") if part in path else route(method, path, body)


@pytest.mark.parametrize("code", [401, 403, 404, 429, 500, 503])
def test_without_the_secret_of_a_pod_no_log_is_kept(tmp_path: Path, code: int) -> None:
    with serving(away(f"mysql://api:{PASSWORD}@127.0.0.1 refused", code)) as server:
        folder = box(tmp_path, server, cause="it failed")
    texts = {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}
    assert not [name for name in texts if name.startswith("logs/")]
    assert all(PASSWORD not in text for text in texts.values())
    assert "The logs are not kept: the Secret d cannot be read" in texts["summary.md"]
    assert "and in `logs/`" not in texts["summary.md"]


def test_the_password_before_is_hidden_as_well(tmp_path: Path) -> None:
    before = {"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "d"}, "data": {"P": b64("the-old-password")}}
    kept = packed("d", "n", Revision(3, [before], digest_of([before])))
    route = cluster("login with the-old-password failed")

    def with_revisions(method: str, path: str, body: dict[str, Any]) -> Reply:
        return (200, {"items": [kept]}) if "/secrets?" in path else route(method, path, body)

    with serving(with_revisions) as server:
        folder = box(tmp_path, server)
        client = KubeClient.from_kubeconfig(str(tmp_path / "kubeconfig"))
        hidden = hidden_values(client, "n", "d", [])
        client.close()
    assert (folder / "logs/d-1.api.log").read_text().strip() == "login with (hidden) failed"
    assert "the-old-password" in hidden.values


def test_the_last_lines_in_a_message_are_hidden_too(tmp_path: Path) -> None:
    specs = [{"containers": [{"env": [SECRET_REFERENCE]}]}]

    def route(method: str, path: str, body: dict[str, Any]) -> Reply:
        return answers["secret"] if "/secrets/d" in path else status(404, "no")

    answers: dict[str, Reply] = {"secret": (200, {"data": {"P": b64(PASSWORD)}})}
    with serving(route) as server:
        client = KubeClient.from_kubeconfig(write_kubeconfig(tmp_path, server))
        words = f"no login with {PASSWORD}"
        assert without_secrets(client, "n", "d", specs, words) == "no login with (hidden)"
        answers["secret"] = status(503, "not now")
        told = without_secrets(client, "n", "d", specs, words)
        client.close()
    assert PASSWORD not in told
    assert "the Secret d cannot be read" in told


def logs_of(tmp_path: Path, route: Any) -> dict[str, Any]:
    arguments = {"namespace": "n", "name": "d", "container": "api", "tail": 5, "previous": False}
    with serving(route) as server, KubeClient.from_kubeconfig(write_kubeconfig(tmp_path, server)) as client:
        return ActionModule.work(ActionModule.__new__(ActionModule), client, arguments)


def test_printed_logs_hide_what_the_pods_use(tmp_path: Path) -> None:
    log = f"2026-01-01T00:00:00Z login with {PASSWORD}, {TOKEN}\n"
    lines = logs_of(tmp_path, cluster(log))["lines"]
    assert "login with (hidden), (hidden)" in lines[0]


@pytest.mark.parametrize("code", [401, 403, 404, 503])
def test_no_log_is_printed_without_the_secret(tmp_path: Path, code: int) -> None:
    with pytest.raises(KubeError, match=r"Nothing is printed.*the Secret d cannot be read"):
        logs_of(tmp_path, away(f"2026-01-01T00:00:00Z login with {PASSWORD}\n", code))
