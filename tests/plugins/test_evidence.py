"""Evidence of deployments that are well and that are not, from a cluster, a registry and an API in this process."""

from __future__ import annotations

import base64
import html
import json
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.action.evidence import ActionModule
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.evidence_folder import masked_manifest, slug
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.evidence_images import size
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.evidence_page import marks, timeline
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.kube_client import KubeClient
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.mask import Mask

from stand_in import CANARY, StandIn, standing_in

SCHEMA = Path(__file__).resolve().parents[2] / "docs/evidence.schema.json"


class Action(ActionModule):
    """The action without Ansible around it."""

    def __init__(self) -> None:
        self._task = SimpleNamespace(check_mode=False)


def write(cluster: StandIn, **other: Any) -> dict[str, Any]:
    """Let the action do its work, with other arguments than the usual where a test says so."""
    with KubeClient.from_kubeconfig(cluster.kubeconfig, "here") as client:
        return Action().work(client, cluster.arguments() | other)


def read(result: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(result["path"], "evidence.json").read_text())
    return found


def failed(evidence: dict[str, Any]) -> list[str]:
    return [one["name"] for one in evidence["checks"] if one["status"] == "failed"]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[StandIn]:
    with standing_in(tmp_path) as started:
        yield started


def test_a_good_deployment_passes_and_fits_the_schema(cluster: StandIn) -> None:
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


def break_rollout(cluster: StandIn) -> None:
    cluster.ready, cluster.reason = 1, "CrashLoopBackOff"


def break_replicas(cluster: StandIn) -> None:
    cluster.answers["/users/1"] = (200, {"user_id": 1, "username": "Nobody"})


def break_registry(cluster: StandIn) -> None:
    cluster.images["api"] = cluster.images["api"][:-1] + ("0" if cluster.images["api"][-1] != "0" else "1")


@pytest.mark.parametrize(
    ("broken", "names"),
    [
        (break_rollout, ["Rollout of the Deployment", "State of the containers"]),
        (break_replicas, ["GET /users/1", *(f"GET /users/1 of users-abc-{name}" for name in ("x0", "y1", "z2"))]),
    ],
)
def test_what_is_broken_is_in_the_verdict(cluster: StandIn, broken: Any, names: list[str]) -> None:
    broken(cluster)
    result = write(cluster)
    evidence = read(result)
    assert evidence["verdict"] == "failed"
    assert failed(evidence) == names
    assert result["failed"]
    assert result["msg"].startswith(f"The deployment is not proved. {names[0]}: ")
    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text())).validate(evidence)


def test_a_registry_that_does_not_tell_is_no_failure(cluster: StandIn) -> None:
    break_registry(cluster)
    evidence = read(write(cluster))
    assert evidence["verdict"] == "passed"
    assert [one["status"] for one in evidence["checks"] if one["group"] == "image"] == ["skipped", "passed"]


def test_what_an_account_may_not_read_is_no_failure(cluster: StandIn) -> None:
    cluster.forbidden = frozenset({"/replicasets", "/endpoints", "/proxy/", "/secrets"})
    evidence = read(write(cluster))
    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text())).validate(evidence)
    assert (evidence["verdict"], failed(evidence)) == ("passed", [])
    skipped = [one["name"] for one in evidence["checks"] if one["status"] == "skipped"]
    assert skipped == ["Pods behind the Service", "Answers of the replicas"]


def test_nothing_there_is_a_failure(cluster: StandIn) -> None:
    result = write(cluster, name="nobody")
    evidence = read(result)
    assert failed(evidence)[0] == "Objects in the cluster"
    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text())).validate(evidence)


def test_the_secret_is_nowhere(cluster: StandIn) -> None:
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


def test_without_the_mask_the_secret_would_be_there(cluster: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test above can fail."""
    monkeypatch.setattr(Mask, "__call__", lambda _self, text: text)
    cluster.answers["/status"] = (200, {"leaked": CANARY})
    assert json.dumps(CANARY) in (Path(write(cluster)["path"]) / "06_status.txt").read_text()


def test_what_is_new_is_told_and_what_is_not_is_left_alone(cluster: StandIn) -> None:
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


def test_a_failure_is_looked_at_again(cluster: StandIn) -> None:
    break_rollout(cluster)
    assert write(cluster, only_new=True)["new"]
    cluster.ready = 3
    assert write(cluster, only_new=True)["verdict"] == "passed"


def test_junit_counts_what_the_page_counts(cluster: StandIn) -> None:
    break_rollout(cluster)
    result = write(cluster)
    suite = ElementTree.parse(Path(result["path"], "junit.xml")).getroot()[0]
    assert suite.get("failures") == "2"
    assert suite.get("tests") == str(len(read(result)["checks"]))


def test_the_latest_has_a_name(cluster: StandIn) -> None:
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
            "created": f"{day}00Z",
            "steps": steps,
            "ready": True,
            "containers": [{"started": f"{day}05Z"}],
        }

    apart = timeline([made(10), made(12)])
    assert [row["left"] for row in apart["rows"]] == [0, 0]
    assert [row["end"] for row in apart["rows"]] == [100, 100]
    assert not apart["together"]
    assert timeline([made(10), made(10)])["together"]


@pytest.mark.parametrize("span", [1, 17, 61, 3600, 90_000, 5_000_000])
def test_an_axis_has_a_handful_of_marks(span: int) -> None:
    assert 2 <= len(marks(span)) <= 8


@pytest.mark.parametrize(("path", "name"), [("/users/1", "users_1"), ("/", "root"), ("/a?b=c&d", "a_b_c_d")])
def test_slug(path: str, name: str) -> None:
    assert slug(path) == name
