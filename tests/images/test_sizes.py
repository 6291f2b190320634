"""The images stay small, and little of them is made again after a change."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from sizes import DOCKER, RECORDED, ROOT, Sizes, build, measure

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


def layers(image: str) -> list[str]:
    """Return the digests of the image's layers, the base image's first."""
    command = [DOCKER, "image", "inspect", "--format", "{{json .RootFS.Layers}}", image]
    found: list[str] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return found


def test_a_change_in_main_makes_only_the_last_layer_anew(sizes: dict[str, Sizes], tmp_path: Path) -> None:
    """That is what makes it quick, and little to push. How quick: bench/images/measure.py."""
    context = tmp_path / "api"
    shutil.copytree(ROOT / "api", context)
    with (context / "main.py").open("a") as main:
        main.write("# changed\n")
    build(context, "fastapi-mysql-api:changed")
    before, after = layers("fastapi-mysql-api:sizes"), layers("fastapi-mysql-api:changed")
    assert before[:-1] == after[:-1]
    assert before[-1] != after[-1]
