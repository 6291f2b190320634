"""The platform's control group, in folders laid out as the kernel does."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.modules import platform_isolation


def group_in(*hierarchies: Path) -> platform_isolation.ControlGroup:
    group = platform_isolation.ControlGroup("under-test")
    group.hierarchies = group.everywhere = list(hierarchies)
    return group


def version_2(folder: Path, controllers: str, below: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cgroup.controllers").write_text(f"{controllers}\n")
    (folder / "cgroup.subtree_control").write_text(f"{below}\n")


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What is written into control files: the kernel takes each as an order, and a file would only keep the last."""
    orders: list[tuple[str, str]] = []

    def take(path: Path, text: str) -> int:
        if text == "+hugetlb":
            raise OSError("busy")
        orders.append((path.parent.name, text))
        return len(text)

    monkeypatch.setattr(Path, "write_text", take)
    return orders


def test_in_version_2_the_group_is_handed_what_the_kubelet_wants(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    version_2(tmp_path, "cpuset cpu io memory hugetlb pids rdma", "cpu memory")
    version_2(tmp_path / "under-test", "cpu memory", "")
    orders: list[tuple[str, str]] = request.getfixturevalue("written")
    assert group_in(tmp_path).create()
    root = tmp_path.name
    assert orders == [(root, "+cpuset"), (root, "+pids"), ("under-test", "+cpu"), ("under-test", "+memory")]


def test_a_group_that_has_them_is_left_alone(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    for folder in (tmp_path, tmp_path / "under-test"):
        version_2(folder, "cpu memory", "cpu memory")
    (tmp_path / "under-test/platform").mkdir()
    orders: list[tuple[str, str]] = request.getfixturevalue("written")
    assert not group_in(tmp_path).create()
    assert orders == []


def test_in_version_1_a_new_cpuset_is_filled_before_anybody_joins(tmp_path: Path) -> None:
    group = group_in(tmp_path / "cpuset", tmp_path / "pids")
    for hierarchy in group.hierarchies:
        hierarchy.mkdir()
    (tmp_path / "cpuset/cpuset.cpus").write_text("0-1\n")
    for folder in ("under-test", "under-test/platform"):
        (tmp_path / "cpuset" / folder).mkdir()
        (tmp_path / "cpuset" / folder / "cpuset.cpus").write_text("\n")
    group.create()
    assert (tmp_path / "cpuset/under-test/platform/cpuset.cpus").read_text() == "0-1\n"
    assert group.procs_file() == tmp_path / "pids/under-test/platform/cgroup.procs"
