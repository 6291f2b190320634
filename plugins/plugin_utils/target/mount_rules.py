"""What is put into the API's file system, each at a path of its own. No secret is ever repeated."""

from __future__ import annotations

import itertools
import posixpath
import re
from collections.abc import Iterator, Mapping

from ..release.credentials import file_key
from .environment_rules import Problem, Values, text_of, wrong_secrets
from .names import LABEL, LABEL_LENGTH, SUBDOMAIN, SUBDOMAIN_LENGTH
from .quantities import quantity

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
_OF_A_VOLUME = ("path", "empty_dir", "claim", "read_only")
# The volumes that a Pod has in any case (templates/_volumes.yml.j2).
TAKEN = frozenset({"secret-files", "files", "api-tmp", "mysql-data", "mysql-run", "mysql-tmp"})


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


def volumes(name: str, value: object) -> Problem:
    """Volumes by name: where they are mounted, and what they are."""
    if not isinstance(value, Mapping):
        return f"app_{name} must map names to volumes, such as data: {{path: /srv/data, empty_dir: {{size: 1Gi}}}}"
    for key, volume in value.items():
        if not isinstance(key, str) or not LABEL.fullmatch(key) or len(key) > LABEL_LENGTH:
            return f"app_{name} names '{text_of(key)}': it must be lower case letters, digits and '-', such as data"
        if key in TAKEN:
            return f"app_{name} names {key}, which a Pod has already: choose another name"
        if problem := _volume_problem(volume):
            return f"app_{name}.{key} {problem}"
    return None


def _volume_problem(volume: object) -> Problem:
    if not isinstance(volume, Mapping) or not set(volume) <= set(_OF_A_VOLUME):
        return f"may have {', '.join(_OF_A_VOLUME)}, and nothing else"
    path = text_of(volume.get("path"))
    if problem := path_problem(path):
        return f"has the path '{path}': {problem}"
    if ("empty_dir" in volume) == ("claim" in volume):
        return "must have one of empty_dir ({size: 1Gi}) and claim (the name of a PersistentVolumeClaim)"
    if not isinstance(volume.get("read_only", False), bool):
        return "has a read_only that is neither true nor false"
    return _claim_problem(volume["claim"]) if "claim" in volume else _size_problem(volume["empty_dir"])


def _claim_problem(claim: object) -> Problem:
    if isinstance(claim, str) and SUBDOMAIN.fullmatch(claim) and len(claim) <= SUBDOMAIN_LENGTH:
        return None
    return f"has the claim '{text_of(claim)}': it must be the name of a PersistentVolumeClaim"


def _size_problem(empty: object) -> Problem:
    size = empty.get("size") if isinstance(empty, Mapping) else None
    if isinstance(empty, Mapping) and set(empty) == {"size"} and (quantity(size) or 0) > 0:
        return None
    return "must have a size that is a quantity such as 1Gi, and nothing else, in empty_dir"


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

    given = values.get("volumes")
    for name, volume in given.items() if isinstance(given, Mapping) else ():
        if isinstance(volume, Mapping) and volume.get("path"):
            yield f"volumes.{text_of(name)}", text_of(volume.get("path"))


def _clash(place: str, path: str, other_place: str, other: str) -> Problem:
    if path == other:
        return f"app_{place} and app_{other_place} both name {path}: leave it out of one"
    for (above, upper), (below, lower) in itertools.permutations(((place, path), (other_place, other))):
        if lower.startswith(f"{upper}/"):
            why = "would hide it" if above.startswith("volumes.") else "cannot be a file and a folder"
            return f"app_{above} names {upper}, and app_{below} {lower} below it: it {why}"
    return None
