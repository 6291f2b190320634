"""Applications that differ as real ones do, each deployed as it is, by variables alone."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from playbook_runner import ROOT, build_secrets
from surroundings import get

from conftest import NewTarget

FOREIGN = ROOT / "tests/integration/foreign"
APPLICATIONS: dict[str, dict[str, Any]] = {
    "flask": {"app_api_port": 5000, "verify_endpoints": [{"path": "/", "json": {"framework": "flask"}}]},
    "starlette": {
        "app_api_port": 9000,
        "verify_endpoints": [{"path": "/", "body": "starlette"}, {"path": "/echo", "websocket": True, "status": 101}],
    },
    "node": {
        "app_api_port": 3000,
        "app_api_environment": {"PORT": 3000},
        "verify_endpoints": [{"path": "/a?b=c", "json": {"runtime": "node", "path": "/a?b=c"}}],
    },
    "static": {"app_api_port": 7000, "verify_endpoints": [{"path": "/", "body": "static"}]},
    "root": {"app_api_hardened": False, "verify_endpoints": [{"path": "/", "body": "uid 0 writes"}]},
    "prefix": {
        "app_ingress_path": "/shop",
        "app_api_readiness_path": "/live",
        "app_api_liveness_path": "/live",
        "verify_endpoints": [{"path": "/shop/", "body": "shop"}],
    },
    "slow": {"app_startup_seconds": 60, "verify_endpoints": [{"path": "/", "body": "at last"}]},
    "reader": {
        "app_db_mode": "pod",
        "app_api_readiness_path": "/ready",
        "verify_endpoints": [{"path": "/ready", "body": "ready"}],
    },
    "nested": {
        "app_api_dockerfile": "docker/Dockerfile",
        "verify_endpoints": [{"path": "/", "body": "from a folder below"}],
    },
}


@pytest.mark.parametrize("name", APPLICATIONS)
def test_it_is_deployed_as_it_is(name: str, new_target: NewTarget, tmp_path: Path) -> None:
    shutil.copytree(FOREIGN / name, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(FOREIGN / "server.py", tmp_path)
    common: dict[str, Any] = {
        "app_name": name,
        "app_replicas": 1,
        "app_api_build_context": str(tmp_path),
        "app_build_secrets": build_secrets(),
        "app_api_readiness_path": "/",
        "app_api_liveness_path": "/",
        "app_db_mode": "none",
        "app_db_password": "",
    }
    target = new_target(name, **common | APPLICATIONS[name])
    target.playbook().succeeded()
    assert target.playbook().succeeded().changed == 0
    [first, *_] = APPLICATIONS[name]["verify_endpoints"]
    assert get(first["path"], target.host)[0] == 200
    target.playbook("playbooks/teardown.yml").succeeded()
