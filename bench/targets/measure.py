#!/usr/bin/env python3
"""Measure what many targets cost beside one: an unchanged run, one variable, the teardown, the controller's memory.

On the platform, with targets of one replica that share their images. Prints medians and ratios to one target,
and writes bench/targets/results.json and docs/TARGETS.md. Removes what it has made.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RESULTS = Path(__file__).with_name("results.json")
PAGE = ROOT / "docs/TARGETS.md"
# Fifty were tried on two cores: their Pods' probes alone, a process each, keep both busy (2026-11-29).
COUNTS = (1, 10)
SMALL = {"requests": {"cpu": "10m", "memory": "64Mi"}, "limits": {"cpu": "1", "memory": "512Mi"}}


@dataclass(frozen=True)
class Run:
    """One call of ansible-playbook: seconds, the most memory (bytes), and CPU time of its own and of the platform."""

    seconds: float
    memory: int
    own_cpu: float
    cluster_cpu: float


def own_cpu() -> float:
    """Seconds of CPU that the processes started from here have taken."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def cluster_cpu() -> float:
    """Seconds of CPU that the platform, its Pods included, has taken."""
    group = Path("/sys/fs/cgroup")
    if (group / "cpuacct").exists():
        return int((group / "cpuacct/fastapi-mysql-k8s/cpuacct.usage").read_text()) / 1e9
    counted = (group / "fastapi-mysql-k8s/cpu.stat").read_text().split()
    return int(counted[counted.index("usage_usec") + 1]) / 1e6


class Fleet:
    """Some targets in an inventory of their own."""

    def __init__(self, folder: Path, count: int) -> None:
        self.folder, self.count = folder, count
        self.names = [f"bench-{count}-{number}" for number in range(count)]
        # Of its own: Ansible reads every file in an inventory's folder as one.
        self.inventory = folder / "inventory"
        self.inventory.mkdir()
        # The settings of the platform.
        (self.inventory / "group_vars").symlink_to(ROOT / "inventory/local/group_vars")
        self.write(0)

    def write(self, setting: int) -> None:
        """The inventory, with one variable of the API's environment."""
        hosts = {
            name: {
                "app_name": name,
                "app_namespace": name,
                "app_replicas": 1,
                "app_ingress_host": f"{name}.test",
                "app_manifests_dir": str(self.folder / "manifests" / name),
                "app_api_environment": {"SETTING": str(setting)},
                # Many Pods ask for no more than a few cores have.
                "app_api_resources": SMALL,
                "app_db_resources": SMALL,
                "evidence_dir": str(self.folder / "evidence"),
            }
            for name in self.names
        }
        (self.inventory / "hosts.yml").write_text(json.dumps({"embedded": {"hosts": hosts}}), encoding="utf-8")

    def play(self, playbook: str, *arguments: str) -> Run:
        """One call of ansible-playbook."""
        command = ["ansible-playbook", "-i", str(self.inventory), playbook, *arguments]
        path = f"{ROOT / '.venv/bin'}:{os.environ['PATH']}"
        with tempfile.TemporaryFile() as output:
            started, most, busy = time.perf_counter(), 0, (own_cpu(), cluster_cpu())
            running = subprocess.Popen(
                command, cwd=ROOT, env=os.environ | {"PATH": path}, stdout=output, stderr=subprocess.STDOUT
            )
            while running.poll() is None:
                most = max(most, memory(running.pid))
                time.sleep(0.05)
            seconds = time.perf_counter() - started
            if running.returncode:
                output.seek(0)
                sys.exit(f"{' '.join(command)} ended with {running.returncode}:\n{output.read().decode()[-3000:]}")
        return Run(seconds, most, own_cpu() - busy[0], cluster_cpu() - busy[1])


def memory(pid: int) -> int:
    """The proportional set size of a process and its children: what they share counts once."""
    found = 0
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8").splitlines():
            found += int(line.split()[1]) * 1024 if line.startswith("Pss:") else 0
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split():
            found += memory(int(child))
    return found


def measure(count: int, rounds: int) -> dict[str, float]:
    """One size of a fleet: medians of the seconds, and of the memory the most."""
    with tempfile.TemporaryDirectory(prefix=f"bench-{count}-") as folder:
        fleet = Fleet(Path(folder), count)
        try:
            fleet.play("site.yml")
            unchanged = [fleet.play("site.yml") for _ in range(rounds)]
            fleet.write(1)
            changed = fleet.play("site.yml")
        finally:
            removed = fleet.play("playbooks/teardown.yml")
    found = {
        "unchanged": round(statistics.median(run.seconds for run in unchanged), 2),
        "one variable": round(changed.seconds, 2),
        "teardown": round(removed.seconds, 2),
        "megabytes": round(max(run.memory for run in [*unchanged, changed, removed]) / 1e6),
        "unchanged, own CPU": round(statistics.median(run.own_cpu for run in unchanged), 2),
        "unchanged, platform CPU": round(statistics.median(run.cluster_cpu for run in unchanged), 2),
        "one variable, own CPU": round(changed.own_cpu, 2),
        "one variable, platform CPU": round(changed.cluster_cpu, 2),
    }
    print(count, found, flush=True)
    return found


def write_page(found: dict[int, dict[str, float]]) -> None:
    """The figures for a reader."""
    names = ["unchanged", "one variable", "teardown"]
    rows = [
        f"| {count} | "
        + " | ".join(f"{one[name]:.2f} ({one[name] / found[1][name]:.1f}×)" for name in names)
        + f" | {one['megabytes']:.0f}"
        + f" | {one['unchanged, own CPU']:.1f} + {one['unchanged, platform CPU']:.1f}"
        + f" | {one['one variable, own CPU']:.1f} + {one['one variable, platform CPU']:.1f} |"
        for count, one in found.items()
    ]
    machine = f"{os.cpu_count()} cores, {datetime.now(UTC):%Y-%m-%d}"
    lines = [
        "# Many targets",
        "",
        "<!-- Written by bench/targets/measure.py: do not edit. -->",
        "",
        "One run for several targets, on the platform, each with one replica in a namespace of its own, "
        f"beside a run for one. Wall-clock seconds, and how many times those of one target. Measured on {machine}.",
        "",
        "| targets | unchanged | one variable | teardown | most memory, MB | CPU, unchanged | CPU, one variable |",
        "|---|---|---|---|---|---|---|",
        *rows,
        "",
        "- *unchanged*: nothing was changed; the median of several runs.",
        "- *one variable*: one variable of every target's API was changed, so each rolls its Pod out.",
        "- *most memory*: of ansible-playbook and all its processes; what they share counts once.",
        "- *CPU*: seconds of it that ansible-playbook took, and that the platform took with its Pods. Their sum, "
        "shared by the cores, is the least that a run can take; beyond a few targets it is what takes the time.",
        "",
    ]
    PAGE.write_text("\n".join(lines), encoding="utf-8")


def main() -> None:
    """Measure all sizes, and write what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="unchanged runs of each size")
    parser.add_argument(
        "--counts", type=int, nargs="+", default=COUNTS, help="how many targets; 1 is what ratios are to"
    )
    options = parser.parse_args()
    found = {count: measure(count, options.rounds) for count in sorted({1, *options.counts})}
    RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    write_page(found)
    print(f"Written: {RESULTS.relative_to(ROOT)}, {PAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
