"""A plan in a file, and whether it still holds."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.release import saved_plan
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.release.plan import Planned

WHERE = ("https://here", "n")
TAGGED = {
    "name": "api",
    "tag": "content-1",
    "digest": None,
    "pinned": None,
    "reference": "r/api:content-1",
    "present": False,
}
PUSHED = {**TAGGED, "digest": "sha256:1", "pinned": "r/api@sha256:1", "present": True}


def deployment(image: str, replicas: int = 1) -> Planned:
    document: dict[str, Any] = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}}
    live = {**document, "spec": {"replicas": replicas}}
    return Planned({**document, "image": image}, "change", live, live, live)


def secret(value: str, version: str = "1") -> Planned:
    document = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"A": value}}
    return Planned(document, "left", {**document, "metadata": {"uid": "u", "resourceVersion": version}})


def moved(then: dict[str, Any], planned: list[Planned], images: list[dict[str, Any]]) -> list[str]:
    now = saved_plan.snapshot(planned, images, *WHERE, salt=then["salt"])
    return saved_plan.moved_sources(then, images) + saved_plan.moved_cluster(then, now)


def test_it_holds_when_an_image_has_only_been_built_since() -> None:
    then = saved_plan.snapshot([deployment("r/api:content-1"), secret("a")], [TAGGED], *WHERE)
    assert moved(then, [deployment("r/api@sha256:1"), secret("a")], [PUSHED]) == []


def test_passwords_that_are_yet_to_be_made_are_no_reason_to_refuse_it() -> None:
    def first(value: str, checksum: str, *more: str) -> list[Planned]:
        new: dict[str, Any] = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}
        marks = {"metadata": {"annotations": {"fastapi-mysql-k8s/credentials-checksum": checksum}}}
        pods: dict[str, Any] = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": marks}
        return [Planned({**new, "data": dict.fromkeys(["A", *more], value)}, "create"), Planned(pods, "create")]

    then = saved_plan.snapshot(first("a", "0a"), [PUSHED], *WHERE)
    assert moved(then, first("b", "0b"), [PUSHED]) == []
    assert moved(then, first("a", "0a", "B"), [PUSHED]) == ["what is wanted of Secret s has changed"]


@pytest.mark.parametrize(
    ("planned", "image", "expected"),
    [
        ([deployment("i", 2), secret("a")], PUSHED, "Deployment d has changed in the cluster"),
        ([deployment("j"), secret("a")], PUSHED, "what is wanted of Deployment d has changed"),
        ([deployment("i"), secret("b")], PUSHED, "what is wanted of Secret s has changed"),
        ([deployment("i"), secret("a", "2")], PUSHED, "Secret s has changed in the cluster"),
        ([secret("a")], PUSHED, "Deployment d has changed in the cluster"),
        (
            [deployment("i"), secret("a")],
            {**PUSHED, "tag": "content-2"},
            "the sources of image api have changed",
        ),
        (
            [deployment("i"), secret("a")],
            {**PUSHED, "digest": "sha256:2"},
            "the registry has another image api",
        ),
    ],
)
def test_whatever_moves_is_named(planned: list[Planned], image: dict[str, Any], expected: str) -> None:
    then = saved_plan.snapshot([deployment("i"), secret("a")], [PUSHED], *WHERE)
    found = moved(deepcopy(then), planned, [image])
    assert found[0] == expected
    with pytest.raises(saved_plan.PlanError, match=expected):
        saved_plan.refuse(Path("plan.json"), found)


def test_the_file_is_private_and_holds_no_secret(tmp_path: Path) -> None:
    path = tmp_path / "new" / "plan.json"
    content = saved_plan.snapshot([secret("Y2FuYXJ5")], [PUSHED], *WHERE)
    saved_plan.save(path, content)
    assert path.stat().st_mode & 0o777 == 0o600
    assert "Y2FuYXJ5" not in path.read_text()
    assert saved_plan.load(path) == json.loads(json.dumps(content))


@pytest.mark.parametrize("text", ["", "[]", '{"version": 0}'])
def test_what_is_no_plan_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "plan.json"
    path.write_text(text)
    with pytest.raises(saved_plan.PlanError):
        saved_plan.load(path)
    with pytest.raises(saved_plan.PlanError):
        saved_plan.load(tmp_path / "none.json")
