"""ARCHITECTURE says where things are: they are there, and no room leads back to one that leads to it."""

from __future__ import annotations

import re
from graphlib import TopologicalSorter
from pathlib import Path

from house import arrows, figures

ROOT = Path(__file__).resolve().parents[2]
HOUSE = ROOT / "plugins/plugin_utils"
PAGE = (ROOT / "docs/ARCHITECTURE.md").read_text(encoding="utf-8")


def test_what_is_said_to_be_somewhere_is_there() -> None:
    table = PAGE.partition("## Where is what")[2]
    named = re.findall(r"`([\w/]+\.(?:py|yml))`", table)
    assert len(named) > 25
    assert [one for one in named if not (HOUSE / one).is_file() and not (ROOT / one).is_file()] == []


def test_no_room_leads_back() -> None:
    found = arrows()
    assert len(found) > 8 and found["rollout"] >= {"kube", "verify"}
    # Raises CycleError with the circle.
    assert list(TopologicalSorter(found).static_order())


def test_every_room_is_described() -> None:
    row = next(line for line in PAGE.splitlines() if line.startswith("| `plugins/plugin_utils/` |"))
    described = set(re.findall(r"`(\w+)`", row))
    there = {path.name for path in HOUSE.iterdir() if path.is_dir() and list(path.glob("*.py"))}
    assert there - {"lenient_tls", "__pycache__"} - described == set()


def test_the_house_is_as_small_as_it_was_promised() -> None:
    assert [f"{one.name}: {one.value}, at most {one.limit}" for one in figures() if 0 < one.limit < one.value] == []
