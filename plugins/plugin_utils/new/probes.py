"""The paths that an application seems to respond on when it is well, by the names that such paths usually have."""

from __future__ import annotations

import re
from pathlib import Path

from .sources import source_files, text_of

READINESS = ("readyz", "ready", "readiness", "healthz", "health", "healthcheck", "status", "ping", "livez", "alive")
LIVENESS = ("livez", "alive", "live", "liveness", "healthz", "health", "healthcheck", "status", "ping", "readyz")
# A text that is a path, from the root or, as Django has it, without its first slash.
_PATH = re.compile(r"""["'`](/?(?:[\w.-]+/){0,3}[\w.-]+/?)["'`]""")
# What is in a text like "ready" alone, and not a route.
_ROUTES = re.compile(r"""(?:get|route|path|re_path|Route|add_api_route|add_url_rule|all|use|url)\(\s*$""")


def probe_paths(folder: Path) -> tuple[str, str]:
    """For readiness and for liveness; empty where nothing has such a name."""
    found: dict[str, str] = {}
    for file in source_files(folder, (".py", ".js", ".mjs", ".cjs", ".ts")):
        text = text_of(file)
        for match in _PATH.finditer(text):
            name = match[1].strip("/").rpartition("/")[2].lower()
            if _ROUTES.search(text[max(0, match.start() - 40) : match.start()]):
                found.setdefault(name, f"/{match[1].removeprefix('/')}")
    return _first(found, READINESS), _first(found, LIVENESS)


def _first(found: dict[str, str], names: tuple[str, ...]) -> str:
    return next((found[name] for name in names if name in found), "")
