"""The images stay small, and quick to build."""

import json
import shutil
import time
from pathlib import Path

import pytest

from sizes import RECORDED, ROOT, Sizes, build, measure

LIMITS = {"api": {"disk_mb": 130, "compressed_mb": 45}, "db": {"disk_mb": 350}}
GROWTH = 1.05


@pytest.fixture(scope="module")
def sizes() -> dict[str, Sizes]:
    """What the images take now."""
    return measure()


@pytest.mark.parametrize("image", ["api", "db"])
def test_does_not_grow_unseen(sizes: dict[str, Sizes], image: str) -> None:
    """Five in a hundred more than recorded is too much. If it is worth it: tests/images/sizes.py --record."""
    recorded = json.loads(RECORDED.read_text())[image]
    print(image, sizes[image])
    for name, size in sizes[image].items():
        assert size <= recorded[name] * GROWTH
        assert size <= LIMITS[image].get(name, size)


def test_a_change_in_main_is_built_in_two_seconds(sizes: dict[str, Sizes], tmp_path: Path) -> None:
    """Only the last layer is made anew."""
    took = []
    for number in range(3):
        context = tmp_path / str(number)
        shutil.copytree(ROOT / "api", context)
        with (context / "main.py").open("a") as main:
            main.write(f"# {time.time_ns()}\n")
        began = time.monotonic()
        build(context, "fastapi-mysql-api:changed")
        took.append(time.monotonic() - began)
    print(f"built in {sorted(took)} s")
    assert min(took) <= 2
