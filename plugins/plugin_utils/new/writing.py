"""Files for a repository of somebody else's: what is there stays as it is, unless that is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ...module_utils.whole_file import write_whole
from ..errors import UserError
from ..files import Unreadable, is_there, read

MODE = 0o644


class NotWritten(UserError):
    """Files that are there already, or cannot be written; the message says which."""


@dataclass(frozen=True)
class Change:
    """A file with another text than it has; None where there was none."""

    path: Path
    text: str
    before: str | None

    def shown(self) -> dict[str, str]:
        """As `--diff` shows it."""
        name = str(self.path)
        return {"before_header": name, "after_header": name, "before": self.before or "", "after": self.text}


def changes(folder: Path, texts: Mapping[str, str], force: bool) -> list[Change]:
    """What has to be written, by path below the folder. Raises NotWritten where something else is there."""
    found = [Change(folder / name, text, _before(folder / name)) for name, text in texts.items()]
    differing = [one for one in found if one.before != one.text]
    taken = [str(one.path.relative_to(folder)) for one in differing if one.before is not None]
    if taken and not force:
        config = {"ansible.cfg", "requirements.yml"}
        spared = "; new_config=false leaves those two out" if set(taken) <= config and len(taken) == len(config) else ""
        spared = spared or ("; new_config=false leaves it out" if set(taken) <= config else "")
        raise NotWritten(
            f"{folder} has another {', '.join(taken)} already, and nothing was written: remove what is not needed, "
            f"or set new_force=true to write over it{spared}"
        )
    return differing


def completed(path: Path, lines: str, lacking: list[str]) -> list[Change]:
    """A list with what it lacks at its end; all of `lines` where there is no list."""
    before = _before(path)
    if before is None:
        return [Change(path, lines, None)]
    if not lacking:
        return []
    comment = lines.partition("\n")[0]
    between = "" if not before or before.endswith("\n") else "\n"
    return [Change(path, f"{before}{between}\n{comment}\n" + "\n".join(lacking) + "\n", before)]


def entries(lines: str) -> list[str]:
    """The lines of a list that are no comment."""
    return [line for line in lines.splitlines() if line and not line.startswith("#")]


def write(found: list[Change]) -> None:
    """Each as a whole. Raises NotWritten."""
    for one in found:
        try:
            one.path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(one.path, one.text, MODE)
        except OSError as error:
            raise NotWritten(f"{one.path} cannot be written: {error.strerror or error}") from error


def _before(path: Path) -> str | None:
    if not is_there(path):
        return None
    try:
        return read(path).decode("utf-8", "surrogateescape")
    except Unreadable as error:
        raise NotWritten(f"{error}, and nothing was written") from error
