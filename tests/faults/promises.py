"""What is promised of every fault, and what of it a result does not keep."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import yaml

TARGET = Path(__file__).resolve().parents[2] / "molecule/faults/inventory/host_vars/faults.yml"
# A cause this long after the fault can be seen.
PROMISED = 15.0
# For Ansible to print what it has been told, and for the eyes to look four times a second.
SLACK = 1.5
Fault = dict[str, Any]


def broken(result: dict[str, Any], fault: Fault) -> list[str]:
    """What of a result is not as promised."""
    problems = [] if result["named"] else [f"{result['expected']} was not named"]
    deploys = fault.get("play", "site.yml") == "site.yml"
    if fault.get("cause"):
        problems += _told(result, fault)
        problems += _undone(result["output"], fault["cause"]) if deploys else []
    if fault.get("refused"):
        problems += ["the run did not fail"] if result["rc"] == 0 else []
        problems += ["something was written before it was refused"] if result["touched"] else []
    if fault.get("lacks"):
        denied = set(re.findall(r'cannot \w+ resource \\?"(\w+)', result["output"]))
        problems += [] if denied == {fault["lacks"]} else [f"the account lacks {denied}, not {fault['lacks']} alone"]
    if result["took"] > fault.get("within", 300):
        problems.append(f"it took {result['took']} s")
    if result["took"] > 2 and not result["users"]:
        problems.append("no user has asked")
    problems += _served(result, float(fault.get("outage", 0)))
    if not result["equal"]:
        problems.append(f"changed and not restored: {', '.join(result['differs'])}")
    return problems + ([] if result["verified"] else ["what runs now is not verified"])


def _told(result: dict[str, Any], fault: Fault) -> list[str]:
    problems = ["the run did not fail"] if result["rc"] == 0 else []
    if result["seconds"] is None:
        return [*problems, "no time was measured"]
    late = result["seconds"] > fault.get("told", PROMISED) + SLACK
    return [*problems, f"told {result['seconds']} s after it could be seen"] if late else problems


def _served(result: dict[str, Any], allowed: float) -> list[str]:
    """Users are served all along, or all but for as long as what they get is itself what is broken."""
    if result["users_failed"] and result["users_outage"] > allowed:
        got = ", ".join(f"{number} {what}" for what, number in result.get("users_got", {}).items())
        served = f"{result['users_failed']} of {result['users']} users' requests failed ({got})"
        return [f"{served}, for {result['users_outage']} s" + (f" (allowed: {allowed:g} s)" if allowed else "")]
    return []


def _undone(output: str, cause: str) -> list[str]:
    """The run has said that what was there before is back and verified, and its black box can be read."""
    back = re.search(r"It was rolled back to revision \d+, which is up and verified", output)
    problems = [] if back else ["it was not said that it was rolled back and verified"]
    named = re.search(r"Black box: (\S+Z(?:-\d+)?)", output)
    return problems + (_box(Path(named[1]), cause) if named else ["no black box was named"])


def _box(folder: Path, cause: str) -> list[str]:
    """What a person wants to find in it: the cause, the Pods, what happened, logs; and no password."""
    try:
        found = json.loads((folder / "cause.json").read_text(encoding="utf-8"))["type"]
        pods = json.loads((folder / "pods.json").read_text(encoding="utf-8"))
        texts = {path.name: path.read_text(encoding="utf-8") for path in folder.rglob("*") if path.is_file()}
    except (OSError, ValueError, KeyError) as error:
        return [f"the black box cannot be read: {error}"]
    problems = [] if found == cause else [f"the black box names {found}"]
    problems += [] if pods else ["the black box holds no Pods"]
    problems += [
        f"the black box lacks {name}" for name in ("summary.md", "events.txt", "ingress.txt") if not texts.get(name)
    ]
    problems += [] if any(name.endswith(".log") for name in texts) else ["the black box holds no log"]
    password = str(yaml.safe_load(TARGET.read_text(encoding="utf-8"))["app_db_password"])
    spellings = (password, json.dumps(password)[1:-1], base64.b64encode(password.encode()).decode())
    return problems + [
        f"a password is in {name}" for name, text in texts.items() if any(one in text for one in spellings)
    ]
