"""Debian's packages from a mirror that has moved on since it was looked at, or since the project was written."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

MODULE = Path(__file__).resolve().parents[2] / "plugins/modules/debian_packages.py"
pytestmark = pytest.mark.skipif(not shutil.which("apt-get"), reason="apt is Debian's")


class Informer:
    """A repository in a folder, of packages for any machine; it is not signed, and apt is told to take it as it is."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pool = folder / "pool"
        self.pool.mkdir(parents=True)
        self.packages: dict[tuple[str, str], str] = {}
        self.sources: dict[tuple[str, str], str] = {}

    def has(self, name: str, version: str) -> None:
        """Have a version of a package; its one file says which."""
        tree = self.folder / "tree"
        (tree / "DEBIAN").mkdir(parents=True)
        control = f"Package: {name}\nVersion: {version}\nArchitecture: all\nMaintainer: nobody <nobody@example.org>\n"
        (tree / "DEBIAN/control").write_text(f"{control}Description: none\n")
        (tree / f"usr/share/{name}").mkdir(parents=True)
        (tree / f"usr/share/{name}/version").write_text(version)
        file = self.pool / f"{name}_{version.partition(':')[2] or version}_all.deb"
        subprocess.run(["dpkg-deb", "--root-owner-group", "-b", str(tree), str(file)], check=True, capture_output=True)
        shutil.rmtree(tree)
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        self.packages[name, version] = (
            f"{control}Filename: pool/{file.name}\nSize: {file.stat().st_size}\nSHA256: {digest}\nDescription: none\n"
        )
        self.publish()

    def has_source(self, name: str, version: str) -> None:
        file = self.pool / f"{name}_{version}.dsc"
        file.write_text(f"Source: {name}\nVersion: {version}\n")
        line = f"{hashlib.sha256(file.read_bytes()).hexdigest()} {file.stat().st_size} {file.name}"
        self.sources[name, version] = (
            f"Package: {name}\nBinary: {name}-client\nVersion: {version}\nArchitecture: any\nFormat: 3.0 (native)\n"
            f"Directory: pool\nChecksums-Sha256:\n {line}\n"
        )
        self.publish()

    def drops(self, name: str, version: str) -> None:
        """Have a version no more, as after a point release."""
        self.packages.pop((name, version), None)
        self.sources.pop((name, version), None)
        for file in self.pool.glob(f"{name}_{version}[_.]*"):
            file.unlink()
        self.publish()

    def publish(self) -> None:
        for suite in ("bookworm", "trixie"):
            indexes = {"main/binary-amd64/Packages": self.packages, "main/source/Sources": self.sources}
            lines = [f"Suite: {suite}\nCodename: {suite}\nComponents: main\nArchitectures: amd64\nSHA256:"]
            for name, entries in indexes.items():
                file = self.folder / "dists" / suite / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text("\n".join(entries.values()))
                lines.append(f" {hashlib.sha256(file.read_bytes()).hexdigest()} {file.stat().st_size} {name}")
            (self.folder / "dists" / suite / "Release").write_text("\n".join(lines) + "\n")


@pytest.fixture
def mirror(tmp_path: Path) -> Informer:
    return Informer(tmp_path / "mirror")


class Machine:
    """A machine whose apt knows this mirror and no other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        sources = folder / "sources.list"
        sources.write_text(f"deb [trusted=yes] copy:{folder}/mirror bookworm main\n")
        (folder / "apt.conf").write_text(
            f'Dir::Etc::sourcelist "{sources}";\nDir::Etc::sourceparts "-";\nAPT::Architecture "amd64";\n'
            'APT::Architectures "amd64";\nAcquire::AllowInsecureRepositories "true";\n'
            'APT::Get::AllowUnauthenticated "true";\n'
        )
        # Another machine may lack dpkg-source: the module brings it along with the compiler.
        programs = folder / "programs"
        programs.mkdir()
        (programs / "dpkg-source").write_text('#!/bin/sh\nmkdir -p "$4"\ncp "$3" "$4"/dsc\n')
        (programs / "dpkg-source").chmod(0o755)

    def run(self, **wanted: Any) -> dict[str, Any]:
        cache = self.folder / "cache"
        arguments = {"name": "set", "root": str(cache / "root"), "cache_dir": str(cache), "suite": "bookworm"} | wanted
        done = subprocess.run(
            [sys.executable, str(MODULE)],
            input=json.dumps({"ANSIBLE_MODULE_ARGS": arguments}),
            env=os.environ
            | {"APT_CONFIG": str(self.folder / "apt.conf"), "PATH": f"{self.folder}/programs:{os.environ['PATH']}"}
            | {"PYTHONPATH": str(MODULE.parents[2] / "collections")},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        said: dict[str, Any] = json.loads(done.stdout)
        return said

    def upgraded(self, old: str, new: str) -> None:
        """Have another release, from the same mirror."""
        sources = self.folder / "sources.list"
        sources.write_text(sources.read_text().replace(old, new))

    def has(self, name: str) -> str:
        return (self.folder / f"cache/root/usr/share/{name}/version").read_text()


@pytest.fixture
def machine(tmp_path: Path, mirror: Informer) -> Machine:
    return Machine(tmp_path)


def test_the_newest_that_fits_is_taken_and_kept(mirror: Informer, machine: Machine) -> None:
    for version in ("2.6.9-1", "2.6.12-1+deb12u3", "2.6.10-1"):
        mirror.has("fmk-proxy", version)
    assert machine.run(packages=["fmk-proxy=2.6.*"])["versions"] == {"fmk-proxy": "2.6.12-1+deb12u3"}
    mirror.has("fmk-proxy", "2.6.13-1")
    again = machine.run(packages=["fmk-proxy=2.6.*"])
    assert (again["changed"], again["versions"]) == (False, {"fmk-proxy": "2.6.12-1+deb12u3"})
    assert machine.has("fmk-proxy") == "2.6.12-1+deb12u3"


@pytest.mark.parametrize("epoch", ["", "1:"])
def test_a_version_that_is_superseded_gives_way_to_the_newer_with_a_warning(
    mirror: Informer, machine: Machine, epoch: str
) -> None:
    mirror.has("fmk-tool", f"{epoch}1.5.0-1+deb12u1")
    for wanted in (f"{epoch}1.4.*", f"{epoch}1.4.2-1"):
        said = machine.run(packages=[f"fmk-tool={wanted}"])
        assert said["versions"] == {"fmk-tool": f"{epoch}1.5.0-1+deb12u1"}, said
        assert f"fmk-tool {epoch}1.5.0-1+deb12u1 in place of {wanted}" in str(said["warnings"])


def test_a_mirror_that_is_behind_is_refused(mirror: Informer, machine: Machine) -> None:
    mirror.has("fmk-tool", "1.3.9-1")
    said = machine.run(packages=["fmk-tool=1.4.*"])
    assert said["failed"]
    assert said["msg"] == "the mirrors have fmk-tool 1.3.9-1, wanted is 1.4.*"


def test_what_was_unpacked_for_another_release_goes_first(mirror: Informer, machine: Machine) -> None:
    """After an upgrade of the system: its libraries would come before the machine's."""
    for name in ("fmk-library", "fmk-tool"):
        mirror.has(name, "1.4.1-1")
    machine.run(name="first", packages=["fmk-library"])
    machine.run(name="second", packages=["fmk-tool"])
    machine.upgraded("bookworm", "trixie")
    assert machine.run(name="second", packages=["fmk-tool"], suite="trixie")["changed"]
    assert not (machine.folder / "cache/root/usr/share/fmk-library").exists()
    assert machine.run(name="first", packages=["fmk-library"], suite="trixie")["changed"]
    assert (machine.has("fmk-library"), machine.has("fmk-tool")) == ("1.4.1-1", "1.4.1-1")


def test_a_machine_without_sources_of_its_release_is_refused(machine: Machine) -> None:
    said = machine.run(packages=["fmk-tool"], suite="noble")
    assert said["msg"].startswith("no mirror of noble in this machine's apt sources")


def test_who_makes_a_root_file_system_finds_the_machines_sources(mirror: Informer, machine: Machine) -> None:
    mirror.has("fmk-tool", "1.4.1-1")
    machine.run(packages=["fmk-tool"])
    assert (machine.folder / "cache/apt/machine.list").read_text() == (machine.folder / "sources.list").read_text()


@pytest.mark.parametrize("extra", [False, True])
def test_lists_older_than_the_mirror_are_fetched_again(mirror: Informer, machine: Machine, extra: bool) -> None:
    """Within the hour that they count as fresh, a point release removes what they name."""
    mirror.has("fmk-tool", "1.4.1-1")
    kind = "extra_packages" if extra else "packages"
    machine.run(name="first", **{kind: ["fmk-tool"]})
    mirror.has("fmk-tool", "1.4.2-1")
    mirror.drops("fmk-tool", "1.4.1-1")
    said = machine.run(name="second", **{kind: ["fmk-tool=1.4.*"]})
    assert said.get("versions") == {"fmk-tool": "1.4.2-1"}, said
    assert machine.has("fmk-tool") == "1.4.2-1"


def test_a_source_follows_its_series(mirror: Informer, machine: Machine, tmp_path: Path) -> None:
    wanted = {"source": "fmk-source=1.20.*", "source_dir": str(tmp_path / "source")}
    for version in ("1.20.5+really1.20.2-1.1+deb12u1", "1.20.5+really1.20.2-1.1+deb12u10", "1.21.0-1"):
        mirror.has_source("fmk-source", version)
    said = machine.run(**wanted)
    assert said["versions"] == {"fmk-source": "1.20.5+really1.20.2-1.1+deb12u10"}, said
    assert "deb12u10" in (tmp_path / "source/dsc").read_text()


def test_a_source_of_another_series_is_refused(mirror: Informer, machine: Machine, tmp_path: Path) -> None:
    mirror.has_source("fmk-source", "1.21.0-1")
    said = machine.run(source="fmk-source=1.20.*", source_dir=str(tmp_path / "source"))
    assert said["msg"] == "the mirrors have fmk-source 1.21.0-1, wanted is 1.20.*"
