"""What a run works out before it does anything, in one process: as a user sees it. Real dry runs: tests/integration."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fake_api_server import write_kubeconfig
from planned_runs import PLURALS, Cluster, Run, run_on


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


@pytest.fixture
def run(tmp_path: Path, cluster: Cluster) -> Iterator[Run]:
    with run_on(cluster, tmp_path) as found:
        yield found


def test_what_has_to_be_done_is_said_and_passed_on(run: Run, cluster: Cluster, tmp_path: Path) -> None:
    output, plan = run("--diff")
    assert plan is not None
    assert plan["differs"]
    assert not plan["rolled_out"]
    assert [one["kind"] for one in plan["to_apply"]] == list(PLURALS)
    assert "5 to create" in output
    assert "before: " in output
    # The files are the plan's, and nobody has written anything anywhere else.
    assert (tmp_path / "manifests/my-deployment-eval.yml").read_text() in plan["manifests"]
    assert not any(method in ("PATCH", "POST", "PUT") for method, _ in cluster.writes)
    assert plan["credentials"]["password"] not in output


def test_a_run_that_has_nothing_to_do_ends_with_the_plan(run: Run, cluster: Cluster) -> None:
    _, plan = run()
    assert plan is not None
    cluster.deploy(plan["manifests"])
    output, again = run("--skip-tags", "evidence")
    assert again is None, output
    assert "The API responds at" in output
    # Without a proof that it is still true, evidence is left to write: what users get is known already.
    _, again = run()
    assert again is not None
    assert not again["differs"]
    assert again["verified"]["answers"]
    assert not again["done"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"verify_endpoints": [{"path": "/a", "method": "FETCH"}]}, "verify_endpoints has '/a': method is 'FETCH'"),
        ({"verify_endpoints": [{"path": "/a", "headers": "X-Key: of-nobody-4T"}]}, "headers must be a dictionary"),
        (
            {"verify_endpoints": [{"path": "/a", "headers": {"X-Key": "of-nobody-4T\n"}}]},
            "headers.X-Key holds a line feed",
        ),
        ({"verify_endpoints": [{"path": "/a", "methd": "POST", "headers": {"X": "of-nobody-4T"}}]}, "methd"),
        ({"verify_endpoints": [{"path": "/a", "websocket": "often"}]}, "'/a': websocket must be true or false"),
        ({"verify_endpoints": [{"path": "/${b}"}]}, "'/${b}': it uses ${b}, but no endpoint saves that"),
        ({"verify_ca_file": "/nowhere/ca.pem"}, "verify_ca_file is '/nowhere/ca.pem': there is no such file"),
    ],
)
def test_what_cannot_be_verified_is_refused_before_anybody_is_asked(
    run: Run, cluster: Cluster, given: dict[str, Any], words: str
) -> None:
    output, _ = run(fails=True, **given)
    assert words in output
    assert "of-nobody-4T" not in output
    assert not cluster.asked and not run.registry.asked


def test_what_users_get_wrong_is_left_to_whoever_waits_for_it(run: Run, cluster: Cluster) -> None:
    _, plan = run()
    assert plan is not None
    cluster.deploy(plan["manifests"])
    _, again = run("--skip-tags", "evidence", verify_endpoints=[{"path": "/status", "json": 2}])
    assert again is not None
    assert again["rolled_out"]
    assert again["verified"] == {}


def test_check_mode_writes_nothing_and_ends_with_the_plan(run: Run, tmp_path: Path) -> None:
    output, plan = run("--check")
    assert plan is None
    assert "5 to create" in output
    assert not (tmp_path / "manifests").exists()


@pytest.fixture
def mine(tmp_path: Path) -> dict[str, Any]:
    """An API that is built from a folder."""
    context = tmp_path / "context"
    context.mkdir()
    (context / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    return {"app_api_image": "", "app_api_image_name": "mine", "app_api_build_context": str(context)}


def test_an_image_that_is_yet_to_be_built_goes_by_the_tag_of_its_content(
    run: Run, mine: dict[str, Any], tmp_path: Path
) -> None:
    output, plan = run(**mine)
    assert plan is not None
    assert [one["name"] for one in plan["to_publish"]] == ["mine"]
    assert plan["references"]["mine"].startswith(f"{run.registry.host}/mine:content-")
    assert "+ build   image mine" in output
    # What is written has digests.
    assert not (tmp_path / "manifests").exists()


@pytest.mark.parametrize(
    ("tag", "registry", "cluster_too", "stage"),
    [
        ("build", True, False, True),
        ("push", True, False, True),
        ("deploy", True, True, True),
        ("verify", False, False, False),
    ],
)
def test_a_tag_asks_whom_it_needs(
    run: Run, cluster: Cluster, mine: dict[str, Any], tag: str, registry: bool, cluster_too: bool, stage: bool
) -> None:
    """And has a line where it plans something."""
    output = run("--tags", tag, fails=tag == "deploy", **mine)[0]
    assert bool(run.registry.asked) == registry
    assert bool(cluster.asked) == cluster_too
    assert (" plan  " in output) == stage
    assert ("was never pushed" in output) == (tag == "deploy")


def test_the_registry_is_heard_before_the_cluster(run: Run, tmp_path: Path) -> None:
    """Both have something to say: what comes first is the same in every run."""
    gone = write_kubeconfig(tmp_path, "http://127.0.0.1:9")
    output = run(fails=True, app_api_image="", app_registry="127.0.0.1:9", app_kubeconfig=gone)[0]
    assert "No registry responds" in output
    assert "Kubernetes at" not in output
