"""What is given to roles: names that look like an argument but are none, and values of another type than promised."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ..errors import UserError
from ..kube.config import load_documents

# Any value has these types: there is nothing to check.
_ANYTHING = ("str", "path", "raw")


class WrongArguments(UserError, ValueError):
    """Variables that a role does not take; the message is for a person."""


def unknown_names(prefix: str, given: Iterable[str], known: Iterable[str]) -> list[str]:
    """Return the names that begin with ``prefix`` and are not known, sorted."""
    known_names = set(known)
    return sorted({name for name in given if name.startswith(prefix)} - known_names)


def describe_unknown(role: str, unknown: Iterable[str], known: Iterable[str]) -> str:
    """Say in one line which names the role does not know and what was probably meant: one of `known`, of any prefix."""
    # Compared without the prefix; of two that are as close, the role's own is meant.
    by_rest = {name.partition("_")[2]: name for name in sorted(known, key=lambda name: name.startswith(f"{role}_"))}
    parts: list[str] = []
    for name in unknown:
        close = difflib.get_close_matches(name.partition("_")[2], sorted(by_rest), n=1, cutoff=0.6)
        parts.append(f"{name} (did you mean {by_rest[close[0]]}?)" if close else name)
    noun = "variable" if len(parts) == 1 else "variables"
    return f"The role {role} does not know the {noun} {', '.join(parts)}: see roles/{role}/meta/argument_specs.yml"


@lru_cache
def specification(role: Path) -> dict[str, dict[str, Any]]:
    """The arguments of a role, from its meta/argument_specs.yml."""
    text = (role / "meta" / "argument_specs.yml").read_text(encoding="utf-8")
    options: dict[str, dict[str, Any]] = load_documents(text)[0]["argument_specs"]["main"].get("options") or {}
    return options


def wrong_names(role: Path, given: Iterable[str], provides: Iterable[str]) -> list[str]:
    """One line when there are names with the role's prefix that it does not know."""
    known = set(specification(role))
    # Until 2026-11 the platform's roles were called local_*.
    former = role.name.replace("platform_", "local_", 1)
    renamed = sorted(name for name in given if name.startswith(f"{former}_")) if former != role.name else []
    if renamed:
        return [f"{name} is called {name.replace('local_', 'platform_', 1)} now: rename it" for name in renamed]
    unknown = unknown_names(f"{role.name}_", given, known | set(provides))
    # What a target is has a role of its own, whose variables all others read.
    return [describe_unknown(role.name, unknown, known | set(specification(role.parent / "app")))] if unknown else []


def wrong_values(role: Path, given: Mapping[str, Any]) -> list[str]:
    """One line for each value that is not of the type, or none of the choices, that the role's specification names.

    What Ansible itself checks when a role begins, without a task of its own for each.
    """
    spec = {
        name: _plain(option)
        for name, option in specification(role).items()
        if name in given and (option.get("type", "str") not in _ANYTHING or "choices" in option)
    }
    found = ArgumentSpecValidator(spec).validate({name: given[name] for name in spec})
    return [f"{role.name}: {' '.join(message.split())}" for message in found.error_messages]


def _plain(option: Mapping[str, Any]) -> dict[str, Any]:
    """An option as the validator takes it."""
    plain = {key: option[key] for key in ("type", "elements", "choices", "no_log") if key in option}
    if "options" in option:
        plain["options"] = {
            name: _plain(inner) | {"required": inner.get("required", False)}
            for name, inner in option["options"].items()
        }
    return plain
