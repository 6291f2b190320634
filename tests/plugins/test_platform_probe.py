"""Questions to the machine, answered from what it has written down."""

from __future__ import annotations

import ipaddress
import socket
from pathlib import Path

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.platform import probe

# As the kernel prints it: addresses little-endian, a default route, a network, and a refusal of our own guard.
ROUTES = (
    "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
    "eth0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
    "eth0\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
    "*\t000012C6\t00000000\t0200\t0\t0\t0\t0000FFFF\t0\t0\t0\n"
)


def test_a_route_is_read_as_the_kernel_writes_it() -> None:
    assert probe.routes(ROUTES) == [("eth0", ipaddress.IPv4Network("192.168.1.0/24"))]


def test_a_port_that_somebody_listens_on_is_not_free() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        assert not probe.port_is_free(port)
    assert probe.port_is_free(port)


def test_free_space_is_asked_of_the_disk_a_folder_will_be_on(tmp_path: Path) -> None:
    assert probe.free_gib(tmp_path / "not" / "yet") == pytest.approx(probe.free_gib(tmp_path), rel=0.1)


def test_who_listens_on_a_port_is_known_by_name() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        assert probe.listener(port) == Path("/proc/self/comm").read_text().strip()
    assert probe.listener(port) == ""


def test_packages_that_apt_could_not_install_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = "there:\n  Installed: (none)\n  Candidate: 1.2-3\ngone:\n  Installed: 1\n  Candidate: (none)\n"
    (tmp_path / "apt-cache").write_text(f"#!/bin/sh\nprintf '{said}'\n")
    (tmp_path / "apt-cache").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert probe.packages_without_candidate(["there", "gone", "never"]) == ["gone", "never"]


def test_nobody_answers_on_a_socket_that_is_not_there(tmp_path: Path) -> None:
    assert probe.supervised(str(tmp_path / "none.sock")) == {}
    assert probe.unix_status(str(tmp_path / "none.sock"), "/_ping") is None


def test_a_user_who_is_not_root_needs_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(probe.shutil, "which", lambda _name: None)
    assert not probe.may_become_root(password_given=False)
    assert probe.may_become_root(password_given=True)
