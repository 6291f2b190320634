"""Copy what a Python program needs of a Debian into a folder, to become an image without the rest.

What stays is found, not listed: the packages below, the owners of every library that an executable file in the given
folders links to, and what these packages depend on. So it fits Debian's own Python as well as one in /usr/local
(python:*-slim).

Usage: lean_root.py TARGET FOLDER… (as root, in the image that is to become lean)
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

# A shell, `sleep` for a preStop hook, and all that MySQL's ways to log in need (plug-ins, which nothing links to).
ROOTS: Final = ("base-files", "base-passwd", "coreutils", "dash", "libc-bin", "libmariadb3", "netbase", "python3")
# Only their installation needs these.
NOT_FOLLOWED: Final = frozenset({"debconf", "dpkg", "install-info", "libdebconfclient0", "perl-base", "tzdata", "ucf"})
# For people, for other programs, or for building.
LEFT_OUT: Final = re.compile(
    r"/usr/share/(doc|man|info|locale|lintian|bug|menu|pixmaps|applications|zoneinfo|i18n)/"
    r"|/usr/lib/[^/]+/(gconv|engines-3|ossl-modules)/"
    r"|/usr(/local)?/(include|src|games)/|/usr/local/share/"
    r"|/lib/python3[^/]*/(test|idlelib|lib2to3|pydoc_data|turtledemo|tkinter|ensurepip|distutils|config-[^/]*)/"
    r"|/python3/dist-packages/|/site-packages/pip|/bin/(pip|idle|2to3|pydoc)[^/]*$|\.a$"
)
FOLDERS: Final = {"dev": 0o755, "proc": 0o555, "run": 0o755, "sys": 0o555, "tmp": 0o1777, "var/tmp": 0o1777}
CONFIGURATION: Final = ("/etc/passwd", "/etc/group", "/etc/nsswitch.conf", "/etc/ld.so.conf", "/etc/ld.so.conf.d")


def run(*command: str) -> str:
    """Return what a program prints; it may complain."""
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def real(path: Path) -> Path:
    """Return the path with the links in its folders followed (/lib is /usr/lib), but not a link at its end."""
    return path.parent.resolve() / path.name


def packages() -> tuple[dict[str, list[list[str]]], dict[str, set[str]]]:
    """Return what each installed package depends on, as lists of alternatives, and which packages provide a name."""
    depends: dict[str, list[list[str]]] = {}
    named: dict[str, set[str]] = {}
    rows = run("dpkg-query", "--show", "--showformat=${Package}\t${Provides}\t${Pre-Depends},${Depends}\n")
    for row in rows.splitlines():
        package, provides, needs = row.split("\t")
        depends[package] = [re.findall(r"(?:^|\|)\s*([\w.+-]+)", group) for group in needs.split(",")]
        for name in (package, *re.findall(r"(?:^|,)\s*([\w.+-]+)", provides)):
            named.setdefault(name, set()).add(package)
    return depends, named


def closure(roots: Iterable[str]) -> set[str]:
    """Return the packages and what they depend on."""
    depends, named = packages()
    found: set[str] = set()
    todo = [package for root in roots for package in named.get(root, ())]
    while todo:
        package = todo.pop()
        if package not in found and package not in NOT_FOLLOWED:
            found.add(package)
            todo += [provider for group in depends[package] for name in group for provider in named.get(name, ())]
    return found


def files_of(package: str) -> list[Path]:
    """Return the paths that a package has put in place."""
    return [real(Path(line)) for line in run("dpkg-query", "--listfiles", package).splitlines() if line.startswith("/")]


def links_of(folder: Path) -> set[Path]:
    """Return the libraries that the programs and libraries in the folder link to."""
    programs = [
        file for file in folder.rglob("*") if file.is_file() and (".so" in file.suffixes or file.stat().st_mode & 0o100)
    ]
    return {real(Path(line)) for program in programs for line in re.findall(r"=> (/\S+)", run("ldd", str(program)))}


def copy(path: Path, target: Path) -> None:
    """Copy a file, a link or a folder itself to the same place below the target."""
    place = target / path.relative_to("/")
    if LEFT_OUT.search(f"{path}/" if path.is_dir() else str(path)) or place.is_symlink() or place.exists():
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink():
        place.symlink_to(path.readlink())
        # A library's name points to its file.
        destination = real(path.parent / path.readlink())
        if destination.is_file():
            copy(destination, target)
    elif path.is_dir():
        place.mkdir()
        place.chmod(path.stat().st_mode & 0o7777)
    elif path.is_file():
        shutil.copy2(path, place)
        # Bytecode lies beside what it was made from.
        for cached in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc") if path.suffix == ".py" else ():
            copy(cached, target)


def main(target: Path, *folders: Path) -> None:
    """Make the lean root."""
    for name, mode in FOLDERS.items():
        (target / name).mkdir(parents=True)
        (target / name).chmod(mode)
    for name in ("bin", "lib", "lib64", "sbin"):
        if Path("/", name).is_symlink():
            (target / name).symlink_to(Path("/", name).readlink())
    owners = {path: package for package in packages()[0] for path in files_of(package)}
    libraries = {path for folder in folders for path in links_of(folder)}
    kept = closure([*ROOTS, *(owners[path] for path in libraries if path in owners)])
    wanted = {*libraries, *Path("/usr/local").rglob("*")}
    wanted.update(path for package in kept for path in files_of(package))
    for name in CONFIGURATION:
        wanted.update((Path(name), *Path(name).rglob("*")))
    for path in sorted(wanted):
        copy(path, target)
    # Scanners look here for what is inside.
    status = target / "var/lib/dpkg/status"
    status.parent.mkdir(parents=True, exist_ok=True)
    status.write_text("\n".join(run("dpkg-query", "--status", name) for name in sorted(kept)))
    subprocess.run(["/sbin/ldconfig", "-r", str(target)], check=True)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
