"""The secrets of a target, of its database and its own: as given, as the cluster keeps them, or generated once."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
import secrets
import string
import urllib.parse
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml
from ansible.module_utils.parsing.convert_bool import boolean

from ..database_mode import OWN, mode_of
from ..errors import UserError
from ..kube.config import load_documents

Object = dict[str, Any]

PASSWORD = "MYSQL_PASSWORD"
ROOT_PASSWORD = "MYSQL_ROOT_PASSWORD"
KEY = "CHECKSUM_KEY"
# What the role `secret` renders.
FILE = "my-secret-eval.yml"
# What stands for the database's parts in a text.
PLACEHOLDER = re.compile(r"\{(\w+)\}")
PLACEHOLDERS = ("user", "password", "host", "port", "name")
# 32 of 62 characters are 190 bits; none of them means anything to a shell, a URL or SQL.
ALPHABET = string.ascii_letters + string.digits
LENGTH = 32


class CredentialsError(UserError, ValueError):
    """Credentials that cannot be settled; the message is one line for a person, without any value."""


@dataclass(frozen=True)
class Credentials:
    """What the Pods log in with, and the application's own: by name, and of files by path.

    `key` makes the checksum, and is kept with them.
    """

    password: str = ""
    root_password: str = ""
    key: str = ""
    secrets: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def checksum(self) -> str:
        """16 hexadecimal digits that change with any of them; without the key nobody can try a guess at them."""
        if not self.key:
            return ""
        own = {**self.secrets, **self.files}
        return self._digest([self.password, self.root_password, *([own] if own else [])])

    @property
    def database_checksum(self) -> str:
        """The same of the database's own: another secret of the application's is no reason to start it again."""
        return self._digest([self.password, self.root_password]) if self.key else ""

    def _digest(self, parts: list[Any]) -> str:
        return hmac.new(self.key.encode(), json.dumps(parts).encode(), hashlib.sha256).hexdigest()[:16]

    def handed_on(self) -> Object:
        """As the roles `secret` and `workload` take them."""
        return {
            "password": self.password,
            "root_password": self.root_password,
            "key": self.key,
            "checksum": self.checksum,
            "database_checksum": self.database_checksum,
            "secrets": dict(self.secrets),
            "files": [{"path": path, "key": file_key(path), "content": text} for path, text in self.files.items()],
        }


def made(length: int = LENGTH) -> str:
    """A new password."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def uses_secret(target: Mapping[str, Any]) -> bool:
    """Whether the target has any secrets: then those that the cluster keeps count."""
    return mode_of(target) != "none" or bool(target["secrets"]) or bool(target["secret_files"])


def file_key(path: str) -> str:
    """The key of a target's Secret or ConfigMap that holds a file."""
    return f"file{path.replace('/', '.')}"


def generated(target: Mapping[str, Any]) -> list[str]:
    """The keys of the target's Secret whose values are made, and kept."""
    own = {**target["secrets"], **{file_key(path): value for path, value in target["secret_files"].items()}}
    return sorted(name for name, value in own.items() if isinstance(value, Mapping))


def database_environment(wanted: Mapping[str, Any], parts: Mapping[str, str]) -> dict[str, str]:
    """The texts with the database's parts in their places; in a URL, each as URLs write it."""
    found = {}
    for name, text in wanted.items():
        quote = "://" in str(text)
        given = {part: urllib.parse.quote(value, safe="") if quote else value for part, value in parts.items()}
        pieces = PLACEHOLDER.split(str(text))
        # What stands between placeholders, and their names, by turns.
        found[name] = "".join(given[piece] if number % 2 else piece for number, piece in enumerate(pieces))
    return found


def settle_secrets(wanted: Mapping[str, Any], kept: Mapping[str, str], rotated: bool = False) -> dict[str, str]:
    """The application's own: as given; of those that are generated, what is kept, unless they are rotated."""
    found = {}
    for name in sorted(wanted):
        value = wanted[name]
        if isinstance(value, Mapping):
            found[name] = (not rotated and kept.get(name)) or made(int(value["generate"]))
        else:
            # A number or a boolean is taken where it is written as it is read.
            found[name] = str(value).lower() if isinstance(value, bool) else str(value)
    return found


def settle(given: str, user: str, kept: Mapping[str, str], rotated: bool = False) -> Credentials:
    """What is given, else what is kept, else a new one; with `rotated`, nothing of what is kept but the key.

    The account of the API and root share no password, or the API's would open everything. Raises CredentialsError
    when the passwords are to be rotated and the one that is given is the one that is kept.
    """
    old = {} if rotated else kept
    if rotated and given and given == kept.get(PASSWORD):
        raise CredentialsError(
            "app_db_password is what the cluster has already: give another one, or none, to have one made. "
            "Nothing was changed."
        )
    password = given or old.get(PASSWORD) or made()
    root = old.get(ROOT_PASSWORD, "")
    if user == "root":
        root = password
    elif not root or root == password:
        root = made()
    return Credentials(password, root, kept.get(KEY) or made())


def of_secret(secret: Object | None, given: bool = False, names: Iterable[str] = ()) -> dict[str, str]:
    """The database's values in a Secret, and those of `names`, as text.

    Raises CredentialsError when one that is to be kept is none: the password unless another is given, and `names`.
    """
    own = set(names)
    found = {}
    for name, value in ((secret or {}).get("data") or {}).items():
        if name in (PASSWORD, ROOT_PASSWORD, KEY) or name in own:
            try:
                found[name] = base64.b64decode(value or "", validate=True).decode()
            except (binascii.Error, UnicodeDecodeError) as error:
                if name in own or (name == PASSWORD and not given):
                    instead = f"give one in app_secrets.{name}" if name in own else "give app_db_password"
                    raise CredentialsError(
                        f"The value of {name} in the Secret {(secret or {})['metadata']['name']} is not text, so it "
                        f"cannot be kept: {instead}."
                    ) from error
    return found


def version_of(secret: Object | None) -> str:
    """What a Secret is known by as long as nobody writes into it; empty when it is not there."""
    metadata = (secret or {}).get("metadata") or {}
    return f"{metadata.get('uid')} {metadata.get('resourceVersion')}" if secret else ""


def of_file(folder: Path, names: Iterable[str] = ()) -> dict[str, str]:
    """What the last run from here has rendered; nothing when there was none, or somebody has edited it to bits."""
    try:
        documents = load_documents((folder / FILE).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return {}
    found = [item for item in documents if isinstance(item, dict) and item.get("kind") == "Secret"]
    return of_secret(found[0], names=names) if found else {}


def settled_for(target: Mapping[str, Any], secret: dict[str, Any] | None) -> dict[str, Any]:
    """The credentials of a target whose Secret is this, and which Secret they were settled from."""
    kept = of_secret(secret, bool(target["db_password"]), generated(target))
    return settled_from(target, kept) | {"seen": version_of(secret)}


def settled_from(target: Mapping[str, Any], kept: Mapping[str, str]) -> dict[str, Any]:
    """The credentials of a target, given what is kept of those before."""
    given, rotated = str(target["db_password"] or ""), boolean(target["db_password_rotated"])
    mode = mode_of(target)
    if mode in OWN:
        settled = settle(given, str(target["db_user"]), kept, rotated)
    elif mode == "external":
        # The server is somebody else's: it has a password, and nobody here makes another.
        settled = Credentials(given, "", kept.get(KEY) or made())
    else:
        settled = Credentials(given, given, (kept.get(KEY) or made()) if uses_secret(target) else "")
    own = settle_secrets(target["secrets"], kept, rotated)
    if mode != "none":
        parts = {name: str(target[f"db_{name}"]) for name in ("user", "name", "port")}
        host = {"pod": "127.0.0.1", "shared": f"{target['name']}-db"}.get(mode) or str(target["db_host"])
        parts |= {"host": host, "password": settled.password}
        own |= database_environment(target["db_environment"], parts)
    contents = {file_key(path): value for path, value in target["secret_files"].items()}
    files = settle_secrets(contents, kept, rotated)
    settled = replace(settled, secrets=own, files={path: files[file_key(path)] for path in target["secret_files"]})
    # What no log may show: the ones before are still those of the Pods that run.
    known = {*kept.values(), settled.password, settled.root_password, *own.values(), *files.values()}
    return settled.handed_on() | {"known": sorted(known - {""})}


def settled_again(target: Mapping[str, Any], secret: Object | None, before: Object) -> tuple[Object, bool]:
    """The credentials as they are by now, and whether the Secret is another than the one they were settled from."""
    if version_of(secret) == before.get("seen"):
        return before, False
    settled = settled_for(target, secret)
    return settled | {"known": sorted({*before.get("known", []), *settled["known"]})}, True
