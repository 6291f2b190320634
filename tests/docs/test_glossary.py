"""Task names, errors and headings are in the field's own words: what a user meets first."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.evidence import page
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.evidence.page import GROUPS

ROOT = Path(__file__).resolve().parents[2]
# What is not to be said, and what is said instead.
GLOSSARY = {
    r"ask(s|ed|ing)?": "request, check",
    r"tells?|telling|told|says?|saying|said": "report, message",
    r"answer(s|ed|ing)?": "response, respond",
    r"marks?|bears?": "ownership label, has",
    r"(?<!there )(is|are) no (?!longer)": "is not an X",
    r"the way in": "ingress path",
    r"tag for people": "human-readable tag",
    r"slip of the pen": "typo",
    r"hopeless": "unrecoverable",
    r"(is|are) behind": "missing",
    r"newcomers?|strangers?|odd ones?": "new Pods, mismatched Pods, outliers",
    r"made by chance": "randomly generated",
    r"mend(s|ed|ing)?": "fix, repair",
    r"anew": "again, new",
    r"hands? on": "returns, passes",
    r"patience": "grace period",
    r"stands?": "is, runs",
    r"eyes|stories|traces|stand-ins?": "observer, playbook runner, secret scan, fake",
    r"embedded|the ground|local_\w+": "platform",
    r"usual solution|contenders?": "baseline, approaches",
}
FORBIDDEN = re.compile(rf"\b({'|'.join(GLOSSARY)})\b", re.IGNORECASE)
MESSAGE = re.compile(r"(?:fail_msg|msg): (?:>-?\n|\|-?\n)?((?:.*\n)(?:          .*\n)*)")


def task_names() -> Iterator[tuple[Path, str]]:
    for pattern in ("roles/*/tasks/*.yml", "roles/*/handlers/*.yml", "playbooks/*.yml", "molecule/*/*.yml"):
        for path in ROOT.glob(pattern):
            for name in re.findall(r"^\s*- name: (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE):
                yield path, name


def errors() -> Iterator[tuple[Path, str]]:
    """The texts of what is raised, and of tasks that fail."""
    for path in (ROOT / "plugins").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                for part in (one for argument in node.exc.args for one in ast.walk(argument)):
                    if isinstance(part, ast.Constant) and isinstance(part.value, str):
                        yield path, part.value
    for path in ROOT.glob("roles/*/*/*.yml"):
        for text in MESSAGE.findall(path.read_text(encoding="utf-8")):
            yield path, text


def headings() -> Iterator[tuple[Path, str]]:
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "docs/make").glob("*.md.in")]:
        for text in path.read_text(encoding="utf-8").split("```")[::2]:
            for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE):
                yield path, heading
    # And those of the evidence's page.
    for path in ROOT.glob("roles/evidence/templates/*.html.j2"):
        for heading in re.findall(r"<h\d>(.*)</h\d>", path.read_text(encoding="utf-8")):
            yield path, heading
    for heading in GROUPS.values():
        yield Path(page.__file__), heading


@pytest.mark.parametrize("source", [task_names, errors, headings])
def test_no_word_of_the_glossary_is_left(source: Callable[[], Iterator[tuple[Path, str]]]) -> None:
    found = list(source())
    assert len(found) > 100
    assert [f"{path.relative_to(ROOT)}: {text}" for path, text in found if FORBIDDEN.search(text)] == []
