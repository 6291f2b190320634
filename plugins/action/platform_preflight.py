"""Say what stands in the way of the platform, before anything is done."""

from __future__ import annotations

import ipaddress
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from ansible.errors import AnsibleActionFail

from ..plugin_utils.plain_action import PlainAction
from ..plugin_utils.platform import kernel, probe
from ..plugin_utils.platform.distributions import Distribution, this_machine

# What makes a system one that packages can be had from; what else is called.
PACKAGE_PROGRAMS = ("apt-get", "apt-cache", "apt-config", "dpkg", "dpkg-deb")
PROGRAMS = ("nsenter", "unshare", "setpriv", "perl")
ELSEWHERE = "use a cluster of yours with -i inventory/sample"
# Kubernetes names them otherwise than the kernel: aarch64 is arm64.
ARCHITECTURES = ("x86_64", "aarch64")
CACHED_SHARE = 4
# What the compiler's largest process takes, its garbage collected.
COMPILE_GIB = 2.0
# The release that is compiled from one Debian's source package; for the others, what modules and build cache take.
DEBIAN_RELEASE, DEBIAN_SUITE, MODULES_GIB = "1.20", "bookworm", 8.0


class ActionModule(PlainAction):
    """Looks only; finds everything at once, so that nobody has to fix one thing after the other."""

    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {
        "release": {"type": "str", "required": True},
        "releases": {"type": "path", "required": True},
        "cache_dir": {"type": "path", "required": True},
        "state_dir": {"type": "path", "required": True},
        "run_dir": {"type": "path", "required": True},
        "free_gib": {"type": "float", "required": True},
        "ports": {"type": "dict", "required": True},
        "ranges": {"type": "dict", "required": True},
        "running": {"type": "bool", "default": False},
    }

    def perform(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Fail with all that was found, or say nothing."""
        problems = [
            *machine(bool(self.variables.get("ansible_become_password"))),
            *release(arguments["release"], Path(arguments["releases"])),
            *system(this_machine(), arguments["release"]),
            *kernel.missing_options(kernel.configuration()),
            *kernel.control_groups(mounts := Path("/proc/self/mounts").read_text()),
            *ranges(arguments["ranges"]),
            *space(arguments),
            *memory(arguments),
        ]
        # A platform that is running, well or not, holds its ports itself.
        if not arguments["running"]:
            problems += [*ports(arguments["ports"]), *kernel.root_may_not(mounts)]
        if problems:
            raise AnsibleActionFail("The platform cannot run on this machine: " + "; ".join(problems))
        return {"changed": False, "warnings": untried(this_machine())}


def machine(password_given: bool) -> list[str]:
    """What the machine itself lacks."""
    problems = []
    if not probe.may_become_root(password_given):
        problems.append(
            "it needs root, and sudo would not let this user become it: run as root, or add --ask-become-pass"
        )
    if (architecture := os.uname().machine) not in ARCHITECTURES:
        problems.append(f"its programs are for {' and '.join(ARCHITECTURES)}, and this machine is {architecture}")
    if missing := missing_programs(PROGRAMS):
        problems.append(f"the programs {', '.join(missing)} are missing: install util-linux and perl")
    return problems


def missing_programs(names: Sequence[str]) -> list[str]:
    """Of programs, those that neither the user nor root would find."""
    path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    return [name for name in names if not shutil.which(name, path=path)]


def system(found: Distribution, release: str) -> list[str]:
    """A system that packages cannot be had from, or not those that are needed."""
    if missing := missing_programs(PACKAGE_PROGRAMS):
        return [
            f"it is made from Debian's or Ubuntu's packages, and {found.title} lacks {', '.join(missing)}: {ELSEWHERE}"
        ]
    if release == DEBIAN_RELEASE and found.suite != DEBIAN_SUITE:
        return [
            f"Kubernetes {DEBIAN_RELEASE} is made from Debian 12's packages, and this is {found.title}: "
            "set platform_kubernetes to a later release"
        ]
    if not found.known and (lacking := probe.packages_without_candidate(found.package_names())):
        return [
            f"{found.title} is not in platform/distributions.yml, and apt has no {', '.join(lacking)} there: "
            f"run apt-get update, or add where they come from to apt's sources; else {ELSEWHERE}"
        ]
    return []


def untried(found: Distribution) -> list[str]:
    """What is worth knowing of a system that has what is needed."""
    return (
        []
        if found.known
        else [f"the platform has not been tried on {found.title}; it has every package that is needed"]
    )


def ports(wanted: dict[str, int]) -> list[str]:
    """Ports that somebody else has, another Kubernetes perhaps."""
    return [
        f"port {port} on 127.0.0.1 is in use{f' by {who}' if (who := probe.listener(int(port))) else ''}: "
        f"stop what listens there, or set {variable} to another port"
        for variable, port in wanted.items()
        if not probe.port_is_free(int(port))
    ]


def release(wanted: str, folder: Path) -> list[str]:
    """A release of Kubernetes that there is no file for."""
    known = sorted(path.stem for path in folder.glob("*.yml"))
    if wanted in known:
        return []
    return [f"platform_kubernetes is {wanted}: set it to one of {', '.join(known)}, in quotes where it stands in YAML"]


def ranges(wanted: dict[str, str]) -> list[str]:
    """Ranges that are none, that overlap each other, or that overlap a route."""
    problems, networks = [], {}
    for variable, text in wanted.items():
        try:
            networks[variable] = ipaddress.IPv4Network(text)
        except ValueError as error:
            problems.append(f"{variable} is not an IPv4 range: {error}")
    for variable, network in networks.items():
        problems += [
            f"{variable} {network} overlaps the route to {route} on {interface}: "
            "set it to a range that this machine does not reach"
            for interface, route in probe.routes()
            if network.overlaps(route)
        ]
    values = list(networks.values())
    if len(values) == 2 and values[0].overlaps(values[1]):
        problems.append(f"{' and '.join(networks)} overlap each other: {values[0]} and {values[1]}")
    return problems


def is_compiled(arguments: dict[str, Any]) -> bool:
    """Whether the programs of the wanted release are there already."""
    cache, wanted = Path(arguments["cache_dir"]), arguments["release"]
    if wanted == DEBIAN_RELEASE:
        return (cache / "stamps" / "kubernetes").exists()
    return (cache / "programs" / f"kubernetes-{wanted}").exists()


def memory(arguments: dict[str, Any]) -> list[str]:
    """Too little of it to compile."""
    if is_compiled(arguments) or (free := probe.available_gib()) >= COMPILE_GIB:
        return []
    return [
        f"compiling Kubernetes takes {COMPILE_GIB:.0f} GiB of memory, and {free:.1f} are free: end what takes the rest"
    ]


def space(arguments: dict[str, Any]) -> list[str]:
    """Folders with too little room."""
    needed = arguments["free_gib"]
    if is_compiled(arguments):
        needed /= CACHED_SHARE
    elif arguments["release"] != DEBIAN_RELEASE:
        needed += MODULES_GIB
    return [
        f"{folder} has {free:.1f} GiB free and {needed:.1f} are needed: "
        f"make room, or set platform_base_{variable} to another disk"
        for variable in ("cache_dir", "state_dir")
        if (free := probe.free_gib(Path(folder := arguments[variable]))) < needed
    ]
