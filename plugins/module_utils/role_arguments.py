"""Names of variables that look like a role's arguments but are not: most often a slip of the pen."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def unknown_names(prefix: str, given: Iterable[str], known: Iterable[str]) -> list[str]:
    """Return the names that begin with ``prefix`` and are not known, sorted."""
    known_names = set(known)
    return sorted({name for name in given if name.startswith(prefix)} - known_names)


def describe_unknown(role: str, unknown: Iterable[str], known: Iterable[str]) -> str:
    """Say in one line which names the role does not know and what was probably meant."""
    # Compared without the prefix, which they all share.
    prefix = f"{role}_"
    known_rests = sorted(name.removeprefix(prefix) for name in known)
    parts: list[str] = []
    for name in unknown:
        close = difflib.get_close_matches(name.removeprefix(prefix), known_rests, n=1, cutoff=0.6)
        parts.append(f"{name} (did you mean {prefix}{close[0]}?)" if close else name)
    noun = "variable" if len(parts) == 1 else "variables"
    return f"The role {role} does not know the {noun} {', '.join(parts)}: see roles/{role}/meta/argument_specs.yml"
