"""What an API is, told from its sources: frameworks that are known, and ones that nobody named."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.build.dockerfile_start import start_of
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.new.detection import Found, NotRecognized, detect

FASTAPI = 'from fastapi import FastAPI\napp = FastAPI()\n\n\n@app.get("/healthz")\ndef health(): ...\n'


def tree(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def found(folder: Path, files: Mapping[str, str], framework: str = "") -> Found:
    return detect(tree(folder, files), framework=framework)


@pytest.mark.parametrize(
    ("files", "title", "port"),
    [
        ({"main.py": FASTAPI}, "FastAPI (main:app)", 8000),
        # Starlette is what FastAPI is made of, and named beside it by whoever pins everything.
        ({"main.py": FASTAPI, "requirements.txt": "fastapi==1\nstarlette==1\n"}, "FastAPI (main:app)", 8000),
        ({"src/shop/web.py": FASTAPI.replace("app", "api")}, "FastAPI (shop.web:api)", 8000),
        (
            {"shop/__init__.py": "import fastapi\nserver: object = fastapi.FastAPI(title='x')\n"},
            "FastAPI (shop:server)",
            8000,
        ),
        ({"app.py": "from starlette.applications import Starlette as S\napp = S()\n"}, "", None),
        (
            {"app.py": "from starlette.applications import Starlette\napp = Starlette([])\n"},
            "Starlette (app:app)",
            8000,
        ),
        (
            {"app.py": "from flask import Flask\napp = Flask(__name__)\napp.run(host='::', port=8081)\n"},
            "Flask (app:app)",
            8081,
        ),
        (
            {"shop/__init__.py": "def create_app(config=None):\n    app = Flask('x')\n    return app\n"},
            "Flask (shop:create_app())",
            5000,
        ),
        (
            {"manage.py": "", "shop/wsgi.py": "application = get_wsgi_application()\n"},
            "Django (shop.wsgi:application)",
            8000,
        ),
        # Of several, the one nearest to the root and with a usual name.
        ({"tools/admin.py": FASTAPI, "zoo.py": FASTAPI, "main.py": FASTAPI}, "FastAPI (main:app)", 8000),
        # The port of a database is not the API's; PORT of the environment is.
        (
            {"main.py": FASTAPI + "connect(port=3306)\nuvicorn.run(app, port=int(os.environ.get('PORT', '9000')))\n"},
            "FastAPI (main:app)",
            9000,
        ),
        # Tests, environments and what others have written tell nothing.
        (
            {"main.py": FASTAPI, "tests/app.py": "app = Flask(__name__)\n", ".venv/x.py": "a = Flask()\n"},
            "FastAPI (main:app)",
            8000,
        ),
        ({"main.py": FASTAPI, "broken.py": "def (:\n", "binary.py": "\0"}, "FastAPI (main:app)", 8000),
        # A page for browsers beside it is started by Node only while it is written.
        ({"main.py": FASTAPI, "package.json": '{"scripts": {"start": "vite"}}'}, "FastAPI (main:app)", 8000),
        (
            {
                "package.json": '{"scripts": {"start": "node src/www.mjs"}}',
                "src/www.mjs": "s.listen(process.env.PORT ?? 4000)",
            },
            "Node (node src/www.mjs)",
            4000,
        ),
        (
            {"package.json": '{"main": "index.js"}', "index.js": "const DB_PORT = x.DB_PORT || 5432"},
            "Node (node index.js)",
            3000,
        ),
        (
            {"package.json": '{"scripts": {"start": "next start"}, "dependencies": {"next": "16"}}'},
            "Node (npm start)",
            3000,
        ),
        ({"package.json": "[]", "index.html": ""}, "", None),
        ({"package.json": "{", "pyproject.toml": "= nonsense"}, "", None),
        # Nobody named these.
        ({"app.py": "from quart import Quart\napp = Quart(__name__)\n"}, "", None),
        ({"main.go": "package main", "go.mod": "module shop"}, "", None),
        ({"pom.xml": "<project/>", "src/Main.java": "class Main {}"}, "", None),
        ({}, "", None),
    ],
)
def test_framework_and_port_are_told(files: dict[str, str], title: str, port: int | None, tmp_path: Path) -> None:
    one = found(tmp_path, files)
    assert (one.title, one.port) == (title or "an application of its own kind", port)


def test_two_frameworks_are_not_guessed_at(tmp_path: Path) -> None:
    files = {"main.py": FASTAPI, "old.py": "from flask import Flask\napp = Flask('x')\n"}
    with pytest.raises(NotRecognized, match="has FastAPI and Flask: set new_framework"):
        found(tmp_path, files)
    assert found(tmp_path, files, "flask").title == "Flask (old:app)"
    # Its Dockerfile says how it is started: then there is nothing to guess.
    assert found(tmp_path, files | {"Dockerfile": "FROM x\nEXPOSE 8443\n"}).port == 8443


def test_a_server_in_node_beside_one_in_python_is_two(tmp_path: Path) -> None:
    package = json.dumps({"scripts": {"start": "node ."}, "dependencies": {"express": "5"}})
    with pytest.raises(NotRecognized, match="FastAPI and Node"):
        found(tmp_path, {"main.py": FASTAPI, "package.json": package})


def test_a_framework_that_is_not_known_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(NotRecognized, match="new_framework is 'rails': it must be one of FastAPI, Starlette, Flask"):
        found(tmp_path, {"main.py": FASTAPI}, "rails")


@pytest.mark.parametrize(
    ("source", "paths"),
    [
        ('@app.get("/healthz")', ("/healthz", "/healthz")),
        ('@app.get("/readyz")\n@app.get("/livez")', ("/readyz", "/livez")),
        ('router.add_api_route("/api/v1/health", f)', ("/api/v1/health", "/api/v1/health")),
        ("urlpatterns = [path('health/', view)]", ("/health/", "/health/")),
        ('state = "ready"\nlog("status")', ("", "")),
    ],
)
def test_probes_are_found_by_their_usual_names(source: str, paths: tuple[str, str], tmp_path: Path) -> None:
    one = found(tmp_path, {"main.py": source})
    assert (one.readiness, one.liveness) == paths


@pytest.mark.parametrize(
    ("files", "names", "way"),
    [
        (
            {"requirements.txt": "# c\n-r other.txt\nFastAPI[all] >= 1 ; x\nmy_Package\n\n"},
            {"fastapi", "my-package"},
            "requirements",
        ),
        ({"pyproject.toml": '[project]\ndependencies = ["Flask>=3", "gunicorn"]\n'}, {"flask", "gunicorn"}, "project"),
        ({"pyproject.toml": "[tool.poetry.dependencies]\ndjango = '*'\n"}, {"django"}, "package"),
        ({"pyproject.toml": "[tool.ruff]\n"}, set(), ""),
    ],
)
def test_dependencies_are_named_where_they_usually_are(
    files: dict[str, str], names: set[str], way: str, tmp_path: Path
) -> None:
    one = found(tmp_path, files).dependencies
    assert (set(one.names), one.way) == (names, way)


@pytest.mark.parametrize(
    ("text", "ports", "user", "command"),
    [
        ('FROM a\nEXPOSE 80/tcp 53/udp\nUSER web:web\nCMD ["run", "it now"]\n', (80,), "web:web", ("run", "it now")),
        ("FROM a AS b\nEXPOSE 1\nUSER 5\nFROM c\nCMD run it\n", (), "", ("run it",)),
        ('FROM a AS base\nEXPOSE 8000\nUSER 5\n\nFROM base\nENTRYPOINT ["x"]\nCMD ["y"]\n', (8000,), "5", ("x", "y")),
        ("ARG P=81\nFROM a\nENV PORT=82 OTHER=1\nEXPOSE ${PORT} $P ${NONE:-83}\n", (82, 81, 83), "", ()),
        ("FROM a\nENV PORT 84\nEXPOSE $PORT $PORT\n", (84,), "", ()),
        ("FROM a\nEXPOSE $UNKNOWN 8000-8010\n", (), "", ()),
        ("", (), "", ()),
    ],
)
def test_a_dockerfile_says_how_it_is_started(text: str, ports: object, user: str, command: object) -> None:
    one = start_of(text)
    assert (one.ports, one.user, one.command) == (ports, user, command)


@pytest.mark.parametrize(
    ("command", "port"),
    [
        ('CMD ["uvicorn", "a:b", "--port", "9000"]', 9000),
        ("CMD gunicorn a:b --bind=0.0.0.0:9001 --workers 2", 9001),
        ('CMD ["gunicorn", "-b", ":9002"]', 9002),
        ("CMD php -S 0.0.0.0", None),
        ("CMD serve --portable 17", None),
    ],
)
def test_without_expose_its_command_may_name_the_port(command: str, port: int | None, tmp_path: Path) -> None:
    assert found(tmp_path, {"Dockerfile": f"FROM a\n{command}\n", "main.py": FASTAPI}).port == port


def test_two_exposed_ports_are_not_guessed_at(tmp_path: Path) -> None:
    assert found(tmp_path, {"Dockerfile": "FROM a\nEXPOSE 80 443\nCMD x --port 80\n"}).port is None
