"""Look at the sources of an API, and write what deploys it. See plugins/modules/new_target.py."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from ansible.errors import AnsiblePromptInterrupt, AnsiblePromptNoninteractive
from ansible.utils.display import Display

from ..plugin_utils.build.build_context import open_context
from ..plugin_utils.build.dockerignore import is_seen, parse
from ..plugin_utils.errors import UserError
from ..plugin_utils.new.checking import check_answers, left_to_do, role_defaults
from ..plugin_utils.new.detection import Found, detect
from ..plugin_utils.new.place import collection_file, folders
from ..plugin_utils.new.questions import Answers, Questions
from ..plugin_utils.new.texts import Place, of_dockerfile, seen_by_templates
from ..plugin_utils.new.writing import Change, changes, completed, entries, write
from ..plugin_utils.plain_action import PlainAction
from ..plugin_utils.repository import HOME
from ..plugin_utils.target.rendering import render

ROLES = HOME / "roles"
ANSWERS = ("name", "port", "readiness_path", "liveness_path", "registry", "ingress_host", "base_url")


class Interrupted(UserError):
    """Somebody has ended it at a question."""


class ActionModule(PlainAction):
    """The action `new_target`."""

    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {
        **{name: {"type": "str", "default": ""} for name in ANSWERS},
        "folder": {"type": "path", "required": True},
        "source": {"type": "str", "default": "."},
        "inventory": {"type": "str", "default": "prod"},
        "framework": {"type": "str", "default": ""},
        "dockerfile": {"type": "bool", "default": True},
        "config": {"type": "bool", "default": True},
        "ask": {"type": "bool", "default": True},
        "force": {"type": "bool", "default": False},
        "templates": {"type": "path", "required": True},
    }

    def perform(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Everything that can be refused is, before the first file is written."""
        folder, source = folders(arguments["folder"], arguments["source"])
        self.templates = Path(arguments["templates"])
        found = detect(source, framework=arguments["framework"])
        answers = Questions({name: arguments[name] for name in ANSWERS}, _asked(arguments["ask"])).answer(found)
        check_answers(answers, arguments["inventory"], role_defaults(ROLES / "app"))
        place = Place(arguments["inventory"], source.relative_to(folder).as_posix(), collection_file())
        differing = self._changes(arguments, folder, source, found, answers, place)
        if self._task.check_mode:
            Display().display("\n".join(["", f"To be written in {folder}: {_names(folder, differing)}"]))
        else:
            write(differing)
            self._report(folder, found, differing, folder / "inventory" / place.inventory)
        return {
            "changed": bool(differing),
            "files": [str(one.path) for one in differing],
            "diff": [one.shown() for one in differing],
        }

    def _changes(
        self, arguments: dict[str, Any], folder: Path, source: Path, found: Found, answers: Answers, place: Place
    ) -> list[Change]:
        seen = seen_by_templates(found, answers, place)
        config = ("ansible.cfg", "requirements.yml") if arguments["config"] else ()
        lists = ("gitignore", "dockerignore")
        names = ("hosts.yml", "all.yml", *config, *lists)
        template, more = of_dockerfile(found, seen["port"]) if found.start is None else ("", {})
        if template and arguments["dockerfile"]:
            names = (*names, template)
        texts = self._rendered(names, seen | more)
        below = f"inventory/{place.inventory}"
        wanted = {f"{below}/hosts.yml": texts["hosts.yml"], f"{below}/group_vars/all.yml": texts["all.yml"]}
        wanted |= {name: texts[name] for name in config}
        if template in texts:
            wanted[(source / "Dockerfile").relative_to(folder).as_posix()] = texts[template]
        return [
            *changes(folder, wanted, arguments["force"]),
            *completed(folder / ".gitignore", texts["gitignore"], _not_in(folder / ".gitignore", texts["gitignore"])),
            *_dockerignore(source, texts["dockerignore"]),
        ]

    def _rendered(self, names: tuple[str, ...], new: dict[str, Any]) -> dict[str, str]:
        return render(self._templar, self.variables | {"new": new}, [self.templates / f"{name}.j2" for name in names])

    def _report(self, folder: Path, found: Found, differing: list[Change], inventory: Path) -> None:
        """What was found and written, what is left to fill in, and the two commands that come next."""
        lines = ["", f"{folder} is {found.title}"]
        lines.append(f"Written: {_names(folder, differing)}" if differing else "All files are there already.")
        lines += [f"  still wrong in {inventory}: {line}" for line in left_to_do(inventory, ROLES, self._templar)]
        required = "-r requirements.yml" if (folder / "requirements.yml").is_file() else collection_file()
        lines += [
            "Next, in that folder:",
            f"  ansible-galaxy collection install {required}",
            f"  ansible-playbook -i {inventory.relative_to(folder)} fastapi_mysql.k8s.site --check --diff",
        ]
        Display().display("\n".join(lines))


def _names(folder: Path, differing: list[Change]) -> str:
    return ", ".join(str(one.path.relative_to(folder)) for one in differing) or "nothing"


def _not_in(path: Path, lines: str) -> list[str]:
    there = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []
    known = {line.strip().strip("/") for line in there}
    return [line for line in entries(lines) if line.strip("/") not in known]


def _dockerignore(source: Path, lines: str) -> Iterator[Change]:
    """Of what is to be hidden from a build, what the list that counts there does not hide."""
    dockerfile = source / "Dockerfile"
    path = source / ".dockerignore"
    if dockerfile.is_file() and (listed := open_context(source).ignore):
        path = listed
    patterns = parse(path.read_text(encoding="utf-8", errors="surrogateescape")) if path.is_file() else []
    yield from completed(path, lines, [line for line in entries(lines) if is_seen(_example(line), patterns)])


def _example(pattern: str) -> str:
    """A path that a line of the list stands for."""
    return pattern.strip("/").replace("**/", "").replace("*", "x")


def _asked(wanted: bool) -> Any:
    """How a question is put: by Ansible's own prompt, for a task has no terminal."""

    def ask(text: str) -> str | None:
        if not wanted:
            return None
        try:
            return bytes(Display().prompt_until(text)).decode("utf-8", "replace")
        except AnsiblePromptNoninteractive:
            return None
        except AnsiblePromptInterrupt as error:
            raise Interrupted("Interrupted: nothing was written") from error

    return ask
