"""A backup: the dump of a database, compressed, whose last line is the digest of all before it."""

from __future__ import annotations

import gzip
import hashlib
import os
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from ..errors import UserError

_BEFORE, _AFTER = b"-- sha256 of all before this line: ", b"\n"
_SEAL = len(_BEFORE) + 64 + len(_AFTER)
_PIECE = 1 << 16


@dataclass(frozen=True)
class Content:
    """What a whole backup holds: how many bytes of SQL, and their digest (SHA-256, hexadecimal)."""

    size: int
    digest: str


class Writer:
    """Writes a backup beside its place, for its owner only, and moves it there when it is whole."""

    def __init__(self, path: Path) -> None:
        """Raises UserError where nothing can be written."""
        self.path = path
        self._digest = hashlib.sha256()
        self._size = 0
        try:
            descriptor, self._part = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        except OSError as error:
            raise UserError(f"The backup {path} cannot be written: {error.strerror}.") from error
        self._file = os.fdopen(descriptor, "wb")
        # Without a time: what is the same makes the same file.
        self._packed = gzip.GzipFile(filename="", mode="wb", fileobj=self._file, mtime=0)

    def add(self, data: bytes) -> None:
        """The next bytes of the dump."""
        self._digest.update(data)
        self._size += len(data)
        self._packed.write(data)

    def finish(self) -> Content:
        """Seal it, and put it in its place; an older one is there until then."""
        digest = self._digest.hexdigest()
        self._packed.write(_BEFORE + digest.encode() + _AFTER)
        self._packed.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        Path(self._part).replace(self.path)
        return Content(self._size, digest)

    def abandon(self) -> None:
        """Leave nothing of what is not whole."""
        self._file.close()
        Path(self._part).unlink(missing_ok=True)


def check(path: Path) -> Content:
    """Read all of a backup. Raises UserError for one that is none, is damaged, or is not whole."""
    digest, size, tail = hashlib.sha256(), 0, b""
    try:
        with gzip.open(path, "rb") as file:
            for piece in _pieces(file):
                known, tail = (tail + piece)[:-_SEAL], (tail + piece)[-_SEAL:]
                digest.update(known)
                size += len(known)
    except FileNotFoundError as error:
        raise UserError(f"There is no backup {path}.") from error
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise UserError(f"The backup {path} is damaged, or none ({error}): nothing was changed.") from error
    except OSError as error:
        raise UserError(f"The backup {path} cannot be read: {error.strerror}.") from error
    if tail != _BEFORE + digest.hexdigest().encode() + _AFTER:
        raise UserError(f"{path} is not what make backup has written, or was changed since: nothing was changed.")
    return Content(size, digest.hexdigest())


def read(path: Path, size: int) -> Iterator[bytes]:
    """The SQL of a backup that was checked, in pieces; `size` is that of its content."""
    with gzip.open(path, "rb") as file:
        for piece in _pieces(file):
            yield piece[:size]
            size -= len(piece[:size])
            if not size:
                return


def _pieces(file: object) -> Iterator[bytes]:
    while piece := cast("IO[bytes]", file).read(_PIECE):
        yield piece
