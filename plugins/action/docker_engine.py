"""Check that a Docker engine responds, and that a builder is able to. See plugins/modules/docker_engine.py."""

from __future__ import annotations

import os
import shutil
from typing import Any, ClassVar

from ..plugin_utils.build.docker_engine import NoEngine, check_builder, check_engine, engine_holds
from ..plugin_utils.plain_action import PlainAction


class ActionModule(PlainAction):
    """Ping the engine that a build or push is about to use."""

    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {
        "docker_host": {"type": "str", "default": ""},
        "docker_cli": {"type": "str", "default": ""},
        "docker_config": {"type": "str", "default": ""},
        "builder": {"type": "str", "default": ""},
        "platforms": {"type": "list", "elements": "str", "default": []},
        "images": {"type": "dict", "default": {}},
        "timeout": {"type": "int", "default": 10},
    }

    def perform(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Fail in one line when no engine answers, or when its builder cannot build for the platforms."""
        cli = arguments["docker_cli"]
        if cli and not shutil.which(cli):
            raise NoEngine(f"There is no Docker CLI '{cli}': install one with buildx or set app_docker_cli")
        host = check_engine(arguments["docker_host"], os.environ, arguments["timeout"])
        if arguments["platforms"] or arguments["builder"]:
            environment = os.environ | {"DOCKER_HOST": host}
            if arguments["docker_config"]:
                environment["DOCKER_CONFIG"] = arguments["docker_config"]
            check_builder(cli or "docker", arguments["builder"], arguments["platforms"], environment)
        wanted = arguments["images"].items()
        lacks = [name for name, digest in wanted if not engine_holds(host, name, digest, arguments["timeout"])]
        return {"docker_host": host, "lacks": lacks}
