#!/usr/bin/env python3
"""The figures of the house: how much there is of what makes it hard to walk through. Prints a table."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ROOT / "plugins/plugin_utils"
# A variable of a target as CONTRIBUTING describes it.
EXAMPLE = "app_replicas"


@dataclass(frozen=True)
class Figure:
    """A number, and how large it may be; 0 where only the reader judges."""

    name: str
    value: int
    limit: int = 0


def arrows() -> dict[str, set[str]]:
    """Each package below plugin_utils, and the packages that its modules import from."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in PACKAGES.glob("*/*.py"):
        room = path.parent.name
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level == 2 and node.module:
                other = node.module.partition(".")[0]
                found[room] |= {other} if (PACKAGES / other).is_dir() else set()
            elif isinstance(node, ast.ImportFrom) and "plugin_utils." in (node.module or ""):
                other = str(node.module).partition("plugin_utils.")[2].partition(".")[0]
                found[room] |= {other} - {room} if (PACKAGES / other).is_dir() else set()
    return found


def crossing_facts() -> set[str]:
    """What a role registers or sets, and another role or a playbook reads."""
    texts = {path: path.read_text(encoding="utf-8") for path in role_files()}
    set_by: dict[str, set[str]] = defaultdict(set)
    for path, text in texts.items():
        if path.suffix == ".yml" and path.parent.name == "tasks":
            for task in tasks_of(yaml.safe_load(text)):
                names = [task["register"]] if "register" in task else []
                names += list(task.get("ansible.builtin.set_fact") or {})
                for name in (one for one in names if not one.startswith("_")):
                    set_by[name].add(role_of(path))
    return {
        name
        for name, roles in set_by.items()
        if any(re.search(rf"\b{name}\b", text) and role_of(path) not in roles for path, text in texts.items())
    }


def role_files() -> list[Path]:
    """What reads variables: tasks, defaults and variables of roles, templates, playbooks."""
    patterns = ("roles/*/tasks/*.yml", "roles/*/defaults/*.yml", "roles/*/vars/*.yml", "roles/*/templates/*.j2")
    more = ("templates/*.j2", "playbooks/*.yml", "playbooks/group_vars/*.yml")
    found = (path for pattern in (*patterns, *more) for path in ROOT.glob(pattern))
    # What the role `new` writes is an inventory: it sets them.
    return sorted(path for path in found if not path.is_relative_to(ROOT / "roles/new/templates"))


def role_of(path: Path) -> str:
    """The role that a file belongs to; the folder for all others."""
    parts = path.relative_to(ROOT).parts
    return parts[1] if parts[0] == "roles" else parts[0]


def tasks_of(items: Any) -> Iterator[dict[str, Any]]:
    """Every task of a file, those in blocks too."""
    for item in items or []:
        yield item
        for key in ("block", "rescue", "always"):
            yield from tasks_of(item.get(key))


def places(variable: str) -> list[str]:
    """The files that a variable of a target touches; its rule knows it without the prefix."""
    rules = PACKAGES / "target/rules.py"
    files = [*role_files(), ROOT / "roles/app/meta/argument_specs.yml"]
    found = [path for path in files if re.search(rf"\b{variable}\b", path.read_text(encoding="utf-8"))]
    if f'"{variable.removeprefix("app_")}"' in rules.read_text(encoding="utf-8"):
        found.append(rules)
    return sorted(str(path.relative_to(ROOT)) for path in found)


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def longest(pattern: str) -> int:
    return max(lines(path) for path in ROOT.glob(pattern))


def figures() -> list[Figure]:
    """All of them."""
    packages = arrows()
    python = list((ROOT / "plugins").rglob("*.py"))
    mapped = yaml.safe_load((ROOT / "playbooks/group_vars/all.yml").read_text(encoding="utf-8"))
    return [
        Figure("keys of playbooks/group_vars/all.yml", len(mapped), 45),
        Figure("facts that cross the borders of roles", len(crossing_facts()), 3),
        Figure(f"places that a variable of a target touches ({EXAMPLE})", len(places(EXAMPLE)), 4),
        Figure("lines of README.md", lines(ROOT / "README.md"), 150),
        Figure("lines of docs/ARCHITECTURE.md", lines(ROOT / "docs/ARCHITECTURE.md"), 250),
        Figure("lines of the longest playbook", longest("playbooks/*.yml"), 30),
        Figure("lines of the longest tasks file", longest("roles/*/tasks/*.yml"), 80),
        Figure("lines of the longest template of a manifest", longest("templates/*.j2"), 120),
        Figure(
            "packages below plugins/plugin_utils", len([one for one in PACKAGES.iterdir() if any(one.glob("*.py"))])
        ),
        Figure("arrows between them", sum(len(others) for others in packages.values())),
        Figure("actions", len(list((ROOT / "plugins/action").glob("*.py")))),
        Figure("lines of Python below plugins", sum(lines(path) for path in python)),
    ]


def main() -> None:
    """Print the table."""
    for one in figures():
        print(f"{one.name:<60} {one.value:>6}" + (f"  at most {one.limit}" if one.limit else ""))


if __name__ == "__main__":
    main()
