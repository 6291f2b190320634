#!/usr/bin/env python3
"""Measure site.yml beside a script written by hand, Helm and plain Ansible, interleaved, on the platform.

Writes bench/deploy/results.json and, from it, docs/BENCHMARK.md. Every round runs all of them, each time beginning with
another, so that a machine that is slow for a while is slow for all. Removes what it has made.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import statistics
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from approaches import ROOT, Approach, ByHand, Given, Helm, Ours, Plain
from table import write_table

RESULTS = Path(__file__).with_name("results.json")
_TASK = re.compile(r"^(\S.*?) -+ (\d+\.\d+)s$", re.MULTILINE)
_RECAP = re.compile(r"changed=(\d+)")


class Bench:
    """The approaches, and the seconds that each took in every round, by scenario and approach."""

    def __init__(self, ours: Ours, others: dict[str, Given]) -> None:
        self.ours, self.others = ours, others
        self.approaches: dict[str, Approach] = {"ours": ours, **others}
        self.seconds: dict[str, dict[str, list[float]]] = {}

    def measure(self, scenario: str, rounds: int, prepare: Callable[[Approach, int], None]) -> None:
        """Some rounds of one scenario."""
        names = list(self.approaches)
        found = self.seconds.setdefault(scenario, {name: [] for name in names})
        for number in range(rounds):
            first = number % len(names)
            for name in names[first:] + names[:first]:
                approach = self.approaches[name]
                prepare(approach, number)
                seconds, output = approach.run()
                found[name].append(round(seconds, 3))
                print(f"{scenario:<20} {name:<8} {seconds:7.2f} s", flush=True)
                # Only ours says so: a build is a change to the stock module, whatever comes of it.
                changed = _RECAP.findall(output) if approach is self.ours else []
                if scenario == "no-op" and changed and changed[-1] != "0":
                    raise SystemExit(f"An unchanged run changed something:\n{output}")

    def tasks(self) -> list[dict[str, Any]]:
        """Where the time of an unchanged run goes, task by task."""
        seconds, output = self.ours.run(
            ANSIBLE_CALLBACKS_ENABLED="ansible.posix.profile_tasks", PROFILE_TASKS_TASK_OUTPUT_LIMIT="all"
        )
        tasks = [{"task": name.strip(), "seconds": float(took)} for name, took in _TASK.findall(output)]
        rest = seconds - sum(float(task["seconds"]) for task in tasks)
        return [{"task": "start and end of ansible-playbook", "seconds": round(rest, 2)}, *tasks]


def results(bench: Bench, tasks: list[dict[str, Any]], replicas: int, before: dict[str, Any]) -> dict[str, Any]:
    """Everything that the table is made from; of a scenario or an approach that was left out, what was found `before`.

    Of an approach that is the ratio alone: seconds of another day compare with nothing.
    """
    scenarios: dict[str, Any] = {}
    today = datetime.now(UTC).strftime("%Y-%m-%d")
    for name, found in bench.seconds.items():
        if not found["ours"]:
            scenarios |= {name: before[name]} if name in before else {}
            continue
        medians = {who: round(statistics.median(times), 3) for who, times in found.items()}
        ratios = {who: round(seconds / medians["by_hand"], 2) for who, seconds in medians.items()}
        known = before.get(name, {})
        earlier = known.get("earlier", {}) | known.get("ratio", {})
        earlier = {who: ratio for who, ratio in earlier.items() if who not in ratios}
        scenarios[name] = {"measured": today, **found, "median": medians, "ratio": ratios, "earlier": earlier}
    return {
        "machine": {"cores": os.cpu_count(), "system": platform.platform(), "replicas": replicas},
        "scenarios": scenarios,
        "tasks": tasks,
    }


def change_nothing(_approach: Approach, _number: int) -> None:
    """As it was."""


def change_line(approach: Approach, number: int) -> None:
    """One line of main.py."""
    approach.change_line(number)


def change_setting(approach: Approach, _number: int) -> None:
    """One variable of the API's environment."""
    approach.setting += 1


def start_anew(approach: Approach, number: int) -> None:
    """Nothing in the cluster and the registry, and new requirements."""
    approach.forget()
    approach.change_requirements(number)


def main() -> None:
    """Measure all scenarios, and write what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each scenario that rolls Pods")
    parser.add_argument("--no-op-rounds", type=int, default=10, help="rounds in which nothing is changed")
    parser.add_argument("--cold-rounds", type=int, default=1, help="rounds that start from nothing")
    parser.add_argument("--skip-tags", default="platform", help="tags of site.yml that are left out")
    parser.add_argument("--without", nargs="*", choices=("plain", "helm"), default=[], help="approaches to leave out")
    parser.add_argument("--replicas", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        ours = Ours("bench-ours", Path(folder) / "ours", options.replicas, skip_tags=options.skip_tags)
        others: dict[str, Given] = {"by_hand": ByHand("bench-hand", Path(folder) / "by-hand", options.replicas)}
        if "plain" not in options.without:
            others["plain"] = Plain("bench-plain", Path(folder) / "plain", options.replicas)
        if "helm" not in options.without:
            if Helm.program():
                others["helm"] = Helm("bench-helm", Path(folder) / "helm", options.replicas)
            else:
                print("Helm is left out: there is no Go to compile it with.", flush=True)
        bench = Bench(ours, others)
        try:
            ours.run()
            for other in others.values():
                other.take_manifests(ours)
                other.run()
            bench.measure("cold", options.cold_rounds, start_anew)
            bench.measure("no-op", options.no_op_rounds, change_nothing)
            bench.measure("one line of the API", options.rounds, change_line)
            bench.measure("one variable", options.rounds, change_setting)
            before = json.loads(RESULTS.read_text(encoding="utf-8"))["scenarios"] if RESULTS.is_file() else {}
            found = results(bench, bench.tasks(), options.replicas, before)
        finally:
            for approach in bench.approaches.values():
                approach.forget()
    RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    write_table(found, ROOT / "docs/BENCHMARK.md")
    print(f"Written: {RESULTS.relative_to(ROOT)}, docs/BENCHMARK.md")


if __name__ == "__main__":
    main()
