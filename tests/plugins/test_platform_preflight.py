"""What stands in the way of the platform is said in words, all of it at once."""

from __future__ import annotations

import ipaddress
import socket
from pathlib import Path
from types import SimpleNamespace

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.action import platform_preflight as preflight
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.platform.distributions import Distribution


@pytest.fixture
def one_route(monkeypatch: pytest.MonkeyPatch) -> None:
    routes = [("eth0", ipaddress.IPv4Network("10.0.0.0/8"))]
    monkeypatch.setattr(preflight.probe, "routes", lambda: routes)


@pytest.mark.usefixtures("one_route")
def test_a_range_that_overlaps_a_route_is_refused_by_name() -> None:
    [problem] = preflight.ranges({"pods": "10.1.0.0/16", "services": "198.19.0.0/17"})
    assert "pods 10.1.0.0/16 overlaps the route to 10.0.0.0/8 on eth0" in problem


@pytest.mark.usefixtures("one_route")
def test_ranges_that_overlap_each_other_are_refused() -> None:
    [problem] = preflight.ranges({"pods": "198.18.0.0/15", "services": "198.19.0.0/17"})
    assert "overlap each other" in problem


@pytest.mark.usefixtures("one_route")
def test_a_range_that_is_none_is_refused() -> None:
    [problem] = preflight.ranges({"platform_base_pod_range": "198.18.0.1/16"})
    assert problem.startswith("platform_base_pod_range is not an IPv4 range")


@pytest.mark.usefixtures("one_route")
def test_the_default_ranges_are_welcome() -> None:
    assert (
        preflight.ranges({"platform_base_pod_range": "198.18.0.0/16", "platform_base_service_range": "198.19.0.0/17"})
        == []
    )


def test_too_little_space_is_said_for_each_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight.probe, "free_gib", lambda _path: 1.0)
    folders = {"cache_dir": str(tmp_path / "cache"), "state_dir": str(tmp_path / "state"), "free_gib": 8.0}
    folders |= {"release": "1.37"}
    [problem, _other] = preflight.space(folders)
    assert "16.0 are needed" in problem
    [problem, _other] = preflight.space(folders | {"release": "1.20"})
    assert "8.0 are needed" in problem
    (tmp_path / "cache/programs/kubernetes-1.37").mkdir(parents=True)
    [problem, _other] = preflight.space(folders)
    assert "1.0 GiB free and 2.0 are needed" in problem


def test_too_little_memory_to_compile_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight.probe, "available_gib", lambda: 1.25)
    wanted = {"cache_dir": str(tmp_path), "release": "1.37"}
    [problem] = preflight.memory(wanted)
    assert "takes 2 GiB of memory, and 1.2 are free" in problem
    (tmp_path / "programs/kubernetes-1.37").mkdir(parents=True)
    assert preflight.memory(wanted) == []
    (tmp_path / "stamps").mkdir()
    (tmp_path / "stamps/kubernetes").touch()
    assert preflight.memory(wanted | {"release": "1.20"}) == []


def test_memory_is_what_could_be_had() -> None:
    assert preflight.probe.available_gib("MemTotal: 9 kB\nMemAvailable:   3145728 kB\n") == 3.0
    assert preflight.probe.available_gib() > 0


def test_a_release_that_there_is_not_is_refused(tmp_path: Path) -> None:
    for name in ("1.20", "1.37"):
        (tmp_path / f"{name}.yml").touch()
    assert preflight.release("1.37", tmp_path) == []
    [problem] = preflight.release("1.2", tmp_path)
    assert problem.startswith("platform_kubernetes is 1.2: set it to one of 1.20, 1.37")


def test_a_user_without_a_way_to_root_is_told_how(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight.probe, "may_become_root", lambda _given: False)
    assert any("--ask-become-pass" in problem for problem in preflight.machine(password_given=False))


def system_called(title: str, suite: str, known: bool) -> Distribution:
    return Distribution(title, suite, "some-python:1", {"base": ["haproxy=9.*"], "images": ["catatonit"]}, known)


def test_a_system_that_is_known_is_welcome_without_asking_apt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "missing_programs", lambda _names: [])
    monkeypatch.setattr(preflight.probe, "packages_without_candidate", lambda names: names)
    known = system_called("Debian 13", "trixie", known=True)
    assert preflight.system(known, "1.37") == []
    assert preflight.untried(known) == []


def test_the_oldest_kubernetes_is_made_on_one_system_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "missing_programs", lambda _names: [])
    [problem] = preflight.system(system_called("Debian 13", "trixie", known=True), "1.20")
    assert problem.startswith(
        "Kubernetes 1.20 is made from Debian 12's packages, and this is Debian 13: set platform_kubernetes"
    )
    assert preflight.system(system_called("Debian 12", "bookworm", known=True), "1.20") == []


def test_a_system_that_is_not_known_is_refused_for_what_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "missing_programs", lambda _names: [])
    monkeypatch.setattr(preflight.probe, "packages_without_candidate", lambda names: names[:1])
    unknown = system_called("Kali GNU/Linux Rolling", "kali-rolling", known=False)
    [problem] = preflight.system(unknown, "1.37")
    assert "Kali GNU/Linux Rolling is not in platform/distributions.yml, and apt has no catatonit there" in problem
    monkeypatch.setattr(preflight.probe, "packages_without_candidate", lambda _names: [])
    assert preflight.system(unknown, "1.37") == []
    assert preflight.untried(unknown) == [
        "the platform has not been tried on Kali GNU/Linux Rolling; it has every package that is needed"
    ]


def test_a_system_without_apt_is_shown_the_other_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "missing_programs", lambda names: list(names)[:2])
    [problem] = preflight.system(system_called("Fedora Linux 44", "unknown", known=False), "1.37")
    assert "and Fedora Linux 44 lacks apt-get, apt-cache: use a cluster of yours with -i inventory/sample" in problem


def test_a_processor_that_nothing_was_compiled_for_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight.os, "uname", lambda: SimpleNamespace(machine="riscv64"))
    problems = preflight.machine(password_given=True)
    assert "its programs are for x86_64 and aarch64, and this machine is riscv64" in problems


def test_programs_that_are_missing_are_named_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "missing_programs", list)
    [problem] = preflight.machine(password_given=True)
    assert problem.startswith("the programs nsenter, unshare, setpriv, perl are missing: install util-linux")


def test_a_port_that_is_taken_is_told_with_who_has_it() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        [problem] = preflight.ports({"platform_base_api_server_port": port})
    who = Path("/proc/self/comm").read_text().strip()
    assert problem == (
        f"port {port} on 127.0.0.1 is in use by {who}: stop what listens there, "
        "or set platform_base_api_server_port to another port"
    )
