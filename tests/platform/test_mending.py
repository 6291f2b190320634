"""The platform stands alone, and comes back from whatever happened to it.

These tests kill its processes, so they run only on a platform that nobody else uses: one that the tests brought up.
"""

from __future__ import annotations

import ipaddress
import json
import os
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.client import KubeClient
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.platform import probe
from ground import (
    INGRESS_PORT,
    INVENTORY,
    KUBECONFIG,
    OPTIONS,
    RANGES,
    REPOSITORY,
    RUN,
    SUPERVISOR,
    ip,
    platform_pids,
)

PODS = "/api/v1/namespaces/molecule/pods"


def playbook(*arguments: str) -> str:
    """Run a playbook against the tests' own target; it must succeed."""
    command = ["ansible-playbook", "-i", str(INVENTORY), *OPTIONS, *arguments]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
    return done.stdout


def wait_for(what: Callable[[], bool], seconds: int, said: str) -> None:
    """Poll a condition until it holds or the time is up."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, f"after {seconds} s: {said}"
        time.sleep(0.5)


def users_are_served() -> bool:
    """Whether the API answers through the Ingress."""
    request = urllib.request.Request(f"http://127.0.0.1:{INGRESS_PORT}/users/1", headers={"Host": "molecule.test"})
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return b"August" in answer.read()
    except OSError:
        return False


def pods() -> dict[str, str]:
    """The target's Pods: name → uid."""
    with KubeClient.from_kubeconfig(KUBECONFIG) as client:
        return {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in client.get(PODS)["items"]}


@pytest.fixture(scope="module", autouse=True)
def deployment() -> Iterator[None]:
    """Something that must be there afterwards as it was before."""
    playbook("site.yml")
    yield
    playbook("playbooks/teardown.yml")


def test_its_network_namespace_has_no_way_out() -> None:
    links = json.loads(ip("-j", "-d", "link", inside=True).stdout)
    for link in links:
        kind = link.get("linkinfo", {}).get("info_kind", "")
        assert link["ifname"] == "lo" or kind in ("veth", "bridge"), link["ifname"]
        # Both ends of the node's pair are here, and a Pod's other end is in the Pod.
        assert link["ifname"] == "lo" or kind == "bridge" or link["ifname"].startswith(("node", "veth"))
    names = {path.name for path in Path("/sys/class/net").iterdir()}
    assert not names & {link["ifname"] for link in links} - {"lo"}


@pytest.mark.parametrize("address", [str(ipaddress.ip_network(text)[5]) for text in RANGES])
def test_the_machine_itself_sends_nothing_to_pods_or_services(address: str) -> None:
    done = ip("route", "get", address)
    assert done.returncode != 0 or "unreachable" in done.stdout, done.stdout


@pytest.mark.parametrize("program", ["etcd", "kubelet", "traefik", "dockerd", "registry", "haproxy"])
def test_a_killed_component_comes_back(program: str) -> None:
    [victim] = [pid for pid, comm in platform_pids().items() if comm == program]
    os.kill(victim, signal.SIGKILL)

    def is_back() -> bool:
        return bool([pid for pid, comm in platform_pids().items() if comm == program and pid != victim])

    wait_for(is_back, 30, f"{program} is not back")
    wait_for(lambda: set(probe.supervised(SUPERVISOR).values()) == {"RUNNING"}, 30, "not everything runs")
    wait_for(users_are_served, 30, "the Ingress does not respond")


def test_everything_killed_at_once_comes_back_with_the_deployment_as_it_was() -> None:
    before = pods()
    assert len(before) == 3
    for _attempt in range(20):
        victims = platform_pids()
        if not victims:
            break
        for pid in victims:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(0.2)
    assert not platform_pids()
    # What a crash leaves half-written.
    (RUN / "docker.pid").write_text("999999")
    (RUN / "supervisord.pid").write_text("")
    Path(KUBECONFIG).unlink()
    playbook("site.yml")
    assert pods() == before


def test_a_platform_that_is_well_is_left_alone() -> None:
    assert "changed=0 " in playbook("site.yml", "--tags", "platform")
