"""Look for a secret wherever a run may have left it: files, outputs, processes, images, the registry, etcd."""

from __future__ import annotations

import base64
import contextlib
import gzip
import io
import json
import os
import zlib
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import IO

from beside import Beside
from surroundings import ask_registry, tags

# A shorter core of base64 would be found by chance.
CORE = 12
CHUNK = 1 << 20
PROC = Path("/proc")
GZIP = b"\x1f\x8b"


def spellings(value: str) -> set[bytes]:
    """The value in clear, and in base64 wherever in a longer text it may begin."""
    raw = value.encode()
    found = {raw, json.dumps(value)[1:-1].encode()}
    for offset in range(3):
        text = base64.b64encode(b"\0" * offset + raw).decode().rstrip("=")
        core = text[(0, 2, 3)[offset] : len(text) - (1 if (offset + len(raw)) % 3 else 0)]
        assert len(core) >= CORE, "too short to be looked for"
        found.add(core.encode())
    return found


class SecretScan:
    """Texts that must be nowhere, and where they were."""

    def __init__(self, *values: str) -> None:
        self.texts: set[bytes] = set()
        self.hits: list[str] = []
        for value in values:
            self.add(value)

    def add(self, value: str) -> None:
        self.texts |= spellings(value)

    @property
    def overlap(self) -> int:
        """How much of a piece the next must begin with, for a text across both to be seen."""
        return max(map(len, self.texts))

    def look(self, where: str, pieces: Iterable[bytes]) -> None:
        """Note the place, if it is in one of the pieces of a text, or across two of them."""
        tail = b""
        for piece in pieces:
            whole = tail + piece
            if any(text in whole for text in self.texts):
                self.hits.append(where)
                return
            tail = whole[-self.overlap :]

    def text(self, where: str, text: str) -> None:
        self.look(where, [text.encode()])

    def file(self, path: Path) -> None:
        """As it is; what is compressed also unpacked."""
        with contextlib.suppress(FileNotFoundError), path.open("rb") as stream:
            self.look(str(path), _pieces(stream))
            stream.seek(0)
            if stream.read(len(GZIP)) == GZIP:
                stream.seek(0)
                # One that is being written ends too early.
                with contextlib.suppress(EOFError, gzip.BadGzipFile, zlib.error):
                    self.look(f"{path}, unpacked", _unpacked(stream))

    def folder(self, folder: Path, but: Collection[Path] = (), since: float = 0) -> int:
        """Every file below it that was written since; how many.

        By the time that the kernel notes: the one that a program may set says nothing, and builds do set it.
        """
        seen = 0
        # Of a folder that goes meanwhile nothing is left to be found.
        for path in (Path(parent, name) for parent, _, names in os.walk(folder) for name in names):
            with contextlib.suppress(FileNotFoundError):
                if path.is_file() and not path.is_symlink() and path not in but and path.stat().st_ctime >= since:
                    self.file(path)
                    seen += 1
        return seen

    def image(self, name: str) -> set[str]:
        """All that the registry gives out of an image, whatever its tag is: the media types of it.

        Manifests and indexes, configurations (with their history), layers, and the bills of materials.
        """
        references, types, looked_at = list(tags(name)), set(), set()
        assert references, f"the registry has no {name}"
        while references:
            status, headers, body = ask_registry("GET", f"/v2/{name}/manifests/{references.pop()}")
            assert status == 200, body
            self.look(f"manifest of {name}", [body])
            types.add(str(headers["Content-Type"]))
            manifest = json.loads(body)
            references += [one["digest"] for one in manifest.get("manifests", [])]
            for blob in [manifest[key] for key in ("config",) if key in manifest] + manifest.get("layers", []):
                if blob["digest"] in looked_at:
                    continue
                looked_at.add(blob["digest"])
                types.add(blob["mediaType"])
                status, _, content = ask_registry("GET", f"/v2/{name}/blobs/{blob['digest']}")
                assert status == 200, content
                where = f"{blob['mediaType']} of {name}"
                self.look(where, _unpacked(io.BytesIO(content)) if content[: len(GZIP)] == GZIP else [content])
        return types


def _pieces(stream: IO[bytes]) -> Iterator[bytes]:
    return iter(lambda: stream.read(CHUNK), b"")


def _unpacked(stream: IO[bytes]) -> Iterator[bytes]:
    """What is compressed, piece by piece."""
    with gzip.GzipFile(fileobj=stream) as unpacked:
        yield from iter(lambda: unpacked.read(CHUNK), b"")


class Watcher(Beside):
    """Takes down the arguments and the environment of every process, again and again, while something runs.

    The environment of what runs in Pods is left out: the password is theirs.
    """

    def __init__(self, interval: float = 0.1) -> None:
        super().__init__(interval)
        self.rounds = 0
        # By number and arguments: one that has become another program is looked at again.
        self.seen: dict[tuple[str, bytes], bytes] = {}

    def once(self) -> bool:
        """Every process there is; there is always more to do."""
        self.rounds += 1
        for folder in PROC.glob("[0-9]*"):
            self._process(folder)
        return True

    def _process(self, folder: Path) -> None:
        with contextlib.suppress(OSError):
            known = (folder.name, (folder / "cmdline").read_bytes())
            if known not in self.seen:
                in_pod = b"/kubepods/" in (folder / "cgroup").read_bytes()
                self.seen[known] = b"" if in_pod else (folder / "environ").read_bytes()

    def tell(self, scan: SecretScan) -> None:
        """Look for what by now is known to be secret."""
        for (number, command), environment in self.seen.items():
            what = command[:160].replace(b"\0", b" ").decode("utf-8", "replace")
            scan.look(f"arguments of process {number}: {what}", [command])
            scan.look(f"environment of process {number}: {what}", [environment])
