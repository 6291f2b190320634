"""Evidence of deployments that are well and that are not, from a cluster, a registry and an API in this process."""

from __future__ import annotations

import base64
import html
import json
import os
import shutil
import subprocess
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jsonschema
import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.action.evidence import ActionModule
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.evidence.commands import run_of, word
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.evidence.drawings import marks, timeline
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.evidence.folder import VERSION, masked_manifest
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.evidence.images import size
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.evidence.texts import slug
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.client import KubeClient
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.redaction.mask import Mask
from defusedxml import ElementTree

from fake_api_server import write_kubeconfig
from fake_deployment import ATTEMPT, CANARY, ROLLOUT, FakeDeployment, standing_in

SCHEMA = Path(__file__).resolve().parents[2] / "docs/evidence.schema.json"


class Action(ActionModule):
    """The action without Ansible around it."""

    def __init__(self, check_mode: bool = False) -> None:
        self._task = SimpleNamespace(check_mode=check_mode)


def write(cluster: FakeDeployment, **other: Any) -> dict[str, Any]:
    """Let the action do its work, with other arguments than the usual where a test says so."""
    with KubeClient.from_kubeconfig(cluster.kubeconfig, "here") as client:
        return Action().work(client, cluster.arguments() | other)


def read(result: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(result["path"], "evidence.json").read_text())
    return found


def failed(evidence: dict[str, Any]) -> list[str]:
    return [one["name"] for one in evidence["checks"] if one["status"] == "failed"]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[FakeDeployment]:
    with standing_in(tmp_path) as started:
        yield started


def test_a_good_deployment_passes_and_fits_the_schema(cluster: FakeDeployment) -> None:
    result = write(cluster)
    evidence = read(result)
    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text())).validate(evidence)
    assert (evidence["verdict"], failed(evidence)) == ("passed", [])
    assert "failed" not in result
    assert len([one for one in evidence["answers"] if one["via"] != "Ingress"]) == 9
    assert evidence["images"][0]["size"] == 75_705_100
    files = sorted(path.name for path in Path(result["path"]).iterdir())
    assert files[:6] == [
        "01_meta.txt",
        "02_pods.txt",
        "03_service.txt",
        "04_endpoints.txt",
        "05_ingress.txt",
        "06_status.txt",
    ]
    assert (Path(result["path"]).stat().st_mode & 0o777) == 0o700


def test_the_schema_is_one_and_refuses_what_it_does_not_know(cluster: FakeDeployment) -> None:
    schema = json.loads(SCHEMA.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"urn:fastapi-mysql-k8s:evidence:{VERSION}"
    good = read(write(cluster))
    meta = good["meta"] | {"more": 1}
    for wrong in ({"more": 1}, {"meta": meta}, {"version": VERSION - 1}, {"checks": [good["checks"][0] | {"more": 1}]}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.Draft202012Validator(schema).validate(good | wrong)


# Writes down the words that a shell has made of a command, and says what `grep` in one of them looks for.
SHIM = """#!/usr/bin/env python3
import json
import sys

with open({log!r}, "a") as log:
    print(json.dumps([{name!r}, *sys.argv[1:]]), file=log)
print("Response Status: 404 Not Found")
"""


def test_a_shell_takes_every_command_as_it_is_shown(cluster: FakeDeployment, tmp_path: Path) -> None:
    """Whatever is in a path: bash runs each, with programs that note their words."""
    own = tmp_path / "where it's" / "kube config"
    own.parent.mkdir()
    shutil.copy(cluster.kubeconfig, own)
    path = "/users/1?limit=1&x=[2]&y=$HOME;#"
    endpoints = [{"path": path}, {"path": "/users/999999", "status": 404}]
    given = {"kubeconfig": str(own), "docker_config": str(tmp_path / "a&b"), "inventory": ["/in ventory"]}
    evidence = read(write(cluster, endpoints=endpoints, **given))
    programs, log = tmp_path / "programs", tmp_path / "log"
    programs.mkdir()
    for name in ("kubectl", "curl", "docker"):
        (programs / name).write_text(SHIM.format(log=str(log), name=name))
        (programs / name).chmod(0o755)
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    environment = os.environ | {"PATH": f"{programs}:{os.environ['PATH']}"}
    for check in evidence["checks"]:
        subprocess.run(["bash", "-c", check["command"]], cwd=folder, env=environment, check=True, timeout=20)
    assert list(folder.iterdir()) == []
    calls = [json.loads(line) for line in log.read_text().splitlines()]
    assert len(calls) == len(evidence["checks"]) == 16
    kubectl = ["kubectl", "--kubeconfig", str(own), "--context", "here", "-n", "users"]
    assert all(call[:7] == kubectl for call in calls if call[0] == "kubectl")
    curls = [call for call in calls if call[0] == "curl"]
    assert curls[0] == ["curl", "-s", "-g", "-H", "Host: users.test", f"{cluster.url}{path.replace('#', '%23')}"]
    pod = "/api/v1/namespaces/users/pods/users-abc-x0:8000/proxy"
    assert [*kubectl, "get", "--raw", f"{pod}{path}"] in calls
    assert [*kubectl, "get", "--raw", f"{pod}/users/999999", "-v=8"] in calls
    docker = ["docker", "--config", str(tmp_path / "a&b"), "manifest", "inspect"]
    assert [call for call in calls if call[0] == "docker"] == [[*docker, one] for one in cluster.images.values()]
    assert run_of(evidence["meta"]) == "ansible-playbook -i '/in ventory' site.yml --limit here"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/etc/kube", "/etc/kube"),
        ("a b", "'a b'"),
        ("it's", "'it'\"'\"'s'"),
        ("~/.kube/config", "~/.kube/config"),
        ("~/my files/config", "~/'my files/config'"),
        ("~me/$x", "~me/'$x'"),
        ("~/", "~/"),
        ("a~/b", "'a~/b'"),
    ],
)
def test_a_word_is_quoted_where_it_must_be_and_a_home_never(text: str, shown: str) -> None:
    assert word(text) == shown


def test_each_text_begins_with_the_command_that_shows_the_same(cluster: FakeDeployment, tmp_path: Path) -> None:
    (tmp_path / "box").mkdir()
    (tmp_path / "box/summary.md").write_text("# Why it failed\n")
    folder = Path(write(cluster, **failed_run(tmp_path / "box"))["path"])
    kubectl = f"kubectl --kubeconfig {cluster.kubeconfig} --context here -n users"
    api, db = cluster.images.values()
    docker = f"docker --config {cluster.folder} manifest inspect"
    # What its first line is, and something of what follows.
    expected = {
        "01_meta.txt": ("ansible --version", "server_version  v1.30.0\n"),
        "02_pods.txt": (
            f"{kubectl} get pods -o wide -l app.kubernetes.io/instance=users",
            "NAME           READY\nusers-abc-x0   2/2\n",
        ),
        "03_service.txt": (f"{kubectl} get service users -o wide", "NAME    TYPE\nusers   ClusterIP\n"),
        "04_endpoints.txt": (
            f"{kubectl} get endpointslices -l kubernetes.io/service-name=users",
            "users-x2v8c   198.18.0.9\n",
        ),
        "05_ingress.txt": (f"{kubectl} get ingress users", "users   traefik\n"),
        "06_status.txt": (f"curl -s -H 'Host: users.test' {cluster.url}/status", "\n200\n1\n"),
        "07_users_1.txt": (f"curl -s -H 'Host: users.test' {cluster.url}/users/1", '"username": "August"'),
        "08_users_999999.txt": (f"curl -s -H 'Host: users.test' {cluster.url}/users/999999", "\n404\n"),
        "09_image_api.txt": (f"{docker} {api}", "75.7 MB compressed, 4 layers"),
        "10_image_mysql.txt": (f"{docker} {db}", "exposes     8000/tcp\n"),
        "11_failure.txt": ("ansible-playbook -i inventory/mine site.yml --limit here", "# Why it failed\n"),
    }
    texts = {path.name: path.read_text() for path in folder.glob("*.txt")}
    assert texts.keys() == expected.keys()
    for name, (command, contents) in expected.items():
        first, _, rest = texts[name].partition("\n")
        assert first.partition(";")[0] == f"$ {command}", name
        assert contents in f"\n{rest}", (name, rest)
    assert f"\n$ cat {tmp_path}/box/summary.md\n# Why it failed\n" in texts["11_failure.txt"]
    assert f"docker --config {cluster.folder} history {api}\n" in texts["09_image_api.txt"]


def test_versions_of_clients_are_told_as_far_as_there_are_any(
    cluster: FakeDeployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is there, one that is broken."""
    for name, script in (("kubectl", 'echo "{\\"gitVersion\\": \\"v1.31.2\\"}"'), ("docker", "exit 1")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    result = write(cluster)
    told = read(result)["meta"]["clients"]
    assert (told.get("kubectl"), told.get("docker")) == ("1.31.2", None)
    meta = Path(result["path"], "01_meta.txt").read_text()
    assert "; kubectl --kubeconfig " in meta.partition("\n")[0] and "docker --version" not in meta


def break_rollout(cluster: FakeDeployment) -> None:
    cluster.ready, cluster.reason = 1, "CrashLoopBackOff"


def break_replicas(cluster: FakeDeployment) -> None:
    cluster.answers["/users/1"] = (200, {"user_id": 1, "username": "Nobody"})


def break_registry(cluster: FakeDeployment) -> None:
    cluster.images["api"] = cluster.images["api"][:-1] + ("0" if cluster.images["api"][-1] != "0" else "1")


@pytest.mark.parametrize(
    ("broken", "names"),
    [
        (break_rollout, ["Rollout of the Deployment", "State of the containers"]),
        (break_replicas, ["GET /users/1", *(f"GET /users/1 of users-abc-{name}" for name in ("x0", "y1", "z2"))]),
    ],
)
def test_what_is_broken_is_in_the_verdict(cluster: FakeDeployment, broken: Any, names: list[str]) -> None:
    broken(cluster)
    result = write(cluster)
    evidence = read(result)
    assert evidence["verdict"] == "failed"
    assert failed(evidence) == names
    assert result["failed"]
    assert result["msg"].startswith(f"The deployment is not proved. {names[0]}: ")
    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text())).validate(evidence)


def test_a_registry_that_does_not_tell_is_no_failure(cluster: FakeDeployment) -> None:
    break_registry(cluster)
    evidence = read(write(cluster))
    assert evidence["verdict"] == "passed"
    assert [one["status"] for one in evidence["checks"] if one["group"] == "image"] == ["skipped", "passed"]


@pytest.mark.parametrize("cause", ["an old cluster", "an account of an older edition"])
def test_where_endpoint_slices_cannot_be_had_endpoints_do(cluster: FakeDeployment, cause: str) -> None:
    cluster.slices_served = cause != "an old cluster"
    cluster.forbidden = frozenset({"/endpointslices"} if cluster.slices_served else ())
    folder = Path(write(cluster)["path"])
    evidence = json.loads((folder / "evidence.json").read_text())
    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text())).validate(evidence)
    assert (evidence["verdict"], evidence["service"]["addresses"]) == ("passed", "endpoints")
    assert len(evidence["service"]["ready"]) == 3
    written = (folder / "04_endpoints.txt").read_text()
    assert "get endpoints users\n" in written and "users   198.18.0.9:8000\n" in written


def test_what_an_account_may_not_read_is_no_failure(cluster: FakeDeployment) -> None:
    cluster.forbidden = frozenset({"/replicasets", "/endpoints", "/proxy/", "/secrets"})
    evidence = read(write(cluster))
    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text())).validate(evidence)
    assert (evidence["verdict"], failed(evidence)) == ("passed", [])
    skipped = [one["name"] for one in evidence["checks"] if one["status"] == "skipped"]
    assert skipped == ["Pods behind the Service", "Answers of the replicas"]


def test_nothing_there_is_a_failure(cluster: FakeDeployment) -> None:
    result = write(cluster, name="nobody")
    evidence = read(result)
    assert failed(evidence)[0] == "Objects in the cluster"
    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text())).validate(evidence)


def test_the_secret_is_nowhere(cluster: FakeDeployment) -> None:
    """Not even when the API hands it out, or a container's last words hold it."""
    cluster.answers["/status"] = (200, {"leaked": CANARY})
    break_rollout(cluster)
    folder = Path(write(cluster)["path"])
    whole = "\n".join(path.read_text() for path in folder.rglob("*") if path.is_file())
    spellings = [CANARY, base64.b64encode(CANARY.encode()).decode(), html.escape(CANARY), json.dumps(CANARY)[1:-1]]
    spellings += [urllib.parse.quote(CANARY), json.dumps(CANARY, ensure_ascii=False)[1:-1]]
    assert [one for one in spellings if one in whole] == []
    assert "(hidden)" in (folder / "06_status.txt").read_text()
    assert "MYSQL_PASSWORD: (hidden)" in (folder / "manifests/my-secret-eval.yml").read_text()


def test_without_the_mask_the_secret_would_be_there(cluster: FakeDeployment, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test above can fail."""
    monkeypatch.setattr(Mask, "__call__", lambda _self, text: text)
    cluster.answers["/status"] = (200, {"leaked": CANARY})
    assert json.dumps(CANARY) in (Path(write(cluster)["path"]) / "06_status.txt").read_text()


def test_what_is_new_is_told_and_what_is_not_is_left_alone(cluster: FakeDeployment) -> None:
    first = write(cluster, only_new=True)
    again = write(cluster, only_new=True)
    assert (first["new"], again["new"]) == (True, False)
    assert again["path"] == first["path"]
    cluster.revision += 1
    cluster.answers["/users/1"] = (200, {"user_id": 1, "username": "August", "email": "new@example.com"})
    evidence = read(write(cluster, only_new=True))
    assert evidence["previous"] == Path(first["path"]).name
    assert evidence["changes"][0] == "Revision: 4 → 5"
    assert "Answer of /users/1: 200 → 200, another text" in evidence["changes"]


def test_a_label_alone_is_new_too(cluster: FakeDeployment) -> None:
    """No generation counts it."""
    write(cluster, only_new=True)
    cluster.labels["team"] = "users"
    assert write(cluster, only_new=True)["new"]
    assert not write(cluster, only_new=True)["new"]


def test_a_failure_is_looked_at_again(cluster: FakeDeployment) -> None:
    break_rollout(cluster)
    assert write(cluster, only_new=True)["new"]
    cluster.ready = 3
    assert write(cluster, only_new=True)["verdict"] == "passed"


FAILED_RUN = {
    "rollout": ATTEMPT,
    "failed_task": "Failed | Report what happened, and what runs now",
    "failed_result": {
        "failed": True,
        "msg": f"Deployment users cannot come up: ImagePullFailed: no such image, said {CANARY}. It was rolled back to "
        "revision 4, which is up and verified. Black box: /boxes/1",
        "known": {
            "message": f"Deployment users cannot come up: ImagePullFailed: no such image, said {CANARY}.",
            "cause": {"type": "ImagePullFailed", "message": "no such image", "remedy": "Push it.", "pod": "users-q7"},
            "black_box": "/boxes/1",
        },
    },
}


def failed_run(box: Path) -> dict[str, Any]:
    """The same, with a black box that is there."""
    text = json.dumps(FAILED_RUN).replace("/boxes/1", str(box))
    found: dict[str, Any] = json.loads(text)
    return found


def test_a_run_that_failed_is_told_beside_what_runs_now(cluster: FakeDeployment, tmp_path: Path) -> None:
    """All is well again, and what the run was for has failed all the same."""
    (tmp_path / "box").mkdir()
    (tmp_path / "box/summary.md").write_text("# Why it failed\n")
    result = write(cluster, **failed_run(tmp_path / "box"))
    evidence = read(result)
    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text())).validate(evidence)
    assert (evidence["verdict"], failed(evidence)) == ("failed", ["The run"])
    told = evidence["failure"]
    assert (told["type"], told["message"], told["remedy"]) == ("ImagePullFailed", "no such image", "Push it.")
    assert told["undone"] == "It was rolled back to revision 4, which is up and verified."
    assert evidence["checks"][0]["command"] == "ansible-playbook -i inventory/mine site.yml --limit here"
    # The task fails as the run did, and says where the evidence is.
    assert result["failed"] and result["msg"].endswith(f"/box. Evidence: {result['path']}/index.html")
    page = Path(result["path"], "index.html").read_text()
    assert "3 of 3 Pods are ready" in page and "Push it." in page
    assert "# Why it failed" in Path(result["path"], "11_failure.txt").read_text()
    assert CANARY not in page + json.dumps(evidence, ensure_ascii=False)
    # The next one is not that of the failure.
    assert read(write(cluster, only_new=True))["changes"][0] == "Verdict: failed → passed"


def test_of_a_failure_without_a_release_its_own_words_are_told(cluster: FakeDeployment) -> None:
    failed_result = {"results": [{"failed": True, "msg": "The image cannot be built", "stderr": "no space left"}]}
    told = read(write(cluster, failed_task="Build", failed_result=failed_result))["failure"]
    assert (told["type"], told["undone"], told["task"]) == ("", "", "Build")
    assert told["message"] == "The image cannot be built\nno space left"
    hidden = {"failed": True, "msg": "with a secret", "_ansible_no_log": True}
    assert (
        "secret"
        not in read(write(cluster, failed_task="Push", failed_result=hidden))["failure"]["told"].split("may")[0]
    )


@pytest.mark.parametrize("check_mode", [True, False])
def test_whatever_becomes_of_the_evidence_the_run_fails_as_it_failed(cluster: FakeDeployment, check_mode: bool) -> None:
    down = {"kubeconfig": write_kubeconfig(cluster.folder, "http://127.0.0.1:9"), "failed_result": {"msg": "No image."}}
    result = Action(check_mode).perform(cluster.arguments() | down)
    assert result["failed"]
    assert result["msg"].startswith("No image. No evidence of it could be written: " if not check_mode else "No image.")


def test_the_rollout_is_known_until_the_next_one(cluster: FakeDeployment) -> None:
    assert read(write(cluster, rollout=ROLLOUT))["rollout"] == ROLLOUT
    assert read(write(cluster))["rollout"] == ROLLOUT
    cluster.revision += 1
    assert read(write(cluster))["rollout"] is None


def test_junit_counts_what_the_page_counts(cluster: FakeDeployment) -> None:
    break_rollout(cluster)
    result = write(cluster)
    suite = ElementTree.parse(Path(result["path"], "junit.xml")).getroot()[0]
    assert suite.get("failures") == "2"
    assert suite.get("tests") == str(len(read(result)["checks"]))


def test_the_latest_has_a_name(cluster: FakeDeployment) -> None:
    write(cluster)
    second = write(cluster)
    assert (Path(second["path"]).parent / "latest").resolve() == Path(second["path"])


def test_only_the_secrets_values_are_masked() -> None:
    text = (
        "kind: Namespace\nmetadata:\n  name: a\n---\nkind: Secret\nmetadata:\n  name: b\ndata:\n  # why\n  KEY: eA==\n"
    )
    assert masked_manifest(text) == text.replace("eA==", "(hidden)")
    other = "kind: ConfigMap\ndata:\n  KEY: value\n"
    assert masked_manifest(other) == other


@pytest.mark.parametrize(("count", "text"), [(0, "0 B"), (999, "999 B"), (5_100, "5.1 kB"), (75_705_100, "75.7 MB")])
def test_size(count: int, text: str) -> None:
    assert size(count) == text


def test_pods_of_other_times_begin_together() -> None:
    def made(hour: int) -> dict[str, Any]:
        day = f"2026-11-23T{hour:02d}:00:"
        steps = {"PodScheduled": f"{day}00Z", "Ready": f"{day}20Z"}
        return {
            "name": str(hour),
            "current": True,
            "created": f"{day}00Z",
            "steps": steps,
            "ready": True,
            "containers": [{"started": f"{day}05Z"}],
        }

    apart = timeline({"rollout": None, "pods": [made(10), made(12)]})
    assert [[phase["left"] for phase in row["phases"]] for row in apart["rows"]] == [[0.0, 23.15, 92.59]] * 2
    assert not apart["together"]
    assert timeline({"rollout": None, "pods": [made(10), made(10)]})["together"]


def test_a_rollout_is_drawn_as_it_was_watched() -> None:
    drawn = timeline({"rollout": ROLLOUT, "pods": []})
    old, first = drawn["rows"][:2]
    assert [phase["kind"] for phase in old["phases"]] == ["ready", "leaving"]
    assert [phase["left"] for phase in old["phases"]] == [0.0, pytest.approx(100 * 9.4 / (14.2 * 1.08 + 1), abs=0.01)]
    assert [phase["kind"] for phase in first["phases"]] == ["scheduled", "started", "ready"]
    assert (first["seconds"], first["ready"]) == (9.3, True)
    assert all(
        0 <= phase["left"] <= phase["left"] + phase["width"] <= 100.01
        for row in drawn["rows"]
        for phase in row["phases"]
    )
    assert [one["kind"] for one in drawn["legend"]] == ["scheduled", "started", "ready", "leaving"]


@pytest.mark.parametrize("span", [1, 17, 61, 3600, 90_000, 5_000_000])
def test_an_axis_has_a_handful_of_marks(span: int) -> None:
    assert 2 <= len(marks(span)) <= 8


@pytest.mark.parametrize(("path", "name"), [("/users/1", "users_1"), ("/", "root"), ("/a?b=c&d", "a_b_c_d")])
def test_slug(path: str, name: str) -> None:
    assert slug(path) == name
