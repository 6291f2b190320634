"""Where the user name and password for a registry come from: arguments, else what ``docker login`` keeps."""

from __future__ import annotations

import base64
import binascii
import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.hidden_environment import inherited
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.image_reference import DOCKER_HUB

# Docker's own name for its registry in config.json, older than the registry's protocol.
_HUB_KEYS = ("https://index.docker.io/v1/", "index.docker.io", DOCKER_HUB)
_HELPER_TIMEOUT = 15
# A helper gives this name when the secret is a token to trade in, not a password.
_TOKEN_NAME = "<token>"


class CredentialsError(RuntimeError):
    """Credentials that cannot be read; the message says why and never holds them."""


@dataclass(frozen=True)
class Credentials:
    """A user name and its secret. The secret stays out of ``repr``."""

    username: str
    secret: str = field(repr=False)
    is_identity_token: bool = False
    source: str = "the variables"

    @property
    def basic(self) -> str:
        """The value of an Authorization header."""
        return "Basic " + base64.b64encode(f"{self.username}:{self.secret}".encode()).decode()


def config_path(docker_config: str | None, environment: Mapping[str, str]) -> Path:
    """Return the path of the Docker CLI's config.json."""
    folder = docker_config or environment.get("DOCKER_CONFIG")
    return (Path(folder) if folder else Path.home() / ".docker").expanduser() / "config.json"


def _keys(host: str) -> tuple[str, ...]:
    return _HUB_KEYS if host == DOCKER_HUB else (host, f"https://{host}", f"http://{host}", f"https://{host}/v2/")


def _ask_helper(helper: str, server: str, environment: Mapping[str, str]) -> Credentials | None:
    program = f"docker-credential-{helper}"
    try:
        answer = subprocess.run(
            [program, "get"],
            input=server.encode(),
            capture_output=True,
            timeout=_HELPER_TIMEOUT,
            check=False,
            env=inherited(environment),
        )
    except FileNotFoundError as error:
        raise CredentialsError(
            f"Docker's config.json names the credential helper {program}, which is not in PATH"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise CredentialsError(f"the credential helper {program} gave no answer within {_HELPER_TIMEOUT} s") from error
    if answer.returncode != 0:
        # "credentials not found in native keychain": every helper's way to say "none".
        return None
    try:
        found = json.loads(answer.stdout)
        username, secret = str(found["Username"]), str(found["Secret"])
    except (ValueError, KeyError, TypeError) as error:
        raise CredentialsError(f"the credential helper {program} gave an answer that is not credentials") from error
    return Credentials(username, secret, username == _TOKEN_NAME, program)


def _from_entry(entry: Mapping[str, object], source: str) -> Credentials | None:
    token = entry.get("identitytoken")
    if isinstance(token, str) and token:
        return Credentials(_TOKEN_NAME, token, True, source)
    encoded = entry.get("auth")
    if isinstance(encoded, str) and encoded:
        try:
            username, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError) as error:
            raise CredentialsError(
                f"{source} holds an 'auth' that is not base64: log in again with `docker login`"
            ) from error
        return Credentials(username, secret.rstrip("\0"), False, source)
    name, password = entry.get("username"), entry.get("password")
    if isinstance(name, str) and isinstance(password, str):
        return Credentials(name, password, False, source)
    return None


def _table(config: Mapping[str, object], key: str) -> Mapping[str, object]:
    value = config.get(key)
    return value if isinstance(value, dict) else {}


def find_credentials(host: str, docker_config: str | None, environment: Mapping[str, str]) -> Credentials | None:
    """Look up what ``docker login`` stored for ``host``, in its file or through its helper."""
    path = config_path(docker_config, environment)
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise CredentialsError(f"Docker's {path} cannot be read: {error}") from error
    if not isinstance(config, dict):
        raise CredentialsError(f"Docker's {path} is not a JSON object")
    keys = _keys(host)
    helpers = _table(config, "credHelpers")
    for key in keys:
        helper = helpers.get(key)
        if isinstance(helper, str):
            return _ask_helper(helper, key, environment)
    auths = _table(config, "auths")
    for key in keys:
        entry = auths.get(key)
        if isinstance(entry, dict):
            found = _from_entry(entry, str(path))
            if found:
                return found
    store = config.get("credsStore")
    return _ask_helper(store, keys[0], environment) if isinstance(store, str) and store else None
