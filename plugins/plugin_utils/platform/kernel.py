"""What the kernel, and whoever has put this machine into a container, let the platform do."""

from __future__ import annotations

import gzip
import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from . import probe

# What kube-proxy's rules, the Pods' network and the containers' file systems are made of.
OPTIONS = (
    *("BRIDGE", "VETH", "OVERLAY_FS", "NF_CONNTRACK", "NF_NAT", "NF_TABLES", "NFT_COMPAT"),
    *("NETFILTER_XT_MARK", "NETFILTER_XT_NAT", "NETFILTER_XT_TARGET_MASQUERADE"),
    *(f"NETFILTER_XT_MATCH_{name}" for name in ("ADDRTYPE", "COMMENT", "CONNTRACK", "STATISTIC")),
)
# What the kubelet wants, in version 1 and in version 2.
CONTROLLERS = {"cgroup": ("cpu", "cpuacct", "cpuset", "memory"), "cgroup2": ("cpu", "cpuset", "memory", "pids")}
# linux/capability.h; the routes of the guard, and namespaces.
CAPABILITIES = {"CAP_NET_ADMIN": 12, "CAP_SYS_ADMIN": 21}
UNPRIVILEGED = "run it on a machine of its own, or in a container with all privileges"


def configuration() -> str:
    """What the running kernel was built with; nothing where it does not say."""
    if (file := Path("/proc/config.gz")).exists():
        return gzip.decompress(file.read_bytes()).decode()
    beside = Path(f"/boot/config-{os.uname().release}")
    return beside.read_text(encoding="utf-8") if os.access(beside, os.R_OK) else ""


def missing_options(text: str) -> list[str]:
    """A kernel that was built without what is needed; one that does not say what it has is not judged."""
    there = set(re.findall(r"^CONFIG_(\w+)=[ym]$", text, re.MULTILINE))
    missing = [f"CONFIG_{name}" for name in OPTIONS if name not in there]
    if not text or not missing:
        return []
    return [f"its kernel lacks {', '.join(missing)}, which Pods and Services need: boot the distribution's own kernel"]


def control_groups(mounts: str, root: Path = Path("/")) -> list[str]:
    """Control groups that are missing, read-only or not handed down; ``mounts`` is the content of /proc/self/mounts."""
    used = hierarchies(mounts)
    if not used:
        return ["no control groups are mounted: mount cgroup2 on /sys/fs/cgroup"]
    closed = [fields[1] for fields in used if "ro" in fields[3].split(",")]
    if closed:
        return [f"control groups are read-only ({closed[0]}): {UNPRIVILEGED}"]
    if used[0][2] == "cgroup2":
        return unified_faults(root / "sys/fs/cgroup")
    return missing_controllers("cgroup", {option for fields in used for option in fields[3].split(",")})


def hierarchies(mounts: str) -> list[list[str]]:
    """The mounts that have controllers. In a hybrid, version 2 is beside version 1 and has none."""
    found = [fields for fields in map(str.split, mounts.splitlines()) if fields[2] in CONTROLLERS]
    unified = any(fields[1:3] == ["/sys/fs/cgroup", "cgroup2"] for fields in found)
    return [fields for fields in found if (fields[2] == "cgroup2") == unified]


def unified_faults(top: Path) -> list[str]:
    """What the one hierarchy of version 2 lacks, or does not hand down to groups below."""
    if missing := missing_controllers("cgroup2", set((top / "cgroup.controllers").read_text().split())):
        return missing
    below = set((top / "cgroup.subtree_control").read_text().split())
    # Only what is not the machine's own root has a type, and cannot hand down while it has processes.
    inner = (top / "cgroup.type").exists() and (top / "cgroup.procs").read_text().strip()
    if inner and (held := [name for name in CONTROLLERS["cgroup2"] if name not in below]):
        return [
            f"the control group {top} has processes, so {', '.join(held)} cannot be handed down to others: "
            "move them to a group below it, or give the container the machine's control groups"
        ]
    return []


def missing_controllers(version: str, there: set[str]) -> list[str]:
    """Controllers that the kubelet wants, and that there are none of."""
    missing = [name for name in CONTROLLERS[version] if name not in there]
    if not missing:
        return []
    return [
        f"there are no control groups for {', '.join(missing)}: have the kernel started with "
        f"{' '.join(f'cgroup_enable={name}' for name in missing)}"
    ]


def as_root(*command: str) -> subprocess.CompletedProcess[str] | None:
    """What a command says, as root without asking; nothing where sudo would ask."""
    if not probe.may_become_root(password_given=False):
        return None
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n", "--"]
    return subprocess.run([*sudo, *command], capture_output=True, text=True, check=False)


def root_may_not(mounts: str) -> list[str]:
    """What root may not do, as in a container without privileges; not judged where sudo would ask."""
    status = as_root("cat", "/proc/self/status")
    if status is None:
        return []
    if lacking := missing_capabilities(status.stdout):
        return [f"its root lacks {', '.join(lacking)}: {UNPRIVILEGED}"]
    # As the launcher does it, and the network namespace beside it.
    flags = ("--mount", "--propagation", "slave", "--pid", "--fork", "--mount-proc", "--net")
    return refused(as_root("unshare", *flags, "--", "true")) or foreign(hierarchies(mounts))


def foreign(used: list[list[str]]) -> list[str]:
    """Control groups that belong to somebody outside, as for the root of a user namespace."""
    for fields in used:
        if (done := as_root("test", "-w", fields[1])) and done.returncode:
            return [f"its root may not write to the control groups ({fields[1]}): {UNPRIVILEGED}"]
    return []


def missing_capabilities(status: str) -> list[str]:
    """Of those that are needed, what a process has not; ``status`` is the content of its /proc/PID/status."""
    found = re.search(r"^CapEff:\s*([0-9a-f]+)$", status, re.MULTILINE)
    held = int(found[1], 16) if found else -1
    return [name for name, bit in CAPABILITIES.items() if not held >> bit & 1]


def refused(done: subprocess.CompletedProcess[str] | None) -> list[str]:
    """Namespaces that could not be made, in the words of the program that tried."""
    if done is None or done.returncode == 0:
        return []
    return [f"it may not make namespaces ({last_line(done.stderr.splitlines())}): {UNPRIVILEGED}"]


def last_line(lines: Sequence[str]) -> str:
    """What a program said last."""
    return next((line.strip() for line in reversed(lines) if line.strip()), "it did not say why")
