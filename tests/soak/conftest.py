"""The same targets as those of tests/integration, for longer."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
INTEGRATION = HERE.parent / "integration"
sys.path.insert(0, str(INTEGRATION))

# Under a name of its own: this file has taken the other.
_spec = importlib.util.spec_from_file_location("integration_fixtures", INTEGRATION / "conftest.py")
assert _spec and _spec.loader
_fixtures = importlib.util.module_from_spec(_spec)
sys.modules["integration_fixtures"] = _fixtures
_spec.loader.exec_module(_fixtures)

cluster = _fixtures.cluster
neighbours = _fixtures.neighbours
run_id = _fixtures.run_id
new_target = _fixtures.new_target
deployed = _fixtures.deployed


@pytest.fixture
def note() -> Callable[[str, Any], None]:
    """Keep figures for docs/RELIABILITY.md: one JSON file for each subject."""
    folder = Path(os.environ.get("SOAK_RESULTS") or HERE / "results")

    def keep(subject: str, figures: Any) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{subject}.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")

    return keep
