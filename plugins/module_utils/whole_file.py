"""Write files that are never seen half. Here, and not in plugin_utils: modules travel with nothing else."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write_whole(path: Path, content: str | bytes, mode: int = 0o600, owner: int | None = None) -> None:
    """Replace a file in one step: it is the old or the new one, and never readable by more than `mode` says.

    `owner` is a user id, this process's own unless given. What goes wrong is an OSError, and leaves the old file.
    """
    descriptor, scratch = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            if owner is not None:
                os.fchown(file.fileno(), owner, -1)
            os.fchmod(file.fileno(), mode)
        Path(scratch).replace(path)
    except BaseException:
        Path(scratch).unlink(missing_ok=True)
        raise
