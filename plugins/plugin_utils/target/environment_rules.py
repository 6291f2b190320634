"""What an application is given to run with: its command, its environment, its secrets. No secret is ever repeated."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping

from ..release.credentials import PLACEHOLDER, PLACEHOLDERS, file_key
from .written import as_text

Problem = str | None
Values = Mapping[str, object]

_ENVIRONMENT_NAME = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*")
# What a Pod's environment may have of it, in every release from 1.20 on.
POD_FIELDS = (
    *("metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName"),
    *("status.podIP", "status.podIPs", "status.hostIP"),
)
_POD_NOTE = re.compile(
    r"metadata\.(?:labels|annotations)\['(?:[a-z0-9.-]+/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?'\]"
)
_WHOLE_NUMBER = re.compile(r"[+-]?[0-9]+")
# What the container of the API gets for the database beside it.
DATABASE_ENVIRONMENT = frozenset({"MYSQL_HOST", "MYSQL_PORT", "MYSQL_USER", "MYSQL_DATABASE", "MYSQL_PASSWORD"})
# A key of the target's Secret and a variable of the API's container that are there in any case.
RESERVED = frozenset({"CHECKSUM_KEY", "API_PORT"})
# Characters of a generated secret: 16 of 62 letters and digits are 95 bits; the longest is more than anybody wants.
SHORTEST, LONGEST = 16, 1024


def text_of(value: object) -> str:
    """A value as text; nothing is an empty one."""
    return value if isinstance(value, str) else ("" if value is None else str(value))


def whole_number(value: object) -> int | None:
    """A value as a whole number, when it is one."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    text = text_of(value).strip()
    return int(text) if _WHOLE_NUMBER.fullmatch(text) else None


def command(name: str, value: object) -> Problem:
    """A program with its arguments, or arguments alone."""
    if not isinstance(value, list):
        return f"app_{name} must be a list, one word an item, such as [gunicorn, app:api]"
    if any(isinstance(one, (Mapping, list)) or one is None for one in value):
        return f"app_{name} has items that are not text or numbers"
    if any("\0" in text_of(one) for one in value):
        return f"app_{name} holds a NUL character, which no argument can carry"
    if name.endswith("command") and value and not text_of(value[0]).strip():
        return f"app_{name} begins with an empty word: it must begin with a program"
    return None


def environment(name: str, value: object) -> Problem:
    """Names and values of environment variables."""
    if not isinstance(value, Mapping):
        return f"app_{name} must map names to values"
    if problem := _wrong_names(name, value):
        return problem
    nested = sorted(text_of(key) for key, one in value.items() if isinstance(one, (Mapping, list)) or one is None)
    if nested:
        return f"app_{name} has values that are not text or numbers: {', '.join(nested)}"
    return None


def pod_environment(name: str, value: object) -> Problem:
    """Environment variables with what a Pod is: its name, its node."""
    if problem := environment(name, value):
        return problem
    for key, field in value.items() if isinstance(value, Mapping) else ():
        if field not in POD_FIELDS and not _POD_NOTE.fullmatch(text_of(field)):
            known = ", ".join(POD_FIELDS)
            return f"app_{name}.{key} is '{text_of(field)}', which no Pod says of itself: it may be {known}"
    return None


def database_environment(name: str, value: object) -> Problem:
    """Environment variables with placeholders for what the database is reached by."""
    if problem := environment(name, value):
        return problem
    known = ", ".join(f"{{{one}}}" for one in PLACEHOLDERS)
    for key, one in sorted(value.items()) if isinstance(value, Mapping) else ():
        unknown = [found for found in PLACEHOLDER.findall(text_of(one)) if found not in PLACEHOLDERS]
        if unknown:
            return f"app_{name}.{key} has {{{unknown[0]}}}, which stands for nothing: it may have {known}"
    return None


def secrets(name: str, value: object) -> Problem:
    """Names and values of secrets."""
    if not isinstance(value, Mapping):
        return f"app_{name} must map names to values"
    return _wrong_names(name, value) or wrong_secrets(name, value)


def _wrong_names(name: str, value: Mapping[object, object]) -> Problem:
    if unquoted := [as_text(key) for key in value if not isinstance(key, str)]:
        return f"app_{name} has a name that YAML reads as {unquoted[0]}: put quotes around it"
    bad = sorted(text_of(key) for key in value if not _ENVIRONMENT_NAME.fullmatch(text_of(key)))
    if bad:
        return (
            f"app_{name} has names that no container takes: {', '.join(bad)} (letters, digits, _ . -, no digit first)"
        )
    return None


def wrong_secrets(name: str, value: Mapping[object, object]) -> Problem:
    """Why values cannot be those of secrets."""
    wrong = {text_of(key): problem for key, one in value.items() if (problem := _secret_problem(one))}
    return "; ".join(f"app_{name}: {key} {problem}" for key, problem in sorted(wrong.items())) or None


def _secret_problem(value: object) -> Problem:
    if isinstance(value, Mapping):
        length = whole_number(value.get("generate"))
        if set(value) == {"generate"} and length is not None and SHORTEST <= length <= LONGEST:
            return None
        return f"must be a text, or generate: with a number of characters from {SHORTEST} to {LONGEST}"
    if isinstance(value, list):
        return "is a list: it must be a text"
    text = text_of(value)
    if not text.strip():
        return "is empty: give a value by a lookup or Ansible Vault, or let one be made (generate: 32)"
    return "holds a NUL character, which cannot be carried" if "\0" in text else None


def find_clashes(values: Values, with_database: bool) -> list[str]:
    """Names that are given twice, or that are there in any case."""
    places = ["api_environment", "pod_environment", "secrets", *(["db_environment"] if with_database else [])]
    named = {place: _keys(values, place) for place in places}
    files = set(map(file_key, _keys(values, "secret_files")))
    problems = [
        f"app_secrets names {name}, which is the key of a file in app_secret_files: choose another"
        for name in sorted(named["secrets"] & files)
    ]
    for place, names in named.items():
        own = DATABASE_ENVIRONMENT | (set() if place == "api_environment" else {"MYSQL_ROOT_PASSWORD"})
        problems += [
            f"app_{place} names {name}, which is set for the database beside the API: leave it out, or set "
            "app_db_enabled to false"
            for name in sorted(names & own if with_database else ())
        ]
        if place != "api_environment":
            problems += [
                f"app_{place} names {name}, which is set already: choose another" for name in sorted(names & RESERVED)
            ]
    for one, other in itertools.combinations(places, 2):
        problems += [
            f"app_{one} and app_{other} both name {name}: leave it out of one"
            for name in sorted(named[one] & named[other])
        ]
    return problems


def _keys(values: Values, place: str) -> set[str]:
    given = values.get(place)
    return set(map(text_of, given)) if isinstance(given, Mapping) else set()
