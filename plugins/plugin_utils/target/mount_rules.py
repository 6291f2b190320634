"""What is put into the API's file system, each at a path of its own. No secret is ever repeated."""

from __future__ import annotations

import itertools
import posixpath
import re
from collections.abc import Iterator, Mapping

from ..release.credentials import file_key
from .environment_rules import Problem, Values, text_of, wrong_secrets

_PATH = re.compile(r"(?:/[-._a-zA-Z0-9]+)+")
# What the container's runtime keeps for itself.
_RUNTIME = ("/proc", "/sys")
# Of a key of a Secret or ConfigMap, in characters.
_LONGEST_KEY = 253
# Of all contents of a ConfigMap, in bytes.
_LARGEST = 1 << 20
# No text has them, and no manifest carries them.
_BINARY = re.compile("[\0\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_TEMPORARY = "/tmp"


def secret_files(name: str, value: object) -> Problem:
    """Paths and contents of secret files."""
    if not isinstance(value, Mapping):
        return f"app_{name} must map paths to contents"
    return _wrong_files(name, value) or wrong_secrets(name, value)


def files(name: str, value: object) -> Problem:
    """Paths and contents of files."""
    if not isinstance(value, Mapping):
        return f"app_{name} must map paths to contents"
    return _wrong_files(name, value) or _wrong_contents(name, value)


def path_problem(path: str) -> Problem:
    """Why nothing can be mounted at a path."""
    if not _PATH.fullmatch(path) or posixpath.normpath(path) != path:
        return "it must be an absolute path of letters, digits, - _ . and /"
    if any(path == one or path.startswith(f"{one}/") for one in _RUNTIME):
        return f"nothing can be mounted in {' or '.join(_RUNTIME)}"
    return None


def _wrong_files(name: str, value: Mapping[object, object]) -> Problem:
    paths = [text_of(path) for path in value]
    for path in paths:
        if problem := path_problem(path) or ("it is a folder" if path == _TEMPORARY else None):
            return f"app_{name} names '{path}': {problem}"
        if len(file_key(path)) > _LONGEST_KEY:
            return f"app_{name} names '{path}': it must be shorter than {_LONGEST_KEY - 4} characters"
    keys = [file_key(path) for path in paths]
    if twice := sorted({path for path, key in zip(paths, keys, strict=True) if keys.count(key) > 1}):
        return f"app_{name} names {' and '.join(twice)}, which Kubernetes cannot tell apart: rename one"
    return None


def _wrong_contents(name: str, value: Mapping[object, object]) -> Problem:
    for path, content in value.items():
        if not isinstance(content, str):
            return f"app_{name}: the content of {path} is not text: put quotes around it (of data: | to_json)"
        if found := _BINARY.search(content):
            return (
                f"app_{name}: the content of {path} is not text (it has the character U+{ord(found[0]):04X}): "
                "put what is binary into the image"
            )
    size = sum(len(text_of(content).encode()) for content in value.values())
    if size > _LARGEST:
        return f"app_{name} has {size} bytes in all, and a ConfigMap takes {_LARGEST}: put what is large into the image"
    return None


def find_mount_clashes(values: Values) -> list[str]:
    """Paths that are named twice, or of which one lies below another."""
    mounts = list(_mounts(values))
    return [problem for one, other in itertools.combinations(mounts, 2) if (problem := _clash(*one, *other))]


def _mounts(values: Values) -> Iterator[tuple[str, str]]:
    for place in ("secret_files", "files"):
        given = values.get(place)
        yield from ((place, text_of(path)) for path in (given if isinstance(given, Mapping) else ()))


def _clash(place: str, path: str, other_place: str, other: str) -> Problem:
    if path == other:
        return f"app_{place} and app_{other_place} both name {path}: leave it out of one"
    for (above, upper), (below, lower) in itertools.permutations(((place, path), (other_place, other))):
        if lower.startswith(f"{upper}/"):
            return f"app_{above} names {upper}, and app_{below} {lower} below it: it cannot be a file and a folder"
    return None
