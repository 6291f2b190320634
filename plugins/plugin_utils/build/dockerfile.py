"""Which images a Dockerfile builds on, as far as the stages go that a build needs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

_DIRECTIVE = re.compile(r"(?:#|//)\s*([A-Za-z][A-Za-z0-9]*)\s*=\s*(.+?)\s*$")
# A word of an instruction; quotes keep blanks together.
_WORD = re.compile(r"""(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+""", re.DOTALL)
_HEREDOC = re.compile(r"\d*<<(-?)([\"']?)([A-Za-z_][A-Za-z0-9_]*)\2$")
_WITH_HEREDOC = ("RUN", "COPY", "ADD")
# As the frontend is chosen with a build argument.
_SYNTAX_ARGUMENT = "BUILDKIT_SYNTAX"


@dataclass
class _Stage:
    name: str
    base: str
    sources: list[str] = field(default_factory=list)
    """What it copies or mounts from: names and numbers of stages, else images."""


@dataclass(frozen=True)
class Images:
    """The names of images that a build asks for."""

    syntax: str = ""
    """The frontend that is to read the Dockerfile; empty for the builder's own."""
    bases: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        """Each once."""
        return tuple(dict.fromkeys([*([self.syntax] if self.syntax else []), *self.bases]))


def images_of(text: str, build_args: Mapping[str, str], target: str = "", platform: str = "", own: str = "") -> Images:
    """The images that a build needs for the stage ``target``, for a platform and on a builder of a platform."""
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    directives = _directives(lines)
    syntax = (build_args.get(_SYNTAX_ARGUMENT) or directives.get("syntax", "")).split(" ")[0]
    stages = _stages(_instructions(lines, directives.get("escape", "\\")), build_args, _platforms(platform, own))
    return Images(syntax, tuple(dict.fromkeys(_needed(stages, target))))


def stage_names(text: str) -> list[str] | None:
    """The stages of a Dockerfile in lower case, empty where there is no name; None where another frontend reads it."""
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    directives = _directives(lines)
    if not re.match(r"(docker\.io/)?docker/dockerfile(-upstream)?\b|$", directives.get("syntax", "")):
        return None
    return [stage.name for stage in _stages(_instructions(lines, directives.get("escape", "\\")), {}, {})]


def instructions_of(text: str) -> Iterator[tuple[str, list[str]]]:
    """Each instruction of a Dockerfile in upper case with its words."""
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    return _instructions(lines, _directives(lines).get("escape", "\\"))


def _directives(lines: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in lines[1:] if lines[0].startswith("#!") else lines:
        match = _DIRECTIVE.match(line.strip())
        if not match:
            break
        found.setdefault(match[1].lower(), match[2])
    return found


def _instructions(lines: list[str], escape: str) -> Iterator[tuple[str, list[str]]]:
    """Each instruction in upper case with its words; comments, empty lines and what a heredoc holds are left out."""
    rest, joined = iter(lines), ""
    continued = re.compile(rf"(?:^|(?<!{re.escape(escape)})){re.escape(escape)}[ \t]*$")
    for line in rest:
        if line.lstrip().startswith("#") or not line.strip():
            continue
        end = continued.search(line)
        joined += line[: end.start()] if end else line
        if end:
            continue
        words, joined = _WORD.findall(joined), ""
        if not words:
            continue
        yield words[0].upper(), words[1:]
        if words[0].upper() in _WITH_HEREDOC:
            for word in words[1:]:
                _skip_heredoc(word, rest)
    if joined and (words := _WORD.findall(joined)):
        yield words[0].upper(), words[1:]


def _skip_heredoc(word: str, rest: Iterator[str]) -> None:
    heredoc = _HEREDOC.match(word)
    if heredoc:
        for line in rest:
            if (line.lstrip("\t") if heredoc[1] else line) == heredoc[3]:
                break


def _platforms(platform: str, own: str) -> dict[str, str]:
    """The arguments that a builder sets by itself."""
    found: dict[str, str] = {}
    for prefix, value in (("TARGET", platform), ("BUILD", own)):
        system, _, machine = value.partition("/")
        architecture, _, variant = machine.partition("/")
        found |= {f"{prefix}PLATFORM": value, f"{prefix}OS": system}
        found |= {f"{prefix}ARCH": architecture, f"{prefix}VARIANT": variant}
    return found


def _stages(
    instructions: Iterator[tuple[str, list[str]]], build_args: Mapping[str, str], known: dict[str, str]
) -> list[_Stage]:
    stages: list[_Stage] = []
    arguments = dict(known)
    for name, words in instructions:
        if name == "ARG" and not stages:
            for word in words:
                argument, given, default = unquoted(word).partition("=")
                if argument in build_args:
                    arguments[argument] = build_args[argument]
                elif given:
                    arguments[argument] = expanded(default, arguments)
        elif name == "FROM":
            plain = [word for word in words if not word.startswith("--")]
            if plain:
                named = plain[2].lower() if len(plain) > 2 and plain[1].upper() == "AS" else ""
                stages.append(_Stage(named, expanded(unquoted(plain[0]), arguments)))
        elif stages:
            stages[-1].sources += _sources(name, words)
    return stages


def _sources(name: str, words: list[str]) -> Iterator[str]:
    """What an instruction takes from elsewhere: names without variables, which are not expanded there."""
    for word in words:
        option, _, value = unquoted(word).partition("=")
        if not option.startswith("--"):
            break
        if name in ("COPY", "ADD") and option == "--from":
            yield value
        elif name == "RUN" and option == "--mount":
            yield from (part.partition("=")[2] for part in value.split(",") if part.partition("=")[0] == "from")


def unquoted(word: str) -> str:
    """A word without its quotes."""
    return re.sub(r"""["']""", "", word)


def expanded(text: str, arguments: Mapping[str, str]) -> str:
    """A text with the values of its variables, as a Dockerfile writes them."""

    def value(match: re.Match[str]) -> str:
        if match["plain"]:
            return arguments.get(match["plain"], "")
        name, operator, word = match["name"], match["operator"] or "", match["word"] or ""
        found = arguments.get(name)
        is_set = bool(found) if ":" in operator else found is not None
        if operator.endswith("-"):
            return found or "" if is_set else expanded(word, arguments)
        if operator.endswith("+"):
            return expanded(word, arguments) if is_set else ""
        return found or ""

    pattern = r"(?<!\\)\$(?:(?P<plain>\w+)|\{(?P<name>\w+)(?:(?P<operator>:?[-+?])(?P<word>(?:[^{}]|\{[^{}]*\})*))?\})"
    return re.sub(pattern, value, text)


def _needed(stages: list[_Stage], target: str) -> Iterator[str]:
    """The images of the stage that is built, and of those that it needs."""
    numbers = {stage.name: number for number, stage in enumerate(stages) if stage.name}
    numbers |= {str(number): number for number in range(len(stages))}
    waiting = [numbers.get(target.lower(), len(stages) - 1)] if stages else []
    seen: set[int] = set()
    while waiting:
        number = waiting.pop()
        if number in seen:
            continue
        seen.add(number)
        earlier = {stage.name: index for index, stage in enumerate(stages[:number]) if stage.name}
        base = stages[number].base
        if base.lower() in earlier:
            waiting.append(earlier[base.lower()])
        elif base and base != "scratch":
            yield base
        for source in stages[number].sources:
            if source.lower() in numbers:
                waiting.append(numbers[source.lower()])
            elif source and source != "scratch":
                yield source
