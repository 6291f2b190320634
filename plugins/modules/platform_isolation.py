#!/usr/bin/python
"""The isolated ground on which the platform stands."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import time
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: platform_isolation
short_description: Lay and clear the isolated ground of the platform
description:
  - The platform's Kubernetes lives in a network namespace that has no way out. It holds only its loopback and a pair of
    virtual interfaces whose both ends lie inside, so no packet for a Pod or a Service can reach the machine's uplink.
    Packets that the machine itself would send to these ranges are refused by two C(unreachable) routes, the guard.
  - All processes of the platform share a control group, so that they can be found and ended, whoever started them.
  - C(state=present) first clears what a reboot or a crash has left, when no supervisor runs any more.
  - C(state=absent) ends every process of the platform, removes namespace, control groups and folders, and the guard last.
options:
  name:
    description: Name of the network namespace and of the control group.
    type: str
    required: true
  state:
    description: Whether the ground is laid or cleared.
    type: str
    choices: [present, absent]
    default: present
  ranges:
    description: Address ranges of Pods and Services.
    type: list
    elements: str
    required: true
  node_address:
    description: Address of the Kubernetes node, inside the namespace.
    type: str
    default: ""
  shadowed:
    description:
      - Folders that programs of the platform write to wherever they are told to keep their things. Each must be there, for
        something of the platform's own to be mounted over it in its mount namespace; one that was missing is made, empty,
        and removed again with C(state=absent).
    type: list
    elements: path
    default: []
  memory:
    description: The file that remembers which of O(shadowed) were made.
    type: path
    required: true
  volatile:
    description: Folders that are cleared whenever the platform is not running (sockets, pid files).
    type: list
    elements: path
    default: []
  persistent:
    description: Folders that are removed with C(state=absent) only.
    type: list
    elements: path
    default: []
author:
  - fastapi-mysql-k8s
"""

EXAMPLES = r"""
- name: Lay the ground
  fastapi_mysql.k8s.platform_isolation:
    name: fastapi-mysql-k8s
    ranges: [198.18.0.0/16, 198.19.0.0/17]
    node_address: 198.19.128.1
    shadowed: [/run/docker]
    memory: /var/lib/fastapi-mysql-k8s/shadowed
    volatile: [/run/fastapi-mysql-k8s]
"""

RETURN = r"""
cgroup_procs:
  description: The file through which a process joins the platform's control group.
  type: str
  returned: state is present
running:
  description: Whether processes of the platform were running when the module came.
  type: bool
  returned: always
"""

PATIENCE_SECONDS = 30
# What the kubelet wants of its group in version 2, as far as the machine has it.
HANDED_DOWN = ("cpu", "cpuset", "memory", "hugetlb", "pids")


class ControlGroup:
    """The platform's control group, in every hierarchy of version 1 or in the one of version 2."""

    def __init__(self, name: str) -> None:
        mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
        # A hybrid machine has version 2 beside version 1, without controllers: its groups are made by others, and found by us.
        self.everywhere = [Path(fields[1]) for fields in mounts if fields[2] in ("cgroup", "cgroup2")]
        unified = [Path(fields[1]) for fields in mounts if fields[2] == "cgroup2" and fields[1] == "/sys/fs/cgroup"]
        self.hierarchies = unified or [Path(fields[1]) for fields in mounts if fields[2] == "cgroup"]
        self.name = name

    def folders(self) -> list[Path]:
        """The group's folder in each hierarchy that has it."""
        return [hierarchy / self.name for hierarchy in self.everywhere if (hierarchy / self.name).is_dir()]

    def create(self) -> bool:
        """Make the group; true if a folder was missing."""
        changed = False
        for hierarchy in self.hierarchies:
            for folder in (hierarchy / self.name, hierarchy / self.name / "platform"):
                if not folder.is_dir():
                    folder.mkdir()
                    changed = True
                # A new cpuset is empty, and an empty one takes no process.
                for file in ("cpuset.cpus", "cpuset.mems"):
                    if (folder / file).exists() and not (folder / file).read_text().strip():
                        (folder / file).write_text((folder.parent / file).read_text())
            for folder in (hierarchy, hierarchy / self.name):
                changed = self.hand_down(folder) or changed
        return changed

    def hand_down(self, folder: Path) -> bool:
        """In version 2, give the groups below a folder the controllers that it has; true if one was missing."""
        given = folder / "cgroup.subtree_control"
        if not given.exists():
            return False
        there, below = (set(file.read_text().split()) for file in (folder / "cgroup.controllers", given))
        missing = [name for name in HANDED_DOWN if name in there - below]
        for name in missing:
            # One that is refused must not keep the others back; the kubelet says which it lacks.
            with contextlib.suppress(OSError):
                given.write_text(f"+{name}")
        return bool(missing)

    def procs_file(self) -> Path:
        """Where the supervisor joins: one hierarchy is enough to find it and its children again."""
        preferred = [hierarchy for hierarchy in self.hierarchies if hierarchy.name == "pids"]
        return (preferred or self.hierarchies)[0] / self.name / "platform" / "cgroup.procs"

    def processes(self) -> set[int]:
        """Every process in the group or below it, in any hierarchy."""
        found: set[int] = set()
        for folder in self.folders():
            for procs in folder.rglob("cgroup.procs"):
                try:
                    found.update(int(line) for line in procs.read_text().split())
                except OSError:
                    continue  # the group went while we looked
        return found - {0, os.getpid()}

    def kill(self) -> set[int]:
        """End every process of the group and return those that would not go."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (left := self.processes()) and time.monotonic() < deadline:
            for pid in left:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
            time.sleep(0.1)
        return left

    def remove(self) -> bool:
        """Remove the group's folders, deepest first; a group whose last process is still going is tried again."""
        changed = False
        for folder in self.folders():
            changed = True
            deadline = time.monotonic() + PATIENCE_SECONDS
            while folder.is_dir():
                for child in [
                    *sorted((p for p in folder.rglob("*") if p.is_dir()), key=lambda p: -len(p.parts)),
                    folder,
                ]:
                    try:
                        child.rmdir()
                    except OSError:
                        if time.monotonic() > deadline:
                            raise
                        time.sleep(0.05)
        return changed


class Ground:
    """Namespace, guard, control group and folders of the platform."""

    def __init__(self, module: AnsibleModule) -> None:
        self.module = module
        self.name: str = module.params["name"]
        self.ranges: list[str] = module.params["ranges"]
        self.group = ControlGroup(self.name)

    def ip(self, *arguments: str, check: bool = True) -> str:
        """Run ip(8) and return what it printed; a machine that lacks it has nothing of ours to ask about."""
        if not check and not shutil.which("ip"):
            return ""
        _code, out, _err = self.module.run_command(["ip", *arguments], check_rc=check)
        return str(out)

    def namespace_exists(self) -> bool:
        """Whether the network namespace is there and really is one (a stale name is an empty file)."""
        return self.name in self.ip("netns", "list", check=False).split()

    def guarded(self) -> list[str]:
        """The ranges whose guard stands."""
        routes = self.ip("route", "show", "type", "unreachable", check=False).split()
        return [address for address in self.ranges if address in routes]

    def lay(self) -> bool:
        """Make what is missing: the guard first, then the namespace, then the control group."""
        changed = False
        for address in set(self.ranges) - set(self.guarded()):
            self.ip("route", "add", "unreachable", address)
            changed = True
        if not self.namespace_exists():
            self.ip("netns", "add", self.name)
            changed = True
        inside = ("-n", self.name)
        if "node0" not in self.ip(*inside, "-o", "link", "show"):
            self.ip(*inside, "link", "set", "lo", "up")
            self.ip(*inside, "link", "add", "node0", "type", "veth", "peer", "name", "node1")
            self.ip(*inside, "address", "add", f"{self.module.params['node_address']}/32", "dev", "node0")
            self.ip(*inside, "link", "set", "node1", "up")
            self.ip(*inside, "link", "set", "node0", "up")
            # Service addresses are rewritten on their way out; there must be a way out for that to happen. This one ends inside.
            self.ip(*inside, "route", "add", "default", "dev", "node0")
            self.module.run_command(
                [
                    "nsenter",
                    f"--net=/run/netns/{self.name}",
                    "--",
                    "sh",
                    "-c",
                    "echo 1 > /proc/sys/net/ipv4/ip_forward",
                ],
                check_rc=True,
            )
            changed = True
        changed = self.make_shadowed() or changed
        return self.group.create() or changed

    def make_shadowed(self) -> bool:
        """Make the folders to mount over that the machine lacks; remember each before it is there."""
        memory = Path(self.module.params["memory"])
        made = memory.read_text().splitlines() if memory.exists() else []
        missing = [folder for folder in self.module.params["shadowed"] if not Path(folder).exists()]
        if missing:
            memory.parent.mkdir(parents=True, exist_ok=True)
            memory.write_text("\n".join(dict.fromkeys([*made, *missing])) + "\n")
        for folder in missing:
            Path(folder).mkdir(parents=True)
        return bool(missing)

    def remove_shadowed(self) -> None:
        """Remove the folders that were made, unless somebody has put something there since."""
        memory = Path(self.module.params["memory"])
        for folder in memory.read_text().splitlines() if memory.exists() else []:
            with contextlib.suppress(OSError):
                Path(folder).rmdir()

    def clear(self, folders: list[str], for_good: bool = False) -> bool:
        """Clear everything but the guard; for good, also the folders that were made to mount over."""
        left = self.group.kill()
        if left:
            self.module.fail_json(
                msg=f"processes of the platform that do not end: {sorted(left)}. Reboot, then run this again."
            )
        if for_good:
            # Only now: a program that is being ended may still start another, which would make them again.
            self.remove_shadowed()
        changed = self.group.remove()
        if self.namespace_exists():
            self.ip("netns", "delete", self.name)
            changed = True
        else:
            Path("/run/netns", self.name).unlink(missing_ok=True)
        for folder in folders:
            if Path(folder).exists():
                shutil.rmtree(folder)
                changed = True
        return changed

    def lift_guard(self) -> bool:
        """Remove the guard; only when nothing is left that it could hold back."""
        standing = self.guarded()
        for address in standing:
            self.ip("route", "delete", "unreachable", address)
        return bool(standing)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "ranges": {"type": "list", "elements": "str", "required": True},
            "node_address": {"type": "str", "default": ""},
            "shadowed": {"type": "list", "elements": "path", "default": []},
            "memory": {"type": "path", "required": True},
            "volatile": {"type": "list", "elements": "path", "default": []},
            "persistent": {"type": "list", "elements": "path", "default": []},
        },
        supports_check_mode=True,
    )
    ground = Ground(module)
    running = bool(ground.group.processes())
    there = ground.namespace_exists() or bool(ground.group.folders()) or bool(ground.guarded())
    if module.check_mode:
        module.exit_json(changed=not running if module.params["state"] == "present" else there, running=running)
    if module.params["state"] == "absent":
        changed = ground.clear([*module.params["volatile"], *module.params["persistent"]], for_good=True)
        module.exit_json(changed=ground.lift_guard() or changed, running=running)
    changed = False if running else ground.clear(module.params["volatile"])
    changed = ground.lay() or changed
    module.exit_json(changed=changed, running=running, cgroup_procs=str(ground.group.procs_file()))


if __name__ == "__main__":
    main()
