#!/usr/bin/python
"""Unpack Debian packages into a folder of our own, without installing anything on the machine."""

from __future__ import annotations

import fnmatch
import functools
import hashlib
import json
import os
import shutil
import stat
import tempfile
import time
import urllib.parse
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.apt_sources import Sources, machine_sources
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.os_release import codename, os_release

DOCUMENTATION = r"""
module: debian_packages
short_description: Unpack Debian packages into a folder, without installing them
description:
  - Downloads packages and whatever libraries they need that the machine lacks, with the machine's own apt sources of its
    release, their options and keys, and with apt's own check of signatures and checksums, and unpacks them below O(root).
  - Nothing is installed. No maintainer script runs, no service starts, and dpkg's database stays as it is,
    so that removing the folder removes everything.
  - A mirror moves on; point releases and security updates take the place of what was there. The newest version that fits is
    taken; where a mirror has only newer ones of a package than were tried, the newest of them, with a warning. Lists that are
    older than the mirror are fetched again. What is unpacked stays until something else is wanted, or O(root) is removed.
  - What was unpacked for another release of the system is removed first, after an upgrade.
  - Leaves these sources in O(cache_dir) as C(apt/machine.list), C(apt/machine.sources) and C(apt/machine.keys), for those who
    make a root file system of the same release.
  - Needs no privileges.
options:
  root:
    description: The folder to unpack into.
    type: path
    required: true
  name:
    description: The name of this set of packages. Its stamp and its downloads carry it.
    type: str
    required: true
  packages:
    description: "Package names, or C(name=version) where the version, a shell pattern, is what was tried."
    type: list
    elements: str
    default: []
  extra_packages:
    description: >-
      Packages to take from O(extra_suite), without what they depend on: for programs that need nothing but the C library,
      and that apt would not install beside the machine's older packages.
    type: list
    elements: str
    default: []
  source:
    description: >-
      A source package, as C(name=version) where the version may be a shell pattern, to download and unpack with Debian's
      patches applied. No other version is taken.
    type: str
    default: ""
  source_dir:
    description: Where the source is unpacked.
    type: path
  links:
    description: Symbolic links to make below O(root), path → target, where a maintainer script would have set an alternative.
    type: dict
    default: {}
  cache_dir:
    description: Where the private package lists and downloads are kept.
    type: path
    required: true
  extra_suite:
    description: The further Debian release, on the machine's mirror, that O(extra_packages) come from.
    type: str
    default: trixie
  suite:
    description: The code name of the release whose packages are wanted; by default the machine's.
    type: str
author:
  - fastapi-mysql-k8s
"""

EXAMPLES = r"""
- name: Fetch etcd
  fastapi_mysql.k8s.debian_packages:
    name: etcd
    root: /home/me/.cache/fastapi-mysql-k8s/root
    cache_dir: /home/me/.cache/fastapi-mysql-k8s
    packages: [etcd-server=3.4.*]
"""

RETURN = r"""
files:
  description: The package files that were unpacked.
  type: list
  elements: str
  returned: when something was unpacked
versions:
  description: The version of each package, and of the source package, that was found and unpacked.
  type: dict
  returned: when not in check mode
"""

LISTS_VALID_SECONDS = 3600
# Raised when packages are unpacked in another way, so that caches are filled again.
UNPACKING = 2


class AptError(Exception):
    """What apt could not do, in its own last words."""


class Apt:
    """apt with private sources, lists and downloads, which resolves against what the machine has installed."""

    def __init__(self, module: AnsibleModule, directory: Path, archives: Path, sources: Sources) -> None:
        self.module = module
        self.directory = directory
        self.archives = archives
        for folder in (directory / "lists" / "partial", archives / "partial", directory / "parts"):
            folder.mkdir(parents=True, exist_ok=True)
        self.refresh(sources)

    def refresh(self, sources: Sources) -> None:
        """Write the private sources, and refresh their lists when they are older than an hour."""
        fresh = self.directory / "fresh"
        changed = write_sources(self.directory / "parts", sources)
        if not changed and fresh.exists() and time.time() - fresh.stat().st_mtime < LISTS_VALID_SECONDS:
            return
        fresh.unlink(missing_ok=True)
        self.get("update")
        fresh.touch()

    def run(self, program: str, *arguments: str, cwd: Path | None = None) -> str:
        """Run one of apt's programs and return what it printed; a failure ends the module with apt's own last lines."""
        options = {
            "Dir::Etc::sourcelist": "/dev/null",
            "Dir::Etc::sourceparts": self.directory / "parts",
            "Dir::State::lists": self.directory / "lists",
            "Dir::Cache::archives": self.archives,
            "Dir::Cache::pkgcache": "",
            "Dir::Cache::srcpkgcache": "",
            "Debug::NoLocking": "1",
            "APT::Sandbox::User": "root" if os.geteuid() == 0 else "",
            "Acquire::Languages": "none",
            "Acquire::Retries": "3",
        }
        command = [program, "-q"]
        for key, value in options.items():
            command += ["-o", f"{key}={value}"]
        code, out, err = self.module.run_command([*command, *arguments], cwd=str(cwd) if cwd else None)
        if code:
            tail = "; ".join(err.strip().splitlines()[-4:])
            raise AptError(
                f"{program} {arguments[0]} failed: {tail}. Is a Debian mirror within reach (apt-get update)?"
            )
        return str(out)

    def get(self, *arguments: str, cwd: Path | None = None) -> str:
        """Run apt-get."""
        return self.run("apt-get", "-y", *arguments, cwd=cwd)

    def versions(self, name: str, kind: str) -> list[str]:
        """Return the versions of a package that the mirrors have, the newest first; kind is C(Packages) or C(Sources)."""
        rows = [line.split("|") for line in self.run("apt-cache", "madison", name).splitlines()]
        found = dict.fromkeys(row[1].strip() for row in rows if len(row) == 3 and kind in row[2])
        return sorted(found, key=functools.cmp_to_key(self.compare), reverse=True)

    def compare(self, one: str, other: str) -> int:
        """Order two versions as Debian does."""
        if one == other:
            return 0
        code, _, _ = self.module.run_command(["dpkg", "--compare-versions", one, "lt", other])
        return 1 if code else -1

    def resolve(self, package: str, kind: str = "Packages") -> str:
        """Turn C(name=pattern) into C(name=version), the newest version the mirrors have that fits."""
        name, _, pattern = package.partition("=")
        if not pattern:
            return name
        versions = self.versions(name, kind)
        if fitting := [version for version in versions if fnmatch.fnmatch(version, pattern)]:
            return f"{name}={fitting[0]}"
        # Within a release, Debian's updates are compatible; a source is compiled with options of its own series.
        if kind == "Packages" and versions and self.compare(versions[0], pattern.partition("*")[0]) > 0:
            self.module.warn(f"the mirrors have {name} {versions[0]} in place of {pattern}, with which this was tried")
            return f"{name}={versions[0]}"
        raise AptError(f"the mirrors have {name} {', '.join(versions) or 'nowhere'}, wanted is {pattern}")


def write_sources(folder: Path, sources: Sources) -> bool:
    """Write what apt, or whoever makes a root file system, reads; true if something else was there."""
    texts = sources.files() | ({"keys": "\n".join(sources.keys()) + "\n"} if sources.keys() else {})
    there = {file.suffix[1:]: file for file in folder.glob("machine.*")}
    if {suffix: file.read_text() for suffix, file in there.items()} == texts:
        return False
    for file in there.values():
        file.unlink()
    for suffix, text in texts.items():
        (folder / f"machine.{suffix}").write_text(text)
    return True


def own_sources(module: AnsibleModule, suite: str) -> Sources:
    """The machine's own sources of a release, from wherever its apt has them."""
    names = ("Dir::Etc::sourcelist/f", "Dir::Etc::sourceparts/d")
    _code, out, _err = module.run_command(["apt-config", "shell", "MAIN", names[0], "PARTS", names[1]])
    settings = dict(line.split("=", 1) for line in out.splitlines() if "=" in line)
    main, parts = (Path(settings[name].strip("'")) if name in settings else None for name in ("MAIN", "PARTS"))
    if sources := machine_sources(main, parts, suite):
        return sources
    module.fail_json(
        msg=f"no mirror of {suite} in this machine's apt sources, and the platform is made from its packages"
    )
    raise AssertionError


def make_room(root: Path, suite: str) -> None:
    """Remove what was unpacked for another release: its libraries would come before the machine's."""
    note = root / "release"
    if note.exists() and note.read_text() != suite:
        shutil.rmtree(root)
    root.mkdir(parents=True, exist_ok=True)
    note.write_text(suite)


def unpack(module: AnsibleModule, archives: Path, root: Path) -> list[str]:
    """Unpack every downloaded package below root and return their file names."""
    files = sorted(archives.glob("*.deb"))
    for file in files:
        module.run_command(["dpkg-deb", "-x", str(file), str(root)], check_rc=True)
    # A program that is set-user-ID belongs to whoever unpacked it: root would run it as that user.
    for folder, _folders, names in os.walk(root):
        for name in names:
            path = Path(folder, name)
            mode = path.lstat().st_mode
            if stat.S_ISREG(mode) and mode & (stat.S_ISUID | stat.S_ISGID):
                path.chmod(mode & 0o777)
    return [file.name for file in files]


def unpack_source(module: AnsibleModule, apt: Apt, source: str, target: Path, root: Path) -> None:
    """Download a source package and unpack it with its patches; dpkg-source checks every checksum in the .dsc."""
    with tempfile.TemporaryDirectory(dir=apt.directory) as scratch:
        apt.get("source", "--download-only", source, cwd=Path(scratch))
        [description] = Path(scratch).glob("*.dsc")
        dpkg_source = shutil.which("dpkg-source") or str(root / "usr/bin/dpkg-source")
        environment = {"PERL5LIB": str(root / "usr/share/perl5"), "PATH": f"{os.environ['PATH']}:{root / 'usr/bin'}"}
        if target.exists():
            shutil.rmtree(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        module.run_command(
            [dpkg_source, "-q", "-x", str(description), str(target)], check_rc=True, environ_update=environment
        )


def fetch(module: AnsibleModule, archives: Path) -> tuple[list[str], dict[str, str]]:
    """Download and unpack what is wanted; return the files, and the versions that were found."""
    wanted, root, lists = module.params, Path(module.params["root"]), Path(module.params["cache_dir"], "apt")
    shutil.rmtree(archives, ignore_errors=True)
    lists.mkdir(parents=True, exist_ok=True)
    sources = own_sources(module, wanted["suite"])
    # What a root file system made from the same mirrors has as its sources.
    write_sources(lists, sources)
    if wanted["packages"]:
        apt = Apt(module, lists / "main", archives, sources)
        names = [apt.resolve(package) for package in wanted["packages"]]
        apt.get("install", "--download-only", "--no-install-recommends", "--reinstall", "--allow-downgrades", *names)
    if wanted["extra_packages"]:
        further = sources.of_suite(wanted["suite"], wanted["extra_suite"])
        extra = Apt(module, lists / "extra", archives, further)
        extra.get("download", *[extra.resolve(package) for package in wanted["extra_packages"]], cwd=archives)
    files = unpack(module, archives, root)
    versions = {name: urllib.parse.unquote(version) for name, version, _ in (file.split("_") for file in files)}
    for path, target in wanted["links"].items():
        (root / path).unlink(missing_ok=True)
        (root / path).symlink_to(target)
    if wanted["source"]:
        upstream = Apt(module, lists / "source", archives, sources.of_source())
        source = upstream.resolve(wanted["source"], "Sources")
        unpack_source(module, upstream, source, Path(wanted["source_dir"]), root)
        versions[source.partition("=")[0]] = source.partition("=")[2]
    shutil.rmtree(archives)
    return files, versions


def fetch_from_what_is_there_now(module: AnsibleModule, archives: Path) -> tuple[list[str], dict[str, str]]:
    """Fetch; where that fails, once more with new lists: the mirror may have moved on since they were fetched."""
    try:
        return fetch(module, archives)
    except AptError:
        for fresh in Path(module.params["cache_dir"], "apt").glob("*/fresh"):
            fresh.unlink()
    try:
        return fetch(module, archives)
    except AptError as error:
        module.fail_json(msg=str(error))
        raise


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "root": {"type": "path", "required": True},
            "name": {"type": "str", "required": True},
            "packages": {"type": "list", "elements": "str", "default": []},
            "extra_packages": {"type": "list", "elements": "str", "default": []},
            "source": {"type": "str", "default": ""},
            "source_dir": {"type": "path"},
            "links": {"type": "dict", "default": {}},
            "cache_dir": {"type": "path", "required": True},
            "extra_suite": {"type": "str", "default": "trixie"},
            "suite": {"type": "str"},
        },
        supports_check_mode=True,
    )
    root, cache = Path(module.params["root"]), Path(module.params["cache_dir"])
    module.params["suite"] = module.params["suite"] or codename(os_release())
    wanted = {"unpacking": UNPACKING} | {
        key: module.params[key] for key in ("packages", "extra_packages", "source", "links", "suite")
    }
    digest = hashlib.sha256(json.dumps(wanted, sort_keys=True).encode()).hexdigest()
    stamp = cache / "stamps" / module.params["name"]
    lines = stamp.read_text().splitlines() if stamp.exists() and root.is_dir() else []
    if lines[:1] == [digest]:
        module.exit_json(changed=False, versions=dict(line.split("=", 1) for line in lines[1:]))
    if module.check_mode:
        module.exit_json(changed=True)
    make_room(root, module.params["suite"])
    files, versions = fetch_from_what_is_there_now(module, cache / "apt" / "archives" / module.params["name"])
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text("\n".join([digest, *(f"{name}={version}" for name, version in versions.items())]) + "\n")
    module.exit_json(changed=True, files=files, versions=versions)


if __name__ == "__main__":
    main()
