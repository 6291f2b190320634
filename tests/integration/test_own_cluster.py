"""A cluster, a registry and an Ingress that the project did not make, given by an inventory of one file."""

from __future__ import annotations

import base64
import os
import shutil
from pathlib import Path

from playbook_runner import Run, kubectl
from surroundings import Cluster, content_tags, get, repositories

from conftest import PASSWORD, Deployed, NewTarget

MANIFESTS = [f"my-{part}-eval.yml" for part in ("secret", "deployment", "service", "ingress")]


def assert_no_password(run: Run) -> None:
    """Neither as it is, nor encoded as the Secret has it, nor the parts that wrapping would leave of it."""
    encoded = base64.b64encode(PASSWORD.encode()).decode()
    for text in (PASSWORD, encoded, encoded[:16], "p@ss"):
        assert text not in run.output


def test_it_deploys_and_answers(deployed: Deployed, cluster: Cluster) -> None:
    target = deployed.target
    assert len(cluster.pods(target.namespace)) == 2
    assert get("/status", target.host) == (200, "1")
    assert get("/users/2", target.host)[1].count("Linda") == 1
    assert get("/status", "nobody.test")[0] != 200 or "fastapi-mysql" in cluster.namespaces()


def test_verify_alone_tells_what_users_get(deployed: Deployed) -> None:
    run = deployed.target.playbook("verify.yml").succeeded()
    assert run.changed == 0
    assert '404 {"detail":"Unknown User ID"}' in run.stdout


def test_verify_sees_a_wrong_answer(deployed: Deployed) -> None:
    endpoints = [{"path": "/users/1", "json_includes": {"username": "Nobody"}}]
    run = deployed.target.playbook("verify.yml", verify_endpoints=endpoints, verify_timeout=1)
    assert run.rc != 0
    assert len(run.errors) == 1
    assert '/users/1 should respond with 200 and JSON that includes {"username": "Nobody"}' in run.errors[0]
    assert "August" in run.errors[0]


def test_a_second_run_changes_nothing(deployed: Deployed, cluster: Cluster) -> None:
    before = cluster.identity(deployed.target.namespace)
    run = deployed.target.playbook().succeeded()
    assert run.changed == 0, run.output
    assert cluster.identity(deployed.target.namespace) == before


def test_files_that_were_only_touched_change_nothing(deployed: Deployed, cluster: Cluster) -> None:
    before = cluster.identity(deployed.target.namespace)
    for path in deployed.api.iterdir():
        os.utime(path)
    run = deployed.target.playbook().succeeded()
    assert run.changed == 0, run.output
    assert cluster.identity(deployed.target.namespace) == before


def test_one_byte_rebuilds_that_image_and_rolls_the_pods(deployed: Deployed, cluster: Cluster) -> None:
    target = deployed.target
    name = str(target.variables["app_name"])
    pods = cluster.pods(target.namespace)
    images = cluster.images(target.namespace, name)
    builds = {part: content_tags(f"{target.images}{part}") for part in ("api", "db")}

    with (deployed.api / "main.py").open("a", encoding="utf-8") as source:
        source.write("\n")
    run = target.playbook().succeeded()

    assert run.changed > 0
    now = cluster.images(target.namespace, name)
    assert now["mysql"] == images["mysql"]
    assert now["api"] != images["api"]
    assert not cluster.pods(target.namespace) & pods
    assert content_tags(f"{target.images}db") == builds["db"]
    assert len(content_tags(f"{target.images}api") - builds["api"]) == 1


def test_rendered_files_alone_bring_it_up(
    deployed: Deployed, new_target: NewTarget, cluster: Cluster, tmp_path: Path
) -> None:
    """What a run has rendered is what an examiner applies, on a cluster that has none of it."""
    images = cluster.images(deployed.target.namespace, str(deployed.target.variables["app_name"]))
    target = new_target("files", app_replicas=1, app_api_image=images["api"], app_db_image=images["mysql"])
    target.playbook("playbooks/deploy.yml").succeeded()
    files = tmp_path / "handed in"
    shutil.copytree(target.manifests, files)
    assert sorted(path.name for path in files.iterdir()) == sorted(MANIFESTS)
    assert (files / "my-secret-eval.yml").stat().st_mode & 0o777 == 0o600
    cluster.delete_namespaces(target.namespace)

    kubectl("apply", *(f"--filename={files / name}" for name in MANIFESTS))
    kubectl("rollout", "status", f"--namespace={target.namespace}", "deployment/fastapi-mysql", "--timeout=60s")
    target.playbook("verify.yml").succeeded()
    # And the playbook takes over what kubectl has applied, without a new Pod.
    pods = cluster.pods(target.namespace)
    target.playbook("playbooks/deploy.yml").succeeded()
    assert cluster.pods(target.namespace) == pods
    target.playbook("playbooks/teardown.yml").succeeded()
    assert target.namespace not in cluster.namespaces()
    assert not target.manifests.exists()


def test_check_mode_on_an_empty_cluster_makes_nothing(
    deployed: Deployed, new_target: NewTarget, cluster: Cluster
) -> None:
    """`--check --diff` tells what would come, and nothing that is secret."""
    target = new_target("check", app_build_secrets=deployed.target.variables["app_build_secrets"])
    run = target.playbook("site.yml", "--check", "--diff").succeeded()
    assert run.changed > 0
    assert target.namespace not in cluster.namespaces()
    assert not target.manifests.exists()
    assert not repositories(target.images)
    assert "+kind: Deployment" in run.stdout.replace("+ ", "+"), run.output
    assert_no_password(run)


def test_a_new_password_is_in_no_output(deployed: Deployed) -> None:
    run = deployed.target.playbook("site.yml", "--check", "--diff", "-vvv", app_db_password=f"{PASSWORD}2").succeeded()
    assert run.changed > 0
    assert_no_password(run)
