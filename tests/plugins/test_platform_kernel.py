"""What the kernel, or a container around it, does not let the platform do is known before anything is fetched."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.platform import kernel

WHOLE = "".join(f"CONFIG_{name}={'my'[at % 2]}\n" for at, name in enumerate(kernel.OPTIONS))
VERSION_1 = "cgroup /sys/fs/cgroup/{0} cgroup {1},nosuid,{0} 0 0"
HYBRID = "cgroup2 /sys/fs/cgroup/unified cgroup2 rw,nosuid 0 0"
VERSION_2 = "cgroup2 /sys/fs/cgroup cgroup2 {0},nosuid,nsdelegate 0 0"


def version_1(*controllers: str, mode: str = "rw") -> str:
    return "\n".join(["tmpfs /run tmpfs rw 0 0", HYBRID, *(VERSION_1.format(name, mode) for name in controllers)])


def version_2(root: Path, controllers: str, below: str = "", **files: str) -> Path:
    folder = root / "sys/fs/cgroup"
    folder.mkdir(parents=True)
    texts = {"cgroup.controllers": controllers, "cgroup.subtree_control": below}
    texts |= {f"cgroup.{name}": text for name, text in files.items()}
    for name, text in texts.items():
        (folder / name).write_text(f"{text}\n")
    return root


def test_a_kernel_that_has_everything_built_in_or_as_a_module_is_welcome() -> None:
    assert kernel.missing_options(WHOLE) == []


def test_a_kernel_without_the_parts_of_packet_filters_is_refused_by_their_names() -> None:
    poor = WHOLE.replace("CONFIG_NFT_COMPAT=", "# CONFIG_NFT_COMPAT is not set #").replace(
        "CONFIG_VETH=", "CONFIG_VETHS="
    )
    [problem] = kernel.missing_options(poor)
    assert problem.startswith("its kernel lacks CONFIG_VETH, CONFIG_NFT_COMPAT, which Pods and Services need")


def test_a_kernel_that_does_not_say_what_it_has_is_not_judged() -> None:
    assert kernel.missing_options("") == []


def test_this_kernel_has_what_it_says() -> None:
    assert "CONFIG_" in kernel.configuration() or kernel.configuration() == ""


def test_hierarchies_of_version_1_beside_version_2_are_welcome() -> None:
    assert kernel.control_groups(version_1("cpu,cpuacct", "cpuset", "memory")) == []


def test_a_hierarchy_that_is_missing_is_named_with_what_brings_it() -> None:
    [problem] = kernel.control_groups(version_1("cpu,cpuacct", "cpuset"))
    assert problem == "there are no control groups for memory: have the kernel started with cgroup_enable=memory"


@pytest.mark.parametrize(
    ("mounts", "place"),
    [(version_1("cpu", mode="ro"), "/sys/fs/cgroup/cpu"), (VERSION_2.format("ro"), "/sys/fs/cgroup")],
)
def test_read_only_control_groups_are_a_container_without_privileges(mounts: str, place: str) -> None:
    [problem] = kernel.control_groups(mounts)
    assert problem.startswith(f"control groups are read-only ({place}): run it on a machine of its own")


def test_a_machine_without_control_groups_is_refused() -> None:
    [problem] = kernel.control_groups("proc /proc proc rw 0 0\n")
    assert "no control groups are mounted" in problem


def test_version_2_with_every_controller_is_welcome(tmp_path: Path) -> None:
    root = version_2(tmp_path, "cpuset cpu io memory pids", procs="1 2")
    assert kernel.control_groups(VERSION_2.format("rw"), root) == []


def test_version_2_without_a_controller_is_refused(tmp_path: Path) -> None:
    [problem] = kernel.control_groups(VERSION_2.format("rw"), version_2(tmp_path, "cpu pids cpuset"))
    assert "there are no control groups for memory" in problem


@pytest.mark.parametrize(
    ("procs", "below", "refused"), [("1", "", True), ("", "", False), ("1", "cpu cpuset memory pids", False)]
)
def test_a_container_whose_own_group_cannot_hand_down_is_refused(
    tmp_path: Path, procs: str, below: str, refused: bool
) -> None:
    root = version_2(tmp_path, "cpu cpuset memory pids", below, type="domain", procs=procs)
    found = kernel.control_groups(VERSION_2.format("rw"), root)
    assert ["has processes, so cpu, cpuset, memory, pids cannot" in problem for problem in found] == [True] * refused


def test_root_without_its_capabilities_is_told_which() -> None:
    # As a container engine gives it by default, and all of them.
    assert kernel.missing_capabilities("Name:\tcat\nCapEff:\t00000000a80425fb\n") == ["CAP_NET_ADMIN", "CAP_SYS_ADMIN"]
    assert kernel.missing_capabilities("CapEff:\t000001ffffffffff\n") == []


def test_namespaces_that_cannot_be_made_are_told_in_the_programs_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*command: str) -> subprocess.CompletedProcess[str]:
        if command[0] == "cat":
            return subprocess.CompletedProcess(command, 0, "CapEff:\tffffffffffffffff\n", "")
        return subprocess.CompletedProcess(command, 1, "", "unshare: unshare failed: Operation not permitted\n\n")

    monkeypatch.setattr(kernel, "as_root", refuses)
    [problem] = kernel.root_may_not(version_1("memory"))
    assert problem.startswith(
        "it may not make namespaces (unshare: unshare failed: Operation not permitted): run it on"
    )


def test_where_sudo_would_ask_nobody_judges(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "as_root", lambda *_command: None)
    assert kernel.root_may_not(version_1("memory")) == []


def test_the_root_of_a_user_namespace_is_told_that_the_groups_are_not_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*command: str) -> subprocess.CompletedProcess[str]:
        status = int(command[:2] == ("test", "-w"))
        return subprocess.CompletedProcess(command, status, "CapEff:\tffffffffffffffff\n", "")

    monkeypatch.setattr(kernel, "as_root", refuses)
    [problem] = kernel.root_may_not(version_1("cpu", "memory"))
    assert problem.startswith("its root may not write to the control groups (/sys/fs/cgroup/cpu): run it on")
