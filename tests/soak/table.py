"""Write what the soaks have measured into docs/RELIABILITY.md, between its markers: figures come from runs."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

Result = dict[str, Any]
ROOT = Path(__file__).resolve().parents[2]
# As many as tests/soak/test_kills.py wants.
KILLS = 20


def measured(path: Path) -> str:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).strftime("%Y-%m-%d %H:%M UTC")


def busy(items: list[Result]) -> str:
    """How busy the machine was meanwhile, as far as that was noted."""
    loads = sorted(item["load"] for item in items if "load" in item)
    if not loads:
        return ""
    return f" Load: {loads[0]}." if loads[0] == loads[-1] else f" Load: {loads[0]} to {loads[-1]}."


def faults(path: Path) -> list[str]:
    """A row for each fault."""
    results: list[Result] = json.loads(path.read_text(encoding="utf-8"))
    rows = [
        f"By `tests/soak/run faults`: {sum(not item['problems'] for item in results)} of {len(results)} as promised, "
        "each when it was last measured (UTC; load: how many processes wanted one of the two cores).",
        "",
        "| fault | what is said | after it could be seen | users served | as before, and verified | measured |",
        "|---|---|---|---|---|---|",
    ]
    for item in results:
        said = f"`{item['expected']}`" + ("" if item["named"] else " **not said**")
        late = "–" if item["seconds"] is None else f"{max(0.0, item['seconds']):.1f} s"
        users = f"{item['users'] - item['users_failed']} of {item['users']}"
        users += f" ({item['users_outage']} s)" if item["users_failed"] and item["users_outage"] is not None else ""
        after = (
            "yes" if item["equal"] and item["verified"] else "**no**: " + ", ".join(item["differs"] or ["not verified"])
        )
        when = f"{item['at']}, load {item['load']}" if "at" in item else measured(path)
        rows.append(f"| {item['title']} | {said} | {late} | {users} | {after} | {when} |")
    listed = yaml.safe_load((ROOT / "tests/faults/faults.yml").read_text(encoding="utf-8"))
    missing = [item["title"] for item in listed if item["name"] not in {one["name"] for one in results}]
    return [*rows, "", f"Written, and not measured as a whole yet: {'; '.join(missing)}."] if missing else rows


def slow_starts(path: Path) -> list[str]:
    """How many starts of each kind, and how many alarms."""
    results: list[Result] = json.loads(path.read_text(encoding="utf-8"))
    rows = [
        f"Measured {measured(path)} by `tests/soak/run slow_starts`: {len(results)} starts, "
        f"{sum(bool(item['alarm']) for item in results)} false alarms.",
        "",
        "| a start that | starts | ready after | false alarms |",
        "|---|---|---|---|",
    ]
    for how in dict.fromkeys(item["how"] for item in results):
        some = [item for item in results if item["how"] == how]
        took = sorted(item["took"] for item in some)
        rows.append(
            f"| {how} | {len(some)} | {took[0]} to {took[-1]} s | {sum(bool(item['alarm']) for item in some)} |"
        )
    return rows


def load(path: Path) -> list[Result]:
    """The figures of each round; one round is written without a list."""
    found = json.loads(path.read_text(encoding="utf-8"))
    return found if isinstance(found, list) else [found]


def users(rollouts: Path) -> list[str]:
    """What steady users got, for each thing that was done meanwhile."""
    told = (
        ("rollouts", "ten rollouts, one after the other"),
        ("rotation", "the passwords are changed"),
        ("pod-deleted", "a Pod is deleted"),
        ("api-killed", "the API's container is killed"),
        ("mysql-killed", "the database's container is killed"),
    )
    rows = ["| meanwhile | measured | rounds | requests | a second | failed |", "|---|---|---|---|---|---|"]
    loads: list[Result] = []
    for name, title in told:
        path = rollouts.with_name(f"{name}.json")
        if path.is_file():
            rounds = load(path)
            rate = min(item["rate"] for item in rounds)
            total, failed = (sum(item[key] for item in rounds) for key in ("requests", "failed"))
            kinds: Counter[str] = Counter()
            for item in rounds:
                kinds.update(item["failures"])
            why = f" ({', '.join(f'{number} {kind}' for kind, number in kinds.items())})" if failed else ""
            if "left_after" in rounds[0]:
                gone, back = (max(item[key] for item in rounds) for key in ("left_after", "back_after"))
                title += f": left out after {gone} s at most, ready again after {back} s"
            rows.append(f"| {title} | {measured(path)} | {len(rounds)} | {total} | {rate:.0f} | {failed}{why} |")
            loads += rounds
    return [*rows, "", f"By `tests/soak/run no_dropped_request`.{busy(loads)}"]


def database(path: Path) -> list[str]:
    """A database that is killed while it makes its data."""
    found = load(path)[0]
    told = {"own": "this repository's", "stock": "made as a stock MySQL's is"}
    rows = [
        f"Measured {measured(path)} by `tests/soak/run database`.{busy([found])}",
        "",
        "| database image | users served again after | its log begins with |",
        "|---|---|---|",
    ]
    return rows + [
        f"| {title} | {found[name]['back_after']} s | {found[name]['log']} |" for name, title in told.items()
    ]


def kills(path: Path) -> list[str]:
    """Where each run was when it was killed, and what the next one did."""
    found = load(path)[0]
    rows = [
        f"Measured {measured(path)} by `tests/soak/run kills` (seed {found['seed']}, a whole run takes "
        f"{found['whole_run']} s): {len(found['kills'])} kills (of {KILLS} wanted), "
        f"{len(found['kills'])} convergences.{busy([found])}",
        "",
        "| killed after | at the task | it held the lock | the second run took | and changed |",
        "|---|---|---|---|---|",
    ]
    for item in found["kills"]:
        at = item["task"].replace(" | ", ": ")
        held = "yes" if item["lock_held"] else "no"
        rows.append(f"| {item['after']} s | {at} | {held} | {item['second_run']} s | {item['second_changed']} |")
    return rows


def main(results: Path, document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    tables = {
        "faults": (results / "faults.json", faults),
        "slow_starts": (results / "slow_starts.json", slow_starts),
        "users": (results / "rollouts.json", users),
        "database": (results / "database-killed.json", database),
        "kills": (results / "kills.json", kills),
    }
    for name, (path, table) in tables.items():
        if path.is_file():
            body = "\n".join(table(path))
            pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
            text = pattern.sub(lambda found, body=body: f"{found[1]}{body}\n{found[2]}", text)
    document.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
