#!/usr/bin/env python3
"""Write docs/reference/: a page for each role from its argument_specs, for each module from its documentation.

`docs/make/reference.py` writes, `docs/make/reference.py --check` says what is not up to date, and changes nothing.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs/reference"
NOTE = "<!-- Written by docs/make/reference.py from {source}; changes belong there. -->\n"
# Ansible's own markup: C(code), O(option), V(value), M(module), B(bold), I(italic).
MARKUP = re.compile(r"\b(RV|[COVMPBIE])\(((?:[^()]|\([^()]*\))*)\)")


def text(value: Any) -> str:
    """A description (a sentence, or a list of them) as Markdown, on one line."""
    joined = " ".join(str(one) for one in value) if isinstance(value, list) else str(value or "")
    return MARKUP.sub(lambda found: f"`{found[2]}`", " ".join(joined.split()))


def paragraphs(value: Any) -> str:
    """A description, a paragraph for each entry."""
    return "\n\n".join(text(one) for one in (value if isinstance(value, list) else [value]) if one)


def cell(value: str) -> str:
    """A text in a table."""
    return value.replace("|", "\\|")


def default(option: dict[str, Any]) -> str:
    """What applies when nothing is said."""
    if option.get("required"):
        return "**required**"
    if "default" not in option:
        return "none"
    value = option["default"]
    if value in ("", [], {}):
        return "empty"
    told = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"`{told}`" if len(told) <= 160 else "see the specification"


def table(options: dict[str, dict[str, Any]]) -> str:
    """The options as a table."""
    if not options:
        return "None.\n"
    lines = ["| name | type | default | meaning |", "|---|---|---|---|"]
    for name, option in options.items():
        kind = str(option.get("type", "str"))
        kind += f" of {option['elements']}" if option.get("elements") else ""
        meaning = text(option.get("description"))
        if option.get("choices"):
            meaning += f" One of {', '.join(f'`{one}`' for one in option['choices'])}."
        lines.append(" | ".join([f"| `{name}`", kind, cell(default(option)), cell(meaning)]) + " |")
    return "\n".join(lines) + "\n"


def role_page(role: Path) -> str:
    """The page of a role: each of its entry points."""
    specs = yaml.safe_load((role / "meta/argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"]
    parts = [f"# Role `{role.name}`\n", NOTE.format(source=f"roles/{role.name}/meta/argument_specs.yml")]
    for entry, spec in specs.items():
        parts += [f"## Entry point `{entry}`\n"] if entry != "main" else []
        parts += [f"{text(spec.get('short_description'))}.\n", paragraphs(spec.get("description")) + "\n"]
        parts += ["Variables:\n", table(spec.get("options") or {})]
    return "\n".join(parts)


def constants(path: Path) -> dict[str, str]:
    """The documentation strings of a plugin, without importing it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def options_of(parsed: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """A plugin's own options, and those of the fragments that it shares with others."""
    found: dict[str, dict[str, Any]] = dict(parsed.get("options") or {})
    named = parsed.get("extends_documentation_fragment") or []
    for name in [named] if isinstance(named, str) else named:
        fragment = ROOT / f"plugins/doc_fragments/{name.rpartition('.')[2]}.py"
        text = next(one for one in strings(fragment) if "options:" in one)
        # What the plugin says itself stands.
        found = found | {key: one for key, one in yaml.safe_load(text)["options"].items() if key not in found}
    return dict(sorted(found.items(), key=lambda option: not option[1].get("required")))


def strings(path: Path) -> Iterator[str]:
    """Every text that a module, or a class in it, gives a name to."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.value.value


def module_page(path: Path, documented: dict[str, str]) -> str:
    """The page of a module or an action."""
    parsed = yaml.safe_load(documented["DOCUMENTATION"])
    name = path.stem
    source = path.relative_to(ROOT).as_posix()
    parts = [f"# `fastapi_mysql.k8s.{name}`\n", NOTE.format(source=source)]
    parts += [f"{text(parsed['short_description'])}.\n", paragraphs(parsed.get("description")) + "\n"]
    parts += ["Options:\n", table(options_of(parsed))]
    if documented.get("EXAMPLES", "").strip():
        parts += ["Example:\n", f"```yaml\n{documented['EXAMPLES'].strip()}\n```\n"]
    returned = yaml.safe_load(documented.get("RETURN", "") or "") or {}
    if returned:
        lines = ["| name | type | when | meaning |", "|---|---|---|---|"]
        lines += [
            " | ".join([f"| `{key}`", *(cell(text(one.get(what))) for what in ("type", "returned", "description"))])
            + " |"
            for key, one in returned.items()
        ]
        parts += ["Returns:\n", "\n".join(lines) + "\n"]
    return "\n".join(parts)


def index(roles: Iterable[Path], modules: Iterable[tuple[Path, dict[str, str]]]) -> str:
    """The list of all pages."""
    lines = ["# Reference\n", NOTE.format(source="roles/ and plugins/modules/"), "Roles:\n"]
    for role in roles:
        spec = yaml.safe_load((role / "meta/argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"]["main"]
        lines.append(f"- [`{role.name}`](roles/{role.name}.md): {text(spec.get('short_description'))}")
    lines += ["\nModules and actions:\n"]
    for path, documented in modules:
        short = text(yaml.safe_load(documented["DOCUMENTATION"])["short_description"])
        lines.append(f"- [`{path.stem}`](modules/{path.stem}.md): {short}")
    return "\n".join(lines) + "\n"


def pages() -> dict[Path, str]:
    """Every page and its text."""
    roles = sorted(path.parents[1] for path in (ROOT / "roles").glob("*/meta/argument_specs.yml"))
    modules = [(path, constants(path)) for path in sorted((ROOT / "plugins/modules").glob("*.py"))]
    modules = [(path, documented) for path, documented in modules if "DOCUMENTATION" in documented]
    made = {REFERENCE / "README.md": index(roles, modules)}
    made |= {REFERENCE / f"roles/{role.name}.md": role_page(role) for role in roles}
    return made | {REFERENCE / f"modules/{path.stem}.md": module_page(path, said) for path, said in modules}


def outdated() -> list[Path]:
    """What would be written, added or removed."""
    made = pages()
    there = set(REFERENCE.rglob("*.md"))
    differing = {path for path, page in made.items() if path not in there or path.read_text(encoding="utf-8") != page}
    return sorted(differing | (there - made.keys()))


def main() -> int:
    """Write, or check."""
    found = outdated()
    if "--check" in sys.argv[1:]:
        for path in found:
            print(f"{path.relative_to(ROOT)} is not what its source says: make reference")
        return int(bool(found))
    made = pages()
    for path in found:
        if path in made:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(made[path], encoding="utf-8")
        else:
            path.unlink()
        print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
