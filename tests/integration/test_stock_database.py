"""A stock database image, its root and a database of any name: the same settings on Kubernetes and with Compose."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playbook_runner import REGISTRY, Target, docker
from surroundings import Cluster, get
from unreachable_services import closed_port

from conftest import Deployed, NewTarget


@pytest.fixture(scope="module")
def stock(deployed: Deployed, new_target: NewTarget, cluster: Cluster) -> Iterator[Target]:
    """A target whose database image is a likeness of the stock one; nothing is deployed yet."""
    runs = cluster.images(deployed.target.namespace, str(deployed.target.variables["app_name"]))
    image = f"{REGISTRY}/{deployed.target.images}stock:11"
    context = Path(__file__).parent / "stock"
    base = f"BASE_IMAGE={runs['mysql']}"
    docker(
        "buildx", "build", "--quiet", "--load", "--network=host", f"--build-arg={base}", f"--tag={image}", str(context)
    )
    docker("push", "--quiet", image)
    yield new_target(
        "stock",
        app_api_image=runs["api"],
        app_db_image=image,
        app_db_user="root",
        app_db_name="Shop",
        app_db_password="root-of-the-shop",
        app_db_hardened=False,
        app_replicas=1,
    )


def test_its_root_reads_a_database_of_any_name(stock: Target, cluster: Cluster) -> None:
    # What the administrator of the platform does for an image that starts as root: a label, or before Kubernetes 1.25 a
    # binding.
    labels = {"pod-security.kubernetes.io/enforce": "baseline"}
    cluster.create("/api/v1/namespaces", {"metadata": {"name": stock.namespace, "labels": labels}})
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "psp:baseline"}
    group = {"kind": "Group", "name": f"system:serviceaccounts:{stock.namespace}"}
    cluster.create(
        f"/apis/rbac.authorization.k8s.io/v1/namespaces/{stock.namespace}/rolebindings",
        {"metadata": {"name": "baseline"}, "roleRef": role, "subjects": [group]},
    )
    stock.playbook("playbooks/deploy.yml").succeeded()
    status, body = get("/users/1", stock.host)
    assert (status, json.loads(body)["username"]) == (200, "August")
    stock.playbook("playbooks/teardown.yml").succeeded()


def test_compose_takes_the_same_settings(stock: Target) -> None:
    ports = {"compose_port": closed_port(), "compose_db_port": closed_port()}
    # The two users that the likeness has.
    users = [{"path": "/users/1", "json_includes": {"username": "August"}}]
    project = f"{stock.namespace}-stock"
    run = stock.playbook("playbooks/compose.yml", compose_project=project, verify_endpoints=users, **ports)
    assert run.rc == 0, run.output
    assert docker("volume", "ls", "--quiet", f"--filter=label=com.docker.compose.project={project}") == ""


@pytest.mark.parametrize("what", ["volume", "container", "the container of the API alone"])
def test_compose_leaves_alone_what_another_has_started(stock: Target, what: str) -> None:
    """Also what is down and has kept its data."""
    project = f"{stock.namespace}-theirs"
    label = f"--label=com.docker.compose.project={project}"
    name = f"{project}-alone" if what.startswith("the") else f"{project}-db-1"
    image = str(stock.variables["app_api_image"])
    if what == "volume":
        docker("volume", "create", label, name)
    else:
        docker("create", "--network=host", f"--name={name}", *([label] if what == "container" else []), image)
    kind = "volume" if what == "volume" else "container"
    before = docker(kind, "inspect", name)
    try:
        run = stock.playbook("playbooks/compose.yml", compose_project=project)
        assert run.rc != 0
        assert f"Docker has {name}, which this playbook has not started" in run.output, run.output
        assert docker(kind, "inspect", name) == before
    finally:
        docker(kind, "rm", name)
