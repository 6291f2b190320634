"""What stands in the way of the platform is said in words, all of it at once."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.action import platform_preflight as preflight


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


def test_another_release_is_shown_the_other_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight.probe, "debian_release", lambda _text: "noble")
    assert any("inventory/sample" in problem for problem in preflight.machine(password_given=True))
