"""The systems that the platform is made on, and which of them this machine is."""

from __future__ import annotations

import functools
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from ...module_utils.os_release import codename, os_release

TABLE = Path(__file__).resolve().parents[3] / "platform/distributions.yml"
# Whose packages are taken where a system says of itself neither what it is nor what it is like.
FAMILY = "debian"


@dataclass(frozen=True)
class Distribution:
    """A system with apt.

    `base_image` is what the platform's base image is called there, `packages` its names of what each part needs. One
    that is not `known` is not in the table: it has what the newest of its family needs, in whatever version.
    """

    title: str
    suite: str
    base_image: str
    packages: dict[str, list[str]]
    known: bool

    def as_data(self) -> dict[str, Any]:
        """What templates see of it."""
        return asdict(self)

    def package_names(self) -> list[str]:
        """What all parts need, without versions."""
        return sorted({package.partition("=")[0] for part in self.packages.values() for package in part})


@functools.cache
def this_machine() -> Distribution:
    """The system that this machine has."""
    return distribution_of(os_release(), yaml.safe_load(TABLE.read_text(encoding="utf-8")))


def distribution_of(fields: dict[str, str], table: dict[str, dict[str, Any]]) -> Distribution:
    """The system that the fields of an os-release describe."""
    suite = codename(fields)
    for name, entry in table.items():
        if entry["suite"] == suite:
            return Distribution(entry["title"], suite, image(name), entry["packages"], known=True)
    packages = table[nearest(fields, list(table))]["packages"]
    name = f"{fields.get('ID', 'linux')}-{fields.get('VERSION_ID') or suite}"
    title = fields.get("PRETTY_NAME") or "an unknown system"
    return Distribution(title, suite, image(name), unpinned(packages), known=False)


def nearest(fields: dict[str, str], names: list[str]) -> str:
    """The newest in the table of what a system is, or is like."""
    families = [fields.get("ID", ""), *fields.get("ID_LIKE", "").split(), FAMILY]
    return next(name for family in families for name in reversed(names) if name.startswith(f"{family}-"))


def unpinned(packages: dict[str, list[str]]) -> dict[str, list[str]]:
    """The same packages, in whatever version there is."""
    return {part: [package.partition("=")[0] for package in wanted] for part, wanted in packages.items()}


def image(name: str) -> str:
    """What the base image that is made of a system is called."""
    system, _, version = name.partition("-")
    return f"{system}-python:{version}"
