"""What is wanted of a target: its variables app_*, templated one by one when they are read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible.parsing.vault import EncryptedString


def decrypted(value: Any) -> Any:
    """The value with the text of what Vault has encrypted in it: Ansible's own type for that is not `str`."""
    if isinstance(value, EncryptedString):
        return str(value)
    if isinstance(value, Mapping):
        return {key: decrypted(one) for key, one in value.items()}
    return [decrypted(one) for one in value] if isinstance(value, list) else value


class Target(Mapping[str, Any]):
    """The variables app_* by name, each templated when it is asked for: most are plain, and a template is dear."""

    def __init__(self, variables: Mapping[str, Any], templar: Any) -> None:
        self._raw = {name.removeprefix("app_"): value for name, value in variables.items() if name.startswith("app_")}
        self._templar = templar

    def __getitem__(self, name: str) -> Any:
        value = self._raw[name]
        return decrypted(self._templar.template(value) if self._templar.is_template(value) else value)

    def __iter__(self) -> Iterator[str]:
        return iter(self._raw)

    def __len__(self) -> int:
        return len(self._raw)
