#!/usr/bin/env python3
"""Measure the API beside the usual solution: same machine, database, Python, packages and CPU quota, in turns.

Every server is a container with one CPU, all of them ask one database, and nothing of it has a network but a loopback
that they share. Each round asks each server once for each path, so what else the machine does meets all of them; the
figures are medians over the rounds. From the environment: DOCKER, BASE_IMAGE, BUILD_NETWORK, as for tests/api/run.sh.
"""

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from arena import SERVERS, Arena

HERE: Final = Path(__file__).parent
PATHS: Final = ("/users", "/users/42", "/status")
Rounds = dict[str, dict[str, dict[str, float]]]


def median(rounds: list[dict[str, Any]]) -> dict[str, float]:
    """Return the median of each figure; errors are added up."""
    figures = [key for key, value in rounds[0].items() if isinstance(value, int | float)]
    middle = {key: round(statistics.median(one[key] for one in rounds), 2) for key in figures}
    return middle | {"errors": sum(one["errors"] for one in rounds)}


def in_turns(title: str, rounds: int, ask: Callable[[str, str], dict[str, Any]]) -> Rounds:
    """Ask each server for each path, round by round, and return the medians."""
    found: dict[str, dict[str, list[Any]]] = {path: {server: [] for server in SERVERS} for path in PATHS}
    for number in range(rounds):
        for path in PATHS:
            for server in SERVERS:
                found[path][server].append(ask(server, path))
                figures = found[path][server][-1]
                print(f"{title} {number + 1}/{rounds} {path} {server}: {figures}", flush=True)
    return {path: {server: median(each) for server, each in servers.items()} for path, servers in found.items()}


def main() -> None:
    """Measure, and write down what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5, help="of each measurement")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--output", type=Path, default=HERE / "results.json")
    options = parser.parse_args()
    with Arena(SERVERS) as arena:
        full = in_turns(
            "full load", options.rounds, lambda s, p: arena.load(s, p, options.seconds, options.connections)
        )
        # Half of what the slowest can do: all of them get the same.
        rates = {path: min(figures["per_second"] for figures in full[path].values()) / 2 for path in PATHS}
        equal = in_turns(
            "equal load", options.rounds, lambda s, p: arena.load(s, p, options.seconds, options.connections, rates[p])
        )
        memory = {server: arena.memory(server) for server in SERVERS}
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    setting = {
        "date": time.strftime("%Y-%m-%d"),
        "cpus": os.cpu_count(),
        "cpu": models[0] if models else platform.machine(),
        "rounds": options.rounds,
        "seconds": options.seconds,
        "connections": options.connections,
    }
    results = {"setting": setting, "full": full, "equal": equal, "memory_mb": memory}
    options.output.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
