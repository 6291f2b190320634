"""Targets of the tests' own on the platform, and what they leave of it: nothing."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playbook_runner import (
    BASE_IMAGE,
    CACHE,
    CONTEXT,
    DOCKER_HOST,
    INGRESS,
    KUBECONFIG,
    PROGRAMS,
    REGISTRY,
    Target,
    build_secrets,
    copy_context,
)
from surroundings import Cluster, remove_from_engine, remove_images, repositories, tags
from unreachable_services import HTPASSWD, Registry, registry

# What quoting gets wrong, and what would be seen at once in an output that it must not be in.
PASSWORD = "it's/a:p@ss\"w%rd $(x) \\"

# What the namespaces and images of tests begin with: these, and those that run beside them.
OF_TESTS = ("it-", "it/", "molecule", "faults")

# Minutes each; the others together take less than one of them.
LONGEST = ("test_release.py", "test_secrets.py", "test_example.py", "test_daily.py", "test_foreign.py", "test_plan.py")

NewTarget = Callable[..., Target]


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    found = Cluster() if KUBECONFIG.is_file() else None
    if not found or not found.is_up():
        pytest.exit("The platform is down: ansible-playbook playbooks/platform.yml", returncode=1)
    return found


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first, or one of them would be alone at the end."""
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))


def surroundings(cluster: Cluster) -> dict[str, object]:
    """What is on the platform and not of these tests: namespaces, their objects, images with their digests."""
    namespaces = {name: uid for name, uid in cluster.namespaces().items() if not name.startswith(OF_TESTS)}
    found: dict[str, object] = {f"namespace {name}": uid for name, uid in namespaces.items()}
    found |= {f"objects in {name}": cluster.identity(name) for name in namespaces}
    return found | {f"image {name}": tags(name) for name in repositories() if not name.startswith(OF_TESTS)}


@pytest.fixture(scope="session", autouse=True)
def neighbours(cluster: Cluster) -> Iterator[None]:
    """What was on the platform before the tests is there as it was, when all else is done."""
    before = surroundings(cluster)
    yield
    after = surroundings(cluster)
    assert {name: after.get(name) for name in before} == before


@pytest.fixture(scope="session")
def run_id(cluster: Cluster, neighbours: None) -> Iterator[str]:
    """The part of all names that this run alone uses; what bears it is removed in the end."""
    name = secrets.token_hex(3)
    yield name
    cluster.delete_namespaces(f"it-{name}")
    remove_images(f"it/{name}")


@pytest.fixture(scope="session")
def new_target(run_id: str, tmp_path_factory: pytest.TempPathFactory) -> NewTarget:
    """Make a target: a cluster, registry and Ingress that are there, given by variables."""

    def make(story: str, **variables: object) -> Target:
        folder = tmp_path_factory.mktemp(story)
        kubeconfig = folder / "somewhere else" / "kubeconfig"
        kubeconfig.parent.mkdir()
        shutil.copy(KUBECONFIG, kubeconfig)
        common: dict[str, object] = {
            "app_kubeconfig": str(kubeconfig),
            "app_context": CONTEXT,
            "app_namespace": f"it-{run_id}-{story}",
            "app_replicas": 2,
            "app_manifests_dir": str(folder / "manifests"),
            "evidence_dir": str(folder / "evidence"),
            "app_registry": REGISTRY,
            "app_docker_host": DOCKER_HOST,
            "app_docker_cli": str(PROGRAMS / "docker"),
            "app_docker_config": str(CACHE / "docker-cli"),
            "app_build_network": "host",
            "app_base_image": BASE_IMAGE,
            "app_db_base_image": BASE_IMAGE,
            "app_name": "fastapi-mysql",
            "app_api_image_name": f"it/{run_id}/{story}/api",
            "app_db_image_name": f"it/{run_id}/{story}/db",
            "app_db_password": PASSWORD,
            "app_ingress_class": "traefik",
            "app_ingress_host": f"{story}.it-{run_id}.test",
            "app_base_url": INGRESS,
            # As in inventory/local.
            "verify_settle_seconds": 0.75,
            # Nobody else asks these Pods, so nobody is cut off when they go at once.
            "workload_drain_seconds": 0,
            # Many of these targets stand side by side on a node of two cores.
            "app_api_resources": {"requests": {"cpu": "5m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}},
            "app_db_resources": {"requests": {"cpu": "5m", "memory": "64Mi"}, "limits": {"memory": "1Gi"}},
        }
        return Target(f"it-{story}", folder, common | variables)

    return make


@dataclass(frozen=True)
class Deployed:
    """A target that is up, and the folder that its API is built from."""

    target: Target
    api: Path


@pytest.fixture(scope="session")
def deployed(new_target: NewTarget, tmp_path_factory: pytest.TempPathFactory) -> Deployed:
    """The repository's own API and database, deployed once for all tests that need it running."""
    api = copy_context("api", tmp_path_factory.mktemp("sources"))
    target = new_target("shared", app_api_build_context=str(api), app_build_secrets=build_secrets())
    target.playbook().succeeded()
    return Deployed(target, api)


@pytest.fixture(scope="session")
def locked_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A registry that wants a login."""
    folder = tmp_path_factory.mktemp("locked")
    (folder / "htpasswd").write_text(HTPASSWD, encoding="utf-8")
    with registry(folder, auth={"htpasswd": {"realm": "it", "path": str(folder / "htpasswd")}}) as started:
        yield started
        remove_from_engine(started.host)


@pytest.fixture
def frozen_registry(tmp_path: Path) -> Iterator[Registry]:
    """A registry that everybody may read and nobody may write."""
    with registry(tmp_path, storage={"maintenance": {"readonly": {"enabled": True}}}) as started:
        yield started
        remove_from_engine(started.host)
