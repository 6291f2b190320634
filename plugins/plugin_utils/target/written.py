"""Values that are to be text, and that YAML has made something else of: whether they still are what was written."""

from __future__ import annotations

import linecache
import re
from collections.abc import Mapping

from ansible._internal._datatag._tags import Origin

# A plain scalar, up to what ends it in a flow collection, or to a comment.
_PLAIN = re.compile(r"[^\s,\]}#]+")
_AFTER_KEY = re.compile(r"""(?:"[^"]*"|'[^']*'|[^\s:]+)\s*:\s+(.*)""")
_TEMPLATE = re.compile(r"""["']?[^"']*\{[{%]""")


def text_problem(name: str, value: object, key: object = None, shown: bool = True) -> str | None:
    """Why a value must be quoted; None where its text is certainly what was written.

    Ansible knows where a value was written, but not of a boolean: of that its key tells.
    """
    if value is None or isinstance(value, (str, Mapping, list, tuple)) or _faithful(value, key):
        return None
    what = f"YAML reads it as {_spoken(value)}" if shown else "YAML does not read it as text"
    return f"{name} is not quoted, and {what}: put quotes around it (of a template's result: | string)"


def as_text(value: object) -> str:
    """How a value that is not text is written: a boolean as YAML itself does."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _faithful(value: object, key: object) -> bool:
    if isinstance(value, bool) and key is None:
        return False
    origin = Origin.get_tag(key if isinstance(value, bool) else value)
    if origin is None or not origin.line_num:
        # A template has made it, or it is JSON: of a whole number and of a boolean there is one text.
        return isinstance(value, int)
    line = linecache.getline(origin.path, origin.line_num)[(origin.col_num or 1) - 1 :] if origin.path else ""
    if isinstance(value, bool):
        line = _AFTER_KEY.sub(r"\1", line)
        if _TEMPLATE.match(line):
            return True
    found = _PLAIN.match(line)
    return found is not None and found[0] == as_text(value)


def _spoken(value: object) -> str:
    kind = "" if isinstance(value, bool) else ("the number " if isinstance(value, (int, float)) else "the date ")
    return f"{kind}{as_text(value)}"
