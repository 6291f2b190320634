"""What a package.json tells of a server in Node: how it is built and started, and its port."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .sources import source_files, text_of

# One of these makes a server of a package; anything else may as well be a page for browsers.
_SERVERS = frozenset(
    ("express", "fastify", "koa", "hono", "restify", "@hapi/hapi", "@nestjs/core", "next", "nuxt", "polka", "h3")
)
_PORT = re.compile(r"""(?:(?<![A-Z_])PORT\s*(?:\|\||\?\?)\s*["']?|\.listen\(\s*(?:\{\s*port:\s*)?)([0-9]{2,5})\b""")
_NODE = re.compile(r"node\s+(\S+)")
_USUAL = ("server.js", "index.js", "app.js", "main.js", "src/server.js", "src/index.js")


@dataclass(frozen=True)
class NodeCode:
    """How it is started; whether a framework for servers is among what it needs."""

    command: tuple[str, ...]
    serves: bool
    builds: bool
    locked: bool
    ports: tuple[int, ...]


def read_node(folder: Path) -> NodeCode | None:
    """Nothing where there is no package that can be started."""
    try:
        package = json.loads(text_of(folder / "package.json"))
    except ValueError:
        return None
    if not isinstance(package, dict):
        return None
    scripts = _mapping(package, "scripts")
    command = _command(folder, package, str(scripts.get("start", "")))
    if not command:
        return None
    found = [_PORT.findall(text_of(path)) for path in source_files(folder, (".js", ".mjs", ".cjs", ".ts"))]
    return NodeCode(
        command,
        not _SERVERS.isdisjoint(_mapping(package, "dependencies")),
        "build" in scripts,
        (folder / "package-lock.json").is_file(),
        tuple(int(one) for ports in found for one in ports if 0 < int(one) < 65536),
    )


def _command(folder: Path, package: dict[str, Any], start: str) -> tuple[str, ...]:
    """Without npm in between where that is all there is to it: npm passes no signal on."""
    if plain := _NODE.fullmatch(start.strip()):
        return ("node", plain[1])
    if start:
        return ("npm", "start")
    files = (str(package.get("main", "")), *_USUAL)
    entry = next((one for one in files if one and (folder / one).is_file()), "")
    return ("node", entry) if entry else ()


def _mapping(package: dict[str, Any], key: str) -> dict[str, Any]:
    found = package.get(key)
    return found if isinstance(found, dict) else {}
