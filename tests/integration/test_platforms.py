"""Images for other processors than this machine's, as far as the platform's own builder can."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playbook_runner import Target, little_context
from surroundings import ask_registry, content_tags, repositories

from conftest import NewTarget


@pytest.fixture
def target(new_target: NewTarget, tmp_path: Path) -> Target:
    return new_target("platforms", app_api_build_context=str(little_context(tmp_path / "api")), app_db_enabled=False)


def architecture(target: Target, tag: str) -> str:
    """What the image says that it is for."""
    name = f"{target.images}api"
    manifest = json.loads(ask_registry("GET", f"/v2/{name}/manifests/{tag}")[2])
    return str(json.loads(ask_registry("GET", f"/v2/{name}/blobs/{manifest['config']['digest']}")[2])["architecture"])


def test_an_image_for_another_platform(target: Target) -> None:
    """The same content for another platform is another image, with a tag of its own."""
    found = {}
    for platform in ("linux/386", "linux/amd64"):
        before = content_tags(f"{target.images}api")
        target.playbook("site.yml", "--tags=build", image_platforms=[platform]).succeeded()
        (tag,) = content_tags(f"{target.images}api") - before
        found[platform] = architecture(target, tag)
    assert found == {"linux/386": "386", "linux/amd64": "amd64"}
    assert target.playbook("site.yml", "--tags=build", image_platforms=["linux/386"]).succeeded().changed == 1


@pytest.mark.parametrize(
    ("platforms", "said"),
    [
        (["linux/s390x"], "cannot build for linux/s390x (it can: "),
        (["linux/amd64", "linux/386"], "which holds an image for one platform only"),
    ],
)
def test_what_the_builder_cannot_do_is_said(target: Target, platforms: list[str], said: str) -> None:
    run = target.playbook(
        "site.yml", "--tags=build", image_platforms=platforms, app_api_image_name=f"{target.images}other/api"
    )
    assert run.rc != 0
    assert len(run.errors) == 1, run.output
    assert said in run.errors[0]
    assert "image_builder" in run.errors[0]
    assert not repositories(f"{target.images}other/")
