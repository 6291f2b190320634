"""From a task's arguments to a client for a registry."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TypeVar

from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.registry.client import RegistryClient
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.registry.credentials import (
    Credentials,
    HelperError,
    find_credentials,
)
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.registry.trust import authorities

# The part of a task's arguments that says who asks; the actions that talk to a registry share it.
CREDENTIALS_SPEC: dict[str, dict[str, object]] = {
    "username": {"type": "str", "default": ""},
    "password": {"type": "str", "default": "", "no_log": True},
    "docker_config": {"type": "str", "default": ""},
    "timeout": {"type": "int", "default": 20},
}


Client = TypeVar("Client", bound=RegistryClient)


def open_registry(host: str, args: Mapping[str, object]) -> RegistryClient:
    """Make a client for ``host``."""
    return opened(RegistryClient, host, args)


def opened(kind: type[Client], host: str, args: Mapping[str, object]) -> Client:
    """Make a client of this kind: with the given user name, else with what ``docker login`` keeps."""
    docker_config = str(args["docker_config"] or "") or None
    username, password = str(args["username"] or ""), str(args["password"] or "")
    credentials, without = None, ""
    if username:
        credentials = Credentials(username, password)
    else:
        try:
            credentials = find_credentials(host, docker_config, os.environ)
        except HelperError as error:
            # Said when the registry wants a login.
            without = str(error)
    trusted = authorities(host, docker_config, os.environ)
    return kind(host, credentials, float(str(args["timeout"])), trusted, without)
