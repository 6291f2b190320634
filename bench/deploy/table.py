"""Write docs/BENCHMARK.md from what was measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

MEANING = {
    "cold": "nothing in the cluster and the registry, new requirements; the layers below are in the builder's cache",
    "no-op": "nothing was changed",
    "one line of the API": "one line of `api/main.py` was changed: build, push, rollout of all Pods, verification",
    "one variable": "one variable of the API's environment was changed: rollout of all Pods, verification",
}


def _cell(scenario: dict[str, Any], who: str) -> str:
    """Seconds, and how many times the script's; of whoever was left out, how many times it was the last time."""
    if who in scenario.get("earlier", {}):
        return f"{scenario['earlier'][who]:.2f}× earlier"
    if who not in scenario["median"]:
        return ""
    seconds = f"{scenario['median'][who]:.2f}"
    return seconds if who == "by_hand" else f"{seconds} ({scenario['ratio'][who]:.2f}×)"


def write_table(found: dict[str, Any], path: Path) -> None:
    """The scenarios, and the tasks of an unchanged run, as two tables."""
    machine = found["machine"]
    lines = [
        "# Benchmark",
        "",
        "<!-- Written by `make bench` from bench/deploy/results.json: do not edit. -->",
        "",
        "`site.yml` beside `bench/deploy/by-hand.sh`, the script that one would write by hand: `docker build` and "
        "`docker push` of both images, four `kubectl apply`, `rollout status`, two `curl`. "
        "*Plain Ansible* is `bench/deploy/plain.yml`, a playbook that does what the script does with the modules of "
        "`community.docker` and `kubernetes.core`: its ratio is what any playbook made of them costs. "
        "*Helm* is the script with `helm upgrade --install --wait` of a chart of the same objects in place of kubectl. "
        "The same sources, manifests, platform and number of Pods; "
        "all of them run in every round, each time beginning with another. Wall-clock seconds, medians; "
        "in brackets the ratio to the script, *earlier* one of rounds before these. The platform is up, and whether it "
        "is well is left out (`--skip-tags platform`): nothing else checks it.",
        "",
        f"Measured on {machine['cores']} cores, {machine['system']}, {machine['replicas']} replicas.",
        "",
        "| scenario | site.yml | by hand | Helm | plain Ansible | rounds | on |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, one in found["scenarios"].items():
        cells = [_cell(one, who) for who in ("ours", "by_hand", "helm", "plain")]
        lines.append(f"| {name} | {' | '.join(cells)} | {len(one['ours'])} | {one['measured']} |")
    lines += ["", *(f"- *{name}*: {MEANING[name]}." for name in found["scenarios"])]
    lines += [
        "",
        "The scripts request two endpoints and believe them. `site.yml` requests all of them, compares the responses, "
        "and knows whether the registry, the cluster and the sources are as they were.",
        "",
        "## Where the time of an unchanged run goes",
        "",
        "| task | seconds |",
        "|---|---|",
    ]
    # A task's name may hold what ends a cell.
    lines += [f"| {task['task'].replace('|', chr(92) + '|')} | {task['seconds']:.2f} |" for task in found["tasks"]]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
