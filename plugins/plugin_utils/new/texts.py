"""What templates see of a new target, and which of them make which file."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from .dependencies import PACKAGE, PROJECT, REQUIREMENTS
from .detection import Found
from .questions import Answers

_ROOT = ("", "root", "0")


@dataclass(frozen=True)
class Place:
    """Where the files go: the inventory's name, and the sources' folder relative to the repository."""

    inventory: str
    source: str
    collection: str


def seen_by_templates(found: Found, answers: Answers, place: Place) -> dict[str, Any]:
    """The variable `new` of the templates."""
    port = int(answers.port) if answers.port.isdecimal() else answers.port
    user = found.start.user.partition(":")[0] if found.start else "10001"
    return asdict(answers) | {
        "port": port,
        "target": f"{answers.name}-{place.inventory}",
        "below": "" if place.source == "." else f"/{place.source}",
        "collection": place.collection,
        "title": f"It is {found.title}.",
        "root_user": ("the user root" if user else "no user") if user in _ROOT else "",
    }


def of_dockerfile(found: Found, port: int) -> tuple[str, dict[str, Any]]:
    """The template of the Dockerfile, and what it sees; empty where it is not known how the application is started."""
    if found.node:
        node = {"command": list(found.node.command), "builds": found.node.builds, "locked": found.node.locked}
        return "Dockerfile.node", node
    if not found.framework or not found.application:
        return "", {}
    server = found.framework.server
    return "Dockerfile.python", {
        "command": found.framework.command(found.application.entry, port),
        "root": found.application.root,
        "requirements": found.dependencies.file,
        "way": found.dependencies.way,
        "installed": " ".join([*_installed(found), *([] if server in found.dependencies.names else [server])]),
    }


def _installed(found: Found) -> list[str]:
    """What pip gets: without a list, the framework is all that is known to be needed."""
    package = found.framework.package if found.framework else ""
    ways = {REQUIREMENTS: ["-r", found.dependencies.file], PROJECT: ["-r", "/tmp/requirements.txt"], PACKAGE: ["."]}
    return ways.get(found.dependencies.way, [package])
