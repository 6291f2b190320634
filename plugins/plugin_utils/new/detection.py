"""What an application is: its framework, what it needs, how it is started, and where it listens."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..build.dockerfile_start import Start, start_of
from ..errors import UserError
from ..files import read
from .dependencies import Dependencies, dependencies_of
from .frameworks import MADE_OF, NODE, PYTHON, Framework, named
from .node_code import NodeCode, read_node
from .probes import probe_paths
from .python_code import Application, PythonCode, read_python


class NotRecognized(UserError):
    """Sources that could be one thing or another; the message says which variable decides."""


@dataclass(frozen=True)
class Found:
    """All of it. Without a framework nothing is known of how it is started but what its Dockerfile says."""

    framework: Framework | None
    application: Application | None
    node: NodeCode | None
    dependencies: Dependencies
    start: Start | None
    """What the Dockerfile that is there says."""
    port: int | None
    readiness: str
    liveness: str

    @property
    def title(self) -> str:
        """In a few words, for a person."""
        if not self.framework:
            return "an application of its own kind"
        entry = self.application.entry if self.application else " ".join(self.node.command) if self.node else ""
        return f"{self.framework.title} ({entry})" if entry else self.framework.title


def detect(folder: Path, dockerfile: str = "Dockerfile", framework: str = "") -> Found:
    """Read the sources; `framework` decides where they are of several. Raises NotRecognized."""
    wanted = named(framework)
    if framework and not wanted:
        known = ", ".join(one.title for one in (*PYTHON, NODE))
        raise NotRecognized(f"new_framework is '{framework}': it must be one of {known}, or empty")
    file = folder / dockerfile
    start = start_of(read(file).decode("utf-8", "replace")) if file.is_file() else None
    code, node, dependencies = read_python(folder), read_node(folder), dependencies_of(folder)
    candidates = [wanted] if wanted else _candidates(code, node, dependencies)
    if len(candidates) > 1 and start is None:
        titles = " and ".join(one.title for one in candidates)
        raise NotRecognized(f"{folder} has {titles}: set new_framework to the one that is to be started")
    chosen = candidates[0] if len(candidates) == 1 else None
    application = next((one for one in code.applications if one.framework == chosen), None)
    readiness, liveness = probe_paths(folder)
    own_node = node if chosen == NODE else None
    return Found(
        chosen, application, own_node, dependencies, start, _port(start, chosen, code, own_node), readiness, liveness
    )


def _candidates(code: PythonCode, node: NodeCode | None, dependencies: Dependencies) -> list[Framework]:
    """What is made in the sources counts more than what is merely needed, and that more than a package that starts."""
    made = {one.framework for one in code.applications}
    found = made or {one for one in PYTHON if one.package in dependencies.names}
    found -= {one for one in PYTHON if one.title in {MADE_OF.get(other.title) for other in found}}
    if node and (node.serves or not found):
        found = {*found, NODE}
    return [one for one in (*PYTHON, NODE) if one in found]


def _port(start: Start | None, framework: Framework | None, code: PythonCode, node: NodeCode | None) -> int | None:
    """Where it listens; None where that must be said: a Dockerfile of somebody's own knows, the sources only guess."""
    if start is not None:
        return start.ports[0] if len(start.ports) == 1 else None if start.ports else start.told_port
    if node:
        return node.ports[0] if node.ports else NODE.port
    if not framework:
        return None
    return code.ports[0] if code.ports else framework.port
