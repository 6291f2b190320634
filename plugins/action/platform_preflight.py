"""Say what stands in the way of the platform, before anything is done."""

from __future__ import annotations

import ipaddress
import os
import shutil
from pathlib import Path
from typing import Any, ClassVar

from ansible.errors import AnsibleActionFail

from ..plugin_utils.plain_action import PlainAction
from ..plugin_utils.platform import probe

NEEDED = ("apt-get", "dpkg-deb", "nsenter", "unshare", "setpriv", "perl")
CACHED_SHARE = 4
# What the compiler's largest process takes, its garbage collected.
COMPILE_GIB = 2.0
# The release that is compiled from Debian's source; for the others, what modules and build cache take meanwhile.
DEBIAN_RELEASE, MODULES_GIB = "1.20", 8.0


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
            *ranges(arguments["ranges"]),
            *space(arguments),
            *memory(arguments),
        ]
        # A platform that is running, well or not, holds its ports itself.
        if not arguments["running"]:
            problems += [
                f"port {port} on 127.0.0.1 is in use: stop what listens there, or set {variable} to another port"
                for variable, port in arguments["ports"].items()
                if not probe.port_is_free(int(port))
            ]
        if problems:
            raise AnsibleActionFail("The platform cannot run on this machine: " + "; ".join(problems))
        return {"changed": False}


def machine(password_given: bool) -> list[str]:
    """What the machine itself lacks."""
    problems = []
    if not probe.may_become_root(password_given):
        problems.append(
            "it needs root, and sudo would not let this user become it: run as root, or add --ask-become-pass"
        )
    if (architecture := os.uname().machine) != "x86_64":
        problems.append(f"its programs are for x86_64, and this machine is {architecture}")
    release = Path("/etc/os-release")
    if (name := probe.debian_release(release.read_text() if release.exists() else "")) != "bookworm":
        problems.append(
            f"it is made from the packages of Debian 12 (bookworm), and this is {name}: "
            "use a cluster of yours with -i inventory/sample"
        )
    path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    missing = [tool for tool in NEEDED if not shutil.which(tool, path=path)]
    problems += [f"the program {tool} is missing: install it with apt-get" for tool in missing]
    return problems


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
