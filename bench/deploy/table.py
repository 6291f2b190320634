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
        "The same sources, manifests, platform and number of Pods; "
        "all three run in every round, each time beginning with another. Wall-clock seconds, medians; "
        "a ratio is to the script.",
        "",
        f"Measured on {found['measured']}: {machine['cores']} cores, {machine['system']}, "
        f"{machine['replicas']} replicas.",
        "",
        "| scenario | site.yml | by hand | plain Ansible | ratio of site.yml | ratio of plain Ansible | rounds |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, one in found["scenarios"].items():
        median = one["median"]
        lines.append(
            f"| {name} | {median['ours']:.2f} | {median['by_hand']:.2f} | {median['plain']:.2f} | "
            f"{one['ratio']:.2f} | {one['plain_ratio']:.2f} | {len(one['ours'])} |"
        )
    lines += ["", *(f"- *{name}*: {MEANING[name]}." for name in found["scenarios"])]
    lines += [
        "",
        "The script asks two endpoints and believes them. `site.yml` asks all of them, compares the answers, and knows "
        "whether the registry, the cluster and the sources are as they were.",
        "",
        "## Where the time of an unchanged run goes",
        "",
        "| task | seconds |",
        "|---|---|",
    ]
    # A task's name may hold what ends a cell.
    lines += [f"| {task['task'].replace('|', chr(92) + '|')} | {task['seconds']:.2f} |" for task in found["tasks"]]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
