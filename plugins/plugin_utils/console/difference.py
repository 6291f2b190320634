"""What `--diff` shows, in the manner of Ansible's own."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

from ansible import constants
from ansible.utils.color import stringc

_COLORS = {"+": "DIFF_ADD", "-": "DIFF_REMOVE", "@": "DIFF_LINES"}


def difference(changes: Iterable[Mapping[str, str]]) -> str:
    """Unified diffs of changes, each with `before`, `after` and their headers."""
    lines: list[str] = []
    for one in changes:
        lines += difflib.unified_diff(
            one["before"].splitlines(),
            one["after"].splitlines(),
            f"before: {one['before_header']}",
            f"after: {one['after_header']}",
            lineterm="",
        )
        lines.append("")
    return "\n".join(_colored(line) for line in lines)


def _colored(line: str) -> str:
    name = _COLORS.get(line[:1])
    return stringc(line, str(constants.config.get_config_value(f"COLOR_{name}"))) if name else line
