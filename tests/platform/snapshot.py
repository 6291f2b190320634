#!/usr/bin/env python3
"""Write down what is on this machine, a line each, so that two snapshots can be compared.

What runs, is mounted, is routed, is filtered, is grouped and lies on disk; without caches, without the checkouts of
repositories (people work in them meanwhile), and without the folders in which the machine itself writes all the time.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

HOME = Path.home()
CACHES = (Path(os.environ.get("XDG_CACHE_HOME") or HOME / ".cache"), HOME / ".ansible", HOME / ".kube")
ELSEWHERE = ("/proc", "/sys", "/dev", "/tmp", "/var/log", "/var/cache", "/var/lib/apt", "/var/lib/dpkg", "/var/tmp")
PLATFORM = (
    "kube",
    "etcd",
    "containerd",
    "dockerd",
    "haproxy",
    "traefik",
    "supervisord",
    "registry",
    "/pause",
    "/program",
)


def processes() -> Iterator[str]:
    """Processes of the kinds that the platform runs."""
    for cmdline in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = cmdline.read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if any(name in word for name in PLATFORM for word in words[:2]):
            yield f"process {' '.join(words[:2])}"


def network() -> Iterator[str]:
    """Interfaces, routes, network namespaces and packet filters."""
    for interface in Path("/sys/class/net").iterdir():
        yield f"interface {interface.name}"
    for file in ("/proc/net/route", "/proc/net/ipv6_route", "/proc/net/ip_tables_names", "/proc/net/ip6_tables_names"):
        if Path(file).exists():
            for line in Path(file).read_text().splitlines():
                # Counters of use change by themselves.
                fields = line.split()
                yield f"{file} {' '.join(fields[:4] + fields[7:8])}"
    if Path("/run/netns").is_dir():
        for namespace in Path("/run/netns").iterdir():
            yield f"namespace {namespace.name}"
    nft = subprocess.run(
        ["sh", "-c", "nft list tables 2>/dev/null; iptables-save 2>/dev/null"], capture_output=True, text=True
    )
    for line in nft.stdout.splitlines():
        if not line.startswith(("#", ":")):
            yield f"filter {line}"


def mounts() -> Iterator[str]:
    """Mount points and control groups."""
    for line in Path("/proc/self/mounts").read_text().splitlines():
        yield f"mount {' '.join(line.split()[:3])}"
    for folder, folders, _files in os.walk("/sys/fs/cgroup"):
        for name in folders:
            yield f"cgroup {folder}/{name}"


def files() -> Iterator[str]:
    """Every file and folder outside caches and checkouts."""
    skipped = {str(path) for path in CACHES} | set(ELSEWHERE)
    for folder, folders, names in os.walk("/", followlinks=False):
        if ".git" in folders or ".git" in names:
            folders.clear()
            continue
        folders[:] = [name for name in folders if os.path.join(folder, name) not in skipped]
        for name in (*folders, *names):
            yield f"file {os.path.join(folder, name)}"


if __name__ == "__main__":
    for entry in sorted({*processes(), *network(), *mounts(), *files()}):
        print(entry)
