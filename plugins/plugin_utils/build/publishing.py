"""An image on its way from its sources into its registry: built, held against what moved meanwhile, and pushed."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ..errors import UserError
from ..registry.image_reference import parse_reference
from ..registry.session import open_registry
from ..registry.tag import move_tag
from .docker_engine import engine_holds
from .images import as_published, look

Object = dict[str, Any]
# Runs a module of community.docker: its name there, its arguments, what is added to its environment; its result.
Module = Callable[[str, Object, Mapping[str, str]], Object]

# What a registry says that is busy or being restarted, and how often it is asked again, after how many seconds.
TRANSIENT: Final = re.compile(
    "toomanyrequests|too many requests|429|50[0234] |bad gateway|service unavailable|connection reset|unexpected EOF",
    re.I,
)
RETRIES, PAUSE_SECONDS = 3, 2.0
UNAUTHORIZED: Final = re.compile("unauthorized|denied|forbidden|authentication")
# Lines of a failed step that are shown.
SHOWN: Final = 18


class PublishError(UserError):
    """An image cannot be published; the message says which, and why."""


@dataclass(frozen=True)
class Engine:
    """What builds and pushes: a Docker engine, its CLI, and the folder of its settings and logins."""

    # Where it responds, and what the user has named it; who names none leaves it to the modules, which look around as
    # the CLI does.
    host: str
    named: str
    cli: str
    config: str
    builder: str
    network: str
    secrets: list[Object]

    @property
    def address(self) -> Object:
        """The argument of every module that talks to the engine."""
        return {"docker_host": self.named} if self.named else {}

    @property
    def environment(self) -> dict[str, str]:
        """The environment of every module that needs a login."""
        return {"DOCKER_CONFIG": self.config} if self.config else {}


class Publication:
    """One image: what was asked for (`wanted`), and what it is (`found`), as `look` describes it."""

    def __init__(self, wanted: Object, found: Object, registry: Object, engine: Engine, module: Module) -> None:
        self.wanted, self.found, self.registry, self.engine, self.module = wanted, found, registry, engine, module
        # One platform stays in the engine until it is pushed; several fit into none, and their builder pushes them.
        self.by_builder = len(wanted["platforms"]) > 1 or bool(engine.builder)

    def publish(self, built: bool) -> Object:
        """What it is now that the registry has it. Raises PublishError or RegistryError."""
        if self.by_builder and built:
            move_tag(self.found["unchecked"], self.found["tag"], self.registry)
        else:
            self.push()
        reference = parse_reference(self.found["reference"])
        digest = open_registry(reference.host, self.registry).find(reference)
        if digest is None:
            raise PublishError(f"The registry took {reference} and does not have it: run it again")
        return as_published(self.found, digest)

    def build(self) -> None:
        """Build it, and refuse what was built from sources that moved."""
        self._pull_bases()
        built = self.module("docker_image_build", self._build_arguments(), self._build_environment())
        if "image" not in built and not (self.by_builder and not built.get("rc", 1)):
            reason, step = build_failure(built)
            place = f"{self.wanted['context']}/{self.wanted['dockerfile']}"
            raise PublishError(
                f"The image {self.wanted['name']} cannot be built from {place}: {reason}\n{step}".rstrip()
            )
        self._check_unmoved()

    def push(self) -> None:
        """Push what the engine has."""
        arguments = {"name": self.found["reference"]}
        pushed = self._patiently("docker_image_push", arguments)
        if "image" in pushed:
            return
        name, said = self.wanted["name"], " ".join(str(pushed.get("msg", "")).split())
        if "Cannot find image" in said:
            raise PublishError(
                f"The image {name} for the content of this checkout was not built (the Docker engine has no "
                f"{self.found['reference']}): run `ansible-playbook site.yml --tags build` first"
            )
        if UNAUTHORIZED.search(said):
            raise PublishError(
                f"The registry {self.registry['registry']} refuses the push of {name} ({said}): "
                "set app_registry_username and app_registry_password, or log in with `docker login`"
            )
        raise PublishError(said)

    def _pull_bases(self) -> None:
        """Have the images that the build starts from in the engine.

        What the engine has, BuildKit takes, however old; and to a registry on this machine BuildKit speaks without TLS
        and login, whatever the engine knows. What cannot be pulled is left to the build, which says so itself.
        """
        if self.by_builder:
            return
        for name, digest in self.found["pulls"].items():
            if not engine_holds(self.engine.host, name, digest):
                self._patiently("docker_image_pull", {"name": name})

    def _build_arguments(self) -> Object:
        wanted, found, engine = self.wanted, self.found, self.engine
        several = {
            "network": engine.network,
            "secrets": engine.secrets,
            "target": wanted["target"],
            "platform": wanted["platforms"],
            "outputs": [{"type": "image", "name": [found["unchecked"]], "push": True}] if self.by_builder else [],
        }
        # Reports no change when the engine already has this content: its tag says what is in it.
        return {
            "name": found["reference"],
            "path": wanted["context"],
            "dockerfile": wanted["dockerfile"],
            "args": {name: str(value) for name, value in wanted["build_args"].items()} | found["pins"],
            "labels": found["labels"],
            "docker_cli": engine.cli,
            **engine.address,
            **{name: value for name, value in several.items() if value},
        }

    def _build_environment(self) -> dict[str, str]:
        return self.engine.environment | {
            # The engine's own builder, whatever the user has chosen: only it leaves the image in the engine.
            "BUILDX_BUILDER": self.engine.builder or "default",
            # Provenance would give each build another digest.
            "BUILDX_NO_DEFAULT_ATTESTATIONS": "1",
            # The same content gives the same times (1980, the first year that a zip file knows).
            "SOURCE_DATE_EPOCH": "315532800",
        }

    def _check_unmoved(self) -> None:
        """The tag was made from what the sources were before the build: it must not stand for what they have become."""
        # A registry that no longer responds has not moved anything.
        asked = self.wanted | {"tag": "", "bases": self.found["bases"]}
        (again,) = look([asked], self.registry["registry"], self.registry)
        if again["tag"] == self.found["tag"]:
            return
        if not self.by_builder:
            self.module(
                "docker_image_remove", {"name": self.found["reference"], "force": True} | self.engine.address, {}
            )
        name, context = self.wanted["name"], self.wanted["context"]
        moved = (
            f"The sources of the image {name} in {context} were changed"
            if again["bases"] == self.found["bases"]
            else f"What the image {name} starts from was changed in its registry"
        )
        raise PublishError(f"{moved} while it was being built: what was built is not used; run it again")

    def _patiently(self, name: str, arguments: Object) -> Object:
        return patiently(self.module, name, arguments | self.engine.address, self.engine.environment)


def patiently(module: Module, name: str, arguments: Object, environment: Mapping[str, str]) -> Object:
    """A module's result, when it is no passing trouble of the registry."""
    for _ in range(RETRIES):
        result = module(name, arguments, environment)
        if "image" in result or not TRANSIENT.search(str(result.get("msg") or "")):
            return result
        time.sleep(PAUSE_SECONDS)
    return module(name, arguments, environment)


def build_failure(built: Object) -> tuple[str, str]:
    """Why a build failed, and the last lines of the step that did.

    BuildKit ends with the failed step's last lines, between rulers, and the reason.
    """
    said = str(built.get("stderr") or "").splitlines()
    reasons = [re.sub("^ERROR: (failed to solve: )?", "", line) for line in said if line.startswith("ERROR: ")]
    reason = reasons[-1] if reasons else " ".join(str(built.get("msg", "")).split())
    step = ("\n" + "\n".join(said)).partition("\n------\n")[2].splitlines() or said
    return reason, "\n".join(line for line in step[-SHOWN:] if not re.match("ERROR: |-+$", line))
