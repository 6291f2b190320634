"""The frameworks that are recognized, and how an application of each is started."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Framework:
    """What it is called, the class of its applications, the server that runs them, and its usual port."""

    title: str
    language: str
    package: str
    application: str
    server: str
    port: int

    def command(self, entry: str, port: int) -> list[str]:
        """What a container runs: a server for many users, not the one for who develops."""
        if self.server == "uvicorn":
            factory = ["--factory"] if entry.endswith("()") else []
            return ["uvicorn", *factory, entry.removesuffix("()"), "--host", "0.0.0.0", "--port", str(port)]
        # Its workers tell that they live by a file, which a read-only file system has room for in /tmp or in memory.
        return ["gunicorn", entry, "--bind", f"0.0.0.0:{port}", "--worker-tmp-dir", "/dev/shm", "--workers", "2"]


NODE = Framework("Node", "node", "", "", "node", 3000)
PYTHON = (
    Framework("FastAPI", "python", "fastapi", "FastAPI", "uvicorn", 8000),
    Framework("Starlette", "python", "starlette", "Starlette", "uvicorn", 8000),
    Framework("Flask", "python", "flask", "Flask", "gunicorn", 5000),
    Framework("Django", "python", "django", "get_wsgi_application", "gunicorn", 8000),
)
FRAMEWORKS = (*PYTHON, NODE)
# A framework that is made of another needs that too.
MADE_OF = {"FastAPI": "Starlette"}


def named(title: str) -> Framework | None:
    """The framework of this name, however it is written."""
    return next((one for one in FRAMEWORKS if one.title.lower() == title.lower()), None)
