"""Let the tests import the plugins by the names that Ansible knows them by."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

COLLECTIONS = Path(__file__).resolve().parents[2] / "collections"

if str(COLLECTIONS) not in sys.path:
    sys.path.insert(0, str(COLLECTIONS))


def pytest_sessionfinish() -> None:
    """Remove what Ansible makes when it is imported: a worker of pytest-xdist ends without its exit handlers."""
    if constants := sys.modules.get("ansible.constants"):
        shutil.rmtree(vars(constants)["DEFAULT_LOCAL_TMP"], ignore_errors=True)
