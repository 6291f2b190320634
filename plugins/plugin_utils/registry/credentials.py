"""Where the user name and password for a registry come from: arguments, else what ``docker login`` keeps."""

from __future__ import annotations

import base64
import binascii
import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.files import cannot_be_read
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.redaction.hidden_environment import inherited
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.registry.image_reference import DOCKER_HUB

from ..errors import UserError

# Docker's own name for its registry in config.json, older than the registry's protocol.
_HUB_KEYS = ("https://index.docker.io/v1/", "index.docker.io", DOCKER_HUB)
_HELPER_TIMEOUT = 15
LOGINS = "DOCKER_AUTH_CONFIG"
# A helper gives this name when the secret is a token to trade in, not a password.
_TOKEN_NAME = "<token>"


class CredentialsError(UserError):
    """Credentials that cannot be read; the message says why and never holds them."""


class HelperError(CredentialsError):
    """A credential helper that does not help. Docker goes on without: not every registry wants a login."""


@dataclass(frozen=True)
class Credentials:
    """A user name and its secret. The secret stays out of ``repr``."""

    username: str
    secret: str = field(repr=False)
    is_identity_token: bool = False
    source: str = "the variables"

    @property
    def entry(self) -> dict[str, str]:
        """As Docker's table `auths` has it."""
        if self.is_identity_token:
            return {"identitytoken": self.secret}
        return {"auth": self.basic.removeprefix("Basic ")}

    @property
    def basic(self) -> str:
        """The value of an Authorization header."""
        return "Basic " + base64.b64encode(f"{self.username}:{self.secret}".encode()).decode()


def config_path(docker_config: str | None, environment: Mapping[str, str]) -> Path:
    """Return the path of the Docker CLI's config.json."""
    folder = docker_config or environment.get("DOCKER_CONFIG")
    return (Path(folder) if folder else Path.home() / ".docker").expanduser() / "config.json"


def key_of(host: str) -> str:
    """What Docker calls a registry in its configuration."""
    return _HUB_KEYS[0] if host == DOCKER_HUB else host


def is_of(key: str, host: str) -> bool:
    """Whether a key of the table `auths` is this registry's: older versions of Docker and other tools add to it."""
    if host == DOCKER_HUB:
        return key.rstrip("/") in {one.rstrip("/") for one in _HUB_KEYS}
    return key.removeprefix("https://").removeprefix("http://").partition("/")[0] == host


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
    except OSError as error:
        raise HelperError(
            f"Docker's config.json names the credential helper {program}, which is not in PATH"
            if isinstance(error, FileNotFoundError)
            else f"the credential helper {program} cannot be run: {error.strerror}"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise HelperError(f"the credential helper {program} gave no response within {_HELPER_TIMEOUT} s") from error
    if answer.returncode != 0:
        # "credentials not found in native keychain": every helper's way to say "none".
        return None
    try:
        found = json.loads(answer.stdout)
        username, secret = str(found["Username"]), str(found["Secret"])
    except (ValueError, KeyError, TypeError) as error:
        raise HelperError(f"the credential helper {program} gave a response that is not credentials") from error
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


def table(config: Mapping[str, object], key: str) -> Mapping[str, object]:
    """A part of the configuration; nothing where it is of another kind."""
    value = config.get(key)
    return value if isinstance(value, dict) else {}


def read_config(path: Path) -> dict[str, object]:
    """The Docker CLI's configuration; nothing where there is none. Raises CredentialsError."""
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise CredentialsError(f"Docker's {cannot_be_read(path, error)}") from error
    except ValueError as error:
        raise CredentialsError(f"Docker's {path} cannot be read: {error}") from error
    if not isinstance(config, dict):
        raise CredentialsError(f"Docker's {path} is not a JSON object")
    return config


def given_logins(environment: Mapping[str, str]) -> Mapping[str, object]:
    """The logins in DOCKER_AUTH_CONFIG, which count before all others. Raises CredentialsError."""
    text = environment.get(LOGINS)
    if not text:
        return {}
    try:
        return table(json.loads(text), "auths")
    except (ValueError, AttributeError) as error:
        raise CredentialsError(f"{LOGINS} is not a JSON object") from error


def helper_of(host: str, config: Mapping[str, object]) -> str:
    """The credential helper for a registry: its own, else the one for all; an empty one is none."""
    helpers = table(config, "credHelpers")
    named = helpers[key_of(host)] if key_of(host) in helpers else helpers.get(host, config.get("credsStore"))
    return named if isinstance(named, str) else ""


def in_table(host: str, auths: Mapping[str, object], source: str = "") -> Credentials | None:
    """What a table of logins has for a registry."""
    for key in sorted((one for one in auths if is_of(one, host)), key=lambda one: one != key_of(host)):
        entry = auths[key]
        found = _from_entry(entry, source) if isinstance(entry, dict) else None
        if found:
            return found
    return None


def find_credentials(host: str, docker_config: str | None, environment: Mapping[str, str]) -> Credentials | None:
    """Look up what ``docker login`` stored for ``host``, in its file or through its helper, as ``docker push`` does.

    Raises CredentialsError; HelperError where only a helper failed, and the registry may want nothing of it.
    """
    if found := in_table(host, given_logins(environment), LOGINS):
        return found
    path = config_path(docker_config, environment)
    config = read_config(path)
    failed: HelperError | None = None
    if helper := helper_of(host, config):
        try:
            found = _ask_helper(helper, key_of(host), environment)
        except HelperError as error:
            failed = error
    found = found or in_table(host, table(config, "auths"), str(path))
    if failed and not found:
        raise failed
    return found
