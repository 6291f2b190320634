"""Files of the user's that may be missing or closed to us, said in one line and alike on every Python."""

from __future__ import annotations

import os
import pwd
import stat
from pathlib import Path

from .errors import UserError


class Unreadable(UserError, ValueError):
    """A file or folder that this user may not read; the message says which."""


def cannot_be_read(path: object, error: OSError) -> str:
    """The sentence for it, with the user's name where that is what matters."""
    why = error.strerror or type(error).__name__
    if isinstance(error, PermissionError):
        return f"{path} cannot be read by {user_name()}: {why}"
    return f"{path} cannot be read: {why}"


def user_name() -> str:
    """Who we are to the file system."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return f"user {os.geteuid()}"


def cache_folder() -> Path:
    """What is kept for the next run, and can be made again. Need not be there."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fastapi-mysql-k8s"


def kind_of(path: Path) -> int:
    """The kind of a file (stat.S_IFMT), 0 for none. Raises Unreadable where nobody lets us look.

    Path.is_file() raises or says no, as the Python has it.
    """
    try:
        return stat.S_IFMT(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return 0
    except OSError as error:
        raise Unreadable(cannot_be_read(path, error)) from error


def is_there(path: Path) -> bool:
    """Whether there is anything of this name, a link that leads nowhere included. Raises Unreadable."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise Unreadable(cannot_be_read(path, error)) from error
    return True


def read(path: Path) -> bytes:
    """The content of a file. Raises Unreadable."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise Unreadable(cannot_be_read(path, error)) from error
