#!/usr/bin/python
"""The password of the platform's registry, and where those who need it find it."""

from __future__ import annotations

import base64
import ctypes
import hmac
import json
import os
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.whole_file import write_whole

DOCUMENTATION = r"""
module: platform_registry_login
short_description: Make the login of the platform's registry
description:
  - Generates a random password once and gives it to those who need it, each in a file that only its owner may read. To the
    registry as htpasswd (bcrypt), to the Docker CLI as C(docker login) would, to containerd as a header for this host, and
    to people as options for C(curl -K).
  - Beside them, puts the certificate of the authority that the registry's own is from. The Docker CLI's folder is
    where the actions of this collection look, too.
  - What else is in the Docker CLI's configuration stays. The password never passes through Ansible.
options:
  state:
    description: V(absent) takes the login out of the Docker CLI's configuration again, and leaves the rest to whoever clears its folders.
    type: str
    choices: [present, absent]
    default: present
  host:
    description: The registry, as images name it.
    type: str
    required: true
  docker_config:
    description: Folder of the Docker CLI's configuration.
    type: path
    required: true
  owner:
    description: User id that the Docker CLI's configuration belongs to.
    type: int
  directory:
    description: Folder for password and htpasswd.
    type: path
  user:
    description: User id that the registry runs as.
    type: int
  authority:
    description: Certificate of the authority.
    type: path
  nodes_dir:
    description: Folder of containerd's settings for registries (C(config_path)); only root may read it.
    type: path
author:
  - fastapi-mysql-k8s
"""

EXAMPLES = r"""
- name: Make the login
  fastapi_mysql.k8s.platform_registry_login:
    host: 127.0.0.1:5000
    directory: /var/lib/fastapi-mysql-k8s/registry
    user: 1000
    authority: /var/lib/fastapi-mysql-k8s/pki/ca.crt
    nodes_dir: /var/lib/fastapi-mysql-k8s/registry/nodes
    docker_config: /home/me/.cache/fastapi-mysql-k8s/docker-cli
    owner: 1000
"""

RETURN = r"""
written:
  description: The files that were made or changed.
  type: list
  elements: str
  returned: always
"""

USER = "embedded"
PASSWORD_BYTES = 32
# The least that bcrypt knows (a millisecond; the registry computes it for every request). Stretching is for passwords that can be
# guessed, and nobody guesses 256 bits.
COST = 4
ALPHABET = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def crypt(password: str, setting: str) -> str:
    """crypt(3) of Debian's libcrypt, which knows bcrypt; Python's own module of that name is gone since 3.13."""
    function = ctypes.CDLL("libcrypt.so.1").crypt
    function.restype = ctypes.c_char_p
    found = function(password.encode(), setting.encode())
    return found.decode() if found else ""


def new_hash(password: str) -> str:
    """A bcrypt hash with a salt of its own; the last of 22 letters carries two bits only."""
    salt = "".join(secrets.choice(ALPHABET) for _ in range(21)) + secrets.choice(".Oeu")
    return crypt(password, f"$2b${COST:02}${salt}")


def matches(line: str, password: str) -> bool:
    """Whether a line of htpasswd is for our user and this password."""
    user, _, found = line.strip().partition(":")
    return user == USER and found.startswith("$2b$") and hmac.compare_digest(crypt(password, found), found)


class Files:
    """Writes what differs, and remembers it."""

    def __init__(self, check: bool) -> None:
        self.check = check
        self.written: list[str] = []

    def put(self, path: Path, text: str, mode: int = 0o600, owner: int | None = None) -> None:
        """A file that is either the old or the new one, and never readable by more than mode says."""
        if path.is_file() and path.read_text() == text and self.is_right(path, mode, owner):
            return
        self.written.append(str(path))
        if self.check:
            return
        write_whole(path, text, mode, owner)

    def is_right(self, path: Path, mode: int, owner: int | None) -> bool:
        """Whether mode and owner are as they should be."""
        found = path.stat()
        return found.st_mode & 0o7777 == mode and owner in (None, found.st_uid)

    def folder(self, path: Path, mode: int, owner: int | None = None) -> None:
        """A folder, and those above it."""
        if path.is_dir() and self.is_right(path, mode, owner):
            return
        self.written.append(str(path))
        if not self.check:
            path.mkdir(parents=True, exist_ok=True)
            path.chmod(mode)
            if owner is not None:
                os.chown(path, owner, -1)


def client_settings(path: Path, change: Callable[[dict[str, Any]], None]) -> str:
    """The Docker CLI's configuration with its logins changed, all else as it was."""
    try:
        settings = json.loads(path.read_text())
    except (OSError, ValueError):
        settings = {}
    logins = settings.setdefault("auths", {})
    change(logins)
    if not logins:
        del settings["auths"]
    return json.dumps(settings, indent=4) + "\n"


def give(files: Files, wanted: dict[str, Any]) -> None:
    """Make what is missing."""
    host, directory = wanted["host"], Path(wanted["directory"])
    files.folder(directory, 0o755)
    kept = directory / "password"
    password = kept.read_text() if kept.exists() else secrets.token_urlsafe(PASSWORD_BYTES)
    files.put(kept, password)
    htpasswd = directory / "htpasswd"
    line = htpasswd.read_text() if htpasswd.exists() else ""
    files.put(htpasswd, line if matches(line, password) else f"{USER}:{new_hash(password)}\n", owner=wanted["user"])

    login = base64.b64encode(f"{USER}:{password}".encode()).decode()
    authority = Path(wanted["authority"]).read_text()
    files.put(directory / "ca.crt", authority, 0o644)
    client = Path(wanted["docker_config"])
    files.folder(client, 0o700, wanted["owner"])
    files.put(
        client / "config.json",
        client_settings(client / "config.json", lambda logins: logins.update({host: {"auth": login}})),
        owner=wanted["owner"],
    )
    files.folder(client / "certs.d", 0o700, wanted["owner"])
    files.folder(client / "certs.d" / host, 0o700, wanted["owner"])
    files.put(client / "certs.d" / host / "ca.crt", authority, 0o644, wanted["owner"])
    curlrc = f'user = "{USER}:{password}"\ncacert = "{client}/certs.d/{host}/ca.crt"\n'
    files.put(client / "certs.d" / host / "curlrc", curlrc, owner=wanted["owner"])

    nodes = Path(wanted["nodes_dir"])
    files.folder(nodes, 0o700)
    files.folder(nodes / host, 0o700)
    files.put(nodes / host / "ca.crt", authority, 0o644)
    files.put(nodes / host / "hosts.toml", hosts_toml(host, nodes / host / "ca.crt", login))


def hosts_toml(host: str, authority: Path, login: str) -> str:
    """What containerd knows of the registry: where, whose certificate, and who is asking.

    Said of the server itself: a second entry for the same address would be asked without all this whenever the first
    does not have an image, and hide that it has none. containerd 1.6 reads no file without a table of hosts.
    """
    return (
        f'server = "https://{host}"\ncapabilities = ["pull", "resolve"]\nca = "{authority}"\n\n'
        f'[header]\nAuthorization = ["Basic {login}"]\n\n[host]\n'
    )


def take(files: Files, wanted: dict[str, Any]) -> None:
    """Take the login out of the Docker CLI's configuration."""
    client = Path(wanted["docker_config"])
    config, host = client / "config.json", wanted["host"]
    if config.exists():
        owner = config.stat().st_uid
        files.put(config, client_settings(config, lambda logins: logins.pop(host, None)), owner=owner)
    if (client / "certs.d" / host).exists():
        files.written.append(str(client / "certs.d" / host))
        if not files.check:
            shutil.rmtree(client / "certs.d" / host)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "host": {"type": "str", "required": True},
            "docker_config": {"type": "path", "required": True},
            "owner": {"type": "int"},
            "directory": {"type": "path"},
            "user": {"type": "int"},
            "authority": {"type": "path"},
            "nodes_dir": {"type": "path"},
        },
        required_if=[("state", "present", ["owner", "directory", "user", "authority", "nodes_dir"])],
        supports_check_mode=True,
    )
    files = Files(module.check_mode)
    (give if module.params["state"] == "present" else take)(files, module.params)
    module.exit_json(changed=bool(files.written), written=files.written)


if __name__ == "__main__":
    main()
