#!/usr/bin/env python3
"""Measure the images: what they take on a node's disk, and what travels from a registry. MB are millions of bytes.

With --record, what is measured becomes what the test compares with. From the environment: DOCKER, BASE_IMAGE,
BUILD_NETWORK, as for tests/api/run.sh.
"""

import json
import os
import subprocess
import sys
import tarfile
import zlib
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parents[1]
DOCKER: Final = os.environ.get("DOCKER", "docker")
RECORDED: Final = HERE / "sizes.json"
Sizes = dict[str, float]


def build(context: Path, tag: str) -> None:
    """Build an image."""
    base, network = os.environ.get("BASE_IMAGE"), os.environ.get("BUILD_NETWORK")
    ca, conf = os.environ.get("BUILD_CA") or os.environ.get("PIP_CERT"), os.environ.get("BUILD_PIP_CONF")
    options = [
        *([f"--build-arg=BASE_IMAGE={base}"] if base else []),
        *([f"--network={network}"] if network else []),
        *(f"--secret=id={name},src={file}" for name, file in (("ca", ca), ("pip_conf", conf)) if file),
    ]
    subprocess.run(
        [DOCKER, "buildx", "build", "--quiet", "--load", *options, "--tag", tag, str(context)],
        check=True,
        stdout=subprocess.DEVNULL,
    )


def on_disk(image: str) -> float:
    """Return the sum of the image's layers, as `docker images` shows it."""
    shown = subprocess.run(
        [DOCKER, "image", "inspect", "--format", "{{.Size}}", image], check=True, capture_output=True
    )
    return round(int(shown.stdout) / 1e6, 1)


def compressed(image: str) -> float:
    """Return the sum of the layers as a push compresses them: gzip, with its usual effort."""
    total = 0
    command = [DOCKER, "save", image]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE) as saved,
        tarfile.open(fileobj=saved.stdout, mode="r|") as archive,
    ):
        for member in archive:
            if not member.name.endswith("layer.tar") or not (content := archive.extractfile(member)):
                continue
            packer = zlib.compressobj(6, wbits=31)
            while block := content.read(1 << 20):
                total += len(packer.compress(block))
            total += len(packer.flush())
    return round(total / 1e6, 1)


def measure() -> dict[str, Sizes]:
    """Build both images and return their sizes; compressing takes its time, and only the API's has a limit."""
    for name in ("api", "db"):
        build(ROOT / name, f"fastapi-mysql-{name}:sizes")
    api, db = "fastapi-mysql-api:sizes", "fastapi-mysql-db:sizes"
    return {
        "api": {"disk_mb": on_disk(api), "compressed_mb": compressed(api)},
        "db": {"disk_mb": on_disk(db)},
    }


if __name__ == "__main__":
    measured = json.dumps(measure(), indent=2)
    print(measured)
    if sys.argv[1:] == ["--record"]:
        RECORDED.write_text(measured + "\n")
