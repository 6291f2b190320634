"""A release is one thing: it succeeds as a whole, or all of it goes back; one at a time; and no kill breaks it."""

from __future__ import annotations

import json
import os
import re
import signal
from pathlib import Path

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.objects.labels import labels
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.release.lease import Lock, myself
from playbook_runner import REGISTRY, Target, kubectl
from releases import (
    WRONG,
    Load,
    Started,
    api_context,
    lease,
    objects,
    proof,
    revisions,
    rolled_out,
    running,
    served,
    version,
)
from surroundings import Cluster, ask_registry, tags

from conftest import Deployed, NewTarget
from containers import until


@pytest.fixture(scope="module")
def target(new_target: NewTarget, tmp_path_factory: pytest.TempPathFactory) -> Target:
    """The tiny API, deployed as version 1."""
    made = new_target(
        "release",
        app_replicas=1,
        app_api_build_context=str(api_context(tmp_path_factory.mktemp("tiny"))),
        app_api_readiness_path="/",
        app_api_liveness_path="/",
        app_db_enabled=False,
        verify_timeout=6,
        # The Ingress takes up to two seconds to forget a Pod.
        workload_drain_seconds=3,
    )
    made.variables |= version(1)
    made.playbook().succeeded()
    return made


@pytest.fixture
def one(target: Target, cluster: Cluster) -> Target:
    """The target, at version 1 whatever the test before has made of it."""
    # Nothing is changed where it is there already.
    target.playbook().succeeded()
    assert lease(cluster, target) is None
    return target


def test_what_does_not_verify_goes_back_as_a_whole(one: Target, cluster: Cluster) -> None:
    before = objects(cluster, one)
    failed = one.playbook(
        **version(2, verify_endpoints=WRONG, verify_timeout=4),
        app_db_password="another one",
        workload_ingress_annotations={"a.example/new": "yes"},
        app_replicas=2,
    )
    assert failed.rc != 0
    told = failed.errors[-1]
    assert "should respond with 200 and a text with 'what nobody says'" in told
    assert "It was rolled back to revision" in told, told
    assert "another one" not in failed.output
    assert objects(cluster, one) == before
    assert served(one, '"1"')
    assert lease(cluster, one) is None
    # What it rendered is rendered as it was; the cluster is as it was already.
    identity = cluster.identity(one.namespace)
    one.playbook().succeeded()
    assert cluster.identity(one.namespace) == identity
    assert one.playbook().succeeded().changed == 0


def test_a_wrong_version_replaces_nobody(one: Target, cluster: Cluster) -> None:
    """Its Pods are ready a second or two after they start: sooner than a verdict on one of them."""
    one.playbook(app_replicas=3).succeeded()
    before, pods = objects(cluster, one), cluster.pods(one.namespace)
    assert len(pods) == 3
    failed = one.playbook(**version(2, verify_endpoints=WRONG), app_replicas=3)
    assert failed.rc != 0 and "WrongAnswer" in failed.errors[-1], failed.output
    assert cluster.pods(one.namespace) == pods
    # What held it is gone as well.
    assert objects(cluster, one) == before


def test_what_cannot_come_up_is_told_and_undone(one: Target, cluster: Cluster) -> None:
    """The quick one of the faults of tests/faults; the others take the time that their probes and patience take."""
    before, pods = objects(cluster, one), cluster.pods(one.namespace)
    failed = one.playbook(**version(9), app_api_image=f"{REGISTRY}/{one.images}api:nobody-pushed-this")
    assert failed.rc != 0
    told = failed.errors[-1]
    assert "ImagePullFailed: Pod fastapi-mysql-" in told and "the registry does not have it" in told, told
    assert "It was rolled back to revision" in told, told
    box = re.search(r"Black box: (\S+Z(-\d+)?)", told)
    assert box and json.loads(Path(box[1], "cause.json").read_text())["type"] == "ImagePullFailed", told
    # Long before the time that a rollout may take.
    assert failed.seconds < 200
    assert objects(cluster, one) == before and cluster.pods(one.namespace) == pods
    assert served(one, '"1"')


@pytest.mark.long
def test_of_a_failure_to_keep_all_is_left(one: Target, cluster: Cluster) -> None:
    wanted = version(3, verify_endpoints=WRONG, verify_timeout=4, workload_on_failure="keep")
    failed = one.playbook(**wanted)
    assert failed.rc != 0 and "left as it is (workload_on_failure: keep)" in failed.errors[-1]
    assert served(one, '"3"')
    until(lambda: rolled_out(cluster, one), 60, "the rollout that was left to itself")
    # It is gone back to, as what there was, and is no more right than before: that is said.
    told = one.playbook(**version(4, verify_endpoints=WRONG, verify_timeout=4)).errors[-1]
    assert "going back (workload_on_failure: rollback) failed as well" in told, told
    assert served(one, '"3"')


@pytest.mark.long
def test_a_first_deployment_that_fails_is_left_or_removed(new_target: NewTarget, one: Target, cluster: Cluster) -> None:
    image = next(iter(cluster.images(one.namespace, "fastapi-mysql").values()))
    wanted = one.variables | {"app_api_image": image, "app_api_image_name": ""} | version(1, verify_endpoints=WRONG)
    first = new_target("first", **{key: value for key, value in wanted.items() if key in WANTED})
    left = first.playbook(verify_timeout=4)
    assert left.rc != 0 and "Nothing was deployed before, so it is left as it is" in left.errors[-1]
    assert cluster.images(first.namespace, "fastapi-mysql") == {"api": image}
    cluster.delete_namespaces(first.namespace)
    gone = first.playbook(verify_timeout=4, workload_on_failure="delete")
    assert gone.rc != 0 and "so all of it was removed" in gone.errors[-1]
    assert first.namespace not in cluster.namespaces()


WANTED = (
    "app_replicas",
    "app_api_image",
    "app_api_readiness_path",
    "app_api_liveness_path",
    "app_api_environment",
    "app_db_enabled",
    "verify_endpoints",
    "workload_drain_seconds",
)


@pytest.mark.long
def test_only_one_run_at_a_time(one: Target, cluster: Cluster) -> None:
    before = cluster.identity(one.namespace)
    lock = Lock(cluster.client, one.namespace, "fastapi-mysql", labels("fastapi-mysql", "lock"))
    mine = myself(os.getpid())
    lock.take(mine, 60)
    try:
        refused = one.playbook(**version(5))
        assert refused.rc != 0
        assert f"Another run is at work on fastapi-mysql in namespace {one.namespace}: {mine.title}" in refused.output
        assert "its lock expires at" in refused.output
        assert cluster.identity(one.namespace) == before
        # Who changes nothing needs no lock.
        one.playbook().succeeded()
        assert cluster.identity(one.namespace) == before
        one.playbook(**version(5), release_take_over=True).succeeded()
    finally:
        lock.release(mine)
    assert served(one, '"5"')


def test_of_two_at_once_one_wins(one: Target, cluster: Cluster, tmp_path: Path) -> None:
    # At work for so long that the second comes while it is, on the slowest of machines.
    wanted = version(6, slow=8)
    first = Started(one, "playbooks/deploy.yml", tmp_path / "first", **wanted).reached("Wait | Wait until all Pods")
    second = one.playbook("playbooks/deploy.yml", **version(7))
    assert first.ended() == 0, first.log.read_text()
    assert second.rc != 0 and f"process {first.process.pid}" in second.output
    assert served(one, '"6"')
    assert lease(cluster, one) is None


@pytest.mark.parametrize(
    ("moment", "how"),
    [
        ("Apply | Apply what is new", signal.SIGKILL),
        pytest.param("Wait | Wait until all Pods", signal.SIGINT, marks=pytest.mark.long),
    ],
)
def test_a_killed_run_is_finished_by_the_next(
    one: Target, cluster: Cluster, tmp_path: Path, moment: str, how: signal.Signals
) -> None:
    number = 20 + int(how)
    Started(one, "playbooks/deploy.yml", tmp_path / "log", **version(number)).reached(moment).kill(how)
    assert lease(cluster, one) is not None
    finished = one.playbook("playbooks/deploy.yml", **version(number)).succeeded()
    # It did not wait for the lock to expire, which takes seven minutes.
    assert finished.seconds < 200
    assert served(one, f'"{number}"')
    assert one.playbook("playbooks/deploy.yml", **version(number)).succeeded().changed == 0


def test_going_back_on_demand(one: Target, cluster: Cluster) -> None:
    before, image = objects(cluster, one), cluster.images(one.namespace, "fastapi-mysql")
    source = Path(str(one.variables["app_api_build_context"]), "api.py")
    text = source.read_text(encoding="utf-8")
    source.write_text(f"{text}#", encoding="utf-8")
    one.playbook(**version(30), app_db_password="password of thirty").succeeded()
    source.write_text(text, encoding="utf-8")
    images = cluster.images(one.namespace, "fastapi-mysql")
    assert images.keys() == image.keys() and images != image
    # A neighbour's, with labels that look like ours, that came after what is gone back to.
    theirs = labels("fastapi-mysql", "api") | {"fastapi-mysql-k8s/target": "another"}
    box = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "theirs", "labels": theirs}}
    cluster.create(f"/api/v1/namespaces/{one.namespace}/configmaps", box)
    history = one.playbook("playbooks/history.yml").succeeded().stdout
    assert "* is what runs now" in history and "api sha256:" in history and "password" not in history
    newest = revisions(cluster, one)[-1]
    for wanted, why in ((newest, "is what runs already"), (99, "There is no revision 99 (kept: ")):
        refused = one.playbook("playbooks/rollback.yml", "-e", f"revision={wanted}")
        assert refused.rc != 0 and why in refused.errors[0]
    planned = one.playbook("playbooks/rollback.yml", "--check").succeeded()
    assert planned.changed == 1 and served(one, '"30"')
    one.make("rollback").succeeded()
    assert objects(cluster, one) == before and cluster.images(one.namespace, "fastapi-mysql") == image
    assert kubectl("-n", one.namespace, "get", "configmap/theirs", "--output=name")
    assert served(one, '"1"')
    proved = proof(cluster, one)
    assert (proved["verdict"], proved["meta"]["playbooks"]) == ("passed", ["playbooks/rollback.yml"])
    # The rendered files are those of the attempt until the next run; nothing in the cluster differs.
    identity = cluster.identity(one.namespace)
    one.playbook().succeeded()
    assert cluster.identity(one.namespace) == identity
    # Whatever the inventory wants by now, it is asked what it was asked then.
    one.playbook("playbooks/rollback.yml", "-e", f"revision={newest}").succeeded()
    assert served(one, '"30"')
    proved = proof(cluster, one)
    assert (proved["verdict"], proved["answers"][0]["body"]) == ("passed", '"30"')
    assert cluster.images(one.namespace, "fastapi-mysql") == images


def test_going_back_is_misled_by_nobody(one: Target, cluster: Cluster) -> None:
    space, name = ("-n", one.namespace), "deployment/fastapi-mysql"
    first = running(cluster, one)
    one.playbook(**version(40)).succeeded()
    kept = revisions(cluster, one)
    kubectl(*space, "annotate", "ingress/fastapi-mysql", "a.example/backends=HEALTHY")
    kubectl(*space, "annotate", name, "field.example/publicEndpoints=[]")
    kubectl(*space, "rollout", "restart", name)
    kubectl(*space, "autoscale", name, "--min=2", "--max=3")
    until(lambda: replicas(cluster, one) == 2, 60, "an autoscaler that has scaled")
    one.make("rollback").succeeded()
    assert served(one, '"1"') and replicas(cluster, one) == 2 and revisions(cluster, one) == kept
    kubectl(*space, "delete", "horizontalpodautoscaler/fastapi-mysql")
    one.playbook("playbooks/rollback.yml", "-e", f"revision={kept[-1]}").succeeded()
    assert served(one, '"40"')
    # By hand: what runs is still known, and the one before it.
    kubectl(*space, "scale", name, "--replicas=2")
    one.make("rollback").succeeded()
    assert served(one, '"1"') and replicas(cluster, one) == 1
    assert "a.example/backends" in kubectl(*space, "get", "ingress/fastapi-mysql", "--output=yaml")
    # Another selector cannot be changed: the Deployment is made again.
    other = json.loads(kubectl(*space, "get", name, "--output=json"))
    other["metadata"] = {key: other["metadata"][key] for key in ("name", "labels", "annotations")}
    for labels_of in (other["spec"]["selector"]["matchLabels"], other["spec"]["template"]["metadata"]["labels"]):
        labels_of["a.example/other"] = "selector"
    kubectl(*space, "delete", name)
    cluster.create(f"/apis/apps/v1/namespaces/{one.namespace}/deployments", other)
    one.playbook("playbooks/rollback.yml", "-e", f"revision={first}").succeeded()
    found = cluster.deployment(one.namespace, "fastapi-mysql")
    assert found and "a.example/other" not in found["spec"]["selector"]["matchLabels"]
    assert served(one, '"1"')


def replicas(cluster: Cluster, target: Target) -> int:
    """How many Pods are wanted."""
    found = cluster.deployment(target.namespace, "fastapi-mysql")
    assert found is not None
    return int(found["spec"]["replicas"])


@pytest.mark.long
def test_what_was_changed_by_hand_is_put_right(one: Target, cluster: Cluster) -> None:
    before = objects(cluster, one)
    space = ("-n", one.namespace)
    kubectl(*space, "rollout", "pause", "deployment/fastapi-mysql")
    kubectl(*space, "set", "env", "deployment/fastapi-mysql", "VERSION=by-hand", "MORE=x")
    kubectl(*space, "scale", "deployment/fastapi-mysql", "--replicas=2")
    kubectl(*space, "delete", "service/fastapi-mysql")
    kubectl(*space, "delete", "poddisruptionbudget/fastapi-mysql")
    one.playbook().succeeded()
    assert objects(cluster, one) == before
    assert one.playbook().succeeded().changed == 0


def test_of_an_invalid_manifest_nothing_is_applied(one: Target, cluster: Cluster) -> None:
    before, kept = objects(cluster, one), revisions(cluster, one)
    refused = one.playbook(**version(8), workload_ingress_annotations={"not a key!": "x"}, app_db_password="new one")
    assert refused.rc != 0 and "Nothing was applied" in refused.output
    assert objects(cluster, one) == before
    assert revisions(cluster, one) == kept
    assert lease(cluster, one) is None


@pytest.mark.long
def test_an_image_that_the_registry_lost_is_pushed_again(one: Target, cluster: Cluster) -> None:
    name = f"{one.images}api"
    before = cluster.pods(one.namespace)
    lost = set(tags(name).values())
    for digest in lost:
        assert ask_registry("DELETE", f"/v2/{name}/manifests/{digest}")[0] == 202
    assert tags(name) == {}
    one.playbook().succeeded()
    assert set(tags(name).values()) == lost
    assert cluster.pods(one.namespace) == before


@pytest.mark.long
def test_users_notice_nothing_of_a_rollout(deployed: Deployed) -> None:
    target = deployed.target
    # Those that are replaced must be of the kind that waits for the Ingress to forget them.
    target.playbook(workload_drain_seconds=3).succeeded()
    users = Load(target, "/users/1=August", "/status", "/users=Linda")
    try:
        target.playbook(app_api_environment={"ROUND": "1"}, workload_drain_seconds=3).succeeded()
    finally:
        got = users.end()
    print(json.dumps(got))
    assert got["requests"] > 1000
    assert got["failed"] == 0, got
