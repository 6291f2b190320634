"""What is wrong is said in one line, before anything is changed."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.registry import login_folder
from playbook_runner import PROGRAMS, Run, Target, docker, little_context, playbook
from surroundings import Cluster, content_tags, repositories
from unreachable_services import PASSWORD, USER, Registry, broken_kubeconfig, closed_port, expired_certificate

from conftest import NewTarget

# Where the action of that name makes them, unless Ansible is told of another place.
LOGINS = Path.home() / ".ansible/tmp/fastapi-mysql-k8s-logins"


@pytest.fixture
def target(new_target: NewTarget, request: pytest.FixtureRequest, tmp_path: Path) -> Target:
    """A target that would be deployed at once if nothing stopped it."""
    story = re.sub(r"[^a-z0-9]+", "-", request.node.name.removeprefix("test_").lower()).strip("-")
    return new_target(
        f"bad-{story}"[:34].rstrip("-"),
        app_api_build_context=str(little_context(tmp_path / "api")),
        app_db_build_context=str(little_context(tmp_path / "db")),
        app_rollout_timeout=10,
    )


def assert_refused(run: Run, target: Target, cluster: Cluster, *wanted: str) -> None:
    """One error line that holds all of `wanted`, and nothing made of the target."""
    assert run.rc != 0, run.output
    assert len(run.errors) == 1, run.output
    for pattern in wanted:
        assert re.search(pattern, run.errors[0]), f"{pattern} is not in: {run.errors[0]}"
    assert "Traceback" not in run.output
    assert run.changed == 0, run.output
    assert target.namespace not in cluster.namespaces()
    assert not repositories(target.images)
    assert not target.manifests.exists()


@pytest.mark.parametrize(
    ("variables", "wanted"),
    [
        pytest.param({"app_replicas": 0}, ["app_replicas is '0'", "1 or more"], id="no replicas"),
        pytest.param({"app_replicas": -1}, ["app_replicas is '-1'", "1 or more"], id="negative replicas"),
        pytest.param({"app_replicas": "three"}, ["app_replicas is 'three'", "whole number"], id="replicas in words"),
        pytest.param(
            {"app_api_resources": {"requests": {"memory": "1 Gi"}}},
            ["app_api_resources.requests.memory is '1 Gi': it must be a quantity such as 256Mi"],
            id="no quantity",
        ),
        pytest.param(
            {"app_db_resources": {"requests": {"memory": "2Gi"}, "limits": {"memory": "1Gi"}}},
            ["app_db_resources.requests.memory is 2Gi, above its limit of 1Gi"],
            id="request above limit",
        ),
        pytest.param(
            {"app_startup_seconds": 11},
            ["app_startup_seconds is 11, and app_rollout_timeout 10: the rollout would be given up"],
            id="start that nobody waits for",
        ),
        pytest.param(
            {"app_files": {"/etc/a": "{{ {'a': 1} }}"}},
            ["app_files: the content of /etc/a is not text: put quotes around it .of data: . to_json"],
            id="data as a file",
        ),
        pytest.param(
            {"app_volumes": {"data": {"path": "/srv", "claim": "a"}}, "app_files": {"/srv/a": "x"}},
            ["app_volumes.data names /srv, and app_files /srv/a below it: it would hide it"],
            id="volume over a file",
        ),
        pytest.param(
            {"app_autoscale": {"min": 2, "max": 3, "cpu": 80}, "app_api_resources": {}},
            ["app_autoscale goes by the CPU that is requested, and app_api_resources has none"],
            id="load that nobody can measure",
        ),
        pytest.param(
            {"app_pod_environment": {"POD": "name"}},
            ["app_pod_environment.POD is 'name', which no Pod says of itself: it may be metadata.name"],
            id="field that no Pod has",
        ),
        pytest.param(
            {"workload_api_resources": {}}, ["workload_api_resources .did you mean app_api_resources"], id="former name"
        ),
        pytest.param(
            {"app_api_build_context": "/nowhere/api"},
            ["app_api_build_context names /nowhere/api, which is not a folder"],
            id="context not there",
        ),
        pytest.param(
            {"app_db_password": "", "app_db_password_required": True},
            ["app_db_password is empty", "ansible-vault", "APP_DB_PASSWORD", "^(?!.*-e app_db_password)"],
            id="empty password",
        ),
        pytest.param(
            {"app_replica": 3}, ["does not know", r"app_replica \(did you mean app_replicas\?\)"], id="typo in app"
        ),
        pytest.param(
            {"workload_crash_limits": 3},
            ["does not know", r"workload_crash_limits \(did you mean workload_crash_limit\?\)"],
            id="typo in workload",
        ),
        pytest.param(
            {"workload_replicas": 3},
            ["does not know", r"workload_replicas \(did you mean app_replicas\?\)"],
            id="wrong prefix",
        ),
        pytest.param(
            {"verify_endpoint": []},
            ["does not know", r"verify_endpoint \(did you mean verify_endpoints\?\)"],
            id="typo in verify",
        ),
        pytest.param({"app_namespace": "Not_Good"}, ["app_namespace is 'Not_Good'", "lower case"], id="namespace"),
        pytest.param(
            {"app_ingress_class": "nobody"},
            ["no IngressClass nobody", "it has: .*traefik", "app_ingress_class"],
            id="Ingress class",
        ),
        pytest.param({"app_context": "elsewhere"}, ["Context elsewhere", "embedded", "app_context"], id="context"),
        pytest.param(
            {"app_docker_host": "unix:///nowhere/docker.sock"},
            ["No Docker engine responds at unix:///nowhere/docker.sock", "app_docker_host"],
            id="no engine",
        ),
        pytest.param({"app_docker_cli": "dokcer"}, ["no Docker CLI 'dokcer'", "app_docker_cli"], id="no CLI"),
    ],
)
def test_wrong_value(target: Target, cluster: Cluster, variables: dict[str, Any], wanted: list[str]) -> None:
    namespace = target.namespace
    run = target.playbook(**variables)
    assert_refused(run, target, cluster, *wanted)
    assert namespace not in cluster.namespaces()


def test_context_without_dockerfile(target: Target, cluster: Cluster, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    run = target.playbook(app_api_build_context=str(tmp_path / "empty"))
    assert_refused(run, target, cluster, "app_api_build_context names .*empty, which has no Dockerfile")


def test_several_faults_are_told_at_once(target: Target, cluster: Cluster) -> None:
    run = target.playbook(app_replicas=0, app_namespace="-", app_db_password=" ")
    assert run.rc != 0
    assert len(run.errors) == 1
    assert all(name in run.output for name in ("app_replicas is", "app_namespace is", "app_db_password is"))


def test_no_registry(target: Target, cluster: Cluster) -> None:
    registry = f"127.0.0.1:{closed_port()}"
    run = target.playbook(app_registry=registry)
    assert_refused(run, target, cluster, f"No registry responds at {registry}", "refused", "app_registry")


@pytest.mark.parametrize("password", ["wrong", ""], ids=["wrong password", "nobody"])
def test_registry_refuses_the_login(target: Target, cluster: Cluster, locked_registry: Registry, password: str) -> None:
    run = target.playbook(
        app_registry=locked_registry.host,
        app_registry_username=USER if password else "",
        app_registry_password=password,
    )
    wanted = "refuses user 'it'" if password else "wants credentials"
    assert_refused(run, target, cluster, f"The registry {locked_registry.host} {wanted}", "app_registry_username")
    assert not locked_registry.repositories()


def test_registry_takes_the_right_login(target: Target, cluster: Cluster, locked_registry: Registry) -> None:
    """So it is the login that the tests above are refused for; what a killed run has left of one goes."""
    with subprocess.Popen(["sleep", "60"]) as killed:
        left = login_folder.make(LOGINS, killed.pid, target.folder)
        killed.kill()
    run = target.playbook(
        "site.yml",
        "--tags=build",
        app_registry=locked_registry.host,
        app_registry_username=USER,
        app_registry_password=PASSWORD,
        app_db_enabled=False,
    ).succeeded()
    assert run.changed == 2, run.output  # published, and tagged
    assert len(locked_registry.repositories()) == 1
    assert not left.exists()
    # Its own is gone as well: what is there is of other runs that are at work.
    assert [path for path in LOGINS.glob("*/config.json") if locked_registry.host in path.read_text()] == []
    assert PASSWORD not in run.output
    assert target.namespace not in cluster.namespaces()


def test_push_refused(target: Target, cluster: Cluster, frozen_registry: Registry) -> None:
    """The registry answers and takes the login, but not the image."""
    run = target.playbook(app_registry=frozen_registry.host)
    assert run.rc != 0
    assert len(run.errors) == 1, run.output
    assert re.search(rf"{frozen_registry.host}.*{target.variables['app_api_image_name']}", run.errors[0])
    assert not frozen_registry.repositories()
    assert target.namespace not in cluster.namespaces()
    assert not target.manifests.exists()


def test_no_cluster(target: Target, cluster: Cluster) -> None:
    server = f"https://127.0.0.1:{closed_port()}"
    broken_kubeconfig(target, server=server)
    run = target.playbook()
    assert_refused(run, target, cluster, server, "connection refused", "app_kubeconfig")


def test_kubeconfig_not_there(target: Target, cluster: Cluster) -> None:
    run = target.playbook(app_kubeconfig="/nowhere/config")
    assert_refused(run, target, cluster, "app_kubeconfig names /nowhere/config, which is not a file")


def test_expired_client_certificate(target: Target, cluster: Cluster) -> None:
    certificate, key = expired_certificate()
    broken_kubeconfig(target, certificate=certificate, key=key)
    run = target.playbook()
    assert_refused(
        run, target, cluster, r"refuses the credentials .*\(401\)", "certificate expired on 2020-01-02", "Renew them"
    )


def test_invalid_token(target: Target, cluster: Cluster) -> None:
    broken_kubeconfig(target, token="nobody-knows-it")
    run = target.playbook()
    assert_refused(run, target, cluster, r"refuses the credentials .*\(401\)", "Renew them")
    assert "nobody-knows-it" not in run.output


def test_dockerfile_that_fails(target: Target, cluster: Cluster, tmp_path: Path) -> None:
    """The reason is in the last lines of the build, so these are shown."""
    dockerfile = "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nRUN echo the reason is this; exit 3\n"
    run = target.playbook(app_api_build_context=str(little_context(tmp_path / "failing", dockerfile)))
    assert_refused(run, target, cluster, target.images, "failing/Dockerfile: .*exit code: 3")
    assert "the reason is this" in run.output.partition("[ERROR]")[2].partition("Origin:")[0]


def test_sources_that_move_while_they_are_built(target: Target, cluster: Cluster, tmp_path: Path) -> None:
    """What was built is thrown away, and what the sources have become is built by the next run."""
    dockerfile = "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nCOPY word /\n"
    sources = little_context(tmp_path / "moving", dockerfile)
    build = {"app_api_build_context": str(sources), "app_db_enabled": False}
    cli = tmp_path / "docker"
    after = f'case "$*" in *" build "*) echo more >> {sources / "word"};; esac'
    cli.write_text(f'#!/bin/sh\n{PROGRAMS / "docker"} "$@" || exit\n{after}\n', encoding="utf-8")
    cli.chmod(0o755)
    run = target.playbook("site.yml", "--tags=build", app_docker_cli=str(cli), **build)
    assert run.rc != 0
    assert len(run.errors) == 1, run.output
    assert re.search(f"{target.images}api in {sources} were changed while it was being built", run.errors[0])
    assert not repositories(target.images)
    assert not docker("image", "ls", "--quiet", f"*/{target.images}api")
    assert (sources / "word").read_text(encoding="utf-8").count("more") == 1
    target.playbook("site.yml", "--tags=build", **build).succeeded()
    assert len(content_tags(f"{target.images}api")) == 1


def test_planning_where_the_platform_is_down(target: Target, cluster: Cluster, tmp_path: Path) -> None:
    """`--check` brings nothing up: it says what is missing, and makes no file."""
    nowhere = tmp_path / "platform"
    ports = ("registry", "api_server", "ingress", "ingress_tls")
    variables = {
        "app_kubeconfig": str(nowhere / "state/kubeconfig"),
        "platform_base_kubeconfig": str(nowhere / "state/kubeconfig"),
        "platform_base_state_dir": str(nowhere / "state"),
        "platform_base_run_dir": str(nowhere / "run"),
        "platform_base_cache_dir": str(nowhere / "cache"),
        **{f"platform_base_{name}_port": closed_port() for name in ports},
    }
    inventory = tmp_path / "down.yml"
    hosts = {target.name: target.variables | variables}
    inventory.write_text(json.dumps({"embedded": {"hosts": hosts}}), encoding="utf-8")
    run = playbook("site.yml", inventory, "--check", "--diff")
    assert_refused(run, target, cluster, "The platform is not up", "make deploy", "--check")
    assert not nowhere.exists()


def test_deploying_what_nobody_pushed(target: Target, cluster: Cluster) -> None:
    run = target.playbook("site.yml", "--tags=deploy")
    assert_refused(
        run, target, cluster, f"{target.variables['app_api_image_name']} .*was never pushed", "site.yml --tags build"
    )


def test_verifying_where_nobody_listens(target: Target, cluster: Cluster) -> None:
    url = f"http://127.0.0.1:{closed_port()}"
    run = target.playbook("verify.yml", app_base_url=url, verify_timeout=1)
    assert_refused(run, target, cluster, f"{url} gives no response .*refused", "correct app_base_url")
