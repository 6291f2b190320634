"""kill -9 at any moment, from build to evidence: the next run finishes the job, the one after has nothing to do."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

from playbook_runner import Target
from releases import Object, Started, api_context, lease, objects, revisions, served, version
from surroundings import Cluster

from containers import until

KILLS = 20


def processes_of(inventory: Path) -> list[int]:
    """What is left of a run, by the file that it alone was given."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if str(inventory).encode() in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def api(found: dict[str, Object]) -> Object:
    """The API's container."""
    one: Object = found["Deployment fastapi-mysql"]["spec"]["template"]["spec"]["containers"][0]
    return one


def expected(objects_of_one: dict[str, Object], number: int, image: str) -> dict[str, Object]:
    """Those of version 1, as another version would have them."""
    wanted = deepcopy(objects_of_one)
    container = api(wanted)
    container["image"] = image
    for variable in container["env"]:
        if variable["name"] == "VERSION":
            variable["value"] = str(number)
    return wanted


def test_twenty_kills(
    new_target: Callable[..., Target], cluster: Cluster, tmp_path: Path, note: Callable[[str, Any], None]
) -> None:
    # A folder of its own: the logs beside it must not become a part of the image.
    (tmp_path / "api").mkdir()
    context = api_context(tmp_path / "api")

    def change(number: int) -> dict[str, Any]:
        """Another byte of the sources, so that there is something to build and to push, and another variable."""
        with (context / "api.py").open("a", encoding="utf-8") as source:
            source.write(f"# {number}\n")
        return version(number)

    target = new_target(
        "kills",
        app_replicas=2,
        app_api_build_context=str(context),
        app_api_readiness_path="/",
        app_api_liveness_path="/",
        app_db_enabled=False,
    )
    target.playbook(**change(0)).succeeded()
    started = time.monotonic()
    target.playbook(**change(1)).succeeded()
    whole = time.monotonic() - started
    reference = objects(cluster, target)
    seed = random.randrange(1_000_000)
    chance = random.Random(seed)
    moments: list[dict[str, Any]] = []
    number = 1
    while len(moments) < KILLS:
        number += 1
        moment = round(chance.uniform(0.3, whole), 2)
        wanted, before = change(number), api(objects(cluster, target))["image"]
        run = Started(target, "site.yml", tmp_path / f"log-{number}", **wanted)
        time.sleep(moment)
        if run.process.poll() is not None:
            # Too late to be killed: from here on sooner.
            whole = moment
            continue
        run.kill()
        text = run.log.read_text(encoding="utf-8")
        at = [line for line in text.splitlines() if line.startswith("TASK")][-1:] or ["before the first task"]
        held = lease(cluster, target) is not None
        second = target.playbook(**wanted).succeeded()
        assert served(target, f'"{number}"')
        third = target.playbook(**wanted).succeeded()
        assert third.changed == 0, (seed, at, third.output)
        found = objects(cluster, target)
        assert api(found)["image"] != before, (seed, at)
        assert found == expected(reference, number, api(found)["image"]), (seed, at)
        assert lease(cluster, target) is None, (seed, at)
        assert len(revisions(cluster, target)) <= 5
        until(lambda run=run: not processes_of(run.inventory), 5, "the killed run's processes are gone")
        moments.append(
            {"after": moment, "task": at[0].strip("TASK []*"), "lock_held": held}
            | {"second_run": round(second.seconds, 1), "second_changed": second.changed}
        )
        # After each: a soak that is cut short has measured something, too.
        note(
            "kills",
            {"seed": seed, "whole_run": round(whole, 1), "kills": moments, "load": round(os.getloadavg()[0], 1)},
        )
