"""Templates as Jinja has compiled them, kept for the next process: to compile ours takes longer than to render them."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from ansible.release import __version__
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket

from ...module_utils.whole_file import write_whole

# More than a checkout has, with some edits of each.
KEPT = 100


class Compiled(BytecodeCache):
    """By the digest of a template's text, wherever it lies. What cannot be kept is compiled again."""

    def __init__(self, above: Path) -> None:
        """Below the cache folder `above`; of another Ansible it may be another code."""
        self.folder = above / f"templates-{__version__}"

    def load_bytecode(self, bucket: Bucket) -> None:
        """Jinja itself sees to it that it is of this Jinja and this Python, and whole."""
        with contextlib.suppress(OSError):
            found = self.folder.stat()
            # It is code: nobody else may have written it.
            if found.st_uid == os.geteuid() and not found.st_mode & 0o022:
                with (self.folder / bucket.checksum).open("rb") as file:
                    bucket.load_bytecode(file)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep it, and not too many."""
        with contextlib.suppress(OSError):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(self.folder / bucket.checksum, bucket.bytecode_to_string())
            by_age = sorted(self.folder.iterdir(), key=lambda file: file.stat().st_mtime, reverse=True)
            for file in by_age[KEPT:]:
                file.unlink(missing_ok=True)
