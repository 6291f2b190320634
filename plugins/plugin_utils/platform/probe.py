"""Questions to the machine and to the platform, answered without a process of their own."""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import os
import re
import shutil
import socket
import ssl
import subprocess
import xmlrpc.client
from pathlib import Path
from typing import Any

from ..unix_connection import UnixConnection

TIMEOUT_SECONDS = 3.0


class UnixTransport(xmlrpc.client.Transport):
    """XML-RPC over a Unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        """The connection that every call goes over, whatever host it names."""
        del host
        return UnixConnection(self.path, TIMEOUT_SECONDS)


def supervised(socket_path: str) -> dict[str, str]:
    """The supervisor's programs and the state of each, or nothing when no supervisor answers."""
    server = xmlrpc.client.ServerProxy("http://supervisor/RPC2", transport=UnixTransport(socket_path))
    try:
        answer: Any = server.supervisor.getAllProcessInfo()
    except (OSError, http.client.HTTPException, xmlrpc.client.Error):
        return {}
    return {entry["name"]: entry["statename"] for entry in answer}


def unix_status(socket_path: str, path: str) -> int | None:
    """The HTTP status of a GET over a Unix socket, or None when nobody answers."""
    with contextlib.closing(UnixConnection(socket_path, TIMEOUT_SECONDS)) as connection:
        return status(connection, path)


def loopback_status(port: int, path: str, authority: Path | None = None) -> int | None:
    """The HTTP status of a GET on 127.0.0.1, or None when nobody answers; with TLS where an authority is given."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    if authority is not None:
        try:
            tls = ssl.create_default_context(cafile=authority)
        except OSError:
            return None
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS, context=tls)
    with contextlib.closing(connection):
        return status(connection, path)


def status(connection: http.client.HTTPConnection, path: str) -> int | None:
    """The status that a connection answers with."""
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None


def port_is_free(port: int) -> bool:
    """Whether 127.0.0.1 would let us listen on a port."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def routes(table: str = "") -> list[tuple[str, ipaddress.IPv4Network]]:
    """The machine's IPv4 routes as (interface, network), without the default route and without refusals.

    ``table`` stands for the content of /proc/net/route, whose addresses are little-endian hexadecimal.
    """
    reject = 0x0200  # RTF_REJECT, linux/route.h: the platform's own guard
    found = []
    for line in (table or Path("/proc/net/route").read_text()).splitlines()[1:]:
        interface, destination, _gateway, flags, *_rest = fields = line.split()
        address, mask = (ipaddress.IPv4Address(bytes.fromhex(text)[::-1]) for text in (destination, fields[7]))
        network = ipaddress.IPv4Network(f"{address}/{mask}")
        if network.prefixlen and not int(flags, 16) & reject:
            found.append((interface, network))
    return found


def free_gib(path: Path) -> float:
    """Free space, in GiB, on the file system that a folder is or will be on."""
    while not path.exists():
        path = path.parent
    return shutil.disk_usage(path).free / 2**30


def available_gib(meminfo: str = "") -> float:
    """Memory, in GiB, that could be had without swapping; `meminfo` replaces the content of /proc/meminfo."""
    lines = (meminfo or Path("/proc/meminfo").read_text()).splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")) / 2**20


def may_become_root(password_given: bool) -> bool:
    """Whether this user is root, or sudo would make it so without asking."""
    if os.geteuid() == 0 or password_given:
        return True
    if not shutil.which("sudo"):
        return False
    return subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0


def packages_without_candidate(names: list[str]) -> list[str]:
    """Of packages, those that apt could not install from the lists that it has."""
    command = ["env", "LC_ALL=C", "apt-cache", "policy", *names]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    found = re.findall(r"^(\S+):\n  Installed: .*\n  Candidate: (.*)$", said, re.MULTILINE)
    there = {name.partition(":")[0] for name, candidate in found if candidate != "(none)"}
    return [name for name in names if name not in there]


def listener(port: int) -> str:
    """The program that listens on a port, where its owner may be known; else nothing."""
    inodes = set()
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        for line in table.read_text().splitlines()[1:] if table.exists() else []:
            fields = line.split()
            # TCP_LISTEN, in include/net/tcp_states.h.
            if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:
                inodes.add(f"socket:[{fields[9]}]")
    for descriptor in Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError):
            if str(descriptor.readlink()) in inodes:
                return (descriptor.parents[1] / "comm").read_text().strip()
    return ""
