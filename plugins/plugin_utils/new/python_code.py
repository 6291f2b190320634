"""What Python sources tell: which framework's application is where. They are read, never run."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .frameworks import PYTHON, Framework
from .sources import source_files, text_of

# Of several applications, the one in a file of such a name is it.
_USUAL = ("main", "app", "asgi", "wsgi", "server", "api", "application", "__init__")
# What starts a server: a port in any other call is that of a database, or of somebody else.
_STARTS = ("run", "run_app", "run_simple", "serve", "Config")
_BY_CLASS = {one.application: one for one in PYTHON}


@dataclass(frozen=True)
class Application:
    """An application object, or what makes one: `main:app`, `shop.web:create_app()`."""

    framework: Framework
    file: str
    name: str

    @property
    def root(self) -> str:
        """The folder that its module is imported from; empty for the source's own."""
        return "src" if self.file.startswith("src/") else ""

    @property
    def entry(self) -> str:
        """How a server is told of it."""
        module = self.file.removeprefix("src/").removesuffix(".py").removesuffix("/__init__")
        return f"{module.replace('/', '.')}:{self.name}"


@dataclass(frozen=True)
class PythonCode:
    """What was found in all files."""

    applications: tuple[Application, ...]
    ports: tuple[int, ...]


def read_python(folder: Path) -> PythonCode:
    """Look for applications and the ports that they are started with; the likeliest application first."""
    applications: list[Application] = []
    ports: list[int] = []
    for path in source_files(folder, (".py",)):
        try:
            tree = ast.parse(text_of(path))
        except (SyntaxError, ValueError):
            continue
        file = path.relative_to(folder).as_posix()
        applications += [Application(framework, file, name) for framework, name in _applications(tree)]
        ports += _ports(tree)
    return PythonCode(tuple(sorted(applications, key=_likelihood)), tuple(ports))


def _likelihood(one: Application) -> tuple[int, int, int]:
    stem = Path(one.file).stem
    return one.name.endswith("()"), one.file.count("/"), _USUAL.index(stem) if stem in _USUAL else len(_USUAL)


def _applications(tree: ast.Module) -> Iterator[tuple[Framework, str]]:
    for node in tree.body:
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and (framework := _made(node.value)):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if isinstance(target, ast.Name):
                yield framework, target.id
        elif isinstance(node, ast.FunctionDef) and not _required(node.args):
            made = (_made(one.value) for one in ast.walk(node) if isinstance(one, (ast.Assign, ast.Return)))
            if framework := next(filter(None, made), None):
                yield framework, f"{node.name}()"


def _required(arguments: ast.arguments) -> bool:
    """Whether it cannot be called without an argument."""
    return len(arguments.posonlyargs) + len(arguments.args) > len(arguments.defaults) or None in arguments.kw_defaults


def _made(value: ast.expr | None) -> Framework | None:
    """The framework whose application this expression makes."""
    if not isinstance(value, ast.Call):
        return None
    return _BY_CLASS.get(_called(value))


def _called(call: ast.Call) -> str:
    """The last part of the name that is called."""
    function = call.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _ports(tree: ast.Module) -> Iterator[int]:
    """`run(…, port=8080)`, and the default of an environment variable PORT."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        words = [one.value for one in node.args if isinstance(one, ast.Constant)]
        if len(words) == 2 and words[0] == "PORT":
            yield from _number(words[1])
        for keyword in node.keywords if _called(node) in _STARTS else []:
            if keyword.arg == "port" and isinstance(keyword.value, ast.Constant):
                yield from _number(keyword.value.value)


def _number(value: object) -> Iterator[int]:
    text = str(value)
    if text.isdecimal() and 0 < int(text) < 65536:
        yield int(text)
