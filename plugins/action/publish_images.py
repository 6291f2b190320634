"""Build images and push them, side by side. See plugins/modules/publish_images.py."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from ..plugin_utils.build.docker_engine import NoEngine, check_builder, check_engine
from ..plugin_utils.build.images import IMAGE_OPTIONS, look
from ..plugin_utils.build.publishing import Engine, Publication, PublishError, patiently
from ..plugin_utils.exit_with_parent import parent
from ..plugin_utils.plain_action import PlainAction
from ..plugin_utils.registry import login_folder
from ..plugin_utils.registry.image_reference import BadReference, parse_reference
from ..plugin_utils.registry.session import CREDENTIALS_SPEC
from ..plugin_utils.run_folder import run_folder
from ..plugin_utils.side_by_side import side_by_side

Object = dict[str, Any]

# Docker's own registry has a login address of its own.
HUB = "https://index.docker.io/v1/"


class ActionModule(PlainAction):
    """The action `publish_images`."""

    SHARED: ClassVar[dict[str, dict[str, Any]]] = CREDENTIALS_SPEC
    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {
        "registry": {"type": "str", "required": True},
        "images": {
            "type": "list",
            "elements": "dict",
            "required": True,
            "options": IMAGE_OPTIONS | {"reference": {"type": "str", "default": ""}},
        },
        "build": {"type": "bool", "default": True},
        "network": {"type": "str", "default": ""},
        "secrets": {"type": "list", "elements": "dict", "default": [], "no_log": False},
        "builder": {"type": "str", "default": ""},
        "docker_host": {"type": "str", "default": ""},
        "docker_cli": {"type": "str", "default": "docker"},
    }

    def perform(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Look for all of them in the registry, and publish those that it lacks."""
        wanted = arguments["images"]
        found = look(wanted, arguments["registry"], arguments)
        for one, image in zip(wanted, found, strict=True):
            if one["reference"] not in ("", image["reference"]):
                raise PublishError(
                    f"The sources of the image {one['name']} in {one['context']} were changed since they were planned: "
                    "run it again"
                )
        missing = [index for index, image in enumerate(found) if not image["present"]]
        if self._task.check_mode or not missing:
            return {"changed": bool(missing)} | told(wanted, found)
        engine = self._engine(arguments, {tuple(wanted[index]["platforms"]) for index in missing})
        with self._logged_in(arguments, [found[index] for index in missing], engine) as ready:
            todo = [Publication(wanted[one], found[one], arguments, ready, self._module) for one in missing]
            # Nothing is published as long as anything cannot be built.
            if arguments["build"]:
                side_by_side(Publication.build, todo)
            published = side_by_side(lambda one: one.publish(arguments["build"]), todo)
        for index, image in zip(missing, published, strict=True):
            found[index] = image
        return {"changed": True} | told(wanted, found)

    def _engine(self, arguments: Object, platforms: set[tuple[str, ...]]) -> Engine:
        """The engine, which responds, and whose builder can build for all platforms."""
        cli, config, builder = (arguments[name] for name in ("docker_cli", "docker_config", "builder"))
        if not shutil.which(cli):
            raise NoEngine(f"There is no Docker CLI '{cli}': install one with buildx or set app_docker_cli")
        host = check_engine(arguments["docker_host"], os.environ)
        environment = os.environ | {"DOCKER_HOST": host} | ({"DOCKER_CONFIG": config} if config else {})
        for some in sorted(platforms):
            if some or builder:
                check_builder(cli, builder, list(some), environment)
        return Engine(host, arguments["docker_host"], cli, config, builder, arguments["network"], arguments["secrets"])

    @contextlib.contextmanager
    def _logged_in(self, arguments: Object, images: list[Object], engine: Engine) -> Iterator[Engine]:
        """The engine with a login that does not stay, where there is one to be made."""
        if not arguments["username"] and not os.environ.get("DOCKER_AUTH_CONFIG"):
            yield engine
            return
        folder = self._login_folder(arguments, images)
        try:
            if arguments["username"]:
                self._log_in(arguments, images[0]["repository"], folder, engine)
            yield replace(engine, config=str(folder))
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _login_folder(self, arguments: Object, images: list[Object]) -> Path:
        """Beside Ansible's own folder for such things, which is the caller's own."""
        settings = arguments["docker_config"] or os.environ.get("DOCKER_CONFIG") or "~/.docker"
        others = []
        for name in [base for image in images for base in image["bases"]]:
            # The build says what is not an image name.
            with contextlib.suppress(BadReference):
                others.append(parse_reference(name).host)
        own = parse_reference(images[0]["reference"]).host
        target, others = (own, others) if arguments["username"] else ("", [*others, own])
        above = run_folder().parent / "fastapi-mysql-k8s-logins"
        try:
            # Tasks run in a process of their own each; the run is their parent.
            return login_folder.make(above, parent(), Path(settings).expanduser(), target, others)
        except OSError as error:
            raise PublishError(f"The folder of the builds' logins cannot be made: {error}") from error

    def _log_in(self, arguments: Object, repository: str, folder: Path, engine: Engine) -> None:
        asked = {
            "registry_url": HUB if repository.startswith("docker.io/") else repository.partition("/")[0],
            "username": arguments["username"],
            "password": arguments["password"],
            "config_path": str(folder / "config.json"),
            **engine.address,
        }
        said = patiently(self._module, "docker_login", asked, {}).get("msg")
        if not said:
            return
        raise PublishError(
            f"{arguments['registry']} refuses user '{arguments['username']}' ({' '.join(str(said).split())}): "
            "correct app_registry_username and app_registry_password"
        )

    def _module(self, name: str, arguments: Object, environment: Mapping[str, str]) -> Object:
        """Run a module of community.docker as its own task would."""
        kept = self._task.environment
        self._task.environment = [*(kept or []), dict(environment)]
        try:
            result: Object = self._execute_module(f"community.docker.{name}", dict(arguments), task_vars=self.variables)
        finally:
            self._task.environment = kept
        return result


def told(wanted: list[Object], found: list[Object]) -> Object:
    """What is returned of the images."""
    return {
        "warnings": sorted({note for image in found for note in image["base_notes"]}),
        "images": found,
        "untagged": [
            {"reference": image["reference"], "tag": one["tag"]}
            for one, image in zip(wanted, found, strict=True)
            if not image["alias_current"]
        ],
    }
