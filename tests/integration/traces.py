"""Look for a secret wherever a run may have left it: files, outputs, processes, images, the registry, etcd."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import threading
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from surroundings import ask_registry, tags

# A shorter core of base64 would be found by chance.
CORE = 12
CHUNK = 1 << 20
PROC = Path("/proc")


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


class Traces:
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
        with contextlib.suppress(FileNotFoundError), path.open("rb") as stream:
            self.look(str(path), iter(lambda: stream.read(CHUNK), b""))

    def folder(self, folder: Path, but: Iterable[Path] = (), since: float = 0) -> int:
        """Every file below it that was written since; how many."""
        left_out, seen = set(but), 0
        # Of a folder that goes meanwhile nothing is left to be found.
        for path in (Path(parent, name) for parent, _, names in os.walk(folder) for name in names):
            with contextlib.suppress(FileNotFoundError):
                if path.is_file() and not path.is_symlink() and path not in left_out and path.stat().st_mtime >= since:
                    self.file(path)
                    seen += 1
        return seen

    def image(self, name: str, tag: str) -> None:
        """An image as the registry gives it out: manifest, configuration (with its history), and every layer."""
        assert tag in tags(name), f"{name} has no {tag}"
        _, _, body = ask_registry("GET", f"/v2/{name}/manifests/{tag}")
        manifest = json.loads(body)
        self.look(f"manifest of {name}", [body])
        for blob in (manifest["config"], *manifest["layers"]):
            _, _, content = ask_registry("GET", f"/v2/{name}/blobs/{blob['digest']}")
            where = f"{blob['mediaType']} of {name}"
            self.look(where, _unpacked(content) if content[:2] == b"\x1f\x8b" else [content])


def _unpacked(content: bytes) -> Iterator[bytes]:
    """A compressed layer, piece by piece."""
    stream = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    for start in range(0, len(content), CHUNK):
        yield stream.decompress(content[start : start + CHUNK])
    yield stream.flush()


class Watcher:
    """Takes down the arguments and the environment of every process, again and again, while something runs.

    The environment of what runs in Pods is left out: the password is theirs.
    """

    def __init__(self, interval: float = 0.1) -> None:
        self.interval = interval
        self.rounds = 0
        # By number and arguments: one that has become another program is looked at again.
        self.seen: dict[tuple[str, bytes], bytes] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(self.interval):
            self.rounds += 1
            for folder in PROC.glob("[0-9]*"):
                self._process(folder)

    def _process(self, folder: Path) -> None:
        with contextlib.suppress(OSError):
            known = (folder.name, (folder / "cmdline").read_bytes())
            if known not in self.seen:
                in_pod = b"/kubepods/" in (folder / "cgroup").read_bytes()
                self.seen[known] = b"" if in_pod else (folder / "environ").read_bytes()

    def tell(self, traces: Traces) -> None:
        """Look for what by now is known to be secret."""
        for (number, command), environment in self.seen.items():
            what = command[:60].replace(b"\0", b" ").decode("utf-8", "replace")
            traces.look(f"arguments of process {number}: {what}", [command])
            traces.look(f"environment of process {number}: {what}", [environment])
