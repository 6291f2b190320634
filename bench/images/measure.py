#!/usr/bin/env python3
"""Measure what one waits for: a Pod's two containers until they serve, and the API's image after a change.

Both on the engine alone, without a cluster. Medians; what else the machine does meets them, so it should be idle. From
the environment: DOCKER, BASE_IMAGE, BUILD_NETWORK, as for tests/api/run.sh.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Final

# What builds an image for its sizes builds it for its times as well.
sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "images"))

from sizes import DOCKER, ROOT, build

HERE: Final = Path(__file__).parent
# Runs beside the API, for the two have no other network than their loopback.
ASK: Final = """
import time, urllib.error, urllib.request
for _ in range(1500):
    try:
        print(urllib.request.urlopen("http://127.0.0.1:8000/ready", timeout=3).status)
        break
    except OSError:
        time.sleep(0.02)
"""


def docker(*arguments: str) -> str:
    """Run the docker command line; secrets travel in the environment."""
    secrets = {"MYSQL_ROOT_PASSWORD": "root's", "MYSQL_USER": "app", "MYSQL_PASSWORD": "app's"}
    done = subprocess.run(
        [DOCKER, *arguments], env=os.environ | secrets, check=True, capture_output=True, text=True, timeout=60
    )
    return done.stdout.strip()


def seconds_to_ready() -> float:
    """Start the two containers of a Pod, and return how long it took until the API had asked the database.

    Read-only, without privileges, over empty volumes: the database copies its directory, and the API finds it.
    """
    pod = f"pod-{uuid.uuid4().hex[:8]}"
    hard = ["--detach", "--read-only", "--cap-drop=ALL", "--memory=256m", "--tmpfs=/tmp", "--env=MYSQL_USER"]
    began = time.monotonic()
    try:
        docker(
            *("run", *hard, f"--name={pod}-db", "--network=none", "--env=MYSQL_ROOT_PASSWORD", "--env=MYSQL_PASSWORD"),
            *("--tmpfs=/run/mysqld:uid=10002", "--tmpfs=/var/lib/mysql:uid=10002", "fastapi-mysql-db:sizes"),
        )
        docker(
            *("run", *hard, f"--name={pod}", f"--network=container:{pod}-db", "--env=MYSQL_PASSWORD"),
            "fastapi-mysql-api:sizes",
        )
        if (said := docker("exec", pod, "python", "-c", ASK)) != "200":
            raise SystemExit(f"The Pod's API never got ready: {said}")
        return time.monotonic() - began
    finally:
        subprocess.run([DOCKER, "rm", "--force", pod, f"{pod}-db"], check=False, capture_output=True)


def seconds_to_rebuild() -> float:
    """Change `main.py` in a copy of the API's context, and return how long its build takes with a warm cache."""
    with tempfile.TemporaryDirectory() as folder:
        context = Path(folder, "api")
        shutil.copytree(ROOT / "api", context)
        with (context / "main.py").open("a") as main:
            main.write(f"# {time.time_ns()}\n")
        began = time.monotonic()
        build(context, "fastapi-mysql-api:changed")
        return time.monotonic() - began


def main() -> None:
    """Measure, and write down what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--output", type=Path, default=HERE / "results.json")
    options = parser.parse_args()
    for name in ("api", "db"):
        build(ROOT / name, f"fastapi-mysql-{name}:sizes")
    what: dict[str, Callable[[], float]] = {"ready": seconds_to_ready, "rebuild": seconds_to_rebuild}
    took: dict[str, list[float]] = {name: [] for name in what}
    for number in range(options.rounds):
        for name, measured in what.items():
            took[name].append(round(measured(), 2))
            print(f"{number + 1}/{options.rounds} {name}: {took[name][-1]} s", flush=True)
    figures = {
        name: {"median": statistics.median(each), "least": min(each), "most": max(each)} for name, each in took.items()
    }
    setting = {"date": time.strftime("%Y-%m-%d"), "cpus": os.cpu_count(), "rounds": options.rounds}
    options.output.write_text(json.dumps({"setting": setting, "seconds": figures}, indent=1) + "\n")


if __name__ == "__main__":
    main()
